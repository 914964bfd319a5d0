#include "keeper.h"

#include <errno.h>
#include <time.h>

#include "control.h"
#include "serve_state.h"

/* Shells that are there before a clone is asked for. */
#define SHELLS_READY 4u
/* Chunks of a snapshot, 64 KB each, that are looked at between two pauses: they take some 50 us. */
#define CHUNKS_AT_ONCE 8u
#define PAUSE_NS 5000000
/* Before each VM that is closed while steps wait. */
#define PAUSE_BUSY_NS 2000000

/* ---- what is wanted ----------------------------------------------------------------------------------- */

void keeper__close_sandbox(struct serve *serve, struct sandbox *sandbox) {
    sandbox->next = serve->keeper.sandboxes;
    serve->keeper.sandboxes = sandbox;
    pthread_cond_signal(&serve->keeper.wanted);
}

void keeper__close_object(struct serve *serve, struct object *object) {
    object->next = serve->keeper.objects;
    serve->keeper.objects = object;
    pthread_cond_signal(&serve->keeper.wanted);
}

void keeper__check(struct serve *serve, struct object *snapshot) {
    object__use(snapshot);
    snapshot->next = serve->keeper.unchecked;
    serve->keeper.unchecked = snapshot;
    pthread_cond_signal(&serve->keeper.wanted);
}

void keeper__want_shells(struct serve *serve, struct object *snapshot) {
    struct keeper *keeper = &serve->keeper;
    pthread_mutex_lock(&serve->lock);
    if (keeper->wants_shells == NULL) {
        object__use(snapshot);
        keeper->wants_shells = snapshot;
        pthread_cond_signal(&keeper->wanted);
    }
    pthread_mutex_unlock(&serve->lock);
}

/* ---- the thread's work: each part takes one thing with the lock held, and works without it ------------ */

static void keeper__pause(long ns) {
    const struct timespec pause = {.tv_nsec = ns};
    nanosleep(&pause, NULL);
}

static void keeper__unuse(struct serve *serve, struct object *object) {
    pthread_mutex_lock(&serve->lock);
    object__unuse(serve, object);
    pthread_mutex_unlock(&serve->lock);
}

void keeper__end_sandbox(struct serve *serve, struct sandbox *sandbox) {
    sandbox__forget(sandbox);
    vm_close(sandbox->vm);
    serve__count(&serve->counters.destroyed);
    pthread_mutex_lock(&serve->lock);
    pool__give_back(serve, sandbox);
    pthread_mutex_unlock(&serve->lock);
}

static void keeper__end_object(struct serve *serve, struct object *object) {
    struct object *parent = object->parent, *views[CELL_VIEWS_MAX];
    uint32_t count = object->view_count;
    for (uint32_t i = 0; i < count; i++) views[i] = object->views[i];
    object__close(object);
    pthread_mutex_lock(&serve->lock);
    for (uint32_t i = 0; i < count; i++) object__unuse(serve, views[i]);
    if (parent != NULL) object__unuse(serve, parent);
    pthread_mutex_unlock(&serve->lock);
}

/* A few chunks of one snapshot; false: it is not through with it. */
static bool keeper__check_some(struct object *snapshot) {
    int result = vm_snapshot_check(snapshot->snapshot, CHUNKS_AT_ONCE);
    if (result == 0) {
        keeper__pause(PAUSE_NS);
        return false;
    }
    if (result < 0) control__damaged(snapshot->number);
    return true;
}

static bool keeper__is_idle(const struct keeper *keeper) {
    return keeper->sandboxes == NULL && keeper->objects == NULL && keeper->wants_shells == NULL &&
           keeper->unchecked == NULL;
}

static void keeper__work(struct serve *serve) {
    struct keeper *keeper = &serve->keeper;
    pthread_mutex_lock(&serve->lock);
    while (keeper__is_idle(keeper)) pthread_cond_wait(&keeper->wanted, &serve->lock);
    struct sandbox *sandbox = keeper->sandboxes;
    struct object *object = keeper->objects, *shells = keeper->wants_shells, *unchecked = keeper->unchecked;
    if (sandbox != NULL) keeper->sandboxes = sandbox->next;
    if (object != NULL) keeper->objects = object->next;
    keeper->wants_shells = NULL;
    pthread_mutex_unlock(&serve->lock);
    if (shells != NULL) {
        /* Without them clones take longer. */
        (void)vm_snapshot_prepare(shells->snapshot, SHELLS_READY);
        keeper__unuse(serve, shells);
    }
    if (sandbox != NULL) {
        /* Steps that wait go first: closing a thousand VMs takes half a second. */
        if (workers__are_wanted(serve)) keeper__pause(PAUSE_BUSY_NS);
        keeper__end_sandbox(serve, sandbox);
    }
    if (object != NULL) keeper__end_object(serve, object);
    if (sandbox != NULL || object != NULL || unchecked == NULL || !keeper__check_some(unchecked)) return;
    pthread_mutex_lock(&serve->lock);
    struct object **at = &keeper->unchecked;
    while (*at != unchecked) at = &(*at)->next;
    *at = unchecked->next;
    object__unuse(serve, unchecked);
    pthread_mutex_unlock(&serve->lock);
}

static void *keeper__main(void *data) {
    for (;;) keeper__work(data);
    return NULL;
}

int keeper__start(struct serve *serve) {
    pthread_cond_init(&serve->keeper.wanted, NULL);
    return -pthread_create(&serve->keeper.thread, NULL, keeper__main, serve);
}
