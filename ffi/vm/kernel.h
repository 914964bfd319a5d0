/*
 * All that the VMM keeps for a guest beside its memory: what a Linux kernel would know of one process.
 *
 * It is flat: indices, no pointers, tables that are used from their start. So a snapshot is a copy of what is used, and a
 * reset copies it back. Whoever adds a table adds it to kernel_tables (kernel.c).
 */
#ifndef MAYFLY_VM_KERNEL_H
#define MAYFLY_VM_KERNEL_H

#include <stdint.h>

#include "clock.h"
#include "epoll.h"
#include "event.h"
#include "file.h"
#include "frames.h"
#include "host.h"
#include "pipe.h"
#include "port.h"
#include "process.h"
#include "signal.h"
#include "socket.h"
#include "space.h"
#include "thread.h"
#include "tree.h"

struct kernel {
    uint64_t changes; /* kernel__changed */
    struct process process; /* ids, working folder, limits, exit: no table, always copied whole */
    struct clock_state clock;
    struct host_state host;
    struct signal_table signals;
    struct space space;
    struct thread_table threads;
    struct descriptor_table descriptors;
    struct file_table files;
    struct port_table ports;
    struct pipe_table pipes;
    struct event_table events; /* eventfd, timerfd, signalfd */
    struct epoll_table epolls;
    struct socket_table sockets;
    struct tree tree;
    struct frame_table frames;
    struct area_table areas;
    struct name_table names;
    struct fpu_table fpus;
};

/*
 * For a kernel that was never used. It is written and never read: a page that was read first takes a second fault to be
 * written, and that one asks every VM of the process.
 */
void kernel__copy_new(struct kernel *to, const struct kernel *from);
/* Copies what is used of `from`, and clears what `to` used beyond that. */
void kernel__copy(struct kernel *to, const struct kernel *from);

/* Writes what is used as a list of sized parts, and reads it back: -EBADMSG when it does not fit. */
uint64_t kernel__packed_size(const struct kernel *kernel);
void kernel__pack(const struct kernel *kernel, uint8_t *to);
int kernel__unpack(struct kernel *kernel, const uint8_t *from, uint64_t size);

#endif
