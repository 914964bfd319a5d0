#include "space_fill.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "fold.h"
#include "internal.h"
#include "map.h"
#include "tables.h"

/* Larger areas get their pages as they are touched, so many at a time. */
#define EAGER_BYTES (UINT64_C(4) << 20)
#define CLUSTER_PAGES 64u
/*
 * A large area that is used from its start on gets more at a time, backed by huge pages: touching 16 MB takes 6 ms instead
 * of 20. Not others, for each change of backing is a mapping of the host's, of which a process may have 65,530.
 */
#define HUGE_AREA_BYTES (UINT64_C(16) << 20)
#define HUGE_CLUSTER_PAGES 512u

static int fill__is_view(uint64_t physical) {
    return physical >= VIEW_BASE;
}

/* ---- pages of the guest's own ------------------------------------------------------------------------- */

/* Maps new zeroed pages where the range has none, in runs as long as there are. */
static int fill__anonymous(struct vm *vm, uint64_t start, uint64_t end, uint32_t protection) {
    uint64_t at = start, most = UINT64_MAX;
    while (at < end) {
        uint64_t owned = at, *entry;
        if (!table__next(vm, &owned, end, &entry)) owned = end;
        if (owned == at) {
            at += PAGE_SIZE;
            continue;
        }
        uint64_t pages = (owned - at) / PAGE_SIZE;
        if (pages > most) pages = most;
        uint64_t physical = frames__take(vm, (uint32_t)pages);
        if (physical == 0 && pages > 1) {
            pages = most = 1;
            physical = frames__take(vm, 1);
        }
        if (physical == 0) return -ENOMEM;
        int error = table__map(vm, at, pages, physical, protection);
        if (error != 0) return error;
        at += pages * PAGE_SIZE;
    }
    return 0;
}

/* A page with the file's bytes that the guest may write. */
static int fill__copy_of_file(struct vm *vm, const struct area *area, uint64_t start, uint64_t end) {
    int error = fill__anonymous(vm, start, end, area->protection);
    if (error != 0) return error;
    struct file *file = space__file(vm, area);
    for (uint64_t at = start; at < end;) {
        uint64_t physical = *table__entry(vm, at) & PTE_ADDRESS, pages = 1;
        while (at + pages * PAGE_SIZE < end &&
               (*table__entry(vm, at + pages * PAGE_SIZE) & PTE_ADDRESS) == physical + pages * PAGE_SIZE) {
            pages++;
        }
        int64_t count = map__read(vm, file, memory__at(vm, physical), pages * PAGE_SIZE,
                                  area->file_offset + (at - area->start));
        if (count < 0) return (int)count;
        memory__wrote(vm, physical, (uint64_t)count);
        at += pages * PAGE_SIZE;
    }
    return 0;
}

/* ---- pages of a file ---------------------------------------------------------------------------------- */

/* Read-only pages of a view, where the file lies in one unchanged: 1, or 0 when it does not. */
static int fill__from_view(struct vm *vm, const struct area *area, uint64_t start, uint64_t end) {
    uint32_t protection = area->protection & ~(uint32_t)PROT_WRITE;
    for (uint64_t at = start; at < end;) {
        uint64_t owned = at, *entry;
        if (table__next(vm, &owned, end, &entry) && owned == at) {
            at += PAGE_SIZE;
            continue;
        }
        uint8_t view;
        uint64_t offset;
        uint32_t count;
        int error = map__view_pages(vm, space__file(vm, area), area->file_offset + (at - area->start),
                                    (uint32_t)((end - at) / PAGE_SIZE), &view, &offset, &count);
        if (error == -ENOENT) return 0;
        /* Beyond the end of the file: touching it is SIGBUS. */
        if (error == -ENXIO) return 1;
        if (error != 0) return error;
        uint64_t limit = owned > at ? (owned - at) / PAGE_SIZE : 1;
        if (owned > at && count > limit) count = (uint32_t)limit;
        uint64_t physical = VIEW_BASE + view * VIEW_STRIDE + offset;
        error = memory__attach(vm, physical, count);
        if (error == 0) error = table__map(vm, at, count, physical, protection);
        if (error != 0) return error;
        at += count * PAGE_SIZE;
    }
    return 1;
}

static int fill__shared(struct vm *vm, const struct area *area, uint64_t start, uint64_t end) {
    for (uint64_t at = start; at < end; at += PAGE_SIZE) {
        uint64_t *entry = table__entry_made(vm, at), physical;
        if (entry == NULL) return -ENOMEM;
        if (*entry & PTE_OWNED) continue;
        int error = map__own_page(vm, space__file(vm, area), area->file_offset + (at - area->start), &physical);
        if (error != 0) return error == -ENXIO ? 0 : error;
        table__store(vm, entry, physical | table__bits(area->protection) | PTE_SHARED);
    }
    return 0;
}

static int fill__range(struct vm *vm, const struct area *area, uint64_t start, uint64_t end) {
    if (area->file == 0) return fill__anonymous(vm, start, end, area->protection);
    if (!(area->flags & AREA_SHARED) && (area->protection & PROT_WRITE)) {
        return fill__copy_of_file(vm, area, start, end);
    }
    int done = fill__from_view(vm, area, start, end);
    if (done != 0) return done < 0 ? done : 0;
    return area->flags & AREA_SHARED ? fill__shared(vm, area, start, end) : fill__copy_of_file(vm, area, start, end);
}

int fill__new(struct vm *vm, uint64_t start, uint64_t end, uint32_t flags) {
    const struct area *area = space__area(vm, start);
    if (area->protection == PROT_NONE) return 0;
    if (end - start > EAGER_BYTES || (flags & (MAP_NORESERVE | MAP_STACK))) return 0;
    return fill__range(vm, area, start, end);
}

/* ---- faults -------------------------------------------------------------------------------------------- */

/* A page that was read-only for it is a view's, or a page of a file opened for more since. */
static int fill__own_copy(struct vm *vm, const struct area *area, uint64_t address, uint64_t *entry) {
    uint64_t old = *entry & PTE_ADDRESS, page = frames__take(vm, 1);
    if (page == 0) return -ENOMEM;
    memcpy(memory__at(vm, page), memory__seen(vm, old), PAGE_SIZE);
    memory__wrote(vm, page, PAGE_SIZE);
    int error = memory__zap(vm, old, 1);
    if (error == 0) error = table__map(vm, page_down(address), 1, page, area->protection);
    return error;
}

static int fill__may(const struct area *area, int write, int execute) {
    if (area->protection == PROT_NONE) return 0;
    if (write) return (area->protection & PROT_WRITE) != 0;
    return !execute || (area->protection & PROT_EXEC) != 0;
}

static int fill__cluster(struct vm *vm, const struct area *area, uint64_t address) {
    uint64_t bytes = CLUSTER_PAGES * PAGE_SIZE, start = address & ~(bytes - 1), end = start + bytes;
    if (start < area->start) start = area->start;
    if (end > area->end) end = area->end;
    return fill__range(vm, area, start, end);
}

/* What lies before is in use, and nothing after. */
static int fill__grows(struct vm *vm, const struct area *area, uint64_t address) {
    uint64_t start = address & ~(CLUSTER_PAGES * PAGE_SIZE - 1), end = start + HUGE_CLUSTER_PAGES * PAGE_SIZE;
    if (area->file != 0 || area->end - area->start < HUGE_AREA_BYTES || start <= area->start || end > area->end) return 0;
    const uint64_t *before = table__entry(vm, start - PAGE_SIZE);
    uint64_t *entry;
    return before != NULL && (*before & PTE_OWNED) && !table__next(vm, &start, end, &entry);
}

static int fill__huge(struct vm *vm, const struct area *area, uint64_t address) {
    uint64_t start = address & ~(CLUSTER_PAGES * PAGE_SIZE - 1);
    uint64_t physical = frames__take(vm, HUGE_CLUSTER_PAGES);
    if (physical == 0) return -ENOMEM;
    memory__expect_all(vm, physical, HUGE_CLUSTER_PAGES);
    return table__map(vm, start, HUGE_CLUSTER_PAGES, physical, area->protection);
}

int space__fault(struct vm *vm, uint64_t address, int write, int execute) {
    int unfolded = fold__open(vm, address);
    if (unfolded != 0) return unfolded;
    struct area *found = address < USER_LAST ? space__area(vm, address) : NULL;
    if (found == NULL || !fill__may(found, write, execute)) return 0;
    struct area area = *found;
    uint64_t *entry = table__entry(vm, address);
    if (entry != NULL && (*entry & PTE_OWNED)) {
        if (write && !(*entry & PTE_WRITE) && fill__is_view(*entry & PTE_ADDRESS)) {
            int error = fill__own_copy(vm, &area, address, entry);
            return error == 0 ? 1 : error;
        }
        /* There already: the vCPU looked at an older entry. */
        return 1;
    }
    int error = fill__grows(vm, &area, address) ? fill__huge(vm, &area, address) : -ENOMEM;
    if (error == -ENOMEM) error = fill__cluster(vm, &area, address);
    if (error == -ENOMEM) error = fill__range(vm, &area, page_down(address), page_down(address) + PAGE_SIZE);
    if (error != 0) return error;
    entry = table__entry(vm, address);
    return entry != NULL && (*entry & PTE_OWNED) != 0;
}

/* ---- what becomes of them ------------------------------------------------------------------------------ */

/* Pages that follow one another and are being let go: dropped, or only taken from under their mappings. */
struct run_of_pages {
    uint64_t first, pages;
    int is_kept; /* a view's, or a file's of the guest's: they stay what they are */
};

static void fill__flush(struct vm *vm, struct run_of_pages *run) {
    if (run->pages > 0 && run->is_kept) memory__zap(vm, run->first, run->pages);
    else if (run->pages > 0) frames__give(vm, run->first, (uint32_t)run->pages);
    run->pages = 0;
}

static void fill__let_go(struct vm *vm, struct run_of_pages *run, uint64_t value) {
    uint64_t physical = value & PTE_ADDRESS;
    int is_kept = fill__is_view(physical) || (value & PTE_SHARED) != 0;
    if (run->pages > 0 && run->is_kept == is_kept && run->first + run->pages * PAGE_SIZE == physical) {
        run->pages++;
        return;
    }
    fill__flush(vm, run);
    *run = (struct run_of_pages){physical, 1, is_kept};
}

void fill__remove(struct vm *vm, uint64_t start, uint64_t end) {
    struct run_of_pages run = {0};
    uint64_t *entry;
    for (uint64_t at = start; table__next(vm, &at, end, &entry); at += PAGE_SIZE) {
        uint64_t value = *entry;
        table__store(vm, entry, 0);
        fill__let_go(vm, &run, value);
    }
    fill__flush(vm, &run);
}

int fill__forget(struct vm *vm, uint64_t start, uint64_t end) {
    struct run_of_pages run = {0};
    uint64_t *entry;
    for (uint64_t at = start; table__next(vm, &at, end, &entry); at += PAGE_SIZE) {
        if (fill__is_view(*entry & PTE_ADDRESS) || (*entry & PTE_SHARED)) continue;
        uint64_t value = *entry;
        table__store(vm, entry, 0);
        fill__let_go(vm, &run, value);
    }
    fill__flush(vm, &run);
    return 0;
}

static int fill__loses(uint64_t before, uint64_t after) {
    if (!(before & PTE_PRESENT)) return 0;
    return !(after & PTE_PRESENT) || ((before & PTE_WRITE) && !(after & PTE_WRITE)) ||
           (!(before & PTE_NO_EXEC) && (after & PTE_NO_EXEC));
}

int fill__protect(struct vm *vm, uint64_t start, uint64_t end, uint32_t protection) {
    struct run_of_pages lost = {.is_kept = 1};
    uint64_t *entry;
    for (uint64_t at = start; table__next(vm, &at, end, &entry); at += PAGE_SIZE) {
        uint64_t before = *entry, physical = before & PTE_ADDRESS;
        uint32_t allowed = fill__is_view(physical) ? protection & ~(uint32_t)PROT_WRITE : protection;
        uint64_t after = physical | table__bits(allowed) | (before & PTE_SHARED);
        if (after == before) continue;
        table__store(vm, entry, after);
        if (!fill__loses(before, after)) continue;
        fill__let_go(vm, &lost, physical | PTE_SHARED);
    }
    fill__flush(vm, &lost);
    return 0;
}

int fill__move(struct vm *vm, uint64_t from, uint64_t to, uint64_t bytes) {
    int error = table__prepare(vm, to, bytes);
    uint64_t *entry;
    for (uint64_t at = from; error == 0 && table__next(vm, &at, from + bytes, &entry); at += PAGE_SIZE) {
        uint64_t value = *entry;
        table__store(vm, entry, 0);
        table__store(vm, table__entry(vm, to + (at - from)), value);
        error = memory__zap(vm, value & PTE_ADDRESS, 1);
    }
    return error;
}
