/*
 * Guest threads. One vCPU runs one of them at a time; a call that has to wait lets the next one go on, and a tick
 * takes turns among those that compute.
 */
#ifndef MAYFLY_VM_THREAD_H
#define MAYFLY_VM_THREAD_H

#include <stdint.h>

struct vm;

#define THREADS_MAX 256u
#define FIRST_THREAD_ID 100u

/* What a thread's program sees of the vCPU, but for the FPU. */
struct context {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t fs_base, gs_base;
};

enum thread_state {
    THREAD_FREE = 0,
    THREAD_RUNS,
    THREAD_WAITS, /* its call is tried again when `wait` may be over */
};

enum wait_kind {
    WAIT_NONE = 0,
    WAIT_CHANGE, /* until anything changed that a descriptor could tell (kernel__changed) */
    WAIT_FUTEX,  /* until woken by a futex call */
    WAIT_SLEEP,  /* only until its deadline */
    WAIT_SIGNAL, /* until a signal is pending: sigtimedwait, pause, sigsuspend */
};

#define NO_DEADLINE UINT64_MAX

struct thread {
    uint32_t id;
    uint8_t state;
    uint8_t wait;
    uint8_t timed_out;   /* the wait ended by its deadline: the call, tried again, sees it with thread__timed_out */
    uint8_t woken;       /* a futex wake reached it */
    uint8_t has_fpu;     /* its FPU state is in the table beside this one */
    uint8_t restarting;  /* the call is being tried again */
    uint8_t suspended;   /* sigsuspend or ppoll: `saved_mask` comes back after the signal */
    uint8_t interrupted; /* a signal with a handler ended its wait */
    uint32_t call;       /* number of the call that waits */
    uint64_t seen_changes;
    uint64_t deadline; /* CLOCK_MONOTONIC as the guest sees it, ns; or NO_DEADLINE */
    uint64_t progress; /* bytes that the waiting call has moved already */
    uint64_t awaited_ports, awaited_listeners; /* a bit for each that WAIT_CHANGE is about: wait.h */
    uint64_t futex_key;
    uint32_t futex_mask;
    uint32_t reserved;
    uint64_t clear_child_tid;
    uint64_t robust_list;
    uint64_t signal_mask, pending, saved_mask;
    uint64_t alternate_stack, alternate_stack_size;
    uint64_t cpu_ns; /* that it ran: clock__account */
    uint32_t alternate_stack_flags;
    char name[16];
    struct context context; /* while it does not run */
};

struct thread_table {
    uint32_t current; /* index of the one whose registers are in the vCPU */
    uint32_t next_id;
    uint32_t alive;
    uint32_t used; /* items below may be in use */
    struct thread items[THREADS_MAX];
};

#define FPU_BYTES 4096u /* as KVM_GET_XSAVE has it */

struct fpu_state {
    uint8_t bytes[FPU_BYTES];
};

/* In a table of its own, for it is large. Items as in thread_table. */
struct fpu_table {
    uint32_t used;
    uint32_t reserved[15];
    struct fpu_state items[THREADS_MAX];
};

struct thread *thread__current(struct vm *vm);
/* The index + 1 of the thread with that id (of its lower 32 bits, as Linux takes them), or 0. */
uint32_t thread__find(struct vm *vm, uint64_t id);

/*
 * For a call that cannot go on: says what the current thread waits for, then the call returns CALL_BLOCKS. The first
 * time a call waits its deadline counts; tried again it keeps the first one.
 */
int64_t thread__wait(struct vm *vm, enum wait_kind kind, uint64_t deadline);
/* Inside a call that is tried again: its deadline passed, or a signal's handler is to run (-EINTR). */
int thread__timed_out(struct vm *vm);
int thread__interrupted(struct vm *vm);

/* Anything happened that a waiting call may wait for: data came, room came, a descriptor closed, a timer was set. */
void kernel__changed(struct vm *vm);

#endif
