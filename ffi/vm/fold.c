#include "fold.h"

#include <errno.h>
#include <stdlib.h>

#include "internal.h"
#include "snapshot.h"
#include "tables.h"

#define TABLE_ENTRIES 512u
#define LEARNED_MAX 256u

static int fold__is_beyond(uint64_t entry) {
    uint64_t physical = entry & PTE_ADDRESS;
    return (entry & PTE_OWNED) != 0 && physical >= DATA_BASE + DATA_BANK_BYTES && physical < VIEW_BASE;
}

static void fold__close(struct vm *vm, uint64_t address) {
    uint64_t *link = table__link(vm, address);
    if (link == NULL || (*link & PTE_FOLDED)) return;
    const uint64_t *entries = table__entry(vm, address & ~(TABLE_REACH - 1));
    for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
        if (!fold__is_beyond(entries[i])) continue;
        table__store(vm, link, (*link & ~PTE_PRESENT) | PTE_FOLDED);
        return;
    }
}

void fold__close_all(struct vm *vm) {
    if ((uint64_t)vm->kernel->frames.next * PAGE_SIZE <= DATA_BANK_BYTES) return;
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = 0; i < areas->used; i++) {
        uint64_t *entry;
        for (uint64_t at = areas->items[i].start; table__next(vm, &at, areas->items[i].end, &entry);) {
            fold__close(vm, at);
            at = (at & ~(TABLE_REACH - 1)) + TABLE_REACH;
        }
    }
}

int fold__open(struct vm *vm, uint64_t address) {
    uint64_t *link = table__link(vm, address);
    if (link == NULL || !(*link & PTE_FOLDED)) return 0;
    const uint64_t *entries = table__entry(vm, address & ~(TABLE_REACH - 1));
    for (uint32_t i = 0; i < TABLE_ENTRIES; i++) {
        if (!fold__is_beyond(entries[i])) continue;
        int error = memory__attach(vm, entries[i] & PTE_ADDRESS, 1);
        if (error != 0) return -ENOMEM;
    }
    table__store(vm, link, (*link & ~PTE_FOLDED) | PTE_PRESENT);
    return 1;
}

/* By the addresses of the areas: those whose table is folded in the snapshot and open here. */
int fold__learn(struct vm_snapshot *snapshot, struct vm *served) {
    struct snapshot_opened *opened = malloc(sizeof *opened + LEARNED_MAX * sizeof *opened->addresses);
    if (opened == NULL) return -ENOMEM;
    uint32_t count = 0;
    const struct area_table *areas = &served->kernel->areas;
    for (uint32_t i = 0; i < areas->used; i++) {
        uint64_t next = areas->items[i].start, *entry;
        while (count < LEARNED_MAX && table__next(served, &next, areas->items[i].end, &entry)) {
            uint64_t at = next & ~(TABLE_REACH - 1);
            next = at + TABLE_REACH;
            const uint64_t *link = table__link(served, at);
            if (link == NULL || (*link & PTE_FOLDED)) continue;
            uint64_t where = (uint64_t)((const uint8_t *)link - served->memory.system.host);
            const uint8_t *then = snapshot__page(snapshot, 0, where / PAGE_SIZE);
            if (then == NULL) continue;
            uint64_t before = *(const uint64_t *)(const void *)(then + where % PAGE_SIZE);
            if ((before & PTE_FOLDED) && (count == 0 || opened->addresses[count - 1] != at)) opened->addresses[count++] = at;
        }
    }
    opened->count = count;
    struct snapshot_opened *none = NULL;
    if (!atomic_compare_exchange_strong(&snapshot->opened, &none, opened)) free(opened);
    return 0;
}

int fold__apply(const struct vm_snapshot *snapshot, struct vm *vm) {
    const struct snapshot_opened *opened = atomic_load(&snapshot->opened);
    for (uint32_t i = 0; opened != NULL && i < opened->count; i++) {
        int error = fold__open(vm, opened->addresses[i]);
        if (error < 0) return error;
    }
    return 0;
}
