#include "regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
        .mapped = VIEW_STRIDE,
    };
    memcpy(regions->identities[index], view->identity, sizeof regions->identities[index]);
    regions->views.items[index] = view;
    regions->views.count = index + 1;
    return 0;
}

static uint32_t regions__own_first(const struct regions *regions) {
    return regions->base == NULL ? 0 : regions->base->views.count;
}

static void regions__delete(struct regions *regions) {
    for (uint32_t i = regions__own_first(regions); i < regions->views.count; i++) {
        munmap(regions->areas[i].host, VIEW_STRIDE);
    }
    if (regions->base != NULL) regions__release(regions->base);
    pthread_mutex_destroy(&regions->lock);
    free(regions);
}

static int regions__make(struct regions *base, struct view *const *views, size_t count, struct regions **result) {
    uint32_t first = base == NULL ? 0 : base->views.count;
    if (count > VIEWS_MAX - first) return -E2BIG;
    struct regions *regions = calloc(1, sizeof *regions);
    if (regions == NULL) return -ENOMEM;
    atomic_store(&regions->references, 1);
    pthread_mutex_init(&regions->lock, NULL);
    if (base != NULL) {
        regions__keep(base);
        regions->base = base;
        regions->views = base->views;
        memcpy(regions->areas, base->areas, sizeof regions->areas);
        memcpy(regions->identities, base->identities, sizeof regions->identities);
    }
    for (uint32_t i = 0; i < count; i++) {
        int error = regions__map(regions, first + i, views[i]);
        if (error != 0) {
            regions__delete(regions);
            return error;
        }
    }
    *result = regions;
    return 0;
}

int regions__new(struct view *const *views, size_t count, struct regions **result) {
    return regions__make(NULL, views, count, result);
}

/* A view that was closed may have left its address to another: what it is named by tells. */
static int regions__is_extension(const struct regions *extension, struct view *const *more, size_t count) {
    uint32_t first = regions__own_first(extension);
    if (extension->views.count - first != count) return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (extension->views.items[first + i] != more[i]) return 0;
        if (memcmp(extension->identities[first + i], more[i]->identity, sizeof extension->identities[0]) != 0) return 0;
    }
    return 1;
}

static int regions__extend_base(struct regions *base, struct view *const *more, size_t count, struct regions **result) {
    int error = 0;
    pthread_mutex_lock(&base->lock);
    struct regions *found = base->extensions;
    while (found != NULL && !regions__is_extension(found, more, count)) found = found->next;
    if (found != NULL) {
        regions__keep(found);
    } else {
        error = regions__make(base, more, count, &found);
        if (error == 0) {
            found->next = base->extensions;
            base->extensions = found;
        }
    }
    pthread_mutex_unlock(&base->lock);
    *result = found;
    return error;
}

int regions__extend(struct regions *regions, struct view *const *more, size_t count, struct regions **result) {
    if (count == 0) {
        regions__keep(regions);
        *result = regions;
        return 0;
    }
    uint32_t first = regions__own_first(regions);
    struct regions *base = regions->base == NULL ? regions : regions->base;
    if (regions->base == NULL) return regions__extend_base(base, more, count, result);
    struct view *all[VIEWS_MAX];
    uint32_t own = regions->views.count - first;
    if (count > VIEWS_MAX - own) return -E2BIG;
    memcpy(all, regions->views.items + first, own * sizeof *all);
    memcpy(all + own, more, count * sizeof *all);
    return regions__extend_base(base, all, own + count, result);
}

void regions__keep(struct regions *regions) {
    atomic_fetch_add(&regions->references, 1);
}

/* Who looks for an extension may find it until it is out of the list: it is counted down under the list's lock. */
static void regions__release_extension(struct regions *regions) {
    pthread_mutex_lock(&regions->base->lock);
    int is_last = atomic_fetch_sub(&regions->references, 1) == 1;
    if (is_last) {
        struct regions **at = &regions->base->extensions;
        while (*at != regions) at = &(*at)->next;
        *at = regions->next;
    }
    pthread_mutex_unlock(&regions->base->lock);
    if (is_last) regions__delete(regions);
}

void regions__release(struct regions *regions) {
    if (regions->base != NULL) regions__release_extension(regions);
    else if (atomic_fetch_sub(&regions->references, 1) == 1) regions__delete(regions);
}

int regions__include(const struct regions *regions, const struct regions *part) {
    return regions == part || (part != NULL && regions->base == part);
}

void regions__warm(struct regions *regions, uint64_t physical, uint64_t pages) {
    uint64_t view = (physical - VIEW_BASE) / VIEW_STRIDE;
    const struct memory_area *area = &regions->areas[view];
    madvise(area->host + (physical - area->base), pages * PAGE_SIZE, MADV_POPULATE_WRITE);
}
