/*
 * The guest's page tables. Only the VMM writes them; they lie in the system area, which the guest cannot see.
 */
#ifndef MAYFLY_VM_TABLES_H
#define MAYFLY_VM_TABLES_H

#include <stdint.h>

struct vm;

#define TABLE_ROOT UINT64_C(0x10000) /* guest-physical, of the top table */
#define TABLE_FIRST (TABLE_ROOT + UINT64_C(0x1000))
#define TABLE_REACH (UINT64_C(2) << 20) /* what one table of the lowest level covers */

/* The entry of a page, where its table exists: or NULL. */
uint64_t *table__entry(struct vm *vm, uint64_t address);
/* The same, with tables made as needed: or NULL when there is no room for them. */
uint64_t *table__entry_made(struct vm *vm, uint64_t address);

/* The entry that leads to the lowest table for an address: or NULL. */
uint64_t *table__link(struct vm *vm, uint64_t address);

/* Entries that differ from what they were have to be told: `entry` is one that the functions above returned. */
void table__store(struct vm *vm, uint64_t *entry, uint64_t value);

/* Bits for a page that the guest may use so (PROT_...). */
uint64_t table__bits(uint32_t protection);

/* Maps pages that follow one another. 0 or -ENOMEM. */
int table__map(struct vm *vm, uint64_t address, uint64_t pages, uint64_t physical, uint32_t protection);

/*
 * The next page from *address on, below `end`, whose entry owns a page: 1, its entry, and *address is its address. Holes are
 * skipped by the table. 0 when there is none.
 */
int table__next(struct vm *vm, uint64_t *address, uint64_t end, uint64_t **entry);

/* Makes all tables for a range, so that mapping there later adds none. */
int table__prepare(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
