/* Pipes: a queue of bytes between two kinds of open files. */
#ifndef MAYFLY_VM_PIPE_H
#define MAYFLY_VM_PIPE_H

#include <stdint.h>

#include "queue.h"

struct vm;
struct file;

#define PIPES_MAX 512u

struct pipe {
    uint32_t readers, writers; /* open files; neither is a free pipe */
    uint32_t capacity;         /* F_SETPIPE_SZ; at most QUEUE_BYTES */
    uint32_t reserved;
    uint64_t written, emptied; /* edges: bytes came, or the last writer went; room came, or the last reader went */
    struct queue queue;
};

struct pipe_table {
    uint32_t used;
    uint32_t reserved;
    struct pipe items[PIPES_MAX];
};

/* Both ends, as open files that the caller gives to descriptors or releases: 0, -ENFILE. */
int pipe__make(struct vm *vm, uint32_t flags, struct file **reader, struct file **writer);
int64_t pipe__capacity(struct vm *vm, const struct file *file);
int64_t pipe__set_capacity(struct vm *vm, const struct file *file, uint64_t capacity);

#endif
