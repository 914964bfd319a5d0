/*
 * Ports: where the guest and the host meet. A port is a pair of byte queues behind descriptors of the guest's: the
 * frames of a request (descriptor 3), the program's own stdin and stdout, or one accepted connection each.
 *
 * The host feeds and takes between runs. The guest's read waits when nothing is there; its write waits while the
 * host has not taken what it wrote before. So a guest that waits for the host holds no thread of the host's.
 */
#ifndef MAYFLY_VM_PORT_H
#define MAYFLY_VM_PORT_H

#include <stddef.h>
#include <stdint.h>

struct vm;

#define PORTS_MAX 64u
#define PORT_STDIO 0u  /* stdin and stdout */
#define PORT_FRAMES 1u /* descriptor 3 */
#define PORT_LOG 2u    /* stderr, and stdout of a program that speaks frames */
#define PORT_FIRST_CONNECTION 3u
#define PORT_QUEUE_BYTES (UINT32_C(128) << 10)

enum port_state { PORT_CLOSED = 0, PORT_OPEN = 1 };

/* Part of the kernel's state. The bytes are in frames of the data area. */
struct port {
    uint8_t state;
    uint8_t input_ended;  /* the host feeds no more: the guest reads end of file */
    uint8_t output_ended; /* the guest closed or shut down its side */
    uint8_t reserved;
    uint32_t input_start, input_size;
    uint32_t output_start, output_size;
    uint64_t input_pages, output_pages; /* PORT_QUEUE_BYTES each, in the data area */
    uint64_t edges;
};

struct port_table {
    uint32_t used;
    struct port items[PORTS_MAX];
};

int port__open(struct vm *vm, uint32_t port);
/* How much fitted. */
size_t port__feed(struct vm *vm, uint32_t port, const void *bytes, size_t size);
void port__end_input(struct vm *vm, uint32_t port);
size_t port__take(struct vm *vm, uint32_t port, void *bytes, size_t capacity);

#endif
