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
struct context;
struct fpu_state;

#define SIGNALS 64u
#define SIGNALS_QUEUED_MAX 256u
#define SIGNAL_TIMERS_MAX 32u
#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))

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
void signal__raise_thread(struct vm *vm, uint32_t thread, int signal);
void signal__raise_process(struct vm *vm, int signal);

/* What waits for the current thread, blocked or not. */
uint64_t signal__pending(struct vm *vm);
/* Takes one of `mask`: its number, or 0. */
int signal__take(struct vm *vm, uint64_t mask, struct signal_info *info);

/*
 * For ppoll and its like, first thing at each try: waits with another mask. The old one is put back by
 * signal__deliver_pending. If that unblocked a pending signal, thread__interrupted says so.
 */
void signal__wait_with_mask(struct vm *vm, uint64_t mask);

/* ---- signal_frame.c ---- */

/* 0, or -EFAULT when the frame finds no room on the stack. */
int signal_frame__push(struct vm *vm, const struct signal_info *info, const struct signal_action *action,
                       uint64_t mask, uint64_t error, uint64_t trap);
/* Takes a frame back: 0, or -EFAULT for one that cannot be. */
int signal_frame__pop(struct vm *vm);
/* Makes bytes of the guest's into a state that can be loaded, whatever they are. */
void signal_frame__clean_fpu(struct fpu_state *fpu, uint64_t features, uint32_t mxcsr_mask);

#endif
