#include "thread.h"

#include <errno.h>

#include "internal.h"
#include "schedule.h"
#include "signal.h"

struct thread *thread__current(struct vm *vm) {
    return &vm->kernel->threads.items[vm->kernel->threads.current];
}

uint32_t thread__find(struct vm *vm, uint64_t id) {
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        if (threads->items[i].state != THREAD_FREE && threads->items[i].id == (uint32_t)id) return i + 1;
    }
    return 0;
}

int64_t thread__wait(struct vm *vm, enum wait_kind kind, uint64_t deadline) {
    struct thread *thread = thread__current(vm);
    /* Tried again, it keeps the first deadline; unless that passed, and it waits for something else now. */
    if (!thread->restarting || thread->timed_out) thread->deadline = deadline;
    thread->timed_out = 0;
    thread->state = THREAD_WAITS;
    thread->wait = (uint8_t)kind;
    thread->woken = 0;
    thread->awaited_ports = thread->awaited_listeners = 0;
    thread->seen_changes = vm->kernel->changes;
    return CALL_BLOCKS;
}

int thread__timed_out(struct vm *vm) {
    return thread__current(vm)->timed_out;
}

int thread__interrupted(struct vm *vm) {
    return thread__current(vm)->interrupted;
}

void kernel__changed(struct vm *vm) {
    vm->kernel->changes++;
}

void schedule__switch(struct vm *vm, uint32_t index) {
    struct thread_table *threads = &vm->kernel->threads;
    if (threads->current == index) return;
    clock__account(vm);
    threads->items[threads->current].context = vm->context;
    threads->current = index;
    vm->context = threads->items[index].context;
    vm->counters.switches++;
}

/* What a thread waits for may have come. */
static int schedule__has_come(const struct kernel *kernel, const struct thread *thread) {
    if (thread->interrupted || thread->woken) return 1;
    return thread->wait == WAIT_CHANGE && thread->seen_changes != kernel->changes;
}

static int schedule__may_go_on(const struct kernel *kernel, struct thread *thread, uint64_t now) {
    if (thread->deadline <= now) thread->timed_out = 1;
    return thread->timed_out || schedule__has_come(kernel, thread);
}

static uint64_t schedule__earliest(struct vm *vm) {
    const struct thread_table *threads = &vm->kernel->threads;
    uint64_t earliest = signal__next_deadline(vm), event = event__next_deadline(vm);
    if (event < earliest) earliest = event;
    for (uint32_t i = 0; i < threads->used; i++) {
        const struct thread *thread = &threads->items[i];
        if (thread->state == THREAD_WAITS && thread->deadline < earliest) earliest = thread->deadline;
    }
    return earliest;
}

/* Timers that are due raise their signals, or make their descriptors ready. */
static uint64_t schedule__run_timers(struct vm *vm) {
    uint64_t now = clock__monotonic_ns(vm);
    if (signal__next_deadline(vm) <= now) signal__run_timers(vm);
    event__fire(vm);
    return now;
}

/* Tries a thread's call again: 1 when it came back. */
static int schedule__try(struct vm *vm, uint32_t index) {
    schedule__switch(vm, index);
    struct thread *thread = thread__current(vm);
    thread->state = THREAD_RUNS;
    thread->restarting = 1;
    int64_t result = run__call(vm, thread->call);
    return result != CALL_BLOCKS;
}

void schedule__begin(struct vm *vm) {
    struct thread_table *threads = &vm->kernel->threads;
    if (thread__current(vm)->state == THREAD_RUNS) return;
    for (uint32_t i = 0; i < threads->used && vm->exit.reason == 0; i++) {
        struct thread *thread = &threads->items[i];
        if (thread->state != THREAD_WAITS || !schedule__has_come(vm->kernel, thread)) continue;
        if (atomic_load(&vm->kicked) != 0 || schedule__try(vm, i)) return;
    }
}

enum schedule_result schedule__pick(struct vm *vm) {
    struct thread_table *threads = &vm->kernel->threads;
    if (thread__current(vm)->state == THREAD_RUNS) return SCHEDULE_RUNS;
    for (;;) {
        if (atomic_load(&vm->kicked) != 0) return SCHEDULE_KICKED;
        uint64_t changes = vm->kernel->changes, now = schedule__run_timers(vm);
        uint32_t first = threads->current + 1;
        for (uint32_t i = 0; i < threads->used; i++) {
            uint32_t index = (first + i) % threads->used;
            struct thread *thread = &threads->items[index];
            if (thread->state == THREAD_FREE) continue;
            if (thread->state == THREAD_WAITS) {
                if (!schedule__may_go_on(vm->kernel, thread, now)) continue;
                if (atomic_load(&vm->kicked) != 0) return SCHEDULE_KICKED;
                if (!schedule__try(vm, index)) continue;
                if (vm->exit.reason != 0) return SCHEDULE_ENDED;
            }
            schedule__switch(vm, index);
            return SCHEDULE_RUNS;
        }
        if (vm->kernel->changes != changes) continue;
        uint64_t earliest = schedule__earliest(vm);
        if (earliest != NO_DEADLINE && earliest <= clock__monotonic_ns(vm)) continue;
        vm->exit.until_ns = clock__host_deadline(vm, earliest);
        return SCHEDULE_WAITS;
    }
}

/* The current thread has had its tick. */
void schedule__take_turns(struct vm *vm) {
    /* A clone's hook comes before all other instructions. */
    if (vm->kernel->host.used) return;
    struct thread_table *threads = &vm->kernel->threads;
    uint32_t current = threads->current;
    uint64_t now = schedule__run_timers(vm);
    for (uint32_t i = 1; i < threads->used; i++) {
        uint32_t index = (current + i) % threads->used;
        struct thread *thread = &threads->items[index];
        if (thread->state == THREAD_FREE) continue;
        if (thread->state == THREAD_WAITS) {
            if (!schedule__may_go_on(vm->kernel, thread, now)) continue;
            if (atomic_load(&vm->kicked) != 0) break;
            if (!schedule__try(vm, index)) continue;
            if (vm->exit.reason != 0) return;
        }
        schedule__switch(vm, index);
        return;
    }
    schedule__switch(vm, current);
}
