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

/*
 * KVM takes 25 us for a slot of up to 4 MB and 75 for larger ones, and 8 bytes for each of its pages. Most guests are small.
 */
#define SYSTEM_BANK_BYTES (UINT64_C(4) << 20)
#define DATA_BANK_BYTES (UINT64_C(16) << 20)
#define VIEW_BANK_BYTES (UINT64_C(32) << 20)
#define VIEW_BANK_WORDS (VIEW_STRIDE / VIEW_BANK_BYTES / 64)

struct memory_area {
    uint64_t base; /* guest-physical */
    uint64_t bytes;
    uint64_t bank_bytes;
    uint8_t *host;
    uint64_t mapped;   /* bytes from its start that there are in the host; the rest comes when it is needed */
    uint64_t *written; /* a bit per page: what the VMM wrote. NULL for views */
};

#define ZAPS_MAX 256u
/* What is written for a clone before it runs: its clock, its random bytes, the stack of its hook. */
#define RECENT_MAX 8u

struct page_range {
    uint64_t first, pages;
};

struct memory {
    struct memory_area system;
    struct memory_area data;
    struct memory_area views[VIEWS_MAX]; /* read-only mappings of their regions, shared by all VMs of a view set */
    uint32_t view_count;
    int owns_host;

    int tables_grew; /* a page-table page was added since the snapshot: the VM is closed, not reset */

    int translations_stale;  /* entries in the vCPU's TLB may be older than the page tables */
    uint32_t zap_count; /* due before the next entry */
    struct page_range zaps[ZAPS_MAX];
    /* Pages of the data area that the VMM wrote since the clone or the reset; as many as there is room for, or more. */
    uint32_t recent_count;
    struct page_range recent[RECENT_MAX];
    uint64_t dirty_before; /* pages that earlier requests wrote */
    uint64_t snapshot_bytes; /* of the data area come from a snapshot's file; 0 before one was taken */
};

struct view_set;

#define SYSTEM_WORDS_MAX (SYSTEM_MAX / PAGE_SIZE / 64)
#define DATA_WORDS_MAX (DATA_MAX / PAGE_SIZE / 64)

/* Of the areas of one VM. */
struct memory_bits {
    uint64_t system[SYSTEM_WORDS_MAX], data[DATA_WORDS_MAX];
};

/* `room`: of a shell, with nothing in it, for SYSTEM_MAX + `data_bytes`; or NULL for memory of its own. */
int memory__init(struct vm *vm, struct memory_bits *bits, uint8_t *room, uint64_t data_bytes);
void memory__fini(struct vm *vm);
/* So much of an area is there from now on, zero where it was not. */
int memory__back(struct memory_area *area, uint64_t bytes);

/* The areas where they are in a host's memory. */
struct memory_area memory__system_area(uint8_t *host);
struct memory_area memory__data_area(uint8_t *host, uint64_t bytes);

/* Host address of guest-physical memory, of the VM's own or of a view; NULL outside. */
const uint8_t *memory__seen(struct vm *vm, uint64_t physical);
/* Likewise, to be written: NULL for what lies in a view, too, which all VMs see. */
uint8_t *memory__at(struct vm *vm, uint64_t physical);
/* Has to be told of every write that the VMM does through memory__at. */
void memory__wrote(struct vm *vm, uint64_t physical, uint64_t bytes);
/* Makes KVM know these pages. */
int memory__attach(struct vm *vm, uint64_t physical, uint64_t pages);

/* All of these new pages will be used: the host may back them by huge pages. */
void memory__expect_all(struct vm *vm, uint64_t physical, uint64_t pages);

/*
 * After a page lost a mapping or a right to it. KVM's shadow of the old entry survives what is written to page tables from
 * here, so the pages are taken from under it: `drop` loses their contents (they read as zero, or as in the snapshot's file),
 * `zap` does not.
 */
int memory__drop(struct vm *vm, uint64_t physical, uint64_t pages);
int memory__zap(struct vm *vm, uint64_t physical, uint64_t pages);
/* Before an entry: `zap` only notes what is due. */
int memory__zap_due(struct vm *vm);
#endif
