/*
 * A snapshot: what a VM was at one moment, to make clones of.
 *
 * Its pages are in a file. A flat one has them all, in place, so that a clone maps the file privately. A difference has only
 * those that are not as in its parent, which is flat: a clone maps the parent's file and gets the others copied.
 */
#ifndef MAYFLY_VM_SNAPSHOT_H
#define MAYFLY_VM_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "kernel.h"
#include "memory.h"
#include "regions.h"
#include "thread.h"
#include "vm.h"

#define SNAPSHOT_ID_BYTES 16u
/* Functions that are built one after the other are the most alike. */
#define SIBLINGS_MAX 4u

struct snapshot_part {
    uint64_t bytes;       /* of the area */
    const uint8_t *image; /* of a flat one: its pages in the file */
    uint64_t file_offset;
    /* Of a difference: for each page 0, or where it is among the pages of the file, from 1. */
    uint32_t *places;
};

struct snapshot_run {
    uint32_t first, count; /* pages of the data area */
};

/* Published whole: clones are made while one is learned from. */
struct snapshot_learned {
    uint32_t count;
    struct snapshot_run runs[];
};

/* Addresses of tables that are unfolded: fold.h. */
struct snapshot_opened {
    uint32_t count;
    uint64_t addresses[];
};

struct vm_snapshot {
    atomic_uint references;
    struct vm_machine *machine;
    const struct vm_snapshot *parent; /* of a difference */
    int file;
    uint8_t id[SNAPSHOT_ID_BYTES];

    const uint8_t *mapping; /* the whole file */
    uint64_t mapping_bytes;
    struct snapshot_part system, data;
    /* Of a difference: its pages in the file, each page's place (page of the area << 1 | is of data), and where it is read. */
    const uint8_t *pages;
    uint32_t page_count;
    const uint64_t *order;
    _Atomic(const uint8_t *) *contents;
    /* Of a parent: its differences that were loaded last. */
    pthread_mutex_t sharing;
    struct vm_snapshot *siblings[SIBLINGS_MAX];
    uint32_t next_sibling;

    struct vm_limits limits;
    struct regions *regions;
    struct kernel *kernel;
    struct context context;
    uint32_t restored_thread; /* whose FPU, FS and GS the restore page has */
    uint64_t view_banks[VIEWS_MAX][VIEW_BANK_WORDS]; /* that a clone will need: a bit each */

    /* Chunks of the file that were compared with their checksums. */
    const uint32_t *checksums;
    uint32_t chunk_count;
    uint32_t next_chunk;
    atomic_uchar *checked;

    atomic_int is_learning;       /* a clone was made to learn from */
    _Atomic(struct snapshot_learned *) learned; /* what a request writes */
    _Atomic(struct snapshot_opened *) opened;
};

/* The page as it is in the snapshot, of the system or the data area. NULL when it is all zero. */
const uint8_t *snapshot__page(const struct vm_snapshot *snapshot, int of_data, uint64_t page);

void snapshot__keep(struct vm_snapshot *snapshot);

#endif
