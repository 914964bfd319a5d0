/* Everything of WASI modules: their engine, which is made when the first module comes, and the sandboxes that exist. */
#ifndef MAYFLY_WASI_POOL_H
#define MAYFLY_WASI_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wasi_module.h"
#include "wasi_sandbox.h"

struct wasi_pool {
    struct wasi_modules modules;
    struct wasi_engine engine;
    atomic_bool has_engine;

    pthread_mutex_t lock; /* held for a few steps */
    struct wasi_pool_place *places;
    uint32_t maybe_empty; /* no place before it is */
    uint32_t existing, parked;
    struct wasi_sandbox *spares; /* their memory, for the next ones */
    uint32_t spare_count;
};

int wasi_pool__init(struct wasi_pool *pool);
void wasi_pool__fini(struct wasi_pool *pool);
/* -ENOSYS with the reason. */
int wasi_pool__need_engine(struct wasi_pool *pool, struct text *message);

/* A new sandbox of a module. -ENOENT: there is none of that id; -EAGAIN: there are too many sandboxes; -ENOMEM. */
int wasi_pool__take(struct wasi_pool *pool, uint32_t module, struct wasi_sandbox **out);
/* A sandbox that has no thread; and the way back. -ESTALE: there is no such parked sandbox. */
void wasi_pool__park(struct wasi_pool *pool, struct wasi_sandbox *sandbox);
int wasi_pool__resume(struct wasi_pool *pool, uint32_t id, uint32_t generation, struct wasi_sandbox **out);
/* The sandbox is over, whatever its guest was doing. */
void wasi_pool__release(struct wasi_pool *pool, struct wasi_sandbox *sandbox);

void wasi_pool__stats(struct wasi_pool *pool, struct mf_stats *stats);

static inline uint32_t wasi_sandbox__id(const struct wasi_sandbox *sandbox) {
    return WASI_ID | sandbox->index;
}

#endif
