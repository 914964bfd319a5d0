/* Timers: timerfd(2). A timer that nobody reads costs nothing but the expiry that it has to tell. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "internal.h"

uint64_t event__timer_now(struct vm *vm, const struct event *timer) {
    return timer->clock == CLOCK_REALTIME ? clock__realtime_ns(vm) : clock__monotonic_ns(vm);
}

static void fire(struct vm *vm, struct event *timer) {
    if (timer->next == 0) return;
    uint64_t now = event__timer_now(vm, timer);
    if (now < timer->next) return;
    uint64_t times = 1;
    if (timer->interval > 0) {
        times += (now - timer->next) / timer->interval;
        timer->next += times * timer->interval;
    } else {
        timer->next = 0;
    }
    timer->value += times;
    timer->edges++;
    kernel__changed(vm);
}

void event__set_timer(struct vm *vm, struct event *timer, uint64_t next, uint64_t interval) {
    timer->next = next;
    timer->interval = interval;
    timer->value = 0;
    fire(vm, timer);
    kernel__changed(vm);
}

uint64_t event__timer_left(struct vm *vm, struct event *timer) {
    fire(vm, timer);
    if (timer->next == 0) return 0;
    uint64_t now = event__timer_now(vm, timer);
    return timer->next > now ? timer->next - now : 1;
}

void event__fire(struct vm *vm) {
    struct event_table *table = &vm->kernel->events;
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->items[i].kind == EVENT_TIMER) fire(vm, &table->items[i]);
    }
}

uint64_t event__next_deadline(struct vm *vm) {
    const struct event_table *table = &vm->kernel->events;
    uint64_t deadline = UINT64_MAX;
    for (uint32_t i = 0; i < table->used; i++) {
        const struct event *timer = &table->items[i];
        if (timer->kind != EVENT_TIMER || timer->next == 0) continue;
        uint64_t now = event__timer_now(vm, timer), left = timer->next > now ? timer->next - now : 0;
        uint64_t at = clock__monotonic_ns(vm) + left;
        if (at < deadline) deadline = at;
    }
    return deadline;
}

static int64_t read_timer(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    struct event *timer = event__of(vm, file);
    if (offset >= 0) return -ESPIPE;
    if (size < sizeof timer->value) return -EINVAL;
    fire(vm, timer);
    if (timer->value == 0) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return wait__input(vm, file, NO_DEADLINE);
    }
    if (access__write(vm, address, &timer->value, sizeof timer->value) != 0) return -EFAULT;
    timer->value = 0;
    return sizeof timer->value;
}

static uint32_t ready_timer(struct vm *vm, struct file *file) {
    struct event *timer = event__of(vm, file);
    fire(vm, timer);
    return timer->value > 0 ? READY_IN : 0;
}

const struct file_functions file_timer = {
    .read = read_timer,
    .stat = event__stat,
    .ready = ready_timer,
    .edge = event__edge,
    .release = event__release,
};
