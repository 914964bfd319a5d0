/*
 * The threads that run guests. As many as asked for have normal priority and take submitted steps; one whose guest
 * runs long loses its priority, and retires when that guest ends, because a thread without privileges cannot get its
 * priority back. A thread that stands by takes its place, so that the watchdog only has to wake one: starting and
 * joining threads takes a lock that a thread of low priority may hold.
 */
#ifndef MAYFLY_WORKERS_H
#define MAYFLY_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run.h"
#include "step.h"
#include "thread.h"
#include "watchdog.h"

enum runner_life { RUNNER_NONE, RUNNER_WORKS, RUNNER_IS_DONE };

struct runner {
    struct run run;
    struct step step;
    struct shim *shim;
    struct thread thread;
    pid_t tid;
    bool stands_by; /* at first */
    atomic_uint life; /* enum runner_life; a worker's, not the inline runner's */
    struct runner *next_retired;
};

struct workers {
    struct shim *shim;
    struct watchdog watchdog;
    /* The first is the server's own thread, for inline runs; the others are workers. */
    struct runner *runners;
    uint32_t capacity;
    int nice; /* the server's own */
    _Atomic uint32_t used; /* no runner beyond was ever started */
    _Atomic uint32_t long_count;
    atomic_bool is_stopping;
    atomic_flag is_inline_busy;
    struct saved saved; /* the inline runner's */

    /* Steps that retired runners leave to a worker: those do not take locks with the priority that they have. */
    _Atomic(struct runner *) retired;
    atomic_uint wake_count, sleepers;

    _Atomic uint32_t standby; /* threads that wait to be called */
    atomic_uint calls;

    pthread_mutex_t threads_lock; /* around starting and joining threads */
};

int workers__start(struct workers *workers, struct shim *shim);
/* Kills what runs and joins all threads. */
void workers__stop(struct workers *workers);

/* Of those that sleep, at most so many. */
void workers__wake(struct workers *workers, uint32_t count);
/* -ENOTSUP: the thread's stack is too small; -EBUSY: another thread's inline run is not over. */
int workers__run_inline(struct workers *workers, uint32_t slot);

/* The watchdog's: one more worker, in the place of one that runs long. False: there is none at this moment. */
bool workers__replace(struct workers *workers);
/* Joins the threads that have ended. */
void workers__reap(struct workers *workers);

#endif
