/*
 * Signals: what is to be done with each, what waits, and the timers that raise them.
 *
 * Frames on the guest's stack are Linux's to the byte, for runtimes read and change them. All that comes back in one is
 * the guest's word: signal_frame.c takes nothing from it that a program could not set by itself.
 */
#ifndef MAYFLY_VM_SIGNAL_H
#define MAYFLY_VM_SIGNAL_H

#include <stdint.h>

struct vm;
struct thread;
struct fpu_state;

#define SIGNALS 64u
#define SIGNALS_QUEUED_MAX 256u
#define SIGNAL_TIMERS_MAX 32u
#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))
/* From here on a signal can be pending more than once. libc's SIGRTMIN is higher, for it keeps some to itself. */
#define SIGRTMIN_OF_KERNEL 32
#define UNBLOCKABLE (SIGNAL_BIT(9) | SIGNAL_BIT(19)) /* SIGKILL, SIGSTOP */

/* As rt_sigaction(2) has it. */
struct signal_action {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer;
    uint64_t mask;
};

/* The part of siginfo_t that means anything. */
struct signal_info {
    int32_t signal;
    int32_t error;
    int32_t code;
    int32_t reserved;
    uint64_t fields[4];
};

struct queued_signal {
    uint32_t target; /* index of a thread + 1; 0 for the process */
    uint32_t timer;  /* index + 1 of the timer that raised it; 0 for none */
    struct signal_info info;
};

/* The first three are setitimer's, in its order; timer_create's follow. */
#define SIGNAL_INTERVAL_TIMERS 3u

struct signal_timer {
    uint8_t in_use;
    uint8_t queued; /* its last signal was not taken yet: what expires meanwhile is counted */
    uint8_t silent; /* SIGEV_NONE */
    uint8_t reserved;
    int32_t clock;
    uint32_t clock_thread; /* index of the thread whose CPU time it is, for such a clock */
    uint32_t signal;
    uint32_t target; /* as in queued_signal */
    uint32_t overruns, last_overruns;
    uint64_t value; /* sigev_value */
    uint64_t deadline; /* of its clock, ns, or NO_DEADLINE */
    uint64_t interval_ns;
};

struct signal_table {
    uint64_t pending; /* of the process; threads have their own beside it */
    struct signal_action actions[SIGNALS];
    struct signal_timer timers[SIGNAL_TIMERS_MAX];
    uint32_t armed; /* how many timers have a deadline */
    uint32_t used;
    struct queued_signal items[SIGNALS_QUEUED_MAX]; /* oldest first */
};

enum signal_outcome {
    SIGNAL_NONE = 0,
    SIGNAL_DELIVERED = 1, /* the context was changed */
    SIGNAL_ENDED = 2,     /* vm->exit says VM_SIGNALED */
};

/* ---- for the run loop ---- */

/*
 * Before each entry, for the current thread, whose call (if any) has its result in rax: runs what is pending, sees to it
 * that an interrupted call is begun again or says EINTR, and puts back the mask that sigsuspend or ppoll changed.
 */
enum signal_outcome signal__deliver_pending(struct vm *vm);

/* An exception of the current thread's. If the signal is blocked or ignored, the process ends. `trap` is its vector. */
enum signal_outcome signal__fault(struct vm *vm, int signal, int code, uint64_t address, uint64_t error, uint64_t trap);

/* When the next timer is due, as the guest's CLOCK_MONOTONIC has it, or NO_DEADLINE; and what to do then. */
uint64_t signal__next_deadline(struct vm *vm);
void signal__run_timers(struct vm *vm);

/* Everything that exec undoes: handlers, timers, the alternate stack of the current thread. */
void signal__exec(struct vm *vm);
/* A thread ended: what was pending for it alone is gone. */
void signal__thread_ended(struct vm *vm, uint32_t thread);

/* ---- for other calls ---- */

/* A thread that waits with the signal unblocked and has something to do for it is interrupted. */
void signal__raise_current(struct vm *vm, int signal);
void signal__raise_process(struct vm *vm, int signal);

/*
 * `target` is the index of a thread + 1, or 0 for the process; `timer` as in queued_signal. The caller has checked the
 * signal's number. -EAGAIN when the queue is full.
 */
int signal__send(struct vm *vm, uint32_t target, uint32_t timer, const struct signal_info *info);
/* A new action of a signal may leave what is pending without effect: that is forgotten. */
void signal__drop_ignored(struct vm *vm, int signal);

/* What waits for the current thread, blocked or not. */
uint64_t signal__pending(struct vm *vm);
/* Takes one of `mask`: its number, or 0. */
int signal__take(struct vm *vm, uint64_t mask, struct signal_info *info);

/*
 * For ppoll and its like, first thing at each try: waits with another mask. The old one is put back by
 * signal__deliver_pending. If that unblocked a pending signal, thread__interrupted says so.
 */
void signal__wait_with_mask(struct vm *vm, uint64_t mask);

/* The current thread got another mask in a call that waits: what that lets through interrupts it. */
void signal__interrupt_current(struct vm *vm);

/* ---- signal_frame.c ---- */

/* 0, or -EFAULT when the frame finds no room on the stack. */
int signal_frame__push(struct vm *vm, const struct signal_info *info, const struct signal_action *action,
                       uint64_t mask, uint64_t error, uint64_t trap);
/* Takes a frame back: 0, or -EFAULT for one that cannot be. */
int signal_frame__pop(struct vm *vm);

/* What a handler's stack has to hold at least: AT_MINSIGSTKSZ. */
uint64_t signal_frame__bytes(const struct vm *vm);
/* Makes bytes of the guest's into a state that can be loaded, whatever they are. */
void signal_frame__clean_fpu(struct fpu_state *fpu, uint64_t features);
/* What a new program finds in its FPU. */
void signal_frame__initial_fpu(struct fpu_state *fpu);

/* Is this stack pointer on the thread's alternate stack? */
int signal_frame__on_alternate_stack(const struct thread *thread, uint64_t stack);
/* As sigaltstack(2): 0, -EPERM while it is in use, -EINVAL, -ENOMEM. */
#define MINIMUM_ALTERNATE_STACK 2048u
#define SS_AUTODISARM (UINT32_C(1) << 31) /* libc's headers lack it: the stack is forgotten while it is in use */
int signal_frame__set_alternate_stack(struct thread *thread, uint64_t stack, uint64_t address, uint32_t flags,
                                      uint64_t size);

/* ---- signal_timer.c ---- */

/* Both in ns of the timer's clock: what is left, and what it begins with again. */
struct signal_timer_setting {
    uint64_t value_ns, interval_ns;
};
struct signal_timer_setting signal_timer__get(struct vm *vm, const struct signal_timer *timer);
/* `value_ns` is a time of the clock if `absolute`; 0 stops the timer. */
void signal_timer__set(struct vm *vm, struct signal_timer *timer, struct signal_timer_setting setting, int absolute);
/* The timer of setitimer: made when first asked for. */
struct signal_timer *signal_timer__interval(struct vm *vm, uint32_t which);
/* One of timer_create's, or NULL. */
struct signal_timer *signal_timer__of(struct vm *vm, uint64_t id);
void signal_timer__delete(struct vm *vm, struct signal_timer *timer);
void signal_timer__thread_ended(struct vm *vm, uint32_t thread);
void signal_timer__exec(struct vm *vm);

#endif
