/*
 * Into the guest and out again: registers, and why it left.
 *
 * What a guest's registers hold is the guest's word. It only ever runs on in ring 3: set so directly where the vCPU is
 * in ring 3 already, or by an iretq whose frame the VMM wrote.
 */
#ifndef MAYFLY_VM_ENTRY_H
#define MAYFLY_VM_ENTRY_H

#include <stdint.h>

struct vm;
struct fpu_state;

enum entry_event {
    ENTRY_CALL = 1,  /* vm->context is after the system call; rax is its number */
    ENTRY_EXCEPTION, /* vm->context is at the instruction */
    ENTRY_KICKED,    /* nothing happened but that somebody wants the VM to stop */
    ENTRY_BROKEN,
};

/* No thread has it: it is not in the guest's half. */
#define BASE_UNKNOWN UINT64_MAX

enum entry_place {
    ENTRY_RING3 = 0,
    ENTRY_RING0,   /* at a stub, having left: goes back by iretq */
    ENTRY_IN_STUB, /* was interrupted inside one: goes on there */
};

struct entry_state {
    uint8_t place; /* enum entry_place */
    uint8_t restores; /* the restore stub may load FPU, FS and GS of `restored_thread` */
    uint8_t has_fpu_owner;
    uint8_t reserved;
    uint32_t restored_thread;
    uint32_t fpu_owner; /* index of the thread whose FPU state is in the vCPU */
    uint64_t fs_base, gs_base; /* in the vCPU, or BASE_UNKNOWN */
    /* Of an exception. */
    uint32_t vector;
    uint64_t error, address;
    /* When broken. */
    int32_t failure;
};

enum entry_event entry__run(struct vm *vm);

/* A new program: the next entry begins it with clean special registers. */
int entry__begin(struct vm *vm);

/* The FPU state of the current thread. 0 or -errno. */
int entry__fpu_save(struct vm *vm, struct fpu_state *fpu);
int entry__fpu_load(struct vm *vm, const struct fpu_state *fpu);

/* Does the context name an address that it may go on at? */
int entry__may_go_on(uint64_t rip);
#define USER_FLAGS UINT64_C(0x240dd5)
#define FIXED_FLAGS UINT64_C(0x202) /* interrupts on, and the bit that is always 1 */

#endif
