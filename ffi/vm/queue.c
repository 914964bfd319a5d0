#include "queue.h"

#include <errno.h>
#include <string.h>

#include "internal.h"

/* The part of one page at a distance behind the queue's first byte. */
struct part {
    uint64_t address;
    uint32_t size;
};

static struct part part_of(const struct queue *queue, uint32_t offset, uint32_t size) {
    uint32_t position = (queue->start + offset) % QUEUE_BYTES;
    uint32_t in_page = position & (uint32_t)PAGE_MASK;
    uint32_t left = (uint32_t)PAGE_SIZE - in_page;
    return (struct part){queue->pages[position / PAGE_SIZE] + in_page, size < left ? size : left};
}

/* Takes the pages that the bytes will lie in. */
static int ensure_pages(struct vm *vm, struct queue *queue, uint32_t offset, uint32_t size) {
    for (uint32_t done = 0; done < size;) {
        uint32_t position = (queue->start + offset + done) % QUEUE_BYTES;
        uint64_t *page = &queue->pages[position / PAGE_SIZE];
        if (*page == 0) *page = frames__take(vm, 1);
        if (*page == 0) return -ENOMEM;
        done += part_of(queue, offset + done, size - done).size;
    }
    return 0;
}

int queue__store(struct vm *vm, struct queue *queue, uint32_t after, const void *from, uint32_t size) {
    int status = ensure_pages(vm, queue, queue->size + after, size);
    if (status != 0) return status;
    for (uint32_t done = 0; done < size;) {
        struct part part = part_of(queue, queue->size + after + done, size - done);
        memcpy(frames__at(vm, part.address), (const uint8_t *)from + done, part.size);
        frames__wrote(vm, part.address, part.size);
        done += part.size;
    }
    return 0;
}

int queue__store_guest(struct vm *vm, struct queue *queue, uint32_t after, uint64_t address, uint32_t size) {
    int status = ensure_pages(vm, queue, queue->size + after, size);
    for (uint32_t done = 0; status == 0 && done < size;) {
        struct part part = part_of(queue, queue->size + after + done, size - done);
        status = access__read(vm, frames__at(vm, part.address), address + done, part.size);
        frames__wrote(vm, part.address, part.size);
        done += part.size;
    }
    return status;
}

void queue__commit(struct queue *queue, uint32_t size) {
    queue->size += size;
}

void queue__load(struct vm *vm, const struct queue *queue, uint32_t offset, void *to, uint32_t size) {
    for (uint32_t done = 0; done < size;) {
        struct part part = part_of(queue, offset + done, size - done);
        memcpy((uint8_t *)to + done, frames__at(vm, part.address), part.size);
        done += part.size;
    }
}

int queue__load_guest(struct vm *vm, const struct queue *queue, uint32_t offset, uint64_t address, uint32_t size) {
    int status = 0;
    for (uint32_t done = 0; status == 0 && done < size;) {
        struct part part = part_of(queue, offset + done, size - done);
        status = access__write(vm, address + done, frames__at(vm, part.address), part.size);
        done += part.size;
    }
    return status;
}

void queue__drop(struct queue *queue, uint32_t size) {
    queue->size -= size;
    /* An empty queue begins anew, so that what is small uses its first page only. */
    queue->start = queue->size == 0 ? 0 : (queue->start + size) % QUEUE_BYTES;
}

void queue__release(struct vm *vm, struct queue *queue) {
    for (uint32_t i = 0; i < QUEUE_PAGES; i++) {
        if (queue->pages[i] != 0) frames__give(vm, queue->pages[i], 1);
    }
    *queue = (struct queue){0};
}
