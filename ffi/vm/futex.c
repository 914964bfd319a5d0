#include "futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>

#include "internal.h"

#define ANY_MASK UINT32_MAX
#define ROBUST_ENTRIES_MAX 2048u

uint32_t futex__wake(struct vm *vm, uint64_t address, uint32_t mask, uint32_t count) {
    struct thread_table *threads = &vm->kernel->threads;
    uint32_t woken = 0;
    for (uint32_t i = 0; i < threads->used && woken < count; i++) {
        struct thread *thread = &threads->items[i];
        if (thread->state != THREAD_WAITS || thread->wait != WAIT_FUTEX || thread->woken) continue;
        if (thread->futex_key != address || (thread->futex_mask & mask) == 0) continue;
        thread->woken = 1;
        woken++;
    }
    return woken;
}

static uint32_t futex__requeue(struct vm *vm, uint64_t from, uint64_t to, uint32_t count) {
    struct thread_table *threads = &vm->kernel->threads;
    uint32_t moved = 0;
    for (uint32_t i = 0; i < threads->used && moved < count; i++) {
        struct thread *thread = &threads->items[i];
        if (thread->state != THREAD_WAITS || thread->wait != WAIT_FUTEX || thread->woken) continue;
        if (thread->futex_key != from) continue;
        thread->futex_key = to;
        moved++;
    }
    return moved;
}

/* A timeout is from now for FUTEX_WAIT, and a point in time for all others. */
static int futex__deadline(struct vm *vm, uint64_t address, int relative, int realtime, uint64_t *deadline) {
    *deadline = NO_DEADLINE;
    if (address == 0) return 0;
    uint64_t time, now = clock__monotonic_ns(vm);
    int error = clock__read_timespec(vm, address, &time);
    if (error != 0) return error;
    if (relative) {
        *deadline = time > NO_DEADLINE - 1 - now ? NO_DEADLINE - 1 : now + time;
        return 0;
    }
    *deadline = time;
    if (realtime) {
        struct clock_choice choice = {.clock = 0};
        *deadline = clock__to_monotonic(vm, &choice, time);
    }
    return 0;
}

static int64_t futex__wait(struct vm *vm, uint64_t address, uint32_t expected, uint32_t mask, uint64_t timeout,
                           int relative, int realtime) {
    struct thread *thread = thread__current(vm);
    if (thread->restarting) {
        if (thread->woken) return 0;
        if (thread__interrupted(vm)) return -EINTR;
        if (thread__timed_out(vm)) return -ETIMEDOUT;
        return thread__wait(vm, WAIT_FUTEX, NO_DEADLINE);
    }
    if (mask == 0) return -EINVAL;
    uint32_t value;
    uint64_t deadline;
    if (access__read(vm, &value, address, sizeof value) != 0) return -EFAULT;
    int error = futex__deadline(vm, timeout, relative, realtime, &deadline);
    if (error != 0) return error;
    if (value != expected) return -EAGAIN;
    thread->futex_key = address;
    thread->futex_mask = mask;
    return thread__wait(vm, WAIT_FUTEX, deadline);
}

static uint32_t futex__operate(uint32_t operation, uint32_t old, uint32_t argument) {
    switch (operation) {
    case FUTEX_OP_SET: return argument;
    case FUTEX_OP_ADD: return old + argument;
    case FUTEX_OP_OR: return old | argument;
    case FUTEX_OP_ANDN: return old & ~argument;
    default: return old ^ argument;
    }
}

static int futex__compares(uint32_t comparison, int32_t old, int32_t argument) {
    switch (comparison) {
    case FUTEX_OP_CMP_EQ: return old == argument;
    case FUTEX_OP_CMP_NE: return old != argument;
    case FUTEX_OP_CMP_LT: return old < argument;
    case FUTEX_OP_CMP_LE: return old <= argument;
    case FUTEX_OP_CMP_GT: return old > argument;
    default: return old >= argument;
    }
}

static int32_t futex__signed12(uint32_t value) {
    return (int32_t)(value << 20) >> 20;
}

static int64_t futex__wake_op(struct vm *vm, const uint64_t a[6]) {
    uint32_t code = (uint32_t)a[5], operation = code >> 28 & 7, comparison = code >> 24 & 15, old;
    uint32_t argument = (uint32_t)futex__signed12(code >> 12 & 0xfff);
    if (operation > FUTEX_OP_XOR || comparison > FUTEX_OP_CMP_GE) return -ENOSYS;
    if (code >> 28 & FUTEX_OP_OPARG_SHIFT) argument = UINT32_C(1) << (argument & 31);
    if (access__read(vm, &old, a[4], sizeof old) != 0) return -EFAULT;
    uint32_t value = futex__operate(operation, old, argument);
    if (access__write(vm, a[4], &value, sizeof value) != 0) return -EFAULT;
    uint32_t woken = futex__wake(vm, a[0], ANY_MASK, (uint32_t)a[2]);
    if (futex__compares(comparison, (int32_t)old, futex__signed12(code & 0xfff))) {
        woken += futex__wake(vm, a[4], ANY_MASK, (uint32_t)a[3]);
    }
    return woken;
}

int64_t futex__call(struct vm *vm, const uint64_t a[6]) {
    uint32_t command = (uint32_t)a[1] & FUTEX_CMD_MASK, value = (uint32_t)a[2], current;
    int realtime = ((uint32_t)a[1] & FUTEX_CLOCK_REALTIME) != 0;
    if ((a[0] & 3) != 0) return -EINVAL;
    if (a[0] >= USER_LAST) return -EFAULT;
    switch (command) {
    case FUTEX_WAIT:
        return futex__wait(vm, a[0], value, ANY_MASK, a[3], 1, 0);
    case FUTEX_WAIT_BITSET:
        return futex__wait(vm, a[0], value, (uint32_t)a[5], a[3], 0, realtime);
    case FUTEX_WAKE:
        return futex__wake(vm, a[0], ANY_MASK, value);
    case FUTEX_WAKE_BITSET:
        if ((uint32_t)a[5] == 0) return -EINVAL;
        return futex__wake(vm, a[0], (uint32_t)a[5], value);
    case FUTEX_CMP_REQUEUE:
        if (access__read(vm, &current, a[0], sizeof current) != 0) return -EFAULT;
        if (current != (uint32_t)a[5]) return -EAGAIN;
        /* fallthrough */
    case FUTEX_REQUEUE: {
        if ((a[4] & 3) != 0) return -EINVAL;
        uint32_t woken = futex__wake(vm, a[0], ANY_MASK, value);
        return woken + futex__requeue(vm, a[0], a[4], (uint32_t)a[3]);
    }
    case FUTEX_WAKE_OP:
        return (a[4] & 3) != 0 ? -EINVAL : futex__wake_op(vm, a);
    default:
        return -ENOSYS;
    }
}

/* The owner died: whoever locks next learns it. */
static void futex__abandon(struct vm *vm, uint64_t address, uint32_t owner) {
    uint32_t value;
    if ((address & 3) != 0 || access__read(vm, &value, address, sizeof value) != 0) return;
    if ((value & FUTEX_TID_MASK) != owner) return;
    uint32_t left = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (access__write(vm, address, &left, sizeof left) != 0) return;
    if (value & FUTEX_WAITERS) futex__wake(vm, address, ANY_MASK, 1);
}

static void futex__leave_robust_list(struct vm *vm, const struct thread *thread) {
    struct {
        uint64_t first;
        int64_t offset;
        uint64_t pending;
    } head;
    if (thread->robust_list == 0 || access__read(vm, &head, thread->robust_list, sizeof head) != 0) return;
    uint64_t entry = head.first & ~UINT64_C(1);
    for (uint32_t i = 0; i < ROBUST_ENTRIES_MAX && entry != thread->robust_list; i++) {
        uint64_t next;
        if (access__read(vm, &next, entry, sizeof next) != 0) return;
        if (entry != (head.pending & ~UINT64_C(1))) futex__abandon(vm, entry + (uint64_t)head.offset, thread->id);
        entry = next & ~UINT64_C(1);
    }
    if (head.pending != 0) futex__abandon(vm, (head.pending & ~UINT64_C(1)) + (uint64_t)head.offset, thread->id);
}

void futex__thread_ended(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    futex__leave_robust_list(vm, thread);
    if (thread->clear_child_tid == 0) return;
    uint32_t none = 0;
    if (access__write(vm, thread->clear_child_tid, &none, sizeof none) != 0) return;
    futex__wake(vm, thread->clear_child_tid, ANY_MASK, 1);
}
