/* The public functions of the open engine. */
#include "shim.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"

#define WORKERS_MAX 256u
#define LONG_WORKERS_MAX 4096u

/*
 * Calls come from the server's threads, and mf_close from yet another: it waits until those that are inside have left.
 */
static _Atomic(struct shim *) open_shim;
static atomic_uint callers;

struct shim *shim__enter(void) {
    atomic_fetch_add(&callers, 1);
    struct shim *shim = atomic_load(&open_shim);
    if (shim == NULL) atomic_fetch_sub(&callers, 1);
    return shim;
}

int64_t shim__leave(int64_t result) {
    atomic_fetch_sub(&callers, 1);
    return result;
}

/* ---- life -------------------------------------------------------------------------------------------------- */

uint32_t mf_abi(void) {
    return MF_SHIM_ABI;
}

uint64_t mf_now_ns(void) {
    return os__now_ns();
}

static bool options__are_sound(const struct mf_options *options) {
    return options->abi == MF_SHIM_ABI && options->slots > 0 && options->slots <= RING_SLOTS_MAX &&
           options->workers > 0 && options->workers <= WORKERS_MAX && options->long_workers <= LONG_WORKERS_MAX &&
           options->instances > 0 && options->instances <= POOL_INSTANCES_MAX && options->inline_us > 0 &&
           options->long_us > 0;
}

static int shim__init(struct shim *shim, const uint8_t *native, size_t native_length, const uint8_t *base_bytes,
                      size_t base_length, struct text *message) {
    const struct mf_options *options = &shim->options;
    int rc = engine__init(&shim->engine, native, native_length, message);
    if (rc != 0) return rc;
    rc = base__init(&shim->base, base_bytes, base_length);
    if (rc == 0 && shim->base.memory_bytes != shim->engine.memory_bytes) {
        base__fini(&shim->base);
        rc = -EBADMSG;
    }
    if (rc != 0) {
        text__set(message, "the base image is not one of this engine");
        goto fini_engine;
    }
    rc = snapshots__init(&shim->snapshots, &shim->base);
    if (rc != 0) goto fini_base;
    shim->pool = (struct pool){
        .engine = &shim->engine,
        .base = &shim->base,
        .snapshots = &shim->snapshots,
        .pagemap = pagemap__open(),
        .verify = options->verify != 0,
    };
    rc = shim->pool.pagemap < 0 ? shim->pool.pagemap : 0;
    if (rc != 0) {
        text__set(message, "/proc/self/pagemap cannot be read");
        goto fini_snapshots;
    }
    rc = pool__init(&shim->pool, options->instances, options->warm_instances);
    if (rc != 0) goto close_pagemap;
    rc = ring__init(&shim->ring, options->slots);
    if (rc != 0) goto fini_pool;
    rc = wasi_pool__init(&shim->wasi);
    if (rc != 0) goto fini_ring;
    rc = workers__start(&shim->workers, shim);
    if (rc != 0) goto fini_wasi;
    return 0;

fini_wasi:
    wasi_pool__fini(&shim->wasi);
fini_ring:
    ring__fini(&shim->ring);
fini_pool:
    pool__fini(&shim->pool);
close_pagemap:
    close(shim->pool.pagemap);
fini_snapshots:
    snapshots__fini(&shim->snapshots);
fini_base:
    base__fini(&shim->base);
fini_engine:
    engine__fini(&shim->engine);
    return rc;
}

int mf_open(const struct mf_options *options, const uint8_t *native, size_t native_length, const uint8_t *base,
            size_t base_length, struct mf_ring **ring, char *message, size_t capacity) {
    struct text text = {.bytes = message, .capacity = capacity};
    if (!options__are_sound(options)) {
        text__set(&text, "an option is out of its range");
        return -EINVAL;
    }
    if (atomic_load(&open_shim) != NULL) return -EALREADY;
    struct shim *shim = calloc(1, sizeof *shim);
    if (shim == NULL) return -ENOMEM;
    shim->options = *options;
    int rc = shim__init(shim, native, native_length, base, base_length, &text);
    if (rc != 0) {
        free(shim);
        return rc;
    }
    *ring = shim->ring.shared;
    atomic_store(&open_shim, shim);
    return 0;
}

int mf_close(void) {
    struct shim *shim = atomic_exchange(&open_shim, NULL);
    if (shim == NULL) return -ENODEV;
    while (atomic_load(&callers) != 0) sched_yield();
    workers__stop(&shim->workers);
    wasi_pool__fini(&shim->wasi);
    pool__fini(&shim->pool);
    close(shim->pool.pagemap);
    ring__fini(&shim->ring);
    snapshots__fini(&shim->snapshots);
    base__fini(&shim->base);
    engine__fini(&shim->engine);
    free(shim);
    return 0;
}

int mf_resize(uint32_t instances, uint32_t warm_instances) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(pool__resize(&shim->pool, instances, warm_instances));
}

int mf_stats_read(struct mf_stats *stats) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    memset(stats, 0, sizeof *stats);
    pool__stats(&shim->pool, stats);
    stats->inline_steps = atomic_load(&shim->inline_steps);
    stats->steps = atomic_load(&shim->steps) + stats->inline_steps;
    stats->traps = atomic_load(&shim->traps);
    stats->kills = atomic_load(&shim->kills);
    pthread_mutex_lock(&shim->snapshots.lock);
    stats->snapshots = shim->snapshots.count - 1;
    stats->snapshot_bytes = shim->snapshots.bytes;
    pthread_mutex_unlock(&shim->snapshots.lock);
    wasi_pool__stats(&shim->wasi, stats);
    stats->workers = shim->options.workers;
    stats->long_workers = atomic_load(&shim->workers.long_count);
    return (int)shim__leave(0);
}

int mf_wake_listen(const char *path) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(wake__listen(&shim->ring.wake, path));
}

int mf_wake_accept(void) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(wake__accept(&shim->ring.wake));
}

/* ---- snapshots and sandboxes ---------------------------------------------------------------------------------- */

int64_t mf_snapshot_load(const uint8_t *image, size_t length) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return shim__leave(snapshots__load(&shim->snapshots, image, length));
}

int mf_snapshot_drop(uint32_t snapshot) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    if (snapshot & WASI_ID) return (int)shim__leave(wasi_modules__drop(&shim->wasi.modules, snapshot));
    int rc = snapshots__drop(&shim->snapshots, snapshot);
    if (rc == 0) pool__forget(&shim->pool, snapshot);
    return (int)shim__leave(rc);
}

int mf_freeze(uint32_t sandbox, uint32_t generation, uint8_t **out, size_t *out_length) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    struct instance *instance;
    int rc = pool__resume(&shim->pool, sandbox, generation, &instance);
    if (rc == 0) {
        rc = build__freeze(instance, out, out_length);
        pool__park(&shim->pool, instance);
    }
    return (int)shim__leave(rc);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

int mf_submit(uint32_t slot) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(ring__submit(&shim->ring, slot));
}

int mf_wake(void) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    workers__wake(&shim->workers, ring__waiting(&shim->ring));
    return (int)shim__leave(0);
}

int mf_run_inline(uint32_t slot) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(workers__run_inline(&shim->workers, slot));
}

int mf_cancel(uint32_t slot) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(ring__cancel(&shim->ring, slot));
}

int mf_park(uint32_t head) {
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    return (int)shim__leave(ring__park(&shim->ring, head));
}
