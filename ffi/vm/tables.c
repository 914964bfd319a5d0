#include "tables.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

#define ENTRIES 512u
#define LOWEST 0
#define HIGHEST 3
#define LINK (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)

static uint64_t *table__at(struct vm *vm, uint64_t table, uint64_t address, int level) {
    uint64_t *entries = (uint64_t *)(void *)(vm->memory.system.host + table);
    return entries + ((address >> (PAGE_SHIFT + 9 * level)) & (ENTRIES - 1));
}

/* Tables are the VMM's own; but a snapshot's come from a file. */
static uint64_t table__of(const struct vm *vm, uint64_t entry) {
    uint64_t table = entry & PTE_ADDRESS;
    return table >= TABLE_FIRST && table < vm->memory.system.mapped ? table : 0;
}

static uint64_t table__new(struct vm *vm) {
    struct space *space = &vm->kernel->space;
    if (space->next_table + PAGE_SIZE > SYSTEM_MAX) return 0;
    uint64_t table = space->next_table;
    if (memory__attach(vm, table, 1) != 0) return 0;
    space->next_table += PAGE_SIZE;
    vm->memory.tables_grew = 1;
    /* The page may have been a table before, in what a reset undid. */
    memset(vm->memory.system.host + table, 0, PAGE_SIZE);
    memory__wrote(vm, table, PAGE_SIZE);
    return table;
}

static uint64_t *table__walk(struct vm *vm, uint64_t address, int make) {
    uint64_t table = TABLE_ROOT;
    for (int level = HIGHEST; level > LOWEST; level--) {
        uint64_t *entry = table__at(vm, table, address, level);
        if ((*entry & (PTE_PRESENT | PTE_FOLDED)) == 0) {
            if (!make) return NULL;
            uint64_t next = table__new(vm);
            if (next == 0) return NULL;
            table__store(vm, entry, next | LINK);
        }
        table = table__of(vm, *entry);
        if (table == 0) return NULL;
    }
    return table__at(vm, table, address, LOWEST);
}

uint64_t *table__link(struct vm *vm, uint64_t address) {
    uint64_t table = TABLE_ROOT;
    for (int level = HIGHEST; level > LOWEST + 1; level--) {
        uint64_t entry = *table__at(vm, table, address, level);
        if ((entry & PTE_PRESENT) == 0) return NULL;
        table = table__of(vm, entry);
        if (table == 0) return NULL;
    }
    uint64_t *link = table__at(vm, table, address, LOWEST + 1);
    return (*link & (PTE_PRESENT | PTE_FOLDED)) == 0 ? NULL : link;
}

uint64_t *table__entry(struct vm *vm, uint64_t address) {
    return table__walk(vm, address, 0);
}

uint64_t *table__entry_made(struct vm *vm, uint64_t address) {
    return table__walk(vm, address, 1);
}

void table__store(struct vm *vm, uint64_t *entry, uint64_t value) {
    *entry = value;
    memory__wrote(vm, SYSTEM_BASE + (uint64_t)((uint8_t *)entry - vm->memory.system.host), sizeof *entry);
}

uint64_t table__bits(uint32_t protection) {
    uint64_t bits = PTE_OWNED | PTE_USER | PTE_ACCESSED | PTE_DIRTY;
    if (protection != PROT_NONE) bits |= PTE_PRESENT;
    if (protection & PROT_WRITE) bits |= PTE_WRITE;
    if (!(protection & PROT_EXEC)) bits |= PTE_NO_EXEC;
    return bits;
}

int table__map(struct vm *vm, uint64_t address, uint64_t pages, uint64_t physical, uint32_t protection) {
    uint64_t bits = table__bits(protection);
    uint64_t *entry = NULL;
    for (uint64_t i = 0; i < pages; i++) {
        if (entry == NULL || (address & (TABLE_REACH - 1)) == 0) entry = table__entry_made(vm, address);
        if (entry == NULL) return -ENOMEM;
        table__store(vm, entry, (physical + i * PAGE_SIZE) | bits);
        entry++;
        address += PAGE_SIZE;
    }
    return 0;
}

/* The entry of a page; or NULL, and how many bytes around it have no table either. */
static uint64_t *table__entry_or_hole(struct vm *vm, uint64_t address, uint64_t *hole) {
    uint64_t table = TABLE_ROOT;
    for (int level = HIGHEST; level > LOWEST; level--) {
        const uint64_t *entry = table__at(vm, table, address, level);
        *hole = PAGE_SIZE << (9 * level);
        /* A folded table is one: what it maps comes back when it is touched. */
        if ((*entry & (PTE_PRESENT | PTE_FOLDED)) == 0) return NULL;
        table = table__of(vm, *entry);
        if (table == 0) return NULL;
    }
    return table__at(vm, table, address, LOWEST);
}

int table__next(struct vm *vm, uint64_t *address, uint64_t end, uint64_t **entry) {
    uint64_t at = *address;
    while (at < end) {
        uint64_t hole;
        uint64_t *found = table__entry_or_hole(vm, at, &hole);
        if (found == NULL) {
            at = (at & ~(hole - 1)) + hole;
            continue;
        }
        uint64_t table_end = (at & ~(TABLE_REACH - 1)) + TABLE_REACH;
        for (; at < end && at < table_end; at += PAGE_SIZE, found++) {
            if ((*found & PTE_OWNED) == 0) continue;
            *address = at;
            *entry = found;
            return 1;
        }
    }
    return 0;
}

int table__prepare(struct vm *vm, uint64_t address, uint64_t bytes) {
    for (uint64_t at = address & ~(TABLE_REACH - 1); at < address + bytes; at += TABLE_REACH) {
        if (table__entry_made(vm, at) == NULL) return -ENOMEM;
    }
    return 0;
}
