/*
 * A VM's guest-physical memory: where it is in the host, which banks of it KVM knows, which pages were written.
 *
 * The host side of an area is one reservation. A bank is a memory slot: a part of an area that KVM knows; it is attached
 * when a page in it is first given to the guest.
 */
#ifndef MAYFLY_VM_MEMORY_H
#define MAYFLY_VM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

struct vm;
struct shell;

#define BANK_BYTES (UINT64_C(32) << 20)
#define SYSTEM_BANKS (SYSTEM_MAX / BANK_BYTES)

struct memory_area {
    uint8_t *host;       /* of the area's first byte */
    uint64_t bytes;      /* reserved */
    uint64_t *written;   /* a bit per page: what the VMM wrote, and what it knows that the guest wrote */
    uint64_t *attached;  /* a bit per bank */
};

struct memory {
    struct memory_area system;
    struct memory_area data;
    uint64_t data_limit_pages;
    uint8_t *view_host[VIEWS_MAX]; /* read-only mappings of the views' regions, shared */
    uint64_t view_bytes[VIEWS_MAX];
    uint32_t slots_used;

    /* Below: for reset. Pages whose mapping changed since the snapshot; their shadow entries are stale after it. */
    struct memory_extent *journal;
    uint32_t journal_size;
    int journal_full;
    int tables_grew; /* a page-table page was added since the snapshot: the VM is closed, not reset */

    int translations_stale; /* entries in the vCPU's TLB may be older than the page tables */
    int is_clone;
    uint64_t snapshot_data_bytes;
};

struct memory_extent {
    uint64_t first; /* guest-physical */
    uint64_t pages;
};

int memory__init(struct vm *vm, uint64_t data_pages);
void memory__fini(struct vm *vm);

/* Host address of guest-physical memory of the system and data areas; NULL outside. */
uint8_t *memory__at(struct vm *vm, uint64_t physical);
/* Has to be told of every write that the VMM does through memory__at. */
void memory__wrote(struct vm *vm, uint64_t physical, uint64_t bytes);
/* Makes KVM know these pages. */
int memory__attach(struct vm *vm, uint64_t physical, uint64_t pages);

/*
 * After a page lost a mapping or a right to it. KVM's shadow of the old entry survives what is written to page tables from
 * here, so the pages are taken from under it: `drop` loses their contents (they read as zero, or as in the snapshot's file),
 * `keep` does not.
 */
int memory__drop(struct vm *vm, uint64_t physical, uint64_t pages);
int memory__zap(struct vm *vm, uint64_t physical, uint64_t pages);
/* These pages' mappings differ from the snapshot's. */
void memory__journal(struct vm *vm, uint64_t physical, uint64_t pages);

#endif
