/*
 * A queue of bytes in frames: what is in a pipe, or on its way to a socket. Its pages are taken when bytes first come
 * to lie in them, and kept until it is released.
 */
#ifndef MAYFLY_VM_QUEUE_H
#define MAYFLY_VM_QUEUE_H

#include <stdint.h>

struct vm;

#define QUEUE_PAGES 16u
#define QUEUE_BYTES (QUEUE_PAGES * 4096u)

struct queue {
    uint32_t start, size;
    uint64_t pages[QUEUE_PAGES];
};

/*
 * Puts bytes behind the last one, `after` of it, without making them part of the queue: -EFAULT, -ENOMEM, or 0. The
 * caller has checked that there is room; queue__commit makes it so.
 */
int queue__store(struct vm *vm, struct queue *queue, uint32_t after, const void *from, uint32_t size);
int queue__store_guest(struct vm *vm, struct queue *queue, uint32_t after, uint64_t address, uint32_t size);
void queue__commit(struct queue *queue, uint32_t size);

/* Copies bytes that are `offset` behind the first, and leaves them. The caller has checked that they are there. */
void queue__load(struct vm *vm, const struct queue *queue, uint32_t offset, void *to, uint32_t size);
int queue__load_guest(struct vm *vm, const struct queue *queue, uint32_t offset, uint64_t address, uint32_t size);
void queue__drop(struct queue *queue, uint32_t size);

static inline uint32_t queue__room(const struct queue *queue) {
    return QUEUE_BYTES - queue->size;
}

/* Gives its pages back. */
void queue__release(struct vm *vm, struct queue *queue);

#endif
