/*
 * One thread for all VMs of a process: it ends runs at their deadline, and makes guest threads take turns.
 *
 * It ticks while any VM runs, and some time longer, so that a busy process does not wake it for each run.
 */
#ifndef MAYFLY_VM_TICKER_H
#define MAYFLY_VM_TICKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct vm;

#define TICK_NS UINT64_C(4000000)
#define TICKER_RUNS_MAX 256u

struct ticker_run {
    _Atomic(struct vm *) vm; /* NULL: free */
    pid_t thread;
    uint64_t begun_ns, turn_ns, looked_ns, deadline_ns, cpu_limit_ns;
    clockid_t cpu_clock;
};

struct ticker {
    pthread_t thread;
    pthread_mutex_t lock; /* a run may not end while it is being kicked */
    int is_open;
    atomic_int started;
    atomic_uint running; /* runs under way; what the thread sleeps on */
    atomic_int stopping;
    struct ticker_run runs[TICKER_RUNS_MAX];
};

/* Its thread begins with the first run: a process may lock itself up before, while it has no other thread. */
int ticker__open(struct ticker *ticker);
void ticker__close(struct ticker *ticker);

/* Around a run, by the thread that does it. -EBUSY when too many run. Returns the run's place. */
int ticker__begin(struct ticker *ticker, struct vm *vm, uint64_t deadline_ns, uint64_t cpu_ns);
void ticker__end(struct ticker *ticker, int place);

/* From any thread: if the VM runs, it leaves the guest soon. */
void ticker__kick(struct ticker *ticker, struct vm *vm);

/* The signal that makes a vCPU leave; its handler does nothing. */
int ticker__signal(void);

#endif
