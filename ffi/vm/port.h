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

#define PORTS_MAX 64u /* a bit each in vm_exit */
#define PORT_STDIO 0u  /* stdin and stdout */
#define PORT_FRAMES 1u /* descriptor 3 */
#define PORT_LOG 2u    /* stderr, and stdout of a program that speaks frames */
#define PORT_FIRST_CONNECTION 3u
#define PORT_QUEUE_BYTES (UINT32_C(128) << 10)

enum port_state { PORT_CLOSED = 0, PORT_OPEN = 1 };

/* A queue of PORT_QUEUE_BYTES. An empty one starts at 0, so that what is small is always in the same pages. */
struct port_queue {
    uint32_t start, size;
    uint64_t pages; /* in the data area, one after the other */
};

/* Part of the kernel's state. */
struct port {
    uint8_t state;
    uint8_t input_ended;  /* the host feeds no more: the guest reads end of file */
    uint8_t output_ended; /* the guest closed or shut down its side */
    uint8_t hung_up;      /* the host is gone: what the guest writes has no reader */
    uint8_t guest_gone;   /* the guest closed a connection: it is freed when its output is taken */
    uint8_t is_dialed;    /* the guest made it, to the host: it is freed when the host hung up as well */
    uint16_t ahead_for;   /* a connection to this TCP port that the host did not begin to use */
    struct port_queue input, output;
    uint64_t written; /* by the guest, in all: the log's bound */
    uint64_t input_edges, output_edges;
};

struct port_table {
    uint32_t used;
    struct port items[PORTS_MAX];
};

/* ---- the guest's side ---------------------------------------------------------------------------------- */

/* Makes a port ready: -ENOMEM or -EINVAL. */
int port__open(struct vm *vm, uint32_t port);
/* A free port for a connection: its number, or -EAGAIN, -ENOMEM. */
int port__open_connection(struct vm *vm);
/* Likewise, for one that the guest makes: -EAGAIN as well while there are VM_DIALED_MAX. */
int port__dial(struct vm *vm);

/* Move what is there, or fits: 0 when nothing, -EFAULT. They do not wait. */
int64_t port__read(struct vm *vm, uint32_t port, uint64_t address, uint64_t size, int peek);
int64_t port__write(struct vm *vm, uint32_t port, uint64_t address, uint64_t size);
uint32_t port__ready(struct vm *vm, uint32_t port);
uint64_t port__edge(const struct vm *vm, uint32_t port);
/* A line of the engine's own in the log, with its newline; nothing where it has no room. */
void port__say(struct vm *vm, const char *line);
/* The guest writes no more; it closed a connection. */
void port__end_output(struct vm *vm, uint32_t port);
void port__leave(struct vm *vm, uint32_t port);
/* Gives a connection's number and pages back once neither side needs them. */
void port__free_if_over(struct vm *vm, uint32_t port);

/* ---- the host's side ----------------------------------------------------------------------------------- */

/* How much fitted. */
size_t port__feed(struct vm *vm, uint32_t port, const void *bytes, size_t size);
void port__end_input(struct vm *vm, uint32_t port);
size_t port__take(struct vm *vm, uint32_t port, void *bytes, size_t capacity);
/* The host is gone, with what it had not read. */
void port__hang_up(struct vm *vm, uint32_t port);
/* All that the guest will ever write was taken. */
int port__ended(const struct vm *vm, uint32_t port);
/* A connection that was made ahead for a TCP port, from now on in use; or -ENOENT. */
int port__take_ahead(struct vm *vm, uint16_t tcp_port);
/* A bit for each connection that the guest made and the host did not hang up. */
uint64_t port__dialed(const struct vm *vm);
/* A bit for each port with output to take. */
uint64_t port__with_output(const struct vm *vm);

#endif
