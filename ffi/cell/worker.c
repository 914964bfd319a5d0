#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "../shim/os.h"
#include "serve_state.h"

/*
 * Waking a thread that sleeps takes 50 us and more. So where steps came one soon after the other, one thread looks for
 * the next one for a while; the server need not wake anybody then. Where the core was lost to others again and again, it
 * sleeps. (It does not yield: one that sleeps is let ahead when it is woken, one that yielded waits for milliseconds.)
 */
#define SPIN_NS UINT64_C(400000)
#define LOOKS_PER_CLOCK 64u
/* Longer between two looks at the clock: the core was another thread's. */
#define LOST_CORE_NS UINT64_C(50000)
#define SOON_MAX 8u

struct worker {
    struct serve *serve;
    uint64_t fresh_ns; /* that new steps ran since one that was set aside did: each kind gets half of the time */
    uint8_t scratch[STEP_SCRATCH_BYTES];
};

bool workers__are_wanted(const struct serve *serve) {
    return ring__has_submitted(&serve->ring) || atomic_load(&serve->workers.aside_count) > 0;
}

/* ---- steps -------------------------------------------------------------------------------------------- */

static void worker__set_aside(struct worker *worker, struct step *step) {
    struct serve *serve = worker->serve;
    struct workers *workers = &serve->workers;
    serve__count(&serve->counters.preempted);
    pthread_mutex_lock(&serve->lock);
    step->next = NULL;
    *workers->aside_end = step;
    workers->aside_end = &step->next;
    atomic_fetch_add(&workers->aside_count, 1);
    pthread_mutex_unlock(&serve->lock);
}

/* Of those that were set aside: one that is late has only to be ended. With the lock. */
static struct step **workers__next_aside(struct workers *workers) {
    uint64_t now = os__now_ns();
    for (struct step **at = &workers->aside; *at != NULL; at = &(*at)->next) {
        if ((*at)->shared->deadline_ns <= now) return at;
    }
    return &workers->aside;
}

static struct step *worker__take_aside(struct worker *worker) {
    struct workers *workers = &worker->serve->workers;
    if (atomic_load(&workers->aside_count) == 0) return NULL;
    pthread_mutex_lock(&worker->serve->lock);
    struct step **at = workers__next_aside(workers), *step = *at;
    if (step != NULL) {
        *at = step->next;
        if (step->next == NULL) workers->aside_end = at;
        atomic_fetch_sub(&workers->aside_count, 1);
    }
    pthread_mutex_unlock(&worker->serve->lock);
    return step;
}

/* False: it was over before it began. */
static bool worker__begin(struct worker *worker, uint32_t slot) {
    struct step *step = &worker->serve->workers.steps[slot];
    step->serve = worker->serve;
    step->scratch = worker->scratch;
    return step__begin(step, slot);
}

static void worker__run(struct worker *worker, struct step *step) {
    struct workers *workers = &worker->serve->workers;
    step->scratch = worker->scratch;
    atomic_fetch_add(&workers->running, 1);
    if (step__run(step)) step__end(step);
    else worker__set_aside(worker, step);
    atomic_fetch_sub(&workers->running, 1);
}

/* False: there is nothing to do. */
static bool worker__work(struct worker *worker) {
    struct step *step = worker->fresh_ns >= STEP_SLICE_NS ? worker__take_aside(worker) : NULL;
    uint32_t slot;
    if (step == NULL && ring__take(&worker->serve->ring, &slot)) {
        uint64_t begun = os__now_ns();
        ring__wake_another(&worker->serve->ring);
        if (worker__begin(worker, slot)) worker__run(worker, &worker->serve->workers.steps[slot]);
        worker->fresh_ns += os__now_ns() - begun;
        return true;
    }
    ring__tell(&worker->serve->ring);
    if (step == NULL) step = worker__take_aside(worker);
    if (step == NULL) return false;
    worker->fresh_ns = 0;
    worker__run(worker, step);
    return true;
}

/* ---- waiting ------------------------------------------------------------------------------------------ */

static void worker__look(struct worker *worker, uint64_t end) {
    struct serve *serve = worker->serve;
    uint64_t now = os__now_ns();
    while (!workers__are_wanted(serve) && now < end) {
        for (uint32_t i = 0; i < LOOKS_PER_CLOCK && !workers__are_wanted(serve); i++) continue;
        uint64_t before = now;
        now = os__now_ns();
        if (now - before < LOST_CORE_NS) continue;
        atomic_store(&serve->workers.soon, atomic_load(&serve->workers.soon) / 2);
        return;
    }
}

static void worker__spin(struct worker *worker, uint64_t end) {
    struct workers *workers = &worker->serve->workers;
    if (atomic_load(&workers->soon) == 0 || atomic_exchange(&workers->has_spinner, true)) return;
    ring__wake_nobody(&worker->serve->ring);
    worker__look(worker, end);
    atomic_store(&workers->has_spinner, false);
    ring__wake_us(&worker->serve->ring);
}

/* Several may count at once: it is a hint. */
static void worker__learn(struct worker *worker, bool came_soon) {
    atomic_uint *soon = &worker->serve->workers.soon;
    uint32_t before = atomic_load(soon);
    if (!came_soon) atomic_store(soon, before / 2);
    else if (before < SOON_MAX) atomic_store(soon, before + 1);
}

static void worker__sleep(struct worker *worker) {
    struct serve *serve = worker->serve;
    /* One that spins says it when it stops. */
    if (!atomic_load(&serve->workers.has_spinner)) ring__wake_us(&serve->ring);
    ring__sleep(&serve->ring);
}

static void *worker__main(void *data) {
    struct worker *worker = data;
    for (;;) {
        bool has_worked = false;
        while (worker__work(worker)) has_worked = true;
        uint64_t end = os__now_ns() + SPIN_NS;
        if (has_worked) worker__spin(worker, end);
        while (!workers__are_wanted(worker->serve)) worker__sleep(worker);
        if (has_worked) worker__learn(worker, os__now_ns() < end);
    }
    return NULL;
}

static uint32_t workers__cores(void) {
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    return count < (int)WORKERS_MAX ? (uint32_t)count : WORKERS_MAX;
}

int workers__start(struct serve *serve) {
    struct workers *workers = &serve->workers;
    workers->aside_end = &workers->aside;
    workers->count = workers__cores();
    for (uint32_t i = 0; i < workers->count; i++) {
        struct worker *worker = calloc(1, sizeof *worker);
        pthread_t thread;
        if (worker == NULL) return -ENOMEM;
        worker->serve = serve;
        int error = pthread_create(&thread, NULL, worker__main, worker);
        if (error != 0) {
            free(worker);
            return -error;
        }
    }
    return 0;
}
