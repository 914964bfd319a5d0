#include "watchdog.h"

#include <sys/resource.h>

#include "shim.h"

#define TICK_NS UINT64_C(1000000)
/* After so many ticks without a run it is worth a system call to wake the watchdog for the next one. */
#define IDLE_TICKS 20
/*
 * Added to the server's own nice value: a long run keeps a tenth of a short one's share of the processor, a very long
 * one a hundredth, and in both cases a short one that wakes goes ahead. Less would starve honest work on a busy server.
 */
#define LONG_NICE 10
#define VERY_LONG_NICE 19
#define VERY_LONG_FACTOR 50

/* ---- what to do about a run -------------------------------------------------------------------------- */

static uint64_t watchdog__cpu_ns(struct runner *runner, uint64_t word, uint64_t elapsed_ns) {
    struct run *run = &runner->run;
    uint64_t number = run__number(word);
    uint64_t now_ns = os__clock_ns(atomic_load_explicit(&run->cpu_clock, memory_order_relaxed));
    if (atomic_load_explicit(&run->sampled_number, memory_order_relaxed) != number) {
        /* It is not known how much of its first tick the run had the processor: all of it, then. */
        uint64_t before_ns = elapsed_ns < TICK_NS ? elapsed_ns : TICK_NS;
        atomic_store_explicit(&run->cpu_base_ns, now_ns - before_ns, memory_order_relaxed);
        atomic_store_explicit(&run->sampled_number, number, memory_order_release);
    }
    return now_ns - atomic_load_explicit(&run->cpu_base_ns, memory_order_relaxed);
}

/* Why to kill a run, or 0. */
static uint32_t watchdog__reason(struct shim *shim, struct runner *runner, uint64_t now_ns, uint64_t elapsed_ns,
                                 uint64_t cpu_ns) {
    struct run *run = &runner->run;
    uint32_t slot = atomic_load_explicit(&run->slot, memory_order_relaxed);
    if (atomic_load(&shim->workers.is_stopping) || ring__is_canceled(&shim->ring, slot)) return MF_STEP_CANCELED;
    if (now_ns >= atomic_load_explicit(&run->deadline_ns, memory_order_relaxed)) return MF_STEP_DEADLINE;
    if (cpu_ns >= atomic_load_explicit(&run->cpu_left_ns, memory_order_relaxed)) return MF_STEP_CPU;
    bool is_inline = runner == shim->workers.runners;
    if (is_inline && elapsed_ns >= shim->options.inline_us * UINT64_C(1000)) return MF_STEP_INLINE;
    return 0;
}

static void watchdog__kill(struct runner *runner, uint64_t word, uint32_t reason) {
    struct run *run = &runner->run;
    if (!run__hold(run, word)) return;
    bool is_wasi = runner->step.wasi != NULL;
    if (is_wasi && run__phase(word) == RUN_HOST) {
        /* It writes frames at this moment: the next tick tries again. */
        run__release(run, word, run__phase(word), 0);
        return;
    }
    bool is_revoked = !is_wasi && run__phase(word) == RUN_GUEST;
    if (is_revoked && instance__revoke_memory(runner->step.instance) != 0) {
        /* Too many mappings for this moment: the next tick tries again. */
        run__release(run, word, run__phase(word), 0);
        return;
    }
    atomic_store_explicit(&run->reason, reason, memory_order_relaxed);
    /* At its priority the thread may not find out for a long time, but its caller is told now. */
    if (word & RUN_LONG) {
        setpriority(PRIO_PROCESS, (id_t)runner->tid, runner->shim->workers.nice); /* with the privilege for it */
        uint64_t now_ns = os__clock_ns(atomic_load_explicit(&run->cpu_clock, memory_order_relaxed));
        uint64_t cpu_ns = now_ns - atomic_load(&run->cpu_base_ns);
        step__complete_killed(&runner->step, (enum mf_step_result)reason, cpu_ns, is_revoked);
    }
    run__release(run, word, RUN_KILLED, 0);
    if (is_wasi) wasi_engine__interrupt(&runner->shim->wasi.engine);
}

/* By its CPU time: a busy machine makes every run take long, and one more worker would not help. */
static void watchdog__demote(struct shim *shim, struct runner *runner, uint64_t word, uint64_t cpu_ns) {
    struct run *run = &runner->run;
    uint64_t long_ns = shim->options.long_us * UINT64_C(1000);
    if (cpu_ns < long_ns || (word & RUN_VERY_LONG) || runner == shim->workers.runners) return;

    if (!(word & RUN_LONG)) {
        if (!run__hold(run, word)) return;
        bool is_replaced = workers__replace(&shim->workers);
        if (is_replaced) setpriority(PRIO_PROCESS, (id_t)runner->tid, shim->workers.nice + LONG_NICE);
        run__release(run, word, run__phase(word), is_replaced ? RUN_LONG : 0);
    } else if (cpu_ns >= VERY_LONG_FACTOR * long_ns && run__hold(run, word)) {
        /* Held, because only then it is certain that the thread has not ended and left its id to another. */
        setpriority(PRIO_PROCESS, (id_t)runner->tid, shim->workers.nice + VERY_LONG_NICE);
        run__release(run, word, run__phase(word), RUN_VERY_LONG);
    }
}

/* True if the runner was in a run. */
static bool watchdog__watch(struct shim *shim, struct runner *runner, uint64_t now_ns, uint64_t *next_ns) {
    uint64_t word = atomic_load(&runner->run.word);
    enum run_phase phase = run__phase(word);
    if (phase != RUN_GUEST && phase != RUN_HOST) return phase != RUN_IDLE;
    uint64_t started_ns = atomic_load_explicit(&runner->run.started_ns, memory_order_relaxed);
    uint64_t elapsed_ns = now_ns > started_ns ? now_ns - started_ns : 0;
    uint64_t cpu_ns = watchdog__cpu_ns(runner, word, elapsed_ns);
    uint32_t reason = watchdog__reason(shim, runner, now_ns, elapsed_ns, cpu_ns);
    if (reason != 0) {
        watchdog__kill(runner, word, reason);
        return true;
    }
    uint64_t deadline_ns = atomic_load_explicit(&runner->run.deadline_ns, memory_order_relaxed);
    if (deadline_ns < *next_ns) *next_ns = deadline_ns;
    watchdog__demote(shim, runner, word, cpu_ns);
    return true;
}

/* ---- the thread ---------------------------------------------------------------------------------------- */

static bool watchdog__watch_all(struct shim *shim, uint64_t *next_ns) {
    uint64_t now_ns = os__now_ns();
    bool anything_runs = false;
    *next_ns = now_ns + TICK_NS;
    uint32_t used = atomic_load(&shim->workers.used);
    for (uint32_t i = 0; i < used; i++) {
        if (watchdog__watch(shim, &shim->workers.runners[i], now_ns, next_ns)) anything_runs = true;
    }
    return anything_runs;
}

static void watchdog__sleep(struct watchdog *watchdog) {
    uint64_t next_ns;
    atomic_store(&watchdog->is_asleep, 1);
    /* A run that began before the line above was read by its runner is seen here. */
    bool may_sleep = !watchdog__watch_all(watchdog->shim, &next_ns) && !atomic_load(&watchdog->is_stopping);
    while (may_sleep && atomic_load(&watchdog->is_asleep)) os__futex_wait(&watchdog->is_asleep, 1);
    atomic_store(&watchdog->is_asleep, 0);
}

static uint64_t watchdog__steps(struct shim *shim) {
    return atomic_load_explicit(&shim->steps, memory_order_relaxed) +
           atomic_load_explicit(&shim->inline_steps, memory_order_relaxed);
}

static void *watchdog__main(void *argument) {
    struct watchdog *watchdog = argument;
    struct shim *shim = watchdog->shim;
    pthread_setname_np(pthread_self(), "mayfly-watchdog");
    /* Or deadlines are missed by some milliseconds on a busy machine. */
    thread__take_short_turns();
    uint64_t steps = 0, next_ns;
    uint32_t idle_ticks = 0;
    while (!atomic_load(&watchdog->is_stopping)) {
        bool anything_runs = watchdog__watch_all(shim, &next_ns);
        bool anything_ran = steps != watchdog__steps(shim);
        steps = watchdog__steps(shim);
        idle_ticks = anything_runs || anything_ran ? 0 : idle_ticks + 1;
        if (idle_ticks < IDLE_TICKS) {
            struct timespec until = {(time_t)(next_ns / 1000000000u), (long)(next_ns % 1000000000u)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        } else {
            workers__reap(&shim->workers);
            watchdog__sleep(watchdog);
            idle_ticks = 0;
        }
    }
    return NULL;
}

int watchdog__start(struct watchdog *watchdog, struct shim *shim) {
    watchdog->shim = shim;
    return thread__start(&watchdog->thread, watchdog__main, watchdog);
}

void watchdog__wake(struct watchdog *watchdog) {
    if (atomic_exchange(&watchdog->is_asleep, 0)) os__futex_wake(&watchdog->is_asleep, 1);
}

void watchdog__stop(struct watchdog *watchdog) {
    atomic_store(&watchdog->is_stopping, true);
    watchdog__wake(watchdog);
    thread__join(&watchdog->thread);
    thread__free_stacks(&watchdog->thread);
}
