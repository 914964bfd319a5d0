/*
 * The few pages that a CPU needs to leave ring 3: descriptor tables, and stubs of two instructions that leave the VM.
 */
#ifndef MAYFLY_VM_SYSTEM_PAGES_H
#define MAYFLY_VM_SYSTEM_PAGES_H

#include <stdint.h>

struct vm;
struct vm_machine;

/* Guest-physical; the guest's address is SYSTEM_ADDRESS further. */
#define SYSTEM_GDT 0x1000u
#define SYSTEM_IDT 0x2000u
#define SYSTEM_TSS 0x3000u /* and its I/O bitmap: three pages */
#define SYSTEM_CALL_STUB 0x6000u
#define SYSTEM_RESTORE_STUB 0x6100u
#define SYSTEM_RESTORE_SEGMENTS (SYSTEM_RESTORE_STUB + 18u) /* its part behind the FPU's */
#define SYSTEM_EXCEPTIONS 0x7000u /* a stub for each vector, 8 bytes apart */
#define SYSTEM_RETURN_STUB 0x7800u
#define SYSTEM_RETURN_FLUSH_STUB 0x7810u
#define SYSTEM_STACK 0x8000u
#define SYSTEM_RESTORE 0x9000u /* what the restore stub loads: read-only for the guest */
#define SYSTEM_PAGES_END 0xa000u

#define CALL_PORT 0x55u
#define EXCEPTIONS 32u

#define GDT_ENTRIES 10u
#define SELECTOR_KERNEL_CODE 0x10u
#define SELECTOR_RETURN 0x23u /* sysret's; 64-bit code is two further, data one */
#define SELECTOR_USER_DATA 0x2bu
#define SELECTOR_USER_CODE 0x33u
#define SELECTOR_TSS 0x40u

/* Offsets in the restore page; the last three follow one another. */
#define RESTORE_FPU 0x0u
#define RESTORE_FPU_MAX 0xf00u
#define RESTORE_FS 0xf00u
#define RESTORE_GS 0xf08u
#define RESTORE_RDX 0xf10u

/* Writes them and maps them. -ENOMEM. */
int system_pages__make(struct vm *vm);

uint32_t system_pages__tss_limit(const struct vm_machine *machine);

#endif
