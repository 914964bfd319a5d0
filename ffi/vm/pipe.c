#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

#include "internal.h"

static struct pipe *pipe_of(struct vm *vm, const struct file *file) {
    return &vm->kernel->pipes.items[file->object];
}

static uint32_t room_of(const struct pipe *pipe) {
    return pipe->capacity - pipe->queue.size;
}

int pipe__make(struct vm *vm, uint32_t flags, struct file **reader, struct file **writer) {
    struct pipe_table *table = &vm->kernel->pipes;
    uint32_t index = 0;
    while (index < table->used && table->items[index].readers + table->items[index].writers > 0) index++;
    if (index == PIPES_MAX) return -ENFILE;
    *reader = file__open(vm, FILE_PIPE_READ, O_RDONLY | flags, index);
    if (*reader == NULL) return -ENFILE;
    if (index == table->used) table->used++;
    table->items[index] = (struct pipe){.readers = 1, .capacity = QUEUE_BYTES};
    *writer = file__open(vm, FILE_PIPE_WRITE, O_WRONLY | flags, index);
    if (*writer == NULL) {
        file__release(vm, *reader);
        return -ENFILE;
    }
    table->items[index].writers = 1;
    return 0;
}

int64_t pipe__capacity(struct vm *vm, const struct file *file) {
    return pipe_of(vm, file)->capacity;
}

int64_t pipe__set_capacity(struct vm *vm, const struct file *file, uint64_t capacity) {
    struct pipe *pipe = pipe_of(vm, file);
    if (capacity > INT_MAX) return -EINVAL;
    if (capacity > QUEUE_BYTES) return -EPERM;
    uint32_t rounded = PAGE_SIZE;
    while (rounded < capacity) rounded *= 2;
    if (rounded < pipe->queue.size) return -EBUSY;
    pipe->capacity = rounded;
    kernel__changed(vm);
    return rounded;
}

static int64_t read_pipe(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    struct pipe *pipe = pipe_of(vm, file);
    if (offset >= 0) return -ESPIPE;
    if (size == 0) return 0;
    if (pipe->queue.size == 0) {
        if (pipe->writers == 0) return 0;
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return wait__input(vm, file, NO_DEADLINE);
    }
    uint32_t count = size < pipe->queue.size ? (uint32_t)size : pipe->queue.size;
    int status = queue__load_guest(vm, &pipe->queue, 0, address, count);
    if (status != 0) return status;
    queue__drop(&pipe->queue, count);
    pipe->emptied++;
    kernel__changed(vm);
    return count;
}

static int64_t write_pipe(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    struct pipe *pipe = pipe_of(vm, file);
    if (offset >= 0) return -ESPIPE;
    if (size == 0) return 0;
    if (pipe->readers == 0) {
        signal__raise_current(vm, SIGPIPE);
        return -EPIPE;
    }
    uint32_t room = room_of(pipe);
    /* What fits PIPE_BUF is written whole, or waits until it can be. */
    if (room == 0 || (size <= PIPE_BUF && room < size)) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        return wait__room(vm, NO_DEADLINE);
    }
    uint32_t count = size < room ? (uint32_t)size : room;
    int status = queue__store_guest(vm, &pipe->queue, 0, address, count);
    if (status != 0) return status;
    queue__commit(&pipe->queue, count);
    pipe->written++;
    kernel__changed(vm);
    return count;
}

static uint32_t ready_to_read(struct vm *vm, struct file *file) {
    const struct pipe *pipe = pipe_of(vm, file);
    uint32_t ready = pipe->queue.size > 0 ? READY_IN : 0;
    return pipe->writers == 0 ? ready | READY_HANGUP : ready;
}

static uint32_t ready_to_write(struct vm *vm, struct file *file) {
    const struct pipe *pipe = pipe_of(vm, file);
    /* As Linux, which counts room in pages: a write of PIPE_BUF never waits after this. */
    uint32_t ready = room_of(pipe) >= PIPE_BUF ? READY_OUT : 0;
    return pipe->readers == 0 ? ready | READY_ERROR : ready;
}

static uint64_t read_edge(struct vm *vm, struct file *file) {
    return pipe_of(vm, file)->written;
}

static uint64_t write_edge(struct vm *vm, struct file *file) {
    return pipe_of(vm, file)->emptied;
}

static void release_if_unused(struct vm *vm, struct pipe *pipe) {
    if (pipe->readers + pipe->writers > 0) return;
    queue__release(vm, &pipe->queue);
    struct pipe_table *table = &vm->kernel->pipes;
    while (table->used > 0) {
        const struct pipe *last = &table->items[table->used - 1];
        if (last->readers + last->writers > 0) break;
        table->used--;
    }
}

static void release_reader(struct vm *vm, struct file *file) {
    struct pipe *pipe = pipe_of(vm, file);
    pipe->readers--;
    pipe->emptied++;
    release_if_unused(vm, pipe);
}

static void release_writer(struct vm *vm, struct file *file) {
    struct pipe *pipe = pipe_of(vm, file);
    pipe->writers--;
    pipe->written++;
    release_if_unused(vm, pipe);
}

static int64_t stat_pipe(struct vm *vm, struct file *file, struct stat *stat) {
    (void)vm;
    *stat = (struct stat){.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = 4096, .st_ino = 1000 + file->object};
    return 0;
}

static int64_t control_pipe(struct vm *vm, struct file *file, uint64_t request, uint64_t argument) {
    return file__control_readable(vm, request, argument, pipe_of(vm, file)->queue.size);
}

const struct file_functions file_pipe_read = {
    .read = read_pipe,
    .stat = stat_pipe,
    .control = control_pipe,
    .ready = ready_to_read,
    .edge = read_edge,
    .release = release_reader,
};

const struct file_functions file_pipe_write = {
    .write = write_pipe,
    .stat = stat_pipe,
    .control = control_pipe,
    .ready = ready_to_write,
    .edge = write_edge,
    .release = release_writer,
};
