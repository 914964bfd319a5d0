/*
 * Which pages of the data area are in use: by the guest's address space, or by the kernel for it (contents of files,
 * buffers of pipes). Pages are named by their guest-physical address; 0 is no page.
 *
 * What a file or a pipe holds lives in these pages and not in host memory, so that a snapshot, a clone and a reset take
 * it along, and the guest's limit of memory counts it.
 */
#ifndef MAYFLY_VM_FRAMES_H
#define MAYFLY_VM_FRAMES_H

#include <stdint.h>

struct vm;

#define FRAME_EXTENTS_MAX 16384u

struct frame_extent {
    uint32_t first; /* page number in the data area */
    uint32_t count;
};

struct frame_table {
    uint32_t next;    /* pages from here on were never used */
    uint32_t in_use;  /* pages given out */
    uint32_t used;    /* free extents below `next`, sorted, never touching one another */
    struct frame_extent items[FRAME_EXTENTS_MAX];
};

/* `count` pages that follow one another, all zero. 0 when the guest's limit or the room is used up. */
uint64_t frames__take(struct vm *vm, uint32_t count);
/* Gives pages back; nothing may point at them any more. Their contents are gone at once. */
void frames__give(struct vm *vm, uint64_t first, uint32_t count);

/* Host memory of pages that were taken. Every write through it has to be told. */
uint8_t *frames__at(struct vm *vm, uint64_t address);
void frames__wrote(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
