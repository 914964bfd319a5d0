#include "ticker.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../shim/os.h"
#include "dirty.h"
#include "internal.h"
#include "shell.h"

#define LINGER_TICKS 50u
/* A guest writes 8,000 pages meanwhile, at most. */
#define LOOK_NS UINT64_C(32000000)

int ticker__signal(void) {
    return SIGRTMIN + 5;
}

static void ticker__on_signal(int signal) {
    (void)signal;
}

static void ticker__interrupt(struct ticker_run *run, struct vm *vm) {
    shell__interrupt(vm->shell);
    syscall(SYS_tgkill, getpid(), run->thread, ticker__signal());
}

void ticker__kick(struct ticker *ticker, struct vm *vm) {
    pthread_mutex_lock(&ticker->lock);
    for (uint32_t i = 0; i < TICKER_RUNS_MAX; i++) {
        if (atomic_load(&ticker->runs[i].vm) == vm) ticker__interrupt(&ticker->runs[i], vm);
    }
    pthread_mutex_unlock(&ticker->lock);
}

/* Threads that take turns, or a timer whose signal is due while the guest computes. */
static int ticker__has_ticks(const struct vm *vm) {
    return vm->kernel->threads.alive > 1 || vm->kernel->signals.armed > 0;
}

static void ticker__look_at(struct ticker_run *run, uint64_t now) {
    struct vm *vm = atomic_load(&run->vm);
    if (vm == NULL) return;
    unsigned reason = 0;
    if (now >= run->deadline_ns) reason = KICK_DEADLINE;
    else if (run->cpu_limit_ns != UINT64_MAX && os__clock_ns(run->cpu_clock) >= run->cpu_limit_ns) reason = KICK_CPU;
    /* Also where runs are so short that each is at its deadline by then. */
    if (run->turn_ns + (now - run->begun_ns) >= TICK_NS && ticker__has_ticks(vm)) reason |= KICK_TICK;
    if (now - run->looked_ns >= LOOK_NS && dirty__has_limit(vm)) {
        run->looked_ns = now;
        reason |= KICK_LOOK;
    }
    if (reason == 0) return;
    atomic_fetch_or(&vm->kicked, reason);
    ticker__interrupt(run, vm);
}

static void *ticker__main(void *data) {
    struct ticker *ticker = data;
    unsigned idle = 0;
    while (!atomic_load(&ticker->stopping)) {
        if (atomic_load(&ticker->running) == 0 && ++idle > LINGER_TICKS) {
            os__futex_wait(&ticker->running, 0);
            idle = 0;
            continue;
        }
        if (atomic_load(&ticker->running) != 0) idle = 0;
        struct timespec tick = {0, (long)TICK_NS};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
        uint64_t now = os__clock_ns(CLOCK_MONOTONIC);
        for (uint32_t i = 0; i < TICKER_RUNS_MAX; i++) {
            if (atomic_load(&ticker->runs[i].vm) == NULL) continue;
            pthread_mutex_lock(&ticker->lock);
            ticker__look_at(&ticker->runs[i], now);
            pthread_mutex_unlock(&ticker->lock);
        }
    }
    return NULL;
}

int ticker__open(struct ticker *ticker) {
    struct sigaction action = {.sa_handler = ticker__on_signal};
    if (sigaction(ticker__signal(), &action, NULL) != 0) return -errno;
    pthread_mutex_init(&ticker->lock, NULL);
    ticker->is_open = 1;
    return 0;
}

void ticker__close(struct ticker *ticker) {
    if (!ticker->is_open) return;
    if (ticker->started) {
        atomic_store(&ticker->stopping, 1);
        atomic_fetch_add(&ticker->running, 1);
        os__futex_wake(&ticker->running, 1);
        pthread_join(ticker->thread, NULL);
    }
    pthread_mutex_destroy(&ticker->lock);
    ticker->started = ticker->is_open = 0;
}

static int ticker__start(struct ticker *ticker) {
    pthread_mutex_lock(&ticker->lock);
    int error = ticker->started ? 0 : pthread_create(&ticker->thread, NULL, ticker__main, ticker);
    if (error == 0) atomic_store(&ticker->started, 1);
    pthread_mutex_unlock(&ticker->lock);
    return -error;
}

int ticker__begin(struct ticker *ticker, struct vm *vm, uint64_t deadline_ns, uint64_t cpu_ns) {
    int error = atomic_load(&ticker->started) ? 0 : ticker__start(ticker);
    if (error != 0) return error;
    for (uint32_t i = 0; i < TICKER_RUNS_MAX; i++) {
        struct ticker_run *run = &ticker->runs[i];
        if (atomic_load(&run->vm) != NULL) continue;
        pthread_mutex_lock(&ticker->lock);
        if (atomic_load(&run->vm) != NULL) {
            pthread_mutex_unlock(&ticker->lock);
            continue;
        }
        run->thread = (pid_t)syscall(SYS_gettid);
        run->begun_ns = run->looked_ns = os__clock_ns(CLOCK_MONOTONIC);
        run->turn_ns = vm->turn_ns;
        run->deadline_ns = deadline_ns;
        run->cpu_limit_ns = UINT64_MAX;
        if (cpu_ns != UINT64_MAX && pthread_getcpuclockid(pthread_self(), &run->cpu_clock) == 0) {
            run->cpu_limit_ns = os__clock_ns(run->cpu_clock) + cpu_ns;
        }
        atomic_store(&run->vm, vm);
        pthread_mutex_unlock(&ticker->lock);
        if (atomic_fetch_add(&ticker->running, 1) == 0) {
            os__futex_wake(&ticker->running, 1);
        }
        return (int)i;
    }
    return -EBUSY;
}

void ticker__end(struct ticker *ticker, int place) {
    pthread_mutex_lock(&ticker->lock);
    atomic_store(&ticker->runs[place].vm, NULL);
    pthread_mutex_unlock(&ticker->lock);
    atomic_fetch_sub(&ticker->running, 1);
}
