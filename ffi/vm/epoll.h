/* epoll(7): which of many open files are ready. */
#ifndef MAYFLY_VM_EPOLL_H
#define MAYFLY_VM_EPOLL_H

#include <stdint.h>

#include "wait.h"

struct vm;
struct file;

#define LOOKS_MAX 65536u /* in one call */
#define EPOLLS_MAX 64u
#define EPOLL_ITEMS_MAX 4096u /* of all epolls together */

struct epoll {
    uint32_t in_use;
    uint32_t last; /* item + 1: the items are a ring, so that each comes first in its turn; 0 is none */
    uint32_t holds_epolls; /* items that are epolls themselves */
    uint32_t reserved;
};

struct epoll_item {
    uint32_t file; /* index + 1; 0 is free */
    uint32_t descriptor;
    uint32_t epoll;
    uint32_t next; /* item + 1 */
    uint32_t events;
    uint32_t told; /* of a one-shot item: it is silent until it is set again */
    uint64_t data;
    uint64_t seen_edge; /* of an edge-triggered item */
};

struct epoll_table {
    struct epoll epolls[EPOLLS_MAX];
    uint32_t used;
    uint32_t reserved;
    struct epoll_item items[EPOLL_ITEMS_MAX];
};

/* NULL for -ENFILE. */
struct file *epoll__open(struct vm *vm);
int64_t epoll__add(struct vm *vm, struct file *epoll, uint32_t descriptor, uint32_t events, uint64_t data);
int64_t epoll__change(struct vm *vm, struct file *epoll, uint32_t descriptor, uint32_t events, uint64_t data);
int64_t epoll__remove(struct vm *vm, struct file *epoll, uint32_t descriptor);

struct epoll_event;
/* Up to `capacity` events that are there now; they count as told. */
uint32_t epoll__collect(struct vm *vm, struct file *epoll, struct epoll_event *events, uint32_t capacity);

/* The file goes: no epoll watches it any more. */
void epoll__forget(struct vm *vm, struct file *file);
void epoll__awaits(struct vm *vm, struct file *epoll, struct awaited *awaited);

#endif
