/* setitimer and timer_create: signals by the clock. Part of the family of time, see calls_time.c. */
#include "calls_timers.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "internal.h"

struct guest_sigevent {
    uint64_t value;
    int32_t signal;
    int32_t notify;
    int32_t thread;
    uint8_t rest[44];
};

_Static_assert(sizeof(struct guest_sigevent) == 64, "as Linux has it");

/* ---- setitimer --------------------------------------------------------------------------------------- */

#define TIMEVAL_BYTES 16u

static int write_interval(struct vm *vm, uint64_t address, struct signal_timer_setting setting) {
    /* What is left rounds up: a running timer never reads as a stopped one. */
    uint64_t left = (setting.value_ns + 999) / 1000 * 1000;
    int rc = clock__write_timeval(vm, address, setting.interval_ns);
    return rc != 0 ? rc : clock__write_timeval(vm, address + TIMEVAL_BYTES, left);
}

int64_t call_getitimer(struct vm *vm, const uint64_t arguments[6]) {
    if (arguments[0] >= SIGNAL_INTERVAL_TIMERS) return -EINVAL;
    const struct signal_timer *timer = signal_timer__interval(vm, (uint32_t)arguments[0]);
    return write_interval(vm, arguments[1], signal_timer__get(vm, timer));
}

int64_t call_setitimer(struct vm *vm, const uint64_t arguments[6]) {
    struct signal_timer_setting setting = {0, 0};
    int rc;
    if (arguments[0] >= SIGNAL_INTERVAL_TIMERS) return -EINVAL;
    if (arguments[1] != 0) {
        if ((rc = clock__read_timeval(vm, arguments[1], &setting.interval_ns)) != 0) return rc;
        if ((rc = clock__read_timeval(vm, arguments[1] + TIMEVAL_BYTES, &setting.value_ns)) != 0) return rc;
    }
    struct signal_timer *timer = signal_timer__interval(vm, (uint32_t)arguments[0]);
    if (arguments[2] != 0 && (rc = write_interval(vm, arguments[2], signal_timer__get(vm, timer))) != 0) return rc;
    signal_timer__set(vm, timer, setting, 0);
    return 0;
}

int64_t call_alarm(struct vm *vm, const uint64_t arguments[6]) {
    struct signal_timer *timer = signal_timer__interval(vm, 0);
    uint64_t left = signal_timer__get(vm, timer).value_ns;
    uint64_t seconds = (left + NANOSECONDS / 2) / NANOSECONDS;
    struct signal_timer_setting setting = {(uint64_t)(uint32_t)arguments[0] * NANOSECONDS, 0};
    signal_timer__set(vm, timer, setting, 0);
    return (int64_t)(seconds == 0 && left > 0 ? 1 : seconds);
}

/* ---- timer_create ------------------------------------------------------------------------------------ */

/* Whom it tells, and how. */
static int read_event(struct vm *vm, uint64_t address, struct signal_timer *timer) {
    struct guest_sigevent event;
    if (address == 0) return 0;
    if (access__read(vm, &event, address, sizeof event) != 0) return -EFAULT;
    timer->value = event.value;
    timer->signal = (uint32_t)event.signal;
    switch (event.notify) {
    case SIGEV_NONE:
        timer->silent = 1;
        return 0;
    case SIGEV_THREAD_ID:
        timer->target = thread__find(vm, (uint32_t)event.thread);
        if (timer->target == 0) return -EINVAL;
        break;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: /* libc's own; for Linux it is a plain signal */
        break;
    default:
        return -EINVAL;
    }
    return event.signal >= 1 && event.signal <= (int32_t)SIGNALS ? 0 : -EINVAL;
}

int64_t call_timer_create(struct vm *vm, const uint64_t arguments[6]) {
    struct signal_table *signals = &vm->kernel->signals;
    struct clock_choice clock;
    uint32_t index = SIGNAL_INTERVAL_TIMERS;
    while (index < SIGNAL_TIMERS_MAX && signals->timers[index].in_use) index++;
    if (clock__choose(vm, arguments[0], &clock) != 0) return -EINVAL;
    if (index == SIGNAL_TIMERS_MAX) return -EAGAIN;
    struct signal_timer timer = {
        .in_use = 1,
        .clock = clock.clock,
        .clock_thread = clock.thread,
        .signal = SIGALRM,
        .value = index,
        .deadline = NO_DEADLINE,
    };
    int rc = read_event(vm, arguments[1], &timer);
    if (rc != 0) return rc;
    if (access__write(vm, arguments[2], &index, sizeof index) != 0) return -EFAULT;
    signals->timers[index] = timer;
    return 0;
}

#define TIMESPEC_BYTES 16u

static int write_setting(struct vm *vm, uint64_t address, struct signal_timer_setting setting) {
    int rc = clock__write_timespec(vm, address, setting.interval_ns);
    return rc != 0 ? rc : clock__write_timespec(vm, address + TIMESPEC_BYTES, setting.value_ns);
}

int64_t call_timer_settime(struct vm *vm, const uint64_t arguments[6]) {
    struct signal_timer_setting setting;
    int rc;
    if (arguments[2] == 0) return -EINVAL;
    if ((rc = clock__read_timespec(vm, arguments[2], &setting.interval_ns)) != 0) return rc;
    if ((rc = clock__read_timespec(vm, arguments[2] + TIMESPEC_BYTES, &setting.value_ns)) != 0) return rc;
    struct signal_timer *timer = signal_timer__of(vm, arguments[0]);
    if (timer == NULL) return -EINVAL;
    if (arguments[3] != 0 && (rc = write_setting(vm, arguments[3], signal_timer__get(vm, timer))) != 0) return rc;
    signal_timer__set(vm, timer, setting, arguments[1] & TIMER_ABSTIME);
    return 0;
}

int64_t call_timer_gettime(struct vm *vm, const uint64_t arguments[6]) {
    const struct signal_timer *timer = signal_timer__of(vm, arguments[0]);
    return timer == NULL ? -EINVAL : write_setting(vm, arguments[1], signal_timer__get(vm, timer));
}

int64_t call_timer_getoverrun(struct vm *vm, const uint64_t arguments[6]) {
    const struct signal_timer *timer = signal_timer__of(vm, arguments[0]);
    return timer == NULL ? -EINVAL : (int64_t)timer->last_overruns;
}

int64_t call_timer_delete(struct vm *vm, const uint64_t arguments[6]) {
    struct signal_timer *timer = signal_timer__of(vm, arguments[0]);
    if (timer == NULL) return -EINVAL;
    signal_timer__delete(vm, timer);
    return 0;
}
