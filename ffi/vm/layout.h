/*
 * Where things are: guest-physical areas, guest-virtual landmarks, page-table bits.
 *
 * The areas are far apart so that each can grow. What of an area exists is mapped by small memory slots ("banks"), for
 * KVM's cost of a slot grows with its size.
 */
#ifndef MAYFLY_VM_LAYOUT_H
#define MAYFLY_VM_LAYOUT_H

#include <stdint.h>

#define PAGE_SIZE UINT64_C(4096)
#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_SHIFT 12

static inline uint64_t page_down(uint64_t address) {
    return address & ~PAGE_MASK;
}

/* The caller has checked that this does not wrap. */
static inline uint64_t page_up(uint64_t address) {
    return (address + PAGE_MASK) & ~PAGE_MASK;
}

/* ---- guest-physical ------------------------------------------------------------------------------------ */

/*
 * Descriptor tables, stubs, then page tables. The guest sees the stub of system calls and the restore page, and those only
 * with KVM in software.
 */
#define SYSTEM_BASE UINT64_C(0x0)
#define SYSTEM_MAX (UINT64_C(64) << 20)
/* All that the guest can write, and what the kernel keeps for it: file contents, pipe buffers. */
#define DATA_BASE (UINT64_C(4) << 30)
#define DATA_MAX (UINT64_C(32) << 30)
/* Read-only contents of files, shared by all clones. One region per view. */
#define VIEW_BASE (UINT64_C(64) << 30)
#define VIEW_STRIDE (UINT64_C(8) << 30)
#define VIEWS_MAX 8u

/* ---- guest-virtual ------------------------------------------------------------------------------------- */

#define USER_FIRST UINT64_C(0x10000)
#define STACK_TOP UINT64_C(0x7fffe0000000)
#define STACK_BYTES (UINT64_C(8) << 20)
#define PROGRAM_BASE UINT64_C(0x7e0000000000) /* position-independent programs */
#define MMAP_FIRST UINT64_C(0x7f0000000000)
/* Reservations of terabytes, which garbage collectors make, find no room above: they come to lie from here on. */
#define MMAP_VAST_FIRST UINT64_C(0x100000000000)
#define MMAP_LAST (STACK_TOP - STACK_BYTES - (UINT64_C(1) << 20))
#define VVAR_ADDRESS UINT64_C(0x7fffe0100000) /* what the VMM tells the guest: clocks, generation, entropy */
#define VDSO_ADDRESS UINT64_C(0x7fffe0101000)
#define SYSTEM_ADDRESS UINT64_C(0x7ffff0000000) /* the system pages; nothing of the guest's at or above */
#define USER_LAST SYSTEM_ADDRESS

/* ---- page-table entries -------------------------------------------------------------------------------- */

#define PTE_PRESENT UINT64_C(0x1)
#define PTE_WRITE UINT64_C(0x2)
#define PTE_USER UINT64_C(0x4)
/* Preset, or KVM sets them and so copies the table's page. */
#define PTE_ACCESSED UINT64_C(0x20)
#define PTE_DIRTY UINT64_C(0x40)
/* Ours: the entry owns a page although it may not be present (PROT_NONE). */
#define PTE_OWNED UINT64_C(0x200)
/* Ours: the page belongs to a file of the guest's, not to the address space. */
#define PTE_SHARED UINT64_C(0x400)
/* Ours, of an entry that leads to a lowest table: not present though the table is good, see fold.h. */
#define PTE_FOLDED UINT64_C(0x800)
#define PTE_NO_EXEC (UINT64_C(1) << 63)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)

#endif
