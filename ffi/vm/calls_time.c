/* What time it is, and sleeping. The clocks cannot be set. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "calls_timers.h"
#include "internal.h"
#include "wait.h"

#define TICKS_PER_SECOND UINT64_C(100)

static int64_t call_clock_gettime(struct vm *vm, const uint64_t arguments[6]) {
    struct clock_choice choice;
    int rc = clock__choose(vm, arguments[0], &choice);
    return rc != 0 ? rc : clock__write_timespec(vm, arguments[1], clock__read(vm, &choice));
}

static int64_t call_clock_getres(struct vm *vm, const uint64_t arguments[6]) {
    struct clock_choice choice;
    int rc = clock__choose(vm, arguments[0], &choice);
    return rc != 0 || arguments[1] == 0 ? rc : clock__write_timespec(vm, arguments[1], 1);
}

static int64_t call_gettimeofday(struct vm *vm, const uint64_t arguments[6]) {
    const int32_t zone[2] = {0, 0};
    if (arguments[0] != 0) {
        int rc = clock__write_timeval(vm, arguments[0], clock__realtime_ns(vm));
        if (rc != 0) return rc;
    }
    return arguments[1] == 0 ? 0 : access__write(vm, arguments[1], zone, sizeof zone);
}

static int64_t call_time(struct vm *vm, const uint64_t arguments[6]) {
    int64_t now = (int64_t)(clock__realtime_ns(vm) / NANOSECONDS);
    if (arguments[0] != 0 && access__write(vm, arguments[0], &now, sizeof now) != 0) return -EFAULT;
    return now;
}

static int64_t call_times(struct vm *vm, const uint64_t arguments[6]) {
    const uint64_t tick = NANOSECONDS / TICKS_PER_SECOND;
    int64_t used[4] = {(int64_t)(clock__process_cpu_ns(vm) / tick)};
    if (arguments[0] != 0 && access__write(vm, arguments[0], used, sizeof used) != 0) return -EFAULT;
    return (int64_t)(clock__monotonic_ns(vm) / tick);
}

static int64_t call_getrusage(struct vm *vm, const uint64_t arguments[6]) {
    struct rusage usage = {0};
    uint64_t used = 0;
    switch ((int32_t)arguments[0]) {
    case RUSAGE_SELF:
        used = clock__process_cpu_ns(vm);
        break;
    case RUSAGE_THREAD:
        used = clock__thread_cpu_ns(vm, vm->kernel->threads.current);
        break;
    case RUSAGE_CHILDREN:
        return access__write(vm, arguments[1], &usage, sizeof usage);
    default:
        return -EINVAL;
    }
    usage.ru_utime.tv_sec = (time_t)(used / NANOSECONDS);
    usage.ru_utime.tv_usec = (suseconds_t)(used % NANOSECONDS / 1000);
    usage.ru_maxrss = (long)(vm->kernel->frames.in_use * (PAGE_SIZE / 1024));
    usage.ru_minflt = (long)vm->counters.faults;
    return access__write(vm, arguments[1], &usage, sizeof usage);
}

/* ---- sleeping ---------------------------------------------------------------------------------------- */

/* `remaining` is where to write what is left of an interrupted sleep, or 0. */
static int64_t sleep_until(struct vm *vm, uint64_t deadline, uint64_t remaining) {
    if (thread__timed_out(vm)) return 0;
    if (!thread__interrupted(vm)) return thread__wait(vm, WAIT_SLEEP, deadline);
    uint64_t now = clock__monotonic_ns(vm);
    if (now >= deadline) return 0;
    if (remaining != 0 && clock__write_timespec(vm, remaining, deadline - now) != 0) return -EFAULT;
    return -EINTR;
}

static int64_t call_nanosleep(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t time;
    int rc = clock__read_timespec(vm, arguments[0], &time);
    return rc != 0 ? rc : sleep_until(vm, wait__deadline(vm, time), arguments[1]);
}

static int64_t call_clock_nanosleep(struct vm *vm, const uint64_t arguments[6]) {
    struct clock_choice choice;
    uint64_t time;
    int rc = clock__choose(vm, arguments[0], &choice);
    if (rc != 0) return rc;
    if (choice.clock == CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
    if (choice.clock == CLOCK_PROCESS_CPUTIME_ID) return -EOPNOTSUPP;
    if ((rc = clock__read_timespec(vm, arguments[2], &time)) != 0) return rc;
    if (!(arguments[1] & TIMER_ABSTIME)) return sleep_until(vm, wait__deadline(vm, time), arguments[3]);
    return sleep_until(vm, clock__to_monotonic(vm, &choice, time), 0);
}

/* ---- what needs rights that no guest has ------------------------------------------------------------- */

static int64_t call_not_permitted(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return -EPERM;
}

static const struct call calls[] = {
    {SYS_clock_gettime, "clock_gettime", call_clock_gettime, "ip----"},
    {SYS_clock_getres, "clock_getres", call_clock_getres, "ip----"},
    {SYS_gettimeofday, "gettimeofday", call_gettimeofday, "pp----"},
    {SYS_time, "time", call_time, "p-----"},
    {SYS_times, "times", call_times, "p-----"},
    {SYS_getrusage, "getrusage", call_getrusage, "ip----"},
    {SYS_nanosleep, "nanosleep", call_nanosleep, "pp----"},
    {SYS_clock_nanosleep, "clock_nanosleep", call_clock_nanosleep, "iipp--"},
    {SYS_getitimer, "getitimer", call_getitimer, "ip----"},
    {SYS_setitimer, "setitimer", call_setitimer, "ipp---"},
    {SYS_alarm, "alarm", call_alarm, "u-----"},
    {SYS_timer_create, "timer_create", call_timer_create, "ipp---"},
    {SYS_timer_settime, "timer_settime", call_timer_settime, "iipp--"},
    {SYS_timer_gettime, "timer_gettime", call_timer_gettime, "ip----"},
    {SYS_timer_getoverrun, "timer_getoverrun", call_timer_getoverrun, "i-----"},
    {SYS_timer_delete, "timer_delete", call_timer_delete, "i-----"},
    {SYS_clock_settime, "clock_settime", call_not_permitted, "ip----"},
    {SYS_clock_adjtime, "clock_adjtime", call_not_permitted, "ip----"},
    {SYS_settimeofday, "settimeofday", call_not_permitted, "pp----"},
    {SYS_adjtimex, "adjtimex", call_not_permitted, "p-----"},
};

const struct call_family calls_time = {"time", calls, sizeof calls / sizeof *calls};
