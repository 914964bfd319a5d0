/* Timers that raise signals: setitimer's three, and timer_create's. */
#include <limits.h>
#include <signal.h>
#include <time.h>

#include "internal.h"

/* An exit costs a guest 25 us: a timer faster than this would leave it no time between two of its signals. */
#define INTERVAL_MIN_NS UINT64_C(100000)

static uint64_t timer__now(struct vm *vm, const struct signal_timer *timer) {
    return clock__read(vm, &(struct clock_choice){timer->clock, timer->clock_thread});
}

static void timer__set_deadline(struct vm *vm, struct signal_timer *timer, uint64_t deadline) {
    struct signal_table *signals = &vm->kernel->signals;
    signals->armed -= timer->deadline != NO_DEADLINE;
    signals->armed += deadline != NO_DEADLINE;
    timer->deadline = deadline;
}

struct signal_timer_setting signal_timer__get(struct vm *vm, const struct signal_timer *timer) {
    struct signal_timer_setting setting = {0, timer->interval_ns};
    if (timer->deadline == NO_DEADLINE) return setting;
    uint64_t now = timer__now(vm, timer);
    /* Zero would say that it is stopped. */
    setting.value_ns = timer->deadline > now ? timer->deadline - now : 1;
    return setting;
}

void signal_timer__set(struct vm *vm, struct signal_timer *timer, struct signal_timer_setting setting, int absolute) {
    uint64_t base = absolute ? 0 : timer__now(vm, timer);
    uint64_t interval = setting.interval_ns;
    timer->interval_ns = interval > 0 && interval < INTERVAL_MIN_NS ? INTERVAL_MIN_NS : interval;
    timer->overruns = timer->last_overruns = 0;
    uint64_t deadline = setting.value_ns < INT64_MAX - base ? base + setting.value_ns : INT64_MAX;
    timer__set_deadline(vm, timer, setting.value_ns == 0 ? NO_DEADLINE : deadline);
}

struct signal_timer *signal_timer__interval(struct vm *vm, uint32_t which) {
    static const struct {
        int32_t clock;
        uint32_t signal;
    } kinds[SIGNAL_INTERVAL_TIMERS] = {
        {CLOCK_MONOTONIC, SIGALRM},
        {CLOCK_PROCESS_CPUTIME_ID, SIGVTALRM}, /* all of the guest's time is user's */
        {CLOCK_PROCESS_CPUTIME_ID, SIGPROF},
    };
    struct signal_timer *timer = &vm->kernel->signals.timers[which];
    if (!timer->in_use) {
        *timer = (struct signal_timer){
            .in_use = 1, .clock = kinds[which].clock, .signal = kinds[which].signal, .deadline = NO_DEADLINE};
    }
    return timer;
}

struct signal_timer *signal_timer__of(struct vm *vm, uint64_t id) {
    uint32_t index = (uint32_t)id;
    if (index < SIGNAL_INTERVAL_TIMERS || index >= SIGNAL_TIMERS_MAX) return NULL;
    struct signal_timer *timer = &vm->kernel->signals.timers[index];
    return timer->in_use ? timer : NULL;
}

void signal_timer__delete(struct vm *vm, struct signal_timer *timer) {
    struct signal_table *signals = &vm->kernel->signals;
    uint32_t number = (uint32_t)(timer - signals->timers) + 1;
    timer__set_deadline(vm, timer, NO_DEADLINE);
    timer->in_use = 0;
    /* A signal of its that waits still comes, but belongs to no timer any more. */
    for (uint32_t i = 0; i < signals->used; i++) {
        if (signals->items[i].timer == number) signals->items[i].timer = 0;
    }
}

void signal_timer__thread_ended(struct vm *vm, uint32_t thread) {
    for (uint32_t i = SIGNAL_INTERVAL_TIMERS; i < SIGNAL_TIMERS_MAX; i++) {
        struct signal_timer *timer = &vm->kernel->signals.timers[i];
        if (!timer->in_use) continue;
        int counts_it = timer->clock == CLOCK_THREAD_CPUTIME_ID && timer->clock_thread == thread;
        if (counts_it || timer->target == thread + 1) {
            timer__set_deadline(vm, timer, NO_DEADLINE);
            timer->silent = 1;
            timer->target = 0;
            timer->clock = CLOCK_MONOTONIC;
        }
    }
}

void signal_timer__exec(struct vm *vm) {
    for (uint32_t i = SIGNAL_INTERVAL_TIMERS; i < SIGNAL_TIMERS_MAX; i++) {
        struct signal_timer *timer = &vm->kernel->signals.timers[i];
        if (timer->in_use) signal_timer__delete(vm, timer);
    }
}

/* ---- expiring ---------------------------------------------------------------------------------------- */

static void timer__send(struct vm *vm, struct signal_timer *timer, uint64_t times) {
    uint32_t index = (uint32_t)(timer - vm->kernel->signals.timers);
    if (timer->silent) return;
    if (index < SIGNAL_INTERVAL_TIMERS) {
        signal__raise_process(vm, (int)timer->signal);
        return;
    }
    uint64_t more = timer->queued ? timer->overruns + times : times - 1;
    timer->overruns = more < INT_MAX ? (uint32_t)more : INT_MAX;
    if (timer->queued) return;
    struct signal_info info = {
        .signal = (int32_t)timer->signal, .code = SI_TIMER, .fields = {index, timer->value}};
    uint32_t queued_before = vm->kernel->signals.used;
    signal__send(vm, timer->target, index + 1, &info);
    timer->queued = vm->kernel->signals.used > queued_before;
}

static void timer__expire(struct vm *vm, struct signal_timer *timer, uint64_t now) {
    uint64_t times = 1, next = NO_DEADLINE;
    if (timer->interval_ns > 0) {
        times += (now - timer->deadline) / timer->interval_ns;
        next = timer->deadline + times * timer->interval_ns;
        if (next < timer->deadline || next > INT64_MAX) next = INT64_MAX;
    }
    timer__set_deadline(vm, timer, next);
    timer__send(vm, timer, times);
}

void signal__run_timers(struct vm *vm) {
    if (vm->kernel->signals.armed == 0) return;
    for (uint32_t i = 0; i < SIGNAL_TIMERS_MAX; i++) {
        struct signal_timer *timer = &vm->kernel->signals.timers[i];
        if (!timer->in_use || timer->deadline == NO_DEADLINE) continue;
        uint64_t now = timer__now(vm, timer);
        if (now >= timer->deadline) timer__expire(vm, timer, now);
    }
}

static int timer__any_thread_runs(const struct vm *vm) {
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        if (threads->items[i].state == THREAD_RUNS) return 1;
    }
    return 0;
}

uint64_t signal__next_deadline(struct vm *vm) {
    uint64_t earliest = NO_DEADLINE;
    if (vm->kernel->signals.armed == 0) return earliest;
    for (uint32_t i = 0; i < SIGNAL_TIMERS_MAX; i++) {
        const struct signal_timer *timer = &vm->kernel->signals.timers[i];
        if (!timer->in_use || timer->deadline == NO_DEADLINE) continue;
        /* Nobody's CPU time grows while all wait. */
        int counts_cpu = timer->clock == CLOCK_PROCESS_CPUTIME_ID || timer->clock == CLOCK_THREAD_CPUTIME_ID;
        if (counts_cpu && !timer__any_thread_runs(vm)) continue;
        struct clock_choice clock = {timer->clock, timer->clock_thread};
        uint64_t due = clock__to_monotonic(vm, &clock, timer->deadline);
        if (due < earliest) earliest = due;
    }
    return earliest;
}
