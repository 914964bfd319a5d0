/*
 * A snapshot as a file: this head, then the checksums of its chunks, the kernel, the places of a difference's pages, and
 * the pages. Everything is where the head says; a chunk is checked before its bytes are believed.
 */
#ifndef MAYFLY_VM_SNAPSHOT_FILE_H
#define MAYFLY_VM_SNAPSHOT_FILE_H

#include <stdint.h>

#include "layout.h"
#include "snapshot.h"

#define SNAPSHOT_MAGIC UINT64_C(0x31706e7379666d2e) /* ".mfysnp1" */
#define SNAPSHOT_CHUNK_BYTES (UINT64_C(64) << 10)
#define SNAPSHOT_BUILD_BYTES 32u

struct snapshot_extent {
    uint64_t offset, bytes;
};

struct snapshot_head {
    uint64_t magic;
    uint32_t abi;
    uint32_t is_difference;
    char build[SNAPSHOT_BUILD_BYTES]; /* of the engine that wrote it */
    uint64_t cpu;                     /* hash of the CPU's features */
    uint32_t kind;                    /* of KVM */
    uint32_t view_count;
    uint8_t id[SNAPSHOT_ID_BYTES], parent_id[SNAPSHOT_ID_BYTES];
    uint8_t views[VIEWS_MAX][32];
    uint64_t view_banks[VIEWS_MAX][VIEW_BANK_WORDS];
    uint64_t bytes; /* of the whole file */
    struct snapshot_extent checksums, kernel, places, system, data, pages;
    uint64_t system_bytes, data_bytes; /* of the areas */
    struct vm_limits limits;
    struct context context;
    uint32_t restored_thread;
    uint32_t page_count;
    uint32_t table_checksum; /* of the checksums */
    uint32_t checksum;       /* of all before it */
};
_Static_assert(sizeof(struct snapshot_head) <= PAGE_SIZE, "the head is one page");

/* CRC-32C. */
uint32_t snapshot__checksum(const void *bytes, uint64_t size);
/* What the CPU and KVM here are, as a snapshot is bound to it. */
uint64_t snapshot__cpu(const struct vm_machine *machine);
const char *snapshot__build(void);

/* Checks the chunks that hold these bytes of the file, if nobody has. */
int snapshot__check(struct vm_snapshot *snapshot, uint64_t offset, uint64_t bytes);

/* Makes the object for a file whose head is good. */
int snapshot__open(struct vm_machine *machine, int file, const struct vm_snapshot *parent, struct regions *regions,
                   const struct snapshot_head *head, struct vm_snapshot **snapshot);

#endif
