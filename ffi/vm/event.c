/* The table of events, and counters: eventfd(2). */
#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "internal.h"

struct event *event__of(struct vm *vm, const struct file *file) {
    return &vm->kernel->events.items[file->object];
}

struct file *event__open(struct vm *vm, enum file_kind file_kind, enum event_kind kind, uint32_t flags) {
    struct event_table *table = &vm->kernel->events;
    uint32_t index = 0;
    while (index < table->used && table->items[index].kind != EVENT_FREE) index++;
    if (index == EVENTS_MAX) return NULL;
    struct file *file = file__open(vm, file_kind, O_RDWR | flags, index);
    if (file == NULL) return NULL;
    if (index == table->used) table->used++;
    table->items[index] = (struct event){.kind = (uint8_t)kind};
    return file;
}

void event__release(struct vm *vm, struct file *file) {
    struct event_table *table = &vm->kernel->events;
    table->items[file->object] = (struct event){0};
    while (table->used > 0 && table->items[table->used - 1].kind == EVENT_FREE) table->used--;
}

int64_t event__stat(struct vm *vm, struct file *file, struct stat *stat) {
    (void)vm;
    (void)file;
    *stat = (struct stat){.st_mode = 0600, .st_nlink = 1, .st_blksize = 4096, .st_ino = 9};
    return 0;
}

/* A counter never holds UINT64_MAX. */
#define COUNTER_MAX (UINT64_MAX - 1)

static int64_t read_counter(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    struct event *event = event__of(vm, file);
    if (offset >= 0) return -ESPIPE;
    if (size < sizeof(uint64_t)) return -EINVAL;
    if (event->value == 0) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return wait__input(vm, file, NO_DEADLINE);
    }
    uint64_t value = event->is_semaphore ? 1 : event->value;
    if (access__write(vm, address, &value, sizeof value) != 0) return -EFAULT;
    event->value -= value;
    event->edges++;
    kernel__changed(vm);
    return sizeof value;
}

static int64_t write_counter(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    struct event *event = event__of(vm, file);
    uint64_t value;
    if (offset >= 0) return -ESPIPE;
    if (size < sizeof value) return -EINVAL;
    if (access__read(vm, &value, address, sizeof value) != 0) return -EFAULT;
    if (value == UINT64_MAX) return -EINVAL;
    if (value > COUNTER_MAX - event->value) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return wait__room(vm, NO_DEADLINE);
    }
    event->value += value;
    event->edges++;
    kernel__changed(vm);
    return sizeof value;
}

static uint32_t ready_counter(struct vm *vm, struct file *file) {
    const struct event *event = event__of(vm, file);
    return (event->value > 0 ? READY_IN : 0) | (event->value < COUNTER_MAX ? READY_OUT : 0);
}

uint64_t event__edge(struct vm *vm, struct file *file) {
    return event__of(vm, file)->edges;
}

const struct file_functions file_event = {
    .read = read_counter,
    .write = write_counter,
    .stat = event__stat,
    .ready = ready_counter,
    .edge = event__edge,
    .release = event__release,
};
