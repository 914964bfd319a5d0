/* The contents of views, mapped once for all VMs that have them. */
#ifndef MAYFLY_VM_REGIONS_H
#define MAYFLY_VM_REGIONS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "memory.h"
#include "view.h"

/* The uppermost first. */
struct view_set {
    uint32_t count;
    struct view *items[VIEWS_MAX];
};

struct regions {
    atomic_uint references;
    struct view_set views;
    struct memory_area areas[VIEWS_MAX];
};

/* The views stay the caller's, who keeps them open for longer. */
int regions__new(struct view *const *views, size_t count, struct regions **regions);
void regions__keep(struct regions *regions);
void regions__release(struct regions *regions);

/* Pages that guests use much get a copy of this process's own: KVM maps those eight at a time. */
void regions__warm(struct regions *regions, uint64_t physical, uint64_t pages);

#endif
