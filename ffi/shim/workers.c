#include "workers.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "shim.h"

#define INLINE_STACK_BYTES (ENGINE_WASM_STACK_BYTES + (1u << 20))

static void runner__prepare(struct runner *runner) {
    runner->step.shim = runner->shim;
    runner->step.run = &runner->run;
    clockid_t cpu_clock;
    if (pthread_getcpuclockid(pthread_self(), &cpu_clock) == 0) atomic_store(&runner->run.cpu_clock, cpu_clock);
}

/* ---- starting and joining ------------------------------------------------------------------------------------ */

static void *runner__main(void *argument);

static struct runner *workers__free_runner(struct workers *workers) {
    for (uint32_t i = 1; i < workers->capacity; i++) {
        if (atomic_load(&workers->runners[i].life) != RUNNER_NONE) continue;
        if (i >= atomic_load(&workers->used)) atomic_store(&workers->used, i + 1);
        return &workers->runners[i];
    }
    return NULL;
}

static int workers__start_runner(struct workers *workers, bool stands_by) {
    struct runner *runner = workers__free_runner(workers);
    if (runner == NULL) return -EAGAIN;
    runner->shim = workers->shim;
    runner->stands_by = stands_by;
    atomic_store(&runner->life, RUNNER_WORKS);
    int rc = thread__start(&runner->thread, runner__main, runner);
    if (rc != 0) atomic_store(&runner->life, RUNNER_NONE);
    return rc;
}

static int workers__add(struct workers *workers) {
    pthread_mutex_lock(&workers->threads_lock);
    int rc = workers__start_runner(workers, false);
    pthread_mutex_unlock(&workers->threads_lock);
    return rc;
}

/* If there are no resources for one now, the next worker that is called or ends a long step tries again. */
static void workers__keep_standby(struct workers *workers) {
    pthread_mutex_lock(&workers->threads_lock);
    bool is_wanted = atomic_load(&workers->standby) == 0 && !atomic_load(&workers->is_stopping) &&
                     atomic_load(&workers->long_count) < workers->shim->options.long_workers;
    if (is_wanted && workers__start_runner(workers, true) == 0) atomic_fetch_add(&workers->standby, 1);
    pthread_mutex_unlock(&workers->threads_lock);
}

void workers__reap(struct workers *workers) {
    pthread_mutex_lock(&workers->threads_lock);
    uint32_t used = atomic_load(&workers->used);
    for (uint32_t i = 1; i < used && !atomic_load(&workers->is_stopping); i++) {
        struct runner *runner = &workers->runners[i];
        if (atomic_load(&runner->life) != RUNNER_IS_DONE) continue;
        if (thread__try_join(&runner->thread)) atomic_store(&runner->life, RUNNER_NONE);
    }
    pthread_mutex_unlock(&workers->threads_lock);
}

bool workers__replace(struct workers *workers) {
    if (atomic_load(&workers->standby) == 0) return false;
    if (atomic_load(&workers->long_count) >= workers->shim->options.long_workers) return false;
    atomic_fetch_add(&workers->long_count, 1);
    atomic_fetch_sub(&workers->standby, 1);
    atomic_fetch_add(&workers->calls, 1);
    os__futex_wake(&workers->calls, 1);
    return true;
}

static void runner__stand_by(struct runner *runner) {
    struct workers *workers = &runner->shim->workers;
    uint32_t calls = atomic_load(&workers->calls);
    while (calls == 0 || !atomic_compare_exchange_weak(&workers->calls, &calls, calls - 1)) {
        if (calls == 0) os__futex_wait(&workers->calls, 0);
        calls = atomic_load(&workers->calls);
    }
    workers__reap(workers);
    workers__keep_standby(workers);
}

/* ---- the threads' work ------------------------------------------------------------------------------------ */

/* Ends what retired runners left, and lets their threads be joined. */
static bool workers__end_retired(struct workers *workers) {
    struct runner *runner = atomic_exchange(&workers->retired, NULL);
    bool is_any = runner != NULL;
    while (runner != NULL) {
        struct runner *next = runner->next_retired;
        step__end(&runner->step);
        atomic_fetch_sub(&workers->long_count, 1);
        atomic_store(&runner->life, RUNNER_IS_DONE);
        runner = next;
    }
    if (is_any) workers__keep_standby(workers);
    return is_any;
}

static void runner__retire(struct runner *runner) {
    struct workers *workers = &runner->shim->workers;
    /* With the privilege for it, the thread ends sooner; it is not relied on. */
    setpriority(PRIO_PROCESS, (id_t)runner->tid, workers->nice);
    runner->next_retired = atomic_load(&workers->retired);
    while (!atomic_compare_exchange_weak(&workers->retired, &runner->next_retired, runner)) continue;
    workers__wake(workers, 1);
}

static void workers__sleep(struct workers *workers) {
    uint32_t count = atomic_load(&workers->wake_count);
    atomic_fetch_add(&workers->sleepers, 1);
    bool is_idle = ring__waiting(&workers->shim->ring) == 0 && atomic_load(&workers->retired) == NULL;
    if (is_idle && !atomic_load(&workers->is_stopping)) os__futex_wait(&workers->wake_count, count);
    atomic_fetch_sub(&workers->sleepers, 1);
}

void workers__wake(struct workers *workers, uint32_t count) {
    /* Either this sees the sleeper, or the sleeper sees what there is to do. */
    atomic_thread_fence(memory_order_seq_cst);
    if (count == 0 || atomic_load(&workers->sleepers) == 0) return;
    atomic_fetch_add(&workers->wake_count, 1);
    os__futex_wake(&workers->wake_count, (int)count);
}

static void *runner__main(void *argument) {
    struct runner *runner = argument;
    struct workers *workers = &runner->shim->workers;
    pthread_setname_np(pthread_self(), "mayfly-worker");
    runner->tid = (pid_t)syscall(SYS_gettid);
    runner__prepare(runner);
    if (runner->stands_by) runner__stand_by(runner);
    while (!atomic_load(&workers->is_stopping)) {
        uint32_t slot;
        if (workers__end_retired(workers)) continue;
        if (!ring__take(&workers->shim->ring, &slot)) {
            workers__sleep(workers);
            continue;
        }
        if (!step__begin(&runner->step, slot)) continue;
        if (step__run(&runner->step)) {
            runner__retire(runner);
            return NULL;
        }
        step__end(&runner->step);
    }
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------------------- */

int workers__start(struct workers *workers, struct shim *shim) {
    workers->shim = shim;
    /* As many again, for threads that have retired but have not been joined. */
    workers->capacity = 2 + 2 * (shim->options.workers + shim->options.long_workers);
    workers->used = 1;
    workers->nice = getpriority(PRIO_PROCESS, 0);
    atomic_flag_clear(&workers->is_inline_busy);
    workers->runners = calloc(workers->capacity, sizeof *workers->runners);
    if (workers->runners == NULL) return -ENOMEM;
    int rc = saved__init(&workers->saved);
    if (rc != 0) {
        free(workers->runners);
        return rc;
    }
    workers->runners[0].shim = shim;
    workers->runners[0].step.saved = &workers->saved;
    pthread_mutex_init(&workers->threads_lock, NULL);
    rc = watchdog__start(&workers->watchdog, shim);
    if (rc != 0) goto free_runners;
    for (uint32_t i = 0; i < shim->options.workers && rc == 0; i++) rc = workers__add(workers);
    if (rc != 0) {
        workers__stop(workers);
        return rc;
    }
    workers__keep_standby(workers);
    return 0;

free_runners:
    pthread_mutex_destroy(&workers->threads_lock);
    saved__fini(&workers->saved);
    free(workers->runners);
    return rc;
}

void workers__stop(struct workers *workers) {
    /* From here on nobody else starts or joins threads, and the watchdog kills every run that it sees. */
    pthread_mutex_lock(&workers->threads_lock);
    atomic_store(&workers->is_stopping, true);
    pthread_mutex_unlock(&workers->threads_lock);
    watchdog__wake(&workers->watchdog);
    atomic_fetch_add(&workers->wake_count, 1);
    os__futex_wake(&workers->wake_count, INT32_MAX);
    atomic_store(&workers->calls, workers->capacity);
    os__futex_wake(&workers->calls, INT32_MAX);
    for (uint32_t i = 1; i < workers->capacity; i++) {
        struct runner *runner = &workers->runners[i];
        if (atomic_load(&runner->life) != RUNNER_NONE) thread__join(&runner->thread);
        thread__free_stacks(&runner->thread);
    }
    watchdog__stop(&workers->watchdog);
    pthread_mutex_destroy(&workers->threads_lock);
    saved__fini(&workers->saved);
    free(workers->runners);
}

/* ---- inline -------------------------------------------------------------------------------------------------- */

/* The lowest address of the calling thread's stack, or UINTPTR_MAX. */
static uintptr_t stack__end(void) {
    static _Thread_local uintptr_t end;
    pthread_attr_t attributes;
    void *lowest;
    size_t bytes;
    if (end != 0) return end;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return UINTPTR_MAX;
    end = pthread_attr_getstack(&attributes, &lowest, &bytes) == 0 ? (uintptr_t)lowest : UINTPTR_MAX;
    pthread_attr_destroy(&attributes);
    return end;
}

int workers__run_inline(struct workers *workers, uint32_t slot) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = stack__end();
    if (here < end || here - end < INLINE_STACK_BYTES) return -ENOTSUP;
    if (atomic_flag_test_and_set(&workers->is_inline_busy)) return -EBUSY;
    int rc = ring__claim(&workers->shim->ring, slot);
    if (rc == 0) {
        struct runner *runner = &workers->runners[0];
        runner__prepare(runner);
        runner->step.is_inline = true;
        if (step__begin(&runner->step, slot)) {
            step__run(&runner->step);
            step__end(&runner->step);
        }
    }
    atomic_flag_clear(&workers->is_inline_busy);
    return rc;
}
