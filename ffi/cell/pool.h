/*
 * Sandboxes with their VMs: those that run, those that are parked, and idle ones, which were reset and wait for a request
 * of their snapshot, or of another one that their VM can be switched to.
 */
#ifndef MAYFLY_CELL_POOL_H
#define MAYFLY_CELL_POOL_H

#include <stdint.h>

#include "sandbox.h"

struct serve;

/* Each has two descriptors. */
#define POOL_VMS_MAX 8192u

struct pool {
    struct sandbox **table;
    uint32_t used;        /* of the table */
    struct sandbox *free; /* places of the table without a VM */
    uint32_t vms, parked, idle;
    struct sandbox *oldest, *newest; /* idle ones */
    uint64_t idle_bytes;
    uint32_t keep;
    uint64_t keep_bytes;
};

int pool__init(struct pool *pool);

/* A sandbox of the object, that runs. -ENOENT: there is no such object; -EAGAIN: there are too many VMs. */
int pool__take(struct serve *serve, uint32_t object, struct sandbox **sandbox, enum mf_start *start);
/* The same, for a VM of the caller's, which is the pool's from then on: also after an error. */
int pool__adopt(struct serve *serve, struct object *object, struct vm *vm, struct sandbox **sandbox);

/* It keeps its VM and waits for the server; and the way back. -ESTALE: there is no such parked sandbox. */
void pool__park(struct serve *serve, struct sandbox *sandbox);
int pool__resume(struct serve *serve, uint32_t index, uint32_t generation, struct sandbox **sandbox);

enum pool_release {
    POOL_RESETS = 1,
    POOL_LEARNS, /* what it did was a request: other clones can learn from it, before it is reset */
    POOL_CLOSES,
};
/* It is over. Its VM is made ready for another request, or closed. */
void pool__release(struct serve *serve, struct sandbox *sandbox, enum pool_release how);

/* At most so many idle VMs, with so much memory, from now on. */
void pool__keep(struct serve *serve, uint32_t count, uint64_t bytes);
/* Of an object that was dropped nothing is idle. With the lock of the serve held. */
void pool__forget(struct serve *serve, struct object *object);
/* Of a sandbox that the keeper closed. With the lock held. */
void pool__give_back(struct serve *serve, struct sandbox *sandbox);

#endif
