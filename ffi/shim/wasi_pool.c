#include "wasi_pool.h"

#include <stdlib.h>

/* A sandbox's own memory is a few hundred kilobytes, of which most requests touch a few. */
#define SPARES_MAX 64u

struct wasi_pool_place {
    struct wasi_sandbox *sandbox;
    uint32_t generation;
    bool is_parked;
};

int wasi_pool__init(struct wasi_pool *pool) {
    *pool = (struct wasi_pool){0};
    pool->places = calloc(WASI_SANDBOXES_MAX, sizeof *pool->places);
    if (pool->places == NULL) return -ENOMEM;
    int rc = wasi_modules__init(&pool->modules);
    if (rc != 0) {
        free(pool->places);
        return rc;
    }
    pthread_mutex_init(&pool->lock, NULL);
    return 0;
}

void wasi_pool__fini(struct wasi_pool *pool) {
    for (uint32_t place = 0; place < WASI_SANDBOXES_MAX; place++) {
        if (pool->places[place].sandbox != NULL) wasi_pool__release(pool, pool->places[place].sandbox);
    }
    while (pool->spares != NULL) {
        struct wasi_sandbox *spare = pool->spares;
        pool->spares = spare->next_spare;
        free(spare);
    }
    wasi_modules__fini(&pool->modules);
    if (atomic_load(&pool->has_engine)) wasi_engine__fini(&pool->engine);
    pthread_mutex_destroy(&pool->lock);
    free(pool->places);
}

int wasi_pool__need_engine(struct wasi_pool *pool, struct text *message) {
    int rc = 0;
    if (atomic_load(&pool->has_engine)) return 0;
    pthread_mutex_lock(&pool->lock);
    if (!atomic_load(&pool->has_engine)) {
        rc = wasi_engine__init(&pool->engine, message);
        if (rc == 0) atomic_store(&pool->has_engine, true);
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

/* ---- sandboxes -------------------------------------------------------------------------------------------- */

/* A place and the memory for a sandbox; NULL: there is none. */
static struct wasi_sandbox *pool__reserve(struct wasi_pool *pool, int *rc) {
    struct wasi_sandbox *sandbox = NULL;
    *rc = 0;
    pthread_mutex_lock(&pool->lock);
    uint32_t place = pool->maybe_empty;
    while (place < WASI_SANDBOXES_MAX && pool->places[place].sandbox != NULL) place++;
    pool->maybe_empty = place;
    if (place == WASI_SANDBOXES_MAX) {
        *rc = -EAGAIN;
    } else if (pool->spares != NULL) {
        sandbox = pool->spares;
        pool->spares = sandbox->next_spare;
        pool->spare_count--;
    } else {
        sandbox = malloc(sizeof *sandbox);
        if (sandbox == NULL) *rc = -ENOMEM;
    }
    if (sandbox != NULL) {
        sandbox->index = place;
        sandbox->generation = ++pool->places[place].generation;
        pool->places[place].sandbox = sandbox;
        pool->places[place].is_parked = false;
        pool->existing++;
    }
    pthread_mutex_unlock(&pool->lock);
    return sandbox;
}

int wasi_pool__take(struct wasi_pool *pool, uint32_t id, struct wasi_sandbox **out) {
    int rc;
    struct wasi_module *module = wasi_modules__acquire(&pool->modules, id);
    if (module == NULL) return -ENOENT;
    struct wasi_sandbox *sandbox = pool__reserve(pool, &rc);
    if (sandbox == NULL) {
        wasi_modules__release(&pool->modules, module);
        return rc;
    }
    wasi_sandbox__start(sandbox, &pool->engine, module);
    *out = sandbox;
    return 0;
}

void wasi_pool__park(struct wasi_pool *pool, struct wasi_sandbox *sandbox) {
    pthread_mutex_lock(&pool->lock);
    pool->places[sandbox->index].is_parked = true;
    pool->parked++;
    pthread_mutex_unlock(&pool->lock);
}

int wasi_pool__resume(struct wasi_pool *pool, uint32_t id, uint32_t generation, struct wasi_sandbox **out) {
    uint32_t index = id & ~WASI_ID;
    int rc = -ESTALE;
    if (index >= WASI_SANDBOXES_MAX) return rc;
    pthread_mutex_lock(&pool->lock);
    struct wasi_pool_place *place = &pool->places[index];
    if (place->sandbox != NULL && place->is_parked && place->generation == generation) {
        place->is_parked = false;
        pool->parked--;
        *out = place->sandbox;
        rc = 0;
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

void wasi_pool__release(struct wasi_pool *pool, struct wasi_sandbox *sandbox) {
    struct wasi_module *module = sandbox->module;
    wasi_sandbox__stop(sandbox);
    wasi_modules__release(&pool->modules, module);
    pthread_mutex_lock(&pool->lock);
    struct wasi_pool_place *place = &pool->places[sandbox->index];
    if (place->is_parked) pool->parked--;
    place->is_parked = false;
    place->sandbox = NULL;
    if (sandbox->index < pool->maybe_empty) pool->maybe_empty = sandbox->index;
    pool->existing--;
    bool is_spare = pool->spare_count < SPARES_MAX;
    if (is_spare) {
        sandbox->next_spare = pool->spares;
        pool->spares = sandbox;
        pool->spare_count++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!is_spare) free(sandbox);
}

void wasi_pool__stats(struct wasi_pool *pool, struct mf_stats *stats) {
    pthread_mutex_lock(&pool->lock);
    stats->wasi_sandboxes = pool->existing;
    stats->wasi_sandboxes_parked = pool->parked;
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_lock(&pool->modules.lock);
    stats->wasi_modules = pool->modules.count;
    stats->wasi_module_bytes = pool->modules.bytes;
    pthread_mutex_unlock(&pool->modules.lock);
}
