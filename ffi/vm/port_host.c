/* Ports as the host has them. */
#include "port.h"

#include <errno.h>
#include <string.h>

#include "internal.h"

static struct port *open_port(const struct vm *vm, uint32_t number) {
    struct port_table *table = &vm->kernel->ports;
    if (number >= table->used || table->items[number].state != PORT_OPEN) return NULL;
    return &table->items[number];
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t port__feed(struct vm *vm, uint32_t number, const void *bytes, size_t size) {
    struct port *port = open_port(vm, number);
    if (port == NULL || port->input_ended) return 0;
    struct port_queue *queue = &port->input;
    size_t count = least(size, PORT_QUEUE_BYTES - queue->size);
    /* Nobody will read it: it is gone at once, or the host would wait for room. */
    if (port->guest_gone) return size;
    if (count == 0) return 0;
    uint32_t position = (queue->start + queue->size) % PORT_QUEUE_BYTES;
    size_t first = least(count, PORT_QUEUE_BYTES - position);
    uint8_t *memory = frames__at(vm, queue->pages);
    memcpy(memory + position, bytes, first);
    frames__wrote(vm, queue->pages + position, first);
    if (first < count) {
        memcpy(memory, (const uint8_t *)bytes + first, count - first);
        frames__wrote(vm, queue->pages, count - first);
    }
    queue->size += (uint32_t)count;
    port->input_edges++;
    kernel__changed(vm);
    return count;
}

void port__end_input(struct vm *vm, uint32_t number) {
    struct port *port = open_port(vm, number);
    if (port == NULL || port->input_ended) return;
    port->input_ended = 1;
    port->input_edges++;
    kernel__changed(vm);
    port__free_if_over(vm, number);
}

size_t port__take(struct vm *vm, uint32_t number, void *bytes, size_t capacity) {
    struct port *port = open_port(vm, number);
    if (port == NULL || port->output.size == 0) return 0;
    struct port_queue *queue = &port->output;
    size_t count = least(capacity, queue->size), first = least(count, PORT_QUEUE_BYTES - queue->start);
    const uint8_t *memory = frames__at(vm, queue->pages);
    memcpy(bytes, memory + queue->start, first);
    memcpy((uint8_t *)bytes + first, memory, count - first);
    int was_full = queue->size == PORT_QUEUE_BYTES;
    queue->size -= (uint32_t)count;
    queue->start = queue->size == 0 ? 0 : (uint32_t)((queue->start + count) % PORT_QUEUE_BYTES);
    if (was_full && count > 0) {
        port->output_edges++;
        kernel__changed(vm);
    }
    port__free_if_over(vm, number);
    return count;
}

void port__hang_up(struct vm *vm, uint32_t number) {
    struct port *port = open_port(vm, number);
    if (port == NULL || port->hung_up) return;
    port->hung_up = port->input_ended = 1;
    port->output.start = port->output.size = 0;
    port->input_edges++;
    kernel__changed(vm);
    port__free_if_over(vm, number);
    socket__dial_next(vm);
}

int port__ended(const struct vm *vm, uint32_t number) {
    const struct port *port = open_port(vm, number);
    return port == NULL || (port->output_ended && port->output.size == 0);
}

uint64_t port__with_output(const struct vm *vm) {
    const struct port_table *table = &vm->kernel->ports;
    uint64_t ports = 0;
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->items[i].output.size > 0) ports |= UINT64_C(1) << i;
    }
    return ports;
}

int port__take_ahead(struct vm *vm, uint16_t tcp_port) {
    struct port_table *table = &vm->kernel->ports;
    for (uint32_t i = PORT_FIRST_CONNECTION; i < table->used; i++) {
        struct port *port = &table->items[i];
        if (port->state != PORT_OPEN || tcp_port == 0 || port->ahead_for != tcp_port) continue;
        port->ahead_for = 0;
        /* A guest that lost patience, or said something first, gets a new one. */
        if (!port->output_ended && !port->hung_up && port->output.size == 0) return (int)i;
        port__hang_up(vm, i);
    }
    return -ENOENT;
}

uint64_t port__dialed(const struct vm *vm) {
    const struct port_table *table = &vm->kernel->ports;
    uint64_t ports = 0;
    for (uint32_t i = PORT_FIRST_CONNECTION; i < table->used; i++) {
        const struct port *port = &table->items[i];
        if (port->state == PORT_OPEN && port->is_dialed && !port->hung_up) ports |= UINT64_C(1) << i;
    }
    return ports;
}

void port__free_if_over(struct vm *vm, uint32_t number) {
    struct port *port = open_port(vm, number);
    /* Both sides have to know that it is over before its number may be another connection's. */
    if (port == NULL || !port->guest_gone || !port->input_ended || port->output.size > 0) return;
    if (port->is_dialed && !port->hung_up) return;
    frames__give(vm, port->input.pages, PORT_QUEUE_BYTES / PAGE_SIZE);
    frames__give(vm, port->output.pages, PORT_QUEUE_BYTES / PAGE_SIZE);
    *port = (struct port){0};
    struct port_table *table = &vm->kernel->ports;
    while (table->used > PORT_FIRST_CONNECTION && table->items[table->used - 1].state == PORT_CLOSED) table->used--;
    socket__dial_next(vm);
}

/* ---- vm.h ---------------------------------------------------------------------------------------------- */

size_t vm_feed(struct vm *vm, uint32_t port, const void *bytes, size_t size, int end) {
    size_t count = port__feed(vm, port, bytes, size);
    if (end && count == size) port__end_input(vm, port);
    return count;
}

size_t vm_take(struct vm *vm, uint32_t port, void *bytes, size_t capacity) {
    return port__take(vm, port, bytes, capacity);
}

int vm_has_output(const struct vm *vm, uint32_t port) {
    return (port__with_output(vm) >> port & 1) != 0;
}

int vm_ended(struct vm *vm, uint32_t port) {
    return port__ended(vm, port);
}

int vm_connect(struct vm *vm, uint16_t tcp_port) {
    int port = port__take_ahead(vm, tcp_port);
    return port >= 0 ? port : socket__connect_host(vm, tcp_port);
}

int vm_connect_ahead(struct vm *vm, uint16_t tcp_port) {
    int port = socket__connect_host(vm, tcp_port);
    if (port < 0) return port;
    vm->kernel->ports.items[port].ahead_for = tcp_port;
    return 0;
}

void vm_hang_up(struct vm *vm, uint32_t port) {
    port__hang_up(vm, port);
}

void vm_serve_proxy(struct vm *vm, int serve) {
    vm->serves_proxy = serve;
}

uint64_t vm_dialed(const struct vm *vm) {
    return port__dialed(vm);
}
