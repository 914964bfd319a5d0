/* System calls that wait for several things at once. */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "internal.h"
#include "poll.h"

_Static_assert(sizeof(struct epoll_event) == 12, "as the guest has it");

static int64_t make_epoll(struct vm *vm, uint32_t flags) {
    if (flags & ~(uint32_t)EPOLL_CLOEXEC) return -EINVAL;
    struct file *file = epoll__open(vm);
    return file == NULL ? -ENFILE : descriptor__install(vm, file, 0, (flags & EPOLL_CLOEXEC) != 0);
}

static int64_t call_epoll_create(struct vm *vm, const uint64_t a[6]) {
    return (int32_t)a[0] <= 0 ? -EINVAL : make_epoll(vm, 0);
}

static int64_t call_epoll_create1(struct vm *vm, const uint64_t a[6]) {
    return make_epoll(vm, (uint32_t)a[0]);
}

static struct file *epoll_of(struct vm *vm, uint64_t descriptor, int64_t *error) {
    struct file *file = file__of(vm, descriptor);
    *error = file == NULL ? -EBADF : -EINVAL;
    return file != NULL && file->kind == FILE_EPOLL ? file : NULL;
}

static int64_t call_epoll_ctl(struct vm *vm, const uint64_t a[6]) {
    struct epoll_event event = {0};
    uint32_t operation = (uint32_t)a[1], descriptor = (uint32_t)a[2];
    int64_t error;
    if (operation != EPOLL_CTL_DEL && access__read(vm, &event, a[3], sizeof event) != 0) return -EFAULT;
    struct file *epoll = epoll_of(vm, a[0], &error);
    if (epoll == NULL) return error;
    switch (operation) {
    case EPOLL_CTL_ADD: return epoll__add(vm, epoll, descriptor, event.events, event.data.u64);
    case EPOLL_CTL_MOD: return epoll__change(vm, epoll, descriptor, event.events, event.data.u64);
    case EPOLL_CTL_DEL: return epoll__remove(vm, epoll, descriptor);
    default: return -EINVAL;
    }
}

/* More than this many at once are told by the next call. */
#define EVENTS_AT_ONCE 256u

static int64_t wait_for_events(struct vm *vm, const uint64_t a[6], const struct patience *patience) {
    struct epoll_event events[EVENTS_AT_ONCE];
    struct awaited awaited = {0};
    int32_t capacity = (int32_t)a[2];
    int64_t error;
    if (capacity <= 0 || capacity > (int32_t)(INT_MAX / sizeof *events)) return -EINVAL;
    struct file *epoll = epoll_of(vm, a[0], &error);
    if (epoll == NULL) return error;
    uint32_t room = (uint32_t)capacity < EVENTS_AT_ONCE ? (uint32_t)capacity : EVENTS_AT_ONCE;
    uint32_t count = epoll__collect(vm, epoll, events, room);
    if (count > 0) return access__write(vm, a[1], events, count * sizeof *events) != 0 ? -EFAULT : (int64_t)count;
    epoll__awaits(vm, epoll, &awaited);
    return patience__wait(vm, patience, awaited);
}

static int64_t call_epoll_wait(struct vm *vm, const uint64_t a[6]) {
    struct patience patience = patience__of_ms(vm, (int32_t)a[3]);
    return wait_for_events(vm, a, &patience);
}

static int64_t call_epoll_pwait(struct vm *vm, const uint64_t a[6]) {
    struct patience patience = patience__of_ms(vm, (int32_t)a[3]);
    int64_t status = patience__use_mask(vm, a[4], a[5]);
    return status != 0 ? status : wait_for_events(vm, a, &patience);
}

static int64_t call_epoll_pwait2(struct vm *vm, const uint64_t a[6]) {
    struct patience patience;
    int64_t status = patience__read(vm, a[3], PATIENCE_TIMESPEC, &patience);
    if (status == 0) status = patience__use_mask(vm, a[4], a[5]);
    return status != 0 ? status : wait_for_events(vm, a, &patience);
}

static const struct call calls[] = {
    {SYS_poll, "poll", poll__call_poll, "pui---"},
    {SYS_ppoll, "ppoll", poll__call_ppoll, "puppz-"},
    {SYS_select, "select", select__call_select, "ipppp-"},
    {SYS_pselect6, "pselect6", select__call_pselect6, "ippppp"},
    {SYS_epoll_create, "epoll_create", call_epoll_create, "i-----"},
    {SYS_epoll_create1, "epoll_create1", call_epoll_create1, "x-----"},
    {SYS_epoll_ctl, "epoll_ctl", call_epoll_ctl, "dudp--"},
    {SYS_epoll_wait, "epoll_wait", call_epoll_wait, "dpii--"},
    {SYS_epoll_pwait, "epoll_pwait", call_epoll_pwait, "dpiipz"},
    {SYS_epoll_pwait2, "epoll_pwait2", call_epoll_pwait2, "dpippz"},
};

const struct call_family calls_events = {"waiting for several", calls, sizeof calls / sizeof *calls};
