#include "system_pages.h"

#include <errno.h>
#include <string.h>

#include "internal.h"
#include "tables.h"

#define TSS_BYTES 0x68u
#define IO_BITMAP_BYTES 8192u
#define TSS_STACK0 4u
#define TSS_STACK_IST1 0x24u
#define TSS_BITMAP_AT 0x66u
#define BREAKPOINT 3u

#define DESCRIPTOR_KERNEL_CODE UINT64_C(0x00af9b000000ffff)
#define DESCRIPTOR_KERNEL_DATA UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_USER_DATA UINT64_C(0x00cff3000000ffff)
#define DESCRIPTOR_USER_CODE UINT64_C(0x00affb000000ffff)

static uint8_t *system_page(struct vm *vm, uint32_t at) {
    return vm->memory.system.host + at;
}

static void system_pages__put(struct vm *vm, uint32_t at, uint64_t value) {
    memcpy(system_page(vm, at), &value, sizeof value);
}

/*
 * The I/O bitmap lets ring 3 use the port of system calls, where KVM leaves it in ring 3 after `syscall`. Where calls
 * enter ring 0 there is no bitmap, and so no port for ring 3.
 */
uint32_t system_pages__tss_limit(const struct vm_machine *machine) {
    return machine->calls_enter_ring0 ? TSS_BYTES - 1 : TSS_BYTES + IO_BITMAP_BYTES;
}

static void system_pages__gdt(struct vm *vm) {
    uint64_t base = SYSTEM_ADDRESS + SYSTEM_TSS, limit = system_pages__tss_limit(vm->machine);
    /* No 32-bit code: a far return to it finds nothing. */
    system_pages__put(vm, SYSTEM_GDT + SELECTOR_KERNEL_CODE, DESCRIPTOR_KERNEL_CODE);
    system_pages__put(vm, SYSTEM_GDT + SELECTOR_KERNEL_CODE + 8, DESCRIPTOR_KERNEL_DATA);
    system_pages__put(vm, SYSTEM_GDT + (SELECTOR_USER_DATA & ~7u), DESCRIPTOR_USER_DATA);
    system_pages__put(vm, SYSTEM_GDT + (SELECTOR_USER_CODE & ~7u), DESCRIPTOR_USER_CODE);
    uint64_t low = (limit & 0xffff) | (base & 0xffffff) << 16 | UINT64_C(0x8b) << 40 | (limit >> 16 & 0xf) << 48 |
                   (base >> 24 & 0xff) << 56;
    system_pages__put(vm, SYSTEM_GDT + SELECTOR_TSS, low);
    system_pages__put(vm, SYSTEM_GDT + SELECTOR_TSS + 8, base >> 32);
}

static void system_pages__tss(struct vm *vm) {
    uint64_t stack = SYSTEM_ADDRESS + SYSTEM_STACK + PAGE_SIZE;
    system_pages__put(vm, SYSTEM_TSS + TSS_STACK0, stack);
    system_pages__put(vm, SYSTEM_TSS + TSS_STACK_IST1, stack);
    uint16_t bitmap = TSS_BYTES;
    memcpy(system_page(vm, SYSTEM_TSS + TSS_BITMAP_AT), &bitmap, sizeof bitmap);
    uint8_t *bits = system_page(vm, SYSTEM_TSS + TSS_BYTES);
    memset(bits, 0xff, IO_BITMAP_BYTES + 1);
    if (!vm->machine->calls_enter_ring0) bits[CALL_PORT / 8] &= (uint8_t)~(1u << (CALL_PORT % 8));
}

/* Each gate uses the interrupt stack: a fault in ring 0 must not push its frame where rsp happens to point. */
static void system_pages__idt(struct vm *vm) {
    for (uint32_t vector = 0; vector < 256; vector++) {
        uint64_t stub = SYSTEM_ADDRESS + SYSTEM_EXCEPTIONS + vector * 8;
        uint64_t rights = vector == BREAKPOINT ? 0xee : 0x8e;
        uint64_t low = (stub & 0xffff) | (uint64_t)SELECTOR_KERNEL_CODE << 16 | UINT64_C(1) << 32 | rights << 40 |
                       (stub >> 16 & 0xffff) << 48;
        system_pages__put(vm, SYSTEM_IDT + vector * 16, low);
        system_pages__put(vm, SYSTEM_IDT + vector * 16 + 8, stub >> 32);
        const uint8_t code[] = {0xe6, (uint8_t)vector, 0xf4}; /* out vector, al; hlt */
        memcpy(system_page(vm, SYSTEM_EXCEPTIONS + vector * 8), code, sizeof code);
    }
}

static uint8_t *system_pages__rip_relative(uint8_t *at, uint32_t stub_at, const uint8_t *stub, uint32_t target) {
    int32_t distance = (int32_t)(target - (stub_at + (uint32_t)(at - stub) + 4));
    memcpy(at, &distance, sizeof distance);
    return at + sizeof distance;
}

/*
 * Loads FPU, FS and GS from the restore page and goes on at rcx with rax from r11. All of it is legal in ring 3, and
 * costs nothing beside the two calls into KVM that would do the same.
 */
static void system_pages__restore_stub(struct vm *vm) {
    uint8_t *stub = system_page(vm, SYSTEM_RESTORE_STUB), *at = stub;
    uint32_t parts = (uint32_t)vm->machine->xcr0;
    *at++ = 0xb8; /* mov eax, parts */
    memcpy(at, &parts, sizeof parts);
    at += sizeof parts;
    /* mov edx, 0, which leaves the flags alone; xrstor64 [rip + ...] */
    const uint8_t xrstor[] = {0xba, 0, 0, 0, 0, 0x48, 0x0f, 0xae, 0x2d};
    _Static_assert(SYSTEM_RESTORE_SEGMENTS - SYSTEM_RESTORE_STUB == 1 + 4 + sizeof xrstor + 4, "it follows the FPU's part");
    memcpy(at, xrstor, sizeof xrstor);
    system_pages__rip_relative(at + sizeof xrstor, SYSTEM_RESTORE_STUB, stub, SYSTEM_RESTORE + RESTORE_FPU);
    /* mov eax, 0; mov ds, eax; mov es, eax; mov fs, eax; mov gs, eax */
    const uint8_t segments[] = {0xb8, 0, 0, 0, 0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8};
    at = system_page(vm, SYSTEM_RESTORE_SEGMENTS);
    memcpy(at, segments, sizeof segments);
    at += sizeof segments;
    const uint8_t load_rax[] = {0x48, 0x8b, 0x05}, load_rdx[] = {0x48, 0x8b, 0x15};
    const uint8_t set_fs[] = {0xf3, 0x48, 0x0f, 0xae, 0xd0}, set_gs[] = {0xf3, 0x48, 0x0f, 0xae, 0xd8};
    memcpy(at, load_rax, sizeof load_rax);
    at = system_pages__rip_relative(at + sizeof load_rax, SYSTEM_RESTORE_STUB, stub, SYSTEM_RESTORE + RESTORE_FS);
    memcpy(at, set_fs, sizeof set_fs);
    at += sizeof set_fs;
    memcpy(at, load_rax, sizeof load_rax);
    at = system_pages__rip_relative(at + sizeof load_rax, SYSTEM_RESTORE_STUB, stub, SYSTEM_RESTORE + RESTORE_GS);
    memcpy(at, set_gs, sizeof set_gs);
    at += sizeof set_gs;
    memcpy(at, load_rdx, sizeof load_rdx);
    at = system_pages__rip_relative(at + sizeof load_rdx, SYSTEM_RESTORE_STUB, stub, SYSTEM_RESTORE + RESTORE_RDX);
    const uint8_t tail[] = {0x4c, 0x89, 0xd8, 0xff, 0xe1}; /* mov rax, r11; jmp rcx */
    memcpy(at, tail, sizeof tail);
}

static void system_pages__stubs(struct vm *vm) {
    const uint8_t call[] = {0xe6, CALL_PORT, 0xf4};
    const uint8_t back[] = {0x48, 0xcf}; /* iretq */
    /* mov rax, cr3; mov cr3, rax; pop rax; iretq */
    const uint8_t flush[] = {0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8, 0x58, 0x48, 0xcf};
    memcpy(system_page(vm, SYSTEM_CALL_STUB), call, sizeof call);
    memcpy(system_page(vm, SYSTEM_RETURN_STUB), back, sizeof back);
    memcpy(system_page(vm, SYSTEM_RETURN_FLUSH_STUB), flush, sizeof flush);
    if (!vm->machine->calls_enter_ring0) system_pages__restore_stub(vm);
}

int system_pages__make(struct vm *vm) {
    int error = memory__attach(vm, SYSTEM_BASE, SYSTEM_BANK_BYTES / PAGE_SIZE);
    if (error != 0) return error;
    system_pages__gdt(vm);
    system_pages__tss(vm);
    system_pages__idt(vm);
    system_pages__stubs(vm);
    memory__wrote(vm, SYSTEM_BASE, SYSTEM_PAGES_END);
    for (uint32_t page = SYSTEM_GDT; page < SYSTEM_PAGES_END; page += (uint32_t)PAGE_SIZE) {
        uint64_t *entry = table__entry_made(vm, SYSTEM_ADDRESS + page);
        if (entry == NULL) return -ENOMEM;
        uint64_t bits = PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY;
        int for_user = page == SYSTEM_CALL_STUB || page == SYSTEM_RESTORE;
        if (for_user && !vm->machine->calls_enter_ring0) bits = PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY;
        if (page != SYSTEM_CALL_STUB && page != SYSTEM_EXCEPTIONS) bits |= PTE_NO_EXEC;
        table__store(vm, entry, page | bits);
    }
    return 0;
}
