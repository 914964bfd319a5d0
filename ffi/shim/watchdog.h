/*
 * One thread that looks at all runs, once a millisecond: it kills those that are past a limit, and lets another worker
 * go ahead of those that take long. It sleeps while nothing runs.
 */
#ifndef MAYFLY_WATCHDOG_H
#define MAYFLY_WATCHDOG_H

#include <stdatomic.h>
#include <stdbool.h>

#include "thread.h"

struct shim;

struct watchdog {
    struct shim *shim;
    struct thread thread;
    atomic_uint is_asleep;
    atomic_bool is_stopping;
};

int watchdog__start(struct watchdog *watchdog, struct shim *shim);
void watchdog__stop(struct watchdog *watchdog);
void watchdog__wake(struct watchdog *watchdog);

/* A run has begun. */
static inline void watchdog__look(struct watchdog *watchdog) {
    if (atomic_load(&watchdog->is_asleep)) watchdog__wake(watchdog);
}

#endif
