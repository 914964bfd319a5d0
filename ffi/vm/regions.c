#include "regions.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static int regions__map(struct regions *regions, uint32_t index, struct view *view) {
    /*
     * All that the region may grow to: what is beyond its end is not there until it is. The mapping is private and may be
     * written, though nobody does, because KVM maps pages ahead of a guest's faults only where the host could write them.
     */
    void *host = mmap(NULL, VIEW_STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, view->region, 0);
    if (host == MAP_FAILED) return -errno;
    regions->areas[index] = (struct memory_area){
        .base = VIEW_BASE + index * VIEW_STRIDE,
        .bytes = VIEW_STRIDE,
        .bank_bytes = VIEW_BANK_BYTES,
        .host = host,
    };
    regions->views.items[index] = view;
    regions->views.count = index + 1;
    return 0;
}

int regions__new(struct view *const *views, size_t count, struct regions **result) {
    if (count > VIEWS_MAX) return -E2BIG;
    struct regions *regions = calloc(1, sizeof *regions);
    if (regions == NULL) return -ENOMEM;
    atomic_store(&regions->references, 1);
    for (uint32_t i = 0; i < count; i++) {
        int error = regions__map(regions, i, views[i]);
        if (error != 0) {
            regions__release(regions);
            return error;
        }
    }
    *result = regions;
    return 0;
}

void regions__keep(struct regions *regions) {
    atomic_fetch_add(&regions->references, 1);
}

void regions__release(struct regions *regions) {
    if (atomic_fetch_sub(&regions->references, 1) != 1) return;
    for (uint32_t i = 0; i < regions->views.count; i++) munmap(regions->areas[i].host, VIEW_STRIDE);
    free(regions);
}

void regions__warm(struct regions *regions, uint64_t physical, uint64_t pages) {
    uint64_t view = (physical - VIEW_BASE) / VIEW_STRIDE;
    const struct memory_area *area = &regions->areas[view];
    madvise(area->host + (physical - area->base), pages * PAGE_SIZE, MADV_POPULATE_WRITE);
}
