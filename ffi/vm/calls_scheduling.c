/* sched_... and priorities: one CPU, one policy, and nothing that a guest could gain. */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#include "calls_control.h"
#include "internal.h"

#define CPU_SET_BYTES 8u
#define ROUND_ROBIN_NS 4000000u
#define NICE_MAX 19
/* getpriority(2) of the kernel gives this much less the nice value, for it must not be negative. */
#define PRIORITY_BASE 20

static int is_thread(struct vm *vm, uint64_t id) {
    return (uint32_t)id == 0 || thread__find(vm, id) != 0;
}

int64_t call_sched_getaffinity(struct vm *vm, const uint64_t arguments[6]) {
    const uint64_t first = 1;
    uint32_t size = (uint32_t)arguments[1];
    if (size == 0 || size % CPU_SET_BYTES != 0) return -EINVAL;
    if (!is_thread(vm, arguments[0])) return -ESRCH;
    return access__write(vm, arguments[2], &first, sizeof first) == 0 ? (int64_t)CPU_SET_BYTES : -EFAULT;
}

int64_t call_sched_setaffinity(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t set = 0;
    uint32_t size = (uint32_t)arguments[1];
    if (access__read(vm, &set, arguments[2], size < sizeof set ? size : sizeof set) != 0) return -EFAULT;
    if (!is_thread(vm, arguments[0])) return -ESRCH;
    return set & 1 ? 0 : -EINVAL;
}

int64_t call_sched_getscheduler(struct vm *vm, const uint64_t arguments[6]) {
    if ((int32_t)arguments[0] < 0) return -EINVAL;
    return is_thread(vm, arguments[0]) ? SCHED_OTHER : -ESRCH;
}

static int64_t set_policy(struct vm *vm, uint64_t who, int32_t policy, uint64_t address) {
    int32_t priority;
    if ((int32_t)who < 0 || address == 0) return -EINVAL;
    if (access__read(vm, &priority, address, sizeof priority) != 0) return -EFAULT;
    if (!is_thread(vm, who)) return -ESRCH;
    switch (policy) {
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return priority == 0 ? 0 : -EINVAL;
    case SCHED_FIFO:
    case SCHED_RR:
        return priority >= 1 && priority <= 99 ? -EPERM : -EINVAL;
    default:
        return -EINVAL;
    }
}

int64_t call_sched_setscheduler(struct vm *vm, const uint64_t arguments[6]) {
    return set_policy(vm, arguments[0], (int32_t)arguments[1], arguments[2]);
}

int64_t call_sched_setparam(struct vm *vm, const uint64_t arguments[6]) {
    return set_policy(vm, arguments[0], SCHED_OTHER, arguments[1]);
}

int64_t call_sched_getparam(struct vm *vm, const uint64_t arguments[6]) {
    const int32_t priority = 0;
    if ((int32_t)arguments[0] < 0 || arguments[1] == 0) return -EINVAL;
    if (!is_thread(vm, arguments[0])) return -ESRCH;
    return access__write(vm, arguments[1], &priority, sizeof priority);
}

/* The bound of a policy's priorities: 0 for those that have none. */
static int64_t priority_bound(uint64_t policy, int64_t bound) {
    switch ((int32_t)policy) {
    case SCHED_OTHER:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return 0;
    case SCHED_FIFO:
    case SCHED_RR:
        return bound;
    default:
        return -EINVAL;
    }
}

int64_t call_sched_get_priority_max(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return priority_bound(arguments[0], 99);
}

int64_t call_sched_get_priority_min(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return priority_bound(arguments[0], 1);
}

int64_t call_sched_rr_get_interval(struct vm *vm, const uint64_t arguments[6]) {
    if ((int32_t)arguments[0] < 0) return -EINVAL;
    if (!is_thread(vm, arguments[0])) return -ESRCH;
    return clock__write_timespec(vm, arguments[1], ROUND_ROBIN_NS);
}

static int64_t check_who(struct vm *vm, uint64_t which, uint64_t who) {
    switch ((int32_t)which) {
    case PRIO_PROCESS:
        return is_thread(vm, who) ? 0 : -ESRCH;
    case PRIO_PGRP:
        return (uint32_t)who == 0 || (uint32_t)who == PROCESS_ID ? 0 : -ESRCH;
    case PRIO_USER:
        return (uint32_t)who == 0 || (uint32_t)who == PROCESS_USER ? 0 : -ESRCH;
    default:
        return -EINVAL;
    }
}

int64_t call_getpriority(struct vm *vm, const uint64_t arguments[6]) {
    int64_t rc = check_who(vm, arguments[0], arguments[1]);
    return rc != 0 ? rc : PRIORITY_BASE - vm->kernel->process.nice;
}

int64_t call_setpriority(struct vm *vm, const uint64_t arguments[6]) {
    struct process *process = &vm->kernel->process;
    int32_t nice = (int32_t)arguments[2];
    int64_t rc = check_who(vm, arguments[0], arguments[1]);
    if (rc != 0) return rc;
    if (nice < process->nice) return -EACCES;
    process->nice = nice < NICE_MAX ? nice : NICE_MAX;
    return 0;
}
