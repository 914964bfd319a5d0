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

#include "layout.h"

struct vm;

#define FRAME_WORDS_MAX (DATA_MAX / PAGE_SIZE / 64)

struct frame_table {
    uint32_t next;   /* pages from here on were never used */
    uint32_t in_use; /* pages given out */
    uint32_t lowest; /* no word before this one has a free page */
    uint32_t used;   /* words: as many as pages before `next` need */
    uint64_t items[FRAME_WORDS_MAX]; /* a bit for each free page before `next` */
};

/* `count` pages that follow one another, all zero. 0 when the guest's limit or the room is used up. */
uint64_t frames__take(struct vm *vm, uint32_t count);
/* Gives pages back; nothing may point at them any more. */
void frames__give(struct vm *vm, uint64_t first, uint32_t count);
/* Free pages that still hold what was in them are the host's again: before a snapshot. */
void frames__drop_free(struct vm *vm);

/* A frame that was noted in guest-physical memory: the same, or 0 for what can be none. */
uint64_t frames__checked(const struct vm *vm, uint64_t address);

/* Host memory of pages that were taken. Every write through it has to be told. */
uint8_t *frames__at(struct vm *vm, uint64_t address);
void frames__wrote(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
