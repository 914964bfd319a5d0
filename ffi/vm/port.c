/* Ports as the guest has them. */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"

static struct port *port_of(struct vm *vm, uint32_t port) {
    return &vm->kernel->ports.items[port];
}

static uint32_t room_of(const struct port_queue *queue) {
    return PORT_QUEUE_BYTES - queue->size;
}

/* How much of `size` lies before the place where the queue's memory ends. */
static uint32_t before_wrap(uint32_t position, uint32_t size) {
    return size < PORT_QUEUE_BYTES - position ? size : PORT_QUEUE_BYTES - position;
}

static int take_pages(struct vm *vm, struct port *port) {
    const uint32_t count = PORT_QUEUE_BYTES / PAGE_SIZE;
    port->input.pages = frames__take(vm, count);
    port->output.pages = port->input.pages == 0 ? 0 : frames__take(vm, count);
    if (port->output.pages != 0) return 0;
    if (port->input.pages != 0) frames__give(vm, port->input.pages, count);
    *port = (struct port){0};
    return -ENOMEM;
}

int port__open(struct vm *vm, uint32_t number) {
    if (number >= PORTS_MAX) return -EINVAL;
    struct port_table *table = &vm->kernel->ports;
    while (table->used <= number) table->items[table->used++] = (struct port){0};
    struct port *port = &table->items[number];
    if (port->state == PORT_OPEN) return 0;
    int status = take_pages(vm, port);
    if (status == 0) port->state = PORT_OPEN;
    return status;
}

int port__open_connection(struct vm *vm) {
    const struct port_table *table = &vm->kernel->ports;
    uint32_t number = PORT_FIRST_CONNECTION;
    while (number < table->used && table->items[number].state != PORT_CLOSED) number++;
    if (number == PORTS_MAX) return -EAGAIN;
    int status = port__open(vm, number);
    return status < 0 ? status : (int)number;
}

int port__dial(struct vm *vm) {
    if (__builtin_popcountll(port__dialed(vm)) >= (int)VM_DIALED_MAX) return -EAGAIN;
    int number = port__open_connection(vm);
    if (number >= 0) port_of(vm, (uint32_t)number)->is_dialed = 1;
    return number;
}

int64_t port__read(struct vm *vm, uint32_t number, uint64_t address, uint64_t size, int peek) {
    struct port *port = port_of(vm, number);
    struct port_queue *queue = &port->input;
    uint32_t count = size < queue->size ? (uint32_t)size : queue->size;
    uint32_t first = before_wrap(queue->start, count);
    const uint8_t *bytes = frames__at(vm, queue->pages);
    if (access__write(vm, address, bytes + queue->start, first) != 0) return -EFAULT;
    if (access__write(vm, address + first, bytes, count - first) != 0) return -EFAULT;
    if (peek) return count;
    queue->size -= count;
    queue->start = queue->size == 0 ? 0 : (queue->start + count) % PORT_QUEUE_BYTES;
    return count;
}

/* What a log holds beyond its bound is lost, and its writer does not notice. */
static uint64_t to_keep(const struct vm *vm, uint32_t number, const struct port *port, uint64_t size) {
    if (number != PORT_LOG || vm->limits.log_bytes == 0) return size;
    uint64_t left = port->written < vm->limits.log_bytes ? vm->limits.log_bytes - port->written : 0;
    return size < left ? size : left;
}

int64_t port__write(struct vm *vm, uint32_t number, uint64_t address, uint64_t size) {
    struct port *port = port_of(vm, number);
    struct port_queue *queue = &port->output;
    uint64_t kept = to_keep(vm, number, port, size);
    if (kept == 0) return (int64_t)size;
    uint32_t count = kept < room_of(queue) ? (uint32_t)kept : room_of(queue);
    uint32_t position = (queue->start + queue->size) % PORT_QUEUE_BYTES;
    uint32_t first = before_wrap(position, count);
    if (count == 0) return 0;
    uint8_t *bytes = frames__at(vm, queue->pages);
    /* Told before, for a copy that fails half-way has written, too. */
    frames__wrote(vm, queue->pages + position, first);
    if (first < count) frames__wrote(vm, queue->pages, count - first);
    if (access__read(vm, bytes + position, address, first) != 0) return -EFAULT;
    if (access__read(vm, bytes, address + first, count - first) != 0) return -EFAULT;
    queue->size += count;
    port->written += count;
    return count == kept ? (int64_t)size : (int64_t)count;
}

void port__say(struct vm *vm, const char *line) {
    struct port *port = port_of(vm, PORT_LOG);
    uint32_t size = (uint32_t)strlen(line);
    if (port->state != PORT_OPEN || room_of(&port->output) < size || to_keep(vm, PORT_LOG, port, size) < size) return;
    uint8_t *bytes = frames__at(vm, port->output.pages);
    for (uint32_t i = 0; i < size; i++) {
        uint32_t position = (port->output.start + port->output.size) % PORT_QUEUE_BYTES;
        bytes[position] = (uint8_t)line[i];
        frames__wrote(vm, port->output.pages + position, 1);
        port->output.size++;
    }
    port->written += size;
}

uint32_t port__ready(struct vm *vm, uint32_t number) {
    const struct port *port = port_of(vm, number);
    uint32_t ready = 0;
    if (port->input.size > 0 || port->input_ended) ready |= READY_IN;
    if (port->input_ended) ready |= READY_READ_HANGUP;
    if (port->hung_up) ready |= READY_ERROR | READY_HANGUP;
    if (port->hung_up || room_of(&port->output) > 0) ready |= READY_OUT;
    return ready;
}

uint64_t port__edge(const struct vm *vm, uint32_t number) {
    const struct port *port = &vm->kernel->ports.items[number];
    return port->input_edges + port->output_edges;
}

void port__end_output(struct vm *vm, uint32_t number) {
    port_of(vm, number)->output_ended = 1;
}

void port__leave(struct vm *vm, uint32_t number) {
    struct port *port = port_of(vm, number);
    port->output_ended = port->guest_gone = 1;
    port__free_if_over(vm, number);
}

/* ---- as a file ----------------------------------------------------------------------------------------- */

static int64_t read_port(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    const struct port *port = port_of(vm, file->object);
    if (offset >= 0) return -ESPIPE;
    if (port->input.size > 0 || size == 0) return port__read(vm, file->object, address, size, 0);
    if (port->input_ended) return 0;
    if (file->flags & O_NONBLOCK) return -EAGAIN;
    return wait__input(vm, file, NO_DEADLINE);
}

static int64_t write_port(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    const struct port *port = port_of(vm, file->object);
    if (offset >= 0) return -ESPIPE;
    if (port->hung_up) {
        signal__raise_current(vm, SIGPIPE);
        return -EPIPE;
    }
    int64_t count = port__write(vm, file->object, address, size);
    if (count != 0 || size == 0) return count;
    if (file->flags & O_NONBLOCK) return -EAGAIN;
    return wait__room(vm, NO_DEADLINE);
}

static uint32_t ready_port(struct vm *vm, struct file *file) {
    uint32_t ready = port__ready(vm, file->object);
    uint32_t mode = file->flags & O_ACCMODE;
    if (mode == O_RDONLY) ready &= ~READY_OUT;
    if (mode == O_WRONLY) ready &= ~(READY_IN | READY_READ_HANGUP);
    return ready;
}

static uint64_t edge_port(struct vm *vm, struct file *file) {
    return port__edge(vm, file->object);
}

/* The host's pipes, as far as the guest can tell. */
static int64_t stat_port(struct vm *vm, struct file *file, struct stat *stat) {
    (void)vm;
    *stat = (struct stat){.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = 4096, .st_ino = file->object + 1};
    return 0;
}

static int64_t control_port(struct vm *vm, struct file *file, uint64_t request, uint64_t argument) {
    return file__control_readable(vm, request, argument, port_of(vm, file->object)->input.size);
}

/* The end of a port's last writer is the end of its output. */
static void release_port(struct vm *vm, struct file *file) {
    const struct file_table *files = &vm->kernel->files;
    for (uint32_t i = 0; i < files->used; i++) {
        const struct file *other = &files->items[i];
        int writes = (other->flags & O_ACCMODE) != O_RDONLY;
        if (other != file && other->kind == FILE_PORT && other->object == file->object && writes) return;
    }
    port__end_output(vm, file->object);
}

const struct file_functions file_port = {
    .read = read_port,
    .write = write_port,
    .stat = stat_port,
    .control = control_port,
    .ready = ready_port,
    .edge = edge_port,
    .release = release_port,
};
