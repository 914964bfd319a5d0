/* The functions' snapshots: what differs from the base image, by id. */
#ifndef MAYFLY_SNAPSHOTS_H
#define MAYFLY_SNAPSHOTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "image.h"

#define SNAPSHOT_NONE UINT32_MAX

struct snapshot {
    uint32_t id;
    uint64_t serial; /* never used again, unlike an id; 0: of what is no function's image */
    const struct snapshot *below; /* has what this one has not; NULL: the base image has */
    uint32_t stack_pointer;
    uint32_t page_count;
    const uint32_t *numbers; /* ascending */
    const uint8_t *pages;
    uint8_t *bytes; /* the image that they point into */
    size_t length;
    uint32_t references; /* of sandboxes; guarded by the table's lock */
    atomic_bool is_dropped;
};

struct snapshots {
    pthread_mutex_t lock;
    const struct base *base;
    struct snapshot **table;
    uint16_t *generations; /* of a place in the table: an id that was dropped must not mean another snapshot */
    uint32_t next;         /* where to look for a free place first */
    uint32_t count;
    uint64_t bytes;
};

int snapshots__init(struct snapshots *snapshots, const struct base *base);
void snapshots__fini(struct snapshots *snapshots);

/* Returns an id, or -errno. */
int64_t snapshots__load(struct snapshots *snapshots, const uint8_t *image, size_t length);
/* -ENOENT; -EBUSY for the base. It lives until its last reference is gone. */
int snapshots__drop(struct snapshots *snapshots, uint32_t id);

/* A reference, or NULL. */
struct snapshot *snapshots__acquire(struct snapshots *snapshots, uint32_t id);
void snapshots__release(struct snapshots *snapshots, struct snapshot *snapshot);

#endif
