/*
 * The contents of views, mapped once for all VMs that have them.
 *
 * A runtime's snapshot has some views; what is built from it may see more, below them. Those are an extension: it has the
 * mappings of the regions that it extends, and there is one for the same views, so that all that have them can share VMs.
 */
#ifndef MAYFLY_VM_REGIONS_H
#define MAYFLY_VM_REGIONS_H

#include <pthread.h>
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
    uint8_t identities[VIEWS_MAX][32]; /* of the views when they were mapped */
    struct memory_area areas[VIEWS_MAX];
    struct regions *base;       /* whose areas come first; kept. NULL for those that extend none */
    struct regions *extensions; /* of these, not kept, linked by `next` */
    struct regions *next;
    pthread_mutex_t lock; /* of `extensions`, and of how they come and go */
};

/* The views stay the caller's, who keeps them open for longer. */
int regions__new(struct view *const *views, size_t count, struct regions **regions);
/* These and `more` below them; kept for the caller. With nothing more they are the same. */
int regions__extend(struct regions *regions, struct view *const *more, size_t count, struct regions **extended);
void regions__keep(struct regions *regions);
void regions__release(struct regions *regions);

/* VMs of the ones can become VMs of the other: all that is mapped there is mapped here, in the same place. */
int regions__include(const struct regions *regions, const struct regions *part);

/* Pages that guests use much get a copy of this process's own: KVM maps those eight at a time. */
void regions__warm(struct regions *regions, uint64_t physical, uint64_t pages);

#endif
