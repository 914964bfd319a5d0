#include "snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "mayfly.h"

/* An id is 15 bits of generation above 16 bits of place, so that it is a number above 0 in any C or JavaScript type. */
#define PLACES 65536u
#define GENERATION_MASK 0x7fffu

static void snapshot__free(struct snapshot *snapshot) {
    free(snapshot->bytes);
    free(snapshot);
}

int snapshots__init(struct snapshots *snapshots, const struct base *base) {
    *snapshots = (struct snapshots){.base = base, .next = 1, .count = 1};
    snapshots->table = calloc(PLACES, sizeof *snapshots->table);
    snapshots->generations = calloc(PLACES, sizeof *snapshots->generations);
    struct snapshot *base_snapshot = calloc(1, sizeof *base_snapshot);
    if (snapshots->table == NULL || snapshots->generations == NULL || base_snapshot == NULL) {
        free(snapshots->table);
        free(snapshots->generations);
        free(base_snapshot);
        return -ENOMEM;
    }
    base_snapshot->id = MF_SNAPSHOT_BASE;
    base_snapshot->stack_pointer = base->stack_pointer;
    snapshots->table[MF_SNAPSHOT_BASE] = base_snapshot;
    pthread_mutex_init(&snapshots->lock, NULL);
    return 0;
}

void snapshots__fini(struct snapshots *snapshots) {
    for (uint32_t place = 0; place < PLACES; place++) {
        if (snapshots->table[place] != NULL) snapshot__free(snapshots->table[place]);
    }
    pthread_mutex_destroy(&snapshots->lock);
    free(snapshots->table);
    free(snapshots->generations);
}

static uint64_t snapshot__next_serial(void) {
    static _Atomic uint64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

/* A copy of the image, checked. */
static int snapshot__new(const struct base *base, const uint8_t *bytes, size_t length, struct snapshot **out) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) return -ENOMEM;
    /* Aligned, because copying pages from odd addresses is slower. */
    snapshot->bytes = aligned_alloc(PAGE_BYTES, (length / PAGE_BYTES + 1) * PAGE_BYTES);
    if (snapshot->bytes == NULL) {
        free(snapshot);
        return -ENOMEM;
    }
    memcpy(snapshot->bytes, bytes, length);
    snapshot->length = length;

    struct image image;
    int rc = image__parse(&image, snapshot->bytes, length);
    if (rc == 0 && (image.header->base_hash != base->hash || image.header->memory_bytes != base->memory_bytes ||
                    image.header->io_address != base->io_address)) {
        rc = -ESTALE;
    }
    if (rc != 0) {
        snapshot__free(snapshot);
        return rc;
    }
    snapshot->serial = snapshot__next_serial();
    snapshot->stack_pointer = image.header->stack_pointer;
    snapshot->page_count = image.header->page_count;
    snapshot->numbers = image.numbers;
    snapshot->pages = image.pages;
    *out = snapshot;
    return 0;
}

static uint32_t snapshots__free_place(struct snapshots *snapshots) {
    for (uint32_t tried = 0; tried < PLACES; tried++) {
        uint32_t place = (snapshots->next + tried) % PLACES;
        if (snapshots->table[place] == NULL) return place;
    }
    return SNAPSHOT_NONE;
}

int64_t snapshots__load(struct snapshots *snapshots, const uint8_t *image, size_t length) {
    struct snapshot *snapshot;
    int rc = snapshot__new(snapshots->base, image, length, &snapshot);
    if (rc != 0) return rc;

    pthread_mutex_lock(&snapshots->lock);
    uint32_t place = snapshots__free_place(snapshots);
    if (place != SNAPSHOT_NONE) {
        snapshot->id = (uint32_t)snapshots->generations[place] << 16 | place;
        snapshots->table[place] = snapshot;
        snapshots->next = place + 1;
        snapshots->count++;
        snapshots->bytes += length;
    }
    pthread_mutex_unlock(&snapshots->lock);
    if (place != SNAPSHOT_NONE) return snapshot->id;
    snapshot__free(snapshot);
    return -ENOSPC;
}

static struct snapshot *snapshots__find(struct snapshots *snapshots, uint32_t id) {
    struct snapshot *snapshot = snapshots->table[id % PLACES];
    return snapshot != NULL && snapshot->id == id ? snapshot : NULL;
}

int snapshots__drop(struct snapshots *snapshots, uint32_t id) {
    if (id == MF_SNAPSHOT_BASE) return -EBUSY;
    pthread_mutex_lock(&snapshots->lock);
    struct snapshot *snapshot = snapshots__find(snapshots, id);
    bool is_last = false;
    if (snapshot != NULL) {
        uint16_t *generation = &snapshots->generations[id % PLACES];
        *generation = (*generation + 1) & GENERATION_MASK;
        snapshots->table[id % PLACES] = NULL;
        snapshots->count--;
        atomic_store(&snapshot->is_dropped, true);
        is_last = snapshot->references == 0;
        if (is_last) snapshots->bytes -= snapshot->length;
    }
    pthread_mutex_unlock(&snapshots->lock);
    if (snapshot == NULL) return -ENOENT;
    if (is_last) snapshot__free(snapshot);
    return 0;
}

struct snapshot *snapshots__acquire(struct snapshots *snapshots, uint32_t id) {
    pthread_mutex_lock(&snapshots->lock);
    struct snapshot *snapshot = snapshots__find(snapshots, id);
    if (snapshot != NULL) snapshot->references++;
    pthread_mutex_unlock(&snapshots->lock);
    return snapshot;
}

void snapshots__release(struct snapshots *snapshots, struct snapshot *snapshot) {
    pthread_mutex_lock(&snapshots->lock);
    bool is_last = --snapshot->references == 0 && atomic_load(&snapshot->is_dropped);
    if (is_last) snapshots->bytes -= snapshot->length;
    pthread_mutex_unlock(&snapshots->lock);
    if (is_last) snapshot__free(snapshot);
}
