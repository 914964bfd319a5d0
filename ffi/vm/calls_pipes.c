/* System calls that make pipes and events. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "internal.h"

_Static_assert(EFD_CLOEXEC == O_CLOEXEC && TFD_CLOEXEC == O_CLOEXEC && SFD_CLOEXEC == O_CLOEXEC, "one flag");
_Static_assert(EFD_NONBLOCK == O_NONBLOCK && TFD_NONBLOCK == O_NONBLOCK && SFD_NONBLOCK == O_NONBLOCK, "one flag");

static int64_t make_pipe(struct vm *vm, uint64_t address, uint64_t flags) {
    /* O_DIRECT would be packets, which nothing we know of asks for. */
    if (flags & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
    struct file *reader, *writer;
    int status = pipe__make(vm, (uint32_t)flags & O_NONBLOCK, &reader, &writer);
    if (status != 0) return status;
    int close_on_exec = (flags & O_CLOEXEC) != 0;
    int64_t first = descriptor__install(vm, reader, 0, close_on_exec);
    if (first < 0) {
        file__release(vm, writer);
        return first;
    }
    int64_t second = descriptor__install(vm, writer, 0, close_on_exec);
    int pair[2] = {(int)first, (int)second};
    int64_t result = second < 0 ? second : access__write(vm, address, pair, sizeof pair);
    if (result < 0) descriptor__close(vm, (uint64_t)first);
    if (result < 0 && second >= 0) descriptor__close(vm, (uint64_t)second);
    return result;
}

static int64_t call_pipe(struct vm *vm, const uint64_t a[6]) {
    return make_pipe(vm, a[0], 0);
}

static int64_t call_pipe2(struct vm *vm, const uint64_t a[6]) {
    return make_pipe(vm, a[0], (uint32_t)a[1]);
}

static int64_t install(struct vm *vm, struct file *file, uint64_t flags) {
    return file == NULL ? -ENFILE : descriptor__install(vm, file, 0, (flags & O_CLOEXEC) != 0);
}

static int64_t make_counter(struct vm *vm, uint32_t value, uint32_t flags) {
    if (flags & ~(uint32_t)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) return -EINVAL;
    struct file *file = event__open(vm, FILE_EVENT, EVENT_COUNTER, flags & O_NONBLOCK);
    if (file != NULL) {
        event__of(vm, file)->value = value;
        event__of(vm, file)->is_semaphore = (flags & EFD_SEMAPHORE) != 0;
    }
    return install(vm, file, flags);
}

static int64_t call_eventfd(struct vm *vm, const uint64_t a[6]) {
    return make_counter(vm, (uint32_t)a[0], 0);
}

static int64_t call_eventfd2(struct vm *vm, const uint64_t a[6]) {
    return make_counter(vm, (uint32_t)a[0], (uint32_t)a[1]);
}

/* ---- timers -------------------------------------------------------------------------------------------- */

static int64_t call_timerfd_create(struct vm *vm, const uint64_t a[6]) {
    uint32_t clock = (uint32_t)a[0], flags = (uint32_t)a[1];
    if (flags & ~(uint32_t)(TFD_CLOEXEC | TFD_NONBLOCK)) return -EINVAL;
    switch (clock) {
    case CLOCK_REALTIME: break;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME: clock = CLOCK_MONOTONIC; break;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM: return -EPERM;
    default: return -EINVAL;
    }
    struct file *file = event__open(vm, FILE_TIMER, EVENT_TIMER, flags & O_NONBLOCK);
    if (file != NULL) event__of(vm, file)->clock = (uint8_t)clock;
    return install(vm, file, flags);
}

static struct event *timer_of(struct vm *vm, uint64_t descriptor, int64_t *error) {
    struct file *file = file__of(vm, descriptor);
    *error = file == NULL ? -EBADF : -EINVAL;
    return file != NULL && file->kind == FILE_TIMER ? event__of(vm, file) : NULL;
}

/* struct itimerspec: the interval, then the first time. */
#define FIRST_OFFSET sizeof(struct timespec)

static int64_t write_setting(struct vm *vm, uint64_t address, struct event *timer) {
    uint64_t left = event__timer_left(vm, timer);
    int status = clock__write_timespec(vm, address, timer->interval);
    return status != 0 ? status : clock__write_timespec(vm, address + FIRST_OFFSET, left);
}

static int64_t call_timerfd_settime(struct vm *vm, const uint64_t a[6]) {
    int64_t error;
    uint32_t flags = (uint32_t)a[1];
    uint64_t interval, first;
    if (flags & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    int status = clock__read_timespec(vm, a[2], &interval);
    if (status == 0) status = clock__read_timespec(vm, a[2] + FIRST_OFFSET, &first);
    if (status != 0) return status;
    struct event *timer = timer_of(vm, a[0], &error);
    if (timer == NULL) return error;
    if (a[3] != 0 && (error = write_setting(vm, a[3], timer)) != 0) return error;
    uint64_t base = flags & TFD_TIMER_ABSTIME || first == 0 ? 0 : event__timer_now(vm, timer);
    event__set_timer(vm, timer, first < INT64_MAX - base ? base + first : INT64_MAX, interval);
    return 0;
}

static int64_t call_timerfd_gettime(struct vm *vm, const uint64_t a[6]) {
    int64_t error;
    struct event *timer = timer_of(vm, a[0], &error);
    return timer == NULL ? error : write_setting(vm, a[1], timer);
}

/* ---- signals ------------------------------------------------------------------------------------------- */

static int64_t make_signals(struct vm *vm, const uint64_t a[6], uint32_t flags) {
    uint64_t mask;
    if (flags & ~(uint32_t)(SFD_CLOEXEC | SFD_NONBLOCK) || a[2] != sizeof mask) return -EINVAL;
    if (access__read(vm, &mask, a[1], sizeof mask) != 0) return -EFAULT;
    mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    struct file *file;
    if ((int32_t)a[0] == -1) {
        file = event__open(vm, FILE_SIGNALS, EVENT_SIGNALS, flags & O_NONBLOCK);
        if (file != NULL) event__of(vm, file)->mask = mask;
        return install(vm, file, flags);
    }
    file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    if (file->kind != FILE_SIGNALS) return -EINVAL;
    event__of(vm, file)->mask = mask;
    kernel__changed(vm);
    return (int32_t)a[0];
}

static int64_t call_signalfd(struct vm *vm, const uint64_t a[6]) {
    return make_signals(vm, a, 0);
}

static int64_t call_signalfd4(struct vm *vm, const uint64_t a[6]) {
    return make_signals(vm, a, (uint32_t)a[3]);
}

static const struct call calls[] = {
    {SYS_pipe, "pipe", call_pipe, "p-----"},
    {SYS_pipe2, "pipe2", call_pipe2, "px----"},
    {SYS_eventfd, "eventfd", call_eventfd, "u-----"},
    {SYS_eventfd2, "eventfd2", call_eventfd2, "ux----"},
    {SYS_timerfd_create, "timerfd_create", call_timerfd_create, "ux----"},
    {SYS_timerfd_settime, "timerfd_settime", call_timerfd_settime, "dxpp--"},
    {SYS_timerfd_gettime, "timerfd_gettime", call_timerfd_gettime, "dp----"},
    {SYS_signalfd, "signalfd", call_signalfd, "dpz---"},
    {SYS_signalfd4, "signalfd4", call_signalfd4, "dpzx--"},
};

const struct call_family calls_pipes = {"pipes and events", calls, sizeof calls / sizeof *calls};
