#include "share.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "snapshot.h"

/* Looking through 334 pages takes some 100 us; of a large difference little would be gained. */
#define PAGES_MAX 4096u
#define CACHE_LINE 64u

struct shared_page {
    uint32_t references; /* changed with the parent's lock held */
    alignas(CACHE_LINE) uint8_t bytes[PAGE_SIZE];
};

static struct vm_snapshot *share__parent(const struct vm_snapshot *snapshot) {
    return (struct vm_snapshot *)(uintptr_t)snapshot->parent;
}

static const uint8_t *share__own(const struct vm_snapshot *snapshot, uint32_t index) {
    return snapshot->pages + (uint64_t)index * PAGE_SIZE;
}

/* NULL: the page is the snapshot's own. */
static struct shared_page *share__page(const struct vm_snapshot *snapshot, uint32_t index) {
    const uint8_t *bytes = atomic_load(&snapshot->contents[index]);
    if (bytes == share__own(snapshot, index)) return NULL;
    return (struct shared_page *)(uintptr_t)(bytes - offsetof(struct shared_page, bytes));
}

/* Whoever reads the page meanwhile finds the same bytes in either place. */
static void share__use(struct vm_snapshot *snapshot, uint32_t index, struct shared_page *page) {
    page->references++;
    atomic_store(&snapshot->contents[index], page->bytes);
}

/* NULL: without memory it stays the other's own. */
static struct shared_page *share__publish(struct vm_snapshot *owner, uint32_t index) {
    struct shared_page *page = aligned_alloc(CACHE_LINE, sizeof *page);
    if (page == NULL) return NULL;
    page->references = 0;
    memcpy(page->bytes, share__own(owner, index), PAGE_SIZE);
    share__use(owner, index, page);
    return page;
}

/* 0: the other one has nothing there, or something else. */
static int share__with(struct vm_snapshot *snapshot, uint32_t index, struct vm_snapshot *other) {
    uint64_t place = snapshot->order[index];
    const struct snapshot_part *part = place & 1 ? &other->data : &other->system;
    uint32_t there = (place >> 1) < part->bytes / PAGE_SIZE ? part->places[place >> 1] : 0;
    if (there == 0) return 0;
    const uint8_t *bytes = atomic_load(&other->contents[there - 1]);
    if (memcmp(bytes, share__own(snapshot, index), PAGE_SIZE) != 0) return 0;
    struct shared_page *page = share__page(other, there - 1);
    if (page == NULL) page = share__publish(other, there - 1);
    if (page != NULL) share__use(snapshot, index, page);
    return page != NULL;
}

void share__join(struct vm_snapshot *snapshot) {
    struct vm_snapshot *parent = share__parent(snapshot);
    if (snapshot->page_count > PAGES_MAX) return;
    pthread_mutex_lock(&parent->sharing);
    for (uint32_t index = 0; index < snapshot->page_count; index++) {
        for (uint32_t i = 0; i < SIBLINGS_MAX; i++) {
            if (parent->siblings[i] != NULL && share__with(snapshot, index, parent->siblings[i])) break;
        }
    }
    parent->siblings[parent->next_sibling++ % SIBLINGS_MAX] = snapshot;
    pthread_mutex_unlock(&parent->sharing);
}

void share__leave(struct vm_snapshot *snapshot) {
    struct vm_snapshot *parent = share__parent(snapshot);
    pthread_mutex_lock(&parent->sharing);
    for (uint32_t i = 0; i < SIBLINGS_MAX; i++) {
        if (parent->siblings[i] == snapshot) parent->siblings[i] = NULL;
    }
    for (uint32_t index = 0; index < snapshot->page_count; index++) {
        struct shared_page *page = share__page(snapshot, index);
        if (page != NULL && --page->references == 0) free(page);
    }
    pthread_mutex_unlock(&parent->sharing);
}
