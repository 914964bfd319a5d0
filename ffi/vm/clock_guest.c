/* Clocks as a guest names them, and times as it writes them. */
#include <errno.h>
#include <time.h>

#include "internal.h"

/* The parts of a clockid_t that names another thread's or process's CPU time: see pthread_getcpuclockid(3). */
#define OTHER_KIND 3u
#define OTHER_IS_THREAD 4u
#define OTHER_SHIFT 3
#define OTHER_KIND_DESCRIPTOR 3u

static int clock__choose_other(struct vm *vm, int32_t id, struct clock_choice *choice) {
    uint32_t who = (uint32_t)~(id >> OTHER_SHIFT);
    if (((uint32_t)id & OTHER_KIND) == OTHER_KIND_DESCRIPTOR) return -EINVAL;
    if (!((uint32_t)id & OTHER_IS_THREAD)) {
        choice->clock = CLOCK_PROCESS_CPUTIME_ID;
        return who == 0 || who == PROCESS_ID ? 0 : -EINVAL;
    }
    choice->clock = CLOCK_THREAD_CPUTIME_ID;
    if (who == 0) return 0;
    uint32_t found = thread__find(vm, who);
    if (found == 0) return -EINVAL;
    choice->thread = found - 1;
    return 0;
}

int clock__choose(struct vm *vm, uint64_t id, struct clock_choice *choice) {
    choice->thread = vm->kernel->threads.current;
    switch ((int32_t)id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        choice->clock = CLOCK_REALTIME;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        choice->clock = CLOCK_MONOTONIC;
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        choice->clock = (int32_t)id;
        return 0;
    default:
        return (int32_t)id < 0 ? clock__choose_other(vm, (int32_t)id, choice) : -EINVAL;
    }
}

uint64_t clock__read(struct vm *vm, const struct clock_choice *choice) {
    switch (choice->clock) {
    case CLOCK_REALTIME:
        return clock__realtime_ns(vm);
    case CLOCK_PROCESS_CPUTIME_ID:
        return clock__process_cpu_ns(vm);
    case CLOCK_THREAD_CPUTIME_ID:
        return clock__thread_cpu_ns(vm, choice->thread);
    default:
        return clock__monotonic_ns(vm);
    }
}

uint64_t clock__to_monotonic(struct vm *vm, const struct clock_choice *choice, uint64_t time) {
    if (choice->clock == CLOCK_MONOTONIC) return time;
    uint64_t now = clock__read(vm, choice), monotonic = clock__monotonic_ns(vm);
    uint64_t left = time > now ? time - now : 0;
    return left < NO_DEADLINE - monotonic ? monotonic + left : NO_DEADLINE;
}

/* ---- times in guest memory --------------------------------------------------------------------------- */

struct guest_time {
    int64_t seconds;
    int64_t fraction;
};

static int read_time(struct vm *vm, uint64_t address, uint64_t units, uint64_t *ns) {
    struct guest_time time;
    if (access__read(vm, &time, address, sizeof time) != 0) return -EFAULT;
    if (time.seconds < 0 || (uint64_t)time.fraction >= units) return -EINVAL;
    uint64_t seconds = (uint64_t)time.seconds;
    *ns = seconds >= INT64_MAX / NANOSECONDS ? INT64_MAX
                                             : seconds * NANOSECONDS + (uint64_t)time.fraction * (NANOSECONDS / units);
    return 0;
}

static int write_time(struct vm *vm, uint64_t address, uint64_t units, uint64_t ns) {
    struct guest_time time = {(int64_t)(ns / NANOSECONDS), (int64_t)(ns % NANOSECONDS / (NANOSECONDS / units))};
    return access__write(vm, address, &time, sizeof time);
}

int clock__read_timespec(struct vm *vm, uint64_t address, uint64_t *ns) {
    return read_time(vm, address, NANOSECONDS, ns);
}

int clock__write_timespec(struct vm *vm, uint64_t address, uint64_t ns) {
    return write_time(vm, address, NANOSECONDS, ns);
}

int clock__read_timeval(struct vm *vm, uint64_t address, uint64_t *ns) {
    return read_time(vm, address, 1000000, ns);
}

int clock__write_timeval(struct vm *vm, uint64_t address, uint64_t ns) {
    return write_time(vm, address, 1000000, ns);
}
