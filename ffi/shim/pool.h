/*
 * The instances: those of sandboxes that run or are parked, and idle ones, each of which still has the memory of the
 * snapshot that it was last restored to.
 */
#ifndef MAYFLY_POOL_H
#define MAYFLY_POOL_H

#include <pthread.h>
#include <stdint.h>

#include "instance.h"
#include "mayfly.h"

#define POOL_INSTANCES_MAX 16384u

struct pool {
    const struct engine *engine;
    const struct base *base;
    struct snapshots *snapshots;
    int pagemap;
    bool verify;

    pthread_mutex_t lock; /* held for a few steps, never while memory is touched */
    struct pool_place *places;
    uint32_t limit, warm;
    uint32_t existing, parked;
    uint32_t maybe_empty; /* no place before it is */
    /* In the order in which they became idle. */
    struct pool_idle *idle;
    uint32_t idle_count;
    uint64_t private_pages; /* of the idle ones */

    _Atomic uint64_t resets, remaps, destroyed, verify_failures;
};

int pool__init(struct pool *pool, uint32_t limit, uint32_t warm);
void pool__fini(struct pool *pool);
int pool__resize(struct pool *pool, uint32_t limit, uint32_t warm);

/* An instance with the memory of the snapshot, whose reference it takes over. -EAGAIN: there are no more. */
int pool__take(struct pool *pool, struct snapshot *snapshot, struct instance **out, enum mf_start *start);
uint32_t pool__generation(const struct pool *pool, const struct instance *instance);

/* A sandbox that keeps its instance but has no thread; and the way back. -ESTALE: there is no such parked sandbox. */
void pool__park(struct pool *pool, struct instance *instance);
int pool__resume(struct pool *pool, uint32_t sandbox, uint32_t generation, struct instance **out);

/* Brings an instance that somebody has to a state, and proves it if `verify`. After an error it must be destroyed. */
int pool__restore(struct pool *pool, struct instance *instance, const struct snapshot *state);

/* The sandbox is over. Its instance is restored, proven if `verify`, and idle; or destroyed. */
void pool__release(struct pool *pool, struct instance *instance);
/* The sandbox is over and so is its instance. */
void pool__destroy(struct pool *pool, struct instance *instance);

/* A snapshot was dropped: no idle instance has it any more, whatever its id will mean next. */
void pool__forget(struct pool *pool, uint32_t snapshot);

void pool__stats(struct pool *pool, struct mf_stats *stats);

#endif
