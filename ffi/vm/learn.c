#include "learn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dirty.h"
#include "fold.h"
#include "internal.h"
#include "snapshot.h"
#include "tables.h"

/* Pages between two that are written are copied along: 0.8 us each, against 1 to 2 us for another call. */
#define GAP_PAGES 2u
/* KVM looks for neighbours within eight pages that begin at a multiple of eight. */
#define GROUP_BYTES (8 * PAGE_SIZE)

typedef void learn_visit(struct vm *vm, uint64_t *entry);

static void learn__visit_views(struct vm *vm, learn_visit *visit) {
    const struct area_table *areas = &vm->kernel->areas;
    uint64_t *entry;
    for (uint32_t i = 0; i < areas->used; i++) {
        if (areas->items[i].file == 0) continue;
        for (uint64_t at = areas->items[i].start; table__next(vm, &at, areas->items[i].end, &entry); at += PAGE_SIZE) {
            if ((*entry & PTE_PRESENT) && (*entry & PTE_ADDRESS) >= VIEW_BASE) visit(vm, entry);
        }
    }
}

static void learn__forget(struct vm *vm, uint64_t *entry) {
    table__store(vm, entry, *entry & ~PTE_ACCESSED);
}

void learn__begin(struct vm *vm) {
    learn__visit_views(vm, learn__forget);
}

static void learn__remember(struct vm *vm, uint64_t *entry) {
    if (!(*entry & PTE_ACCESSED)) table__store(vm, entry, *entry | PTE_ACCESSED);
}

void learn__end(struct vm *vm) {
    learn__visit_views(vm, learn__remember);
}

static void learn__warm(struct vm *vm, uint64_t *entry) {
    if (!(*entry & PTE_ACCESSED)) return;
    regions__warm(vm->regions, *entry & PTE_ADDRESS & ~(GROUP_BYTES - 1), GROUP_BYTES / PAGE_SIZE);
}

static uint32_t learn__runs(const uint64_t *bits, uint64_t pages, struct snapshot_run *runs) {
    uint32_t count = 0;
    for (uint64_t page = 0; page < pages; page++) {
        if (!(bits[page / 64] >> (page % 64) & 1)) continue;
        struct snapshot_run *last = count > 0 ? &runs[count - 1] : NULL;
        if (last != NULL && page - (last->first + last->count) <= GAP_PAGES) {
            last->count = (uint32_t)(page - last->first) + 1;
        } else {
            runs[count++] = (struct snapshot_run){(uint32_t)page, 1};
        }
    }
    return count;
}

int vm_snapshot_learn(struct vm_snapshot *snapshot, struct vm *served) {
    if (served->snapshot != snapshot) return -EINVAL;
    /* Once: other threads may be cloning with what was learned. */
    if (atomic_load(&snapshot->learned) != NULL) return 0;
    int error = dirty__collect(served);
    if (error != 0) return error;
    uint64_t pages = snapshot->data.bytes / PAGE_SIZE;
    struct snapshot_learned *learned = malloc(sizeof *learned + (pages + 1) * sizeof *learned->runs);
    if (learned == NULL) return -ENOMEM;
    learn__visit_views(served, learn__warm);
    error = fold__learn(snapshot, served);
    learned->count = learn__runs(served->memory.data.written, pages, learned->runs);
    struct snapshot_learned *none = NULL;
    if (!atomic_compare_exchange_strong(&snapshot->learned, &none, learned)) free(learned);
    return error;
}

void learn__apply(const struct vm_snapshot *snapshot, struct vm *vm) {
    const struct snapshot_learned *learned = atomic_load(&snapshot->learned);
    for (uint32_t i = 0; learned != NULL && i < learned->count; i++) {
        const struct snapshot_run *run = &learned->runs[i];
        madvise(vm->memory.data.host + run->first * PAGE_SIZE, run->count * PAGE_SIZE, MADV_POPULATE_WRITE);
    }
}
