/*
 * The guest's address space: its areas, as mmap and its relatives make them. The page tables (tables.h) follow.
 */
#ifndef MAYFLY_VM_SPACE_H
#define MAYFLY_VM_SPACE_H

#include <stdint.h>

struct vm;
struct file;

#define AREAS_MAX 16384u

enum area_flag {
    AREA_SHARED = 1,
    AREA_STACK = 2, /* named [stack] */
    AREA_HEAP = 4,  /* named [heap] */
    AREA_FIXED = 8, /* the vdso: not to be changed by the guest */
};

struct area {
    uint64_t start, end;
    uint8_t protection; /* PROT_READ, PROT_WRITE, PROT_EXEC */
    uint8_t reserved;
    uint16_t flags;
    uint32_t file;        /* index + 1 of an open file that the area keeps, 0 for anonymous memory */
    uint64_t file_offset; /* of `start` in it */
};

struct area_table {
    uint32_t used; /* sorted by start, never overlapping */
    struct area items[AREAS_MAX];
};

struct space {
    uint64_t heap_start, heap_end; /* brk */
    uint64_t next_table;           /* guest-physical: page-table pages from here on are free */
};

/* The calls of the family, for the kernel's own use too. All return an address or 0, or -errno. */
int64_t space__map(struct vm *vm, uint64_t address, uint64_t length, uint32_t protection, uint32_t flags,
                   struct file *file, uint64_t offset);
int64_t space__unmap(struct vm *vm, uint64_t address, uint64_t length);
int64_t space__protect(struct vm *vm, uint64_t address, uint64_t length, uint32_t protection);
int64_t space__remap(struct vm *vm, uint64_t address, uint64_t old_length, uint64_t new_length, uint32_t flags,
                     uint64_t new_address);

/* The file that an area keeps open, or NULL. */
struct file *space__file(struct vm *vm, const struct area *area);

/* Does a range hold anything that the guest may not change? */
int space__has_fixed(struct vm *vm, uint64_t start, uint64_t end);

/* The area that holds an address, or NULL; the first one that ends after it. */
struct area *space__area(struct vm *vm, uint64_t address);
uint32_t space__first(const struct vm *vm, uint64_t address);

/* A page that is not there, or not for this, was touched: 1 when it is there now, 0 when it is a fault of the guest's,
 * -ENOMEM. */
int space__fault(struct vm *vm, uint64_t address, int write, int execute);

/* Everything of the guest's goes, what the VMM gave it stays: exec. */
void space__clear(struct vm *vm);

#endif
