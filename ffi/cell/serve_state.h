/* What a serving cell is made of. For the files of serve.h only. */
#ifndef MAYFLY_CELL_SERVE_STATE_H
#define MAYFLY_CELL_SERVE_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "keeper.h"
#include "object.h"
#include "pool.h"
#include "ring.h"
#include "serve.h"
#include "worker.h"

struct serve_counters {
    _Atomic uint64_t steps, warm_hits, switches, clones, resets, destroyed, kills, traps, preempted;
};

struct serve {
    struct vm_machine *machine;
    enum cell_mode mode;
    struct ring ring;
    /* Of objects, the pool and the keeper's lists: held for a few steps, never while a VM is worked on. */
    pthread_mutex_t lock;
    struct objects objects;
    struct pool pool;
    struct workers workers;
    struct keeper keeper;
    struct serve_counters counters;
};

static inline void serve__count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
