#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "../shim/os.h"
#include "serve_state.h"

/* Until the server says how many. */
#define KEEP_USUAL 16u
#define KEEP_BYTES_USUAL (UINT64_C(256) << 20)
/* So often a VM of another function is switched to this one, before this one gets one more of its own. */
#define MISSES_SWITCHED 2u
#define MISSES_FORGOTTEN_NS UINT64_C(10000000000)
/*
 * To switch a VM by so many pages takes less than to bring another's pages into the CPU's cache: a reset copies some 150 of
 * them, and a request touches as many again.
 */
#define NEAR_PAGES 100u

int pool__init(struct pool *pool) {
    *pool = (struct pool){.keep = KEEP_USUAL, .keep_bytes = KEEP_BYTES_USUAL};
    pool->table = calloc(POOL_VMS_MAX, sizeof *pool->table);
    return pool->table == NULL ? -ENOMEM : 0;
}

/* ---- idle ones: with the lock held -------------------------------------------------------------------- */

static void pool__link(struct pool *pool, struct sandbox *sandbox) {
    struct object *object = sandbox->object;
    sandbox->state = SANDBOX_IDLE;
    sandbox->older = pool->newest;
    sandbox->newer = NULL;
    *(pool->newest == NULL ? &pool->oldest : &pool->newest->newer) = sandbox;
    pool->newest = sandbox;
    sandbox->previous_of_object = NULL;
    sandbox->next_of_object = object->idle;
    if (object->idle != NULL) object->idle->previous_of_object = sandbox;
    object->idle = sandbox;
    pool->idle++;
    pool->idle_bytes += sandbox->memory_bytes;
}

static void pool__unlink(struct pool *pool, struct sandbox *sandbox) {
    *(sandbox->older == NULL ? &pool->oldest : &sandbox->older->newer) = sandbox->newer;
    *(sandbox->newer == NULL ? &pool->newest : &sandbox->newer->older) = sandbox->older;
    struct sandbox **of_object = &sandbox->object->idle;
    if (sandbox->previous_of_object != NULL) of_object = &sandbox->previous_of_object->next_of_object;
    *of_object = sandbox->next_of_object;
    if (sandbox->next_of_object != NULL) sandbox->next_of_object->previous_of_object = sandbox->previous_of_object;
    sandbox->state = SANDBOX_RUNS;
    pool->idle--;
    pool->idle_bytes -= sandbox->memory_bytes;
}

static bool pool__has_too_many(const struct pool *pool) {
    return pool->idle > pool->keep || pool->idle_bytes > pool->keep_bytes;
}

static void pool__trim(struct serve *serve) {
    struct pool *pool = &serve->pool;
    while (pool->oldest != NULL && pool__has_too_many(pool)) {
        struct sandbox *sandbox = pool->oldest;
        pool__unlink(pool, sandbox);
        keeper__close_sandbox(serve, sandbox);
    }
}

void pool__keep(struct serve *serve, uint32_t count, uint64_t bytes) {
    pthread_mutex_lock(&serve->lock);
    serve->pool.keep = count;
    serve->pool.keep_bytes = bytes;
    pool__trim(serve);
    pthread_mutex_unlock(&serve->lock);
}

void pool__forget(struct serve *serve, struct object *object) {
    while (object->idle != NULL) {
        struct sandbox *sandbox = object->idle;
        pool__unlink(&serve->pool, sandbox);
        keeper__close_sandbox(serve, sandbox);
    }
}

/* ---- places ------------------------------------------------------------------------------------------- */

/* Without a VM yet; with the lock held. NULL: there are too many. */
static struct sandbox *pool__place(struct pool *pool, struct object *object) {
    struct sandbox *sandbox = pool->free;
    if (sandbox != NULL) {
        pool->free = sandbox->next;
    } else {
        if (pool->used == POOL_VMS_MAX) return NULL;
        sandbox = calloc(1, sizeof *sandbox);
        if (sandbox == NULL) return NULL;
        sandbox->index = pool->used;
        pool->table[pool->used++] = sandbox;
    }
    sandbox->state = SANDBOX_RUNS;
    sandbox->object = object;
    object__use(object);
    pool->vms++;
    return sandbox;
}

void pool__give_back(struct serve *serve, struct sandbox *sandbox) {
    struct pool *pool = &serve->pool;
    object__unuse(serve, sandbox->object);
    *sandbox = (struct sandbox){.index = sandbox->index, .generation = sandbox->generation, .next = pool->free};
    pool->free = sandbox;
    pool->vms--;
}

/* ---- a request begins --------------------------------------------------------------------------------- */

/* The one that was idle for the longest of those that can become this object's. */
static struct sandbox *pool__relative(const struct pool *pool, const struct object *object) {
    struct sandbox *sandbox = pool->oldest;
    while (sandbox != NULL && !object__is_relative(sandbox->object, object)) sandbox = sandbox->newer;
    return sandbox;
}

/* The one that ran last of those that can become this object's, if that takes little: it is in the CPU's cache. */
static struct sandbox *pool__near(const struct pool *pool, const struct object *object) {
    struct sandbox *sandbox = pool->newest;
    while (sandbox != NULL && !object__is_relative(sandbox->object, object)) sandbox = sandbox->older;
    if (sandbox == NULL) return NULL;
    return vm_switch_pages(sandbox->vm, object->snapshot, NEAR_PAGES) <= NEAR_PAGES ? sandbox : NULL;
}

/* A function that is asked for again and again gets VMs of its own, while there may be more. */
static bool pool__may_grow(const struct pool *pool, struct object *object) {
    uint64_t now = os__now_ns();
    object->misses = now - object->missed_ns < MISSES_FORGOTTEN_NS ? object->misses + 1 : 1;
    object->missed_ns = now;
    return object->misses > MISSES_SWITCHED && pool->vms < pool->keep && pool->idle_bytes < pool->keep_bytes;
}

static int pool__clone(struct serve *serve, struct sandbox *sandbox) {
    struct object *object = sandbox->object;
    serve__count(&serve->counters.clones);
    if (object->kind == OBJECT_BASE) return object__clone_to_build(object, &sandbox->vm);
    sandbox->is_new_clone = true;
    return vm_clone(object->snapshot, &sandbox->vm);
}

/* False: it could not be, and is the keeper's to close. */
static bool pool__switch(struct serve *serve, struct sandbox *sandbox, struct object *object) {
    struct object *before = sandbox->object;
    int error = vm_switch(sandbox->vm, object->snapshot);
    pthread_mutex_lock(&serve->lock);
    if (error == 0) {
        object__use(object);
        sandbox->object = object;
        object__unuse(serve, before);
    } else {
        keeper__close_sandbox(serve, sandbox);
    }
    pthread_mutex_unlock(&serve->lock);
    if (error == 0) serve__count(&serve->counters.switches);
    return error == 0;
}

static int pool__new_once(struct serve *serve, struct object *object, struct sandbox **result) {
    pthread_mutex_lock(&serve->lock);
    struct sandbox *sandbox = pool__place(&serve->pool, object);
    pthread_mutex_unlock(&serve->lock);
    if (sandbox == NULL) return -EAGAIN;
    sandbox->is_build = object->kind != OBJECT_SNAPSHOT;
    int error = pool__clone(serve, sandbox);
    if (error == 0) {
        vm_serve_proxy(sandbox->vm, 1);
        *result = sandbox;
        return 0;
    }
    pthread_mutex_lock(&serve->lock);
    pool__give_back(serve, sandbox);
    pthread_mutex_unlock(&serve->lock);
    return error == -EMFILE || error == -ENFILE ? -EAGAIN : error;
}

/* False: there is none. */
static bool pool__close_oldest(struct serve *serve) {
    pthread_mutex_lock(&serve->lock);
    struct sandbox *sandbox = serve->pool.oldest;
    if (sandbox != NULL) pool__unlink(&serve->pool, sandbox);
    pthread_mutex_unlock(&serve->lock);
    if (sandbox != NULL) keeper__end_sandbox(serve, sandbox);
    return sandbox != NULL;
}

/* What is idle gives way to what is asked for. */
static int pool__new(struct serve *serve, struct object *object, struct sandbox **result) {
    int error = pool__new_once(serve, object, result);
    while ((error == -ENOMEM || error == -EAGAIN) && pool__close_oldest(serve)) {
        error = pool__new_once(serve, object, result);
    }
    return error;
}

int pool__take(struct serve *serve, uint32_t number, struct sandbox **result, enum mf_start *start) {
    struct pool *pool = &serve->pool;
    pthread_mutex_lock(&serve->lock);
    struct object *object = object__find(serve, number);
    if (object == NULL || (object->kind != OBJECT_SNAPSHOT && object->kind != OBJECT_BASE)) {
        pthread_mutex_unlock(&serve->lock);
        return -ENOENT;
    }
    struct sandbox *own = object->idle, *other = NULL;
    if (own == NULL && object->kind == OBJECT_SNAPSHOT) {
        other = pool__near(pool, object);
        if (other == NULL && !pool__may_grow(pool, object)) other = pool__relative(pool, object);
    }
    if (own != NULL || other != NULL) pool__unlink(pool, own != NULL ? own : other);
    object__use(object); /* for as long as this takes */
    pthread_mutex_unlock(&serve->lock);

    int error = 0;
    *result = own != NULL ? own : other;
    *start = own != NULL ? MF_START_WARM : MF_START_CLONE;
    if (own != NULL) serve__count(&serve->counters.warm_hits);
    else if (other == NULL || !pool__switch(serve, other, object)) error = pool__new(serve, object, result);
    uint64_t log_bytes = object->log_bytes;
    pthread_mutex_lock(&serve->lock);
    object__unuse(serve, object);
    pthread_mutex_unlock(&serve->lock);
    if (error == 0) sandbox__begin(*result, log_bytes);
    return error;
}

int pool__adopt(struct serve *serve, struct object *object, struct vm *vm, struct sandbox **result) {
    pthread_mutex_lock(&serve->lock);
    struct sandbox *sandbox = pool__place(&serve->pool, object);
    pthread_mutex_unlock(&serve->lock);
    if (sandbox == NULL) {
        vm_close(vm);
        return -EAGAIN;
    }
    sandbox->vm = vm;
    sandbox->is_build = true;
    sandbox__begin(sandbox, object->log_bytes);
    *result = sandbox;
    return 0;
}

/* ---- parked ------------------------------------------------------------------------------------------- */

void pool__park(struct serve *serve, struct sandbox *sandbox) {
    pthread_mutex_lock(&serve->lock);
    sandbox->state = SANDBOX_PARKED;
    serve->pool.parked++;
    pthread_mutex_unlock(&serve->lock);
}

int pool__resume(struct serve *serve, uint32_t index, uint32_t generation, struct sandbox **result) {
    struct pool *pool = &serve->pool;
    pthread_mutex_lock(&serve->lock);
    struct sandbox *sandbox = index < pool->used ? pool->table[index] : NULL;
    bool is_there = sandbox != NULL && sandbox->state == SANDBOX_PARKED && sandbox->generation == generation;
    if (is_there) {
        sandbox->state = SANDBOX_RUNS;
        pool->parked--;
    }
    pthread_mutex_unlock(&serve->lock);
    if (!is_there) return -ESTALE;
    *result = sandbox;
    return 0;
}

/* ---- a request is over -------------------------------------------------------------------------------- */

static void pool__learn(struct sandbox *sandbox) {
    struct object *object = sandbox->object;
    if (!sandbox->is_new_clone || atomic_exchange(&object->is_learned, true)) return;
    /* Without it clones are slower, and nothing else. */
    (void)vm_snapshot_learn(object->snapshot, sandbox->vm);
}

/* Any error: it is closed, and no request ever sees it. */
static bool pool__reset(struct serve *serve, struct sandbox *sandbox) {
    if (sandbox->is_build || vm_reset(sandbox->vm) != 0) return false;
    serve__count(&serve->counters.resets);
    sandbox->is_new_clone = false;
    sandbox->memory_bytes = sandbox__memory(sandbox);
    return true;
}

/* There are enough without it. */
static bool pool__is_full(struct serve *serve, const struct sandbox *sandbox) {
    pthread_mutex_lock(&serve->lock);
    const struct pool *pool = &serve->pool;
    bool is_full = sandbox->object->idle != NULL && (pool->idle >= pool->keep || pool->idle_bytes >= pool->keep_bytes);
    pthread_mutex_unlock(&serve->lock);
    return is_full;
}

void pool__release(struct serve *serve, struct sandbox *sandbox, enum pool_release how) {
    if (how == POOL_LEARNS) pool__learn(sandbox);
    /* Not before: making shells would keep the clone's first request waiting, whose memory they are made beside. */
    if (sandbox->is_new_clone) keeper__want_shells(serve, sandbox->object);
    sandbox__forget(sandbox);
    bool is_ready = how != POOL_CLOSES && !pool__is_full(serve, sandbox) && pool__reset(serve, sandbox);
    pthread_mutex_lock(&serve->lock);
    sandbox->generation++;
    if (is_ready && !sandbox->object->is_dropped) {
        pool__link(&serve->pool, sandbox);
        pool__trim(serve);
    } else {
        keeper__close_sandbox(serve, sandbox);
    }
    pthread_mutex_unlock(&serve->lock);
}
