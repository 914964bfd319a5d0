#include "learn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "fold.h"
#include "internal.h"
#include "snapshot.h"
#include "tables.h"

/* Pages between two that are touched are copied along: 0.3 us each, against 1 us for another call. */
#define GAP_PAGES 7u
/* KVM looks for neighbours within eight pages that begin at a multiple of eight. */
#define GROUP_BYTES (8 * PAGE_SIZE)

void learn__begin(struct vm *vm) {
    const struct area_table *areas = &vm->kernel->areas;
    uint64_t *entry;
    for (uint32_t i = 0; i < areas->used; i++) {
        for (uint64_t at = areas->items[i].start; table__next(vm, &at, areas->items[i].end, &entry); at += PAGE_SIZE) {
            if (*entry & PTE_PRESENT) table__store(vm, entry, *entry & ~PTE_ACCESSED);
        }
    }
}

struct touched {
    uint64_t *data; /* a bit per page */
    uint64_t data_pages;
};

static int learn__is_set(const uint64_t *bits, uint64_t page) {
    return (bits[page / 64] >> (page % 64) & 1) != 0;
}

/* Of views, what was touched gets warm at once; of the data area it is noted. */
static void learn__touched(struct vm *vm, struct touched *touched) {
    const struct area_table *areas = &vm->kernel->areas;
    uint64_t *entry;
    for (uint32_t i = 0; i < areas->used; i++) {
        for (uint64_t at = areas->items[i].start; table__next(vm, &at, areas->items[i].end, &entry); at += PAGE_SIZE) {
            if ((*entry & (PTE_PRESENT | PTE_ACCESSED)) != (PTE_PRESENT | PTE_ACCESSED)) continue;
            uint64_t physical = *entry & PTE_ADDRESS;
            if (physical >= VIEW_BASE) {
                regions__warm(vm->regions, physical & ~(GROUP_BYTES - 1), GROUP_BYTES / PAGE_SIZE);
                continue;
            }
            uint64_t page = (physical - DATA_BASE) / PAGE_SIZE;
            if (page < touched->data_pages) touched->data[page / 64] |= UINT64_C(1) << (page % 64);
        }
    }
}

static uint32_t learn__runs(const uint64_t *bits, uint64_t pages, struct snapshot_run *runs) {
    uint32_t count = 0;
    for (uint64_t page = 0; page < pages; page++) {
        if (!learn__is_set(bits, page)) continue;
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
    int error = reset__collect(served);
    if (error != 0) return error;
    uint64_t pages = snapshot->data.bytes / PAGE_SIZE;
    struct touched touched = {.data = calloc(pages / 64 + 1, sizeof(uint64_t)), .data_pages = pages};
    struct snapshot_run *runs = malloc((pages + 1) * sizeof *runs);
    if (touched.data == NULL || runs == NULL) {
        free(touched.data);
        free(runs);
        return -ENOMEM;
    }
    learn__touched(served, &touched);
    const uint64_t *written = served->memory.data.written;
    for (uint64_t page = 0; page < pages; page++) {
        if (learn__is_set(written, page)) touched.data[page / 64] |= UINT64_C(1) << (page % 64);
    }
    free(snapshot->learned);
    snapshot->learned_count = learn__runs(touched.data, pages, runs);
    snapshot->learned = runs;
    free(touched.data);
    return fold__learn(snapshot, served);
}

void learn__apply(const struct vm_snapshot *snapshot, struct vm *vm) {
    for (uint32_t i = 0; i < snapshot->learned_count; i++) {
        const struct snapshot_run *run = &snapshot->learned[i];
        madvise(vm->memory.data.host + run->first * PAGE_SIZE, run->count * PAGE_SIZE, MADV_POPULATE_WRITE);
    }
}
