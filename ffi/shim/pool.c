#include "pool.h"

#include <stdlib.h>
#include <string.h>

enum place_state { PLACE_EMPTY, PLACE_BUSY, PLACE_PARKED, PLACE_IDLE };

struct pool_place {
    struct instance *instance;
    uint32_t generation;
    enum place_state state;
};

struct pool_idle {
    struct instance *instance;
    uint32_t content; /* the snapshot that its memory has, or SNAPSHOT_NONE */
};

int pool__init(struct pool *pool, uint32_t limit, uint32_t warm) {
    if (limit == 0 || limit > POOL_INSTANCES_MAX) return -EINVAL;
    pool->places = calloc(POOL_INSTANCES_MAX, sizeof *pool->places);
    pool->idle = calloc(POOL_INSTANCES_MAX, sizeof *pool->idle);
    if (pool->places == NULL || pool->idle == NULL) {
        free(pool->places);
        free(pool->idle);
        return -ENOMEM;
    }
    pool->limit = limit;
    pool->warm = warm;
    pthread_mutex_init(&pool->lock, NULL);
    return 0;
}

void pool__fini(struct pool *pool) {
    for (uint32_t place = 0; place < POOL_INSTANCES_MAX; place++) {
        struct instance *instance = pool->places[place].instance;
        if (instance == NULL) continue;
        if (instance->snapshot != NULL) snapshots__release(pool->snapshots, instance->snapshot);
        instance__delete(instance);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool->places);
    free(pool->idle);
}

/* ---- with the lock held ------------------------------------------------------------------------------- */

static struct instance *pool__remove_idle(struct pool *pool, uint32_t position) {
    struct instance *instance = pool->idle[position].instance;
    pool->idle_count--;
    memmove(pool->idle + position, pool->idle + position + 1, (pool->idle_count - position) * sizeof *pool->idle);
    pool->private_pages -= instance->private_pages.count;
    return instance;
}

static struct instance *pool__take_idle_with(struct pool *pool, uint32_t content) {
    for (uint32_t i = pool->idle_count; i > 0; i--) {
        if (pool->idle[i - 1].content == content) return pool__remove_idle(pool, i - 1);
    }
    return NULL;
}

/* The place for an instance that is yet to be made, or POOL_INSTANCES_MAX. */
static uint32_t pool__reserve_place(struct pool *pool) {
    if (pool->existing >= pool->limit) return POOL_INSTANCES_MAX;
    uint32_t place = pool->maybe_empty;
    while (place < POOL_INSTANCES_MAX && pool->places[place].state != PLACE_EMPTY) place++;
    pool->maybe_empty = place;
    if (place == POOL_INSTANCES_MAX) return place;
    pool->places[place].state = PLACE_BUSY;
    pool->existing++;
    return place;
}

static void pool__empty_place(struct pool *pool, uint32_t place) {
    pool->places[place].instance = NULL;
    pool->places[place].state = PLACE_EMPTY;
    if (place < pool->maybe_empty) pool->maybe_empty = place;
    pool->existing--;
}

/* ---- making and unmaking ---------------------------------------------------------------------------------- */

static int pool__make(struct pool *pool, uint32_t place, struct instance **out) {
    struct text nowhere = {0};
    struct instance *instance;
    int rc = instance__new(pool->engine, &instance, &nowhere);
    if (rc == 0) {
        rc = instance__attach(instance, pool->base, pool->pagemap);
        if (rc != 0) instance__delete(instance);
    }
    pthread_mutex_lock(&pool->lock);
    if (rc == 0) {
        instance->index = place;
        pool->places[place].instance = instance;
        *out = instance;
    } else {
        pool__empty_place(pool, place);
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

void pool__destroy(struct pool *pool, struct instance *instance) {
    if (instance->snapshot != NULL) snapshots__release(pool->snapshots, instance->snapshot);
    pthread_mutex_lock(&pool->lock);
    pool__empty_place(pool, instance->index);
    pthread_mutex_unlock(&pool->lock);
    instance__delete(instance);
    atomic_fetch_add(&pool->destroyed, 1);
}

int pool__resize(struct pool *pool, uint32_t limit, uint32_t warm) {
    if (limit == 0 || limit > POOL_INSTANCES_MAX) return -EINVAL;
    pthread_mutex_lock(&pool->lock);
    pool->limit = limit;
    pool->warm = warm;
    while (pool->idle_count > 0 && (pool->idle_count > warm || pool->existing > limit)) {
        struct instance *instance = pool__remove_idle(pool, 0);
        pthread_mutex_unlock(&pool->lock);
        pool__destroy(pool, instance);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return 0;
}

/* ---- sandboxes --------------------------------------------------------------------------------------------- */

static int pool__verify(struct pool *pool, struct instance *instance, const struct snapshot *snapshot) {
    if (!pool->verify) return 0;
    int rc = instance__verify(instance, snapshot);
    if (rc != 0) atomic_fetch_add(&pool->verify_failures, 1);
    return rc;
}

int pool__restore(struct pool *pool, struct instance *instance, const struct snapshot *snapshot) {
    bool has_remapped;
    int rc = instance__restore(instance, snapshot, &has_remapped);
    if (rc != 0) return rc;
    if (has_remapped) atomic_fetch_add(&pool->remaps, 1);
    return pool__verify(pool, instance, snapshot);
}

int pool__take(struct pool *pool, struct snapshot *snapshot, struct instance **out, enum mf_start *start) {
    uint32_t place = POOL_INSTANCES_MAX;
    *start = MF_START_WARM;
    pthread_mutex_lock(&pool->lock);
    struct instance *instance = pool__take_idle_with(pool, snapshot->id);
    if (instance == NULL) {
        *start = MF_START_CLONE;
        /* Making one is dear, but while there are few it is dearer to let functions take turns on them. */
        if (pool->existing < pool->warm || pool->idle_count == 0) place = pool__reserve_place(pool);
        if (place == POOL_INSTANCES_MAX && pool->idle_count > 0) instance = pool__remove_idle(pool, 0);
    }
    pthread_mutex_unlock(&pool->lock);

    int rc = -EAGAIN;
    if (place != POOL_INSTANCES_MAX) {
        rc = pool__make(pool, place, &instance);
        if (rc != 0) goto release_snapshot;
    }
    if (instance == NULL) goto release_snapshot;
    rc = *start == MF_START_WARM ? pool__verify(pool, instance, snapshot) : pool__restore(pool, instance, snapshot);
    if (rc != 0) {
        pool__destroy(pool, instance);
        goto release_snapshot;
    }
    pthread_mutex_lock(&pool->lock);
    pool->places[instance->index].state = PLACE_BUSY;
    pool->places[instance->index].generation++;
    pthread_mutex_unlock(&pool->lock);
    instance->snapshot = snapshot;
    instance->is_fresh = true;
    *out = instance;
    return 0;

release_snapshot:
    snapshots__release(pool->snapshots, snapshot);
    return rc;
}

uint32_t pool__generation(const struct pool *pool, const struct instance *instance) {
    return pool->places[instance->index].generation;
}

void pool__park(struct pool *pool, struct instance *instance) {
    pthread_mutex_lock(&pool->lock);
    pool->places[instance->index].state = PLACE_PARKED;
    pool->parked++;
    pthread_mutex_unlock(&pool->lock);
}

int pool__resume(struct pool *pool, uint32_t sandbox, uint32_t generation, struct instance **out) {
    int rc = -ESTALE;
    if (sandbox >= POOL_INSTANCES_MAX) return rc;
    pthread_mutex_lock(&pool->lock);
    struct pool_place *place = &pool->places[sandbox];
    if (place->state == PLACE_PARKED && place->generation == generation) {
        place->state = PLACE_BUSY;
        pool->parked--;
        *out = place->instance;
        rc = 0;
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

void pool__release(struct pool *pool, struct instance *instance) {
    struct snapshot *snapshot = instance->snapshot;
    /* What starts of the base is a build, and touches much that no request will. */
    int rc = snapshot->id == MF_SNAPSHOT_BASE ? instance__drop_pages(instance) : 0;
    if (rc == 0) rc = pool__restore(pool, instance, snapshot);
    if (rc != 0) {
        pool__destroy(pool, instance);
        return;
    }
    atomic_fetch_add(&pool->resets, 1);
    instance->snapshot = NULL;
    pthread_mutex_lock(&pool->lock);
    bool is_wanted = pool->idle_count < pool->warm && pool->existing <= pool->limit;
    if (is_wanted) {
        uint32_t content = atomic_load(&snapshot->is_dropped) ? SNAPSHOT_NONE : snapshot->id;
        pool->idle[pool->idle_count++] = (struct pool_idle){.instance = instance, .content = content};
        pool->places[instance->index].state = PLACE_IDLE;
        pool->private_pages += instance->private_pages.count;
    }
    pthread_mutex_unlock(&pool->lock);
    snapshots__release(pool->snapshots, snapshot);
    if (!is_wanted) pool__destroy(pool, instance);
}

void pool__forget(struct pool *pool, uint32_t snapshot) {
    pthread_mutex_lock(&pool->lock);
    for (uint32_t i = 0; i < pool->idle_count; i++) {
        if (pool->idle[i].content == snapshot) pool->idle[i].content = SNAPSHOT_NONE;
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool__stats(struct pool *pool, struct mf_stats *stats) {
    pthread_mutex_lock(&pool->lock);
    stats->instances = pool->existing;
    stats->instances_idle = pool->idle_count;
    stats->instances_parked = pool->parked;
    stats->private_pages = pool->private_pages;
    pthread_mutex_unlock(&pool->lock);
    stats->resets = atomic_load(&pool->resets);
    stats->remaps = atomic_load(&pool->remaps);
    stats->destroyed = atomic_load(&pool->destroyed);
    stats->verify_failures = atomic_load(&pool->verify_failures);
}
