/*
 * Small blocks of all sizes lie side by side in the order in which they were made, and a freed one is the
 * next to be used again. So what a request makes is on few pages, and a page that it wrote to is a page to
 * copy back at the reset. (An arena for each size, as the interpreter has them, is a page for each.)
 */
#include "heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum {
    STEP = 8,
    SMALL_MAX = 512,
    CLASSES = SMALL_MAX / STEP,
    REGION_BYTES = 64 * 1024,
    ERROR_RESERVE = 256 * 1024,
    REPORT_RESERVE = 1024 * 1024,
};

/* Larger than any memory of ours, and far from an overflow. */
static const size_t SIZE_LIMIT = SIZE_MAX / 2;

struct block {
    uint32_t size; /* a multiple of STEP; above SMALL_MAX it is a chunk of the C library's */
    struct block *next_free;
    _Alignas(STEP) uint8_t data[];
};

/* What small blocks are cut from. */
struct region {
    struct region *before;
    _Alignas(STEP) uint8_t data[REGION_BYTES];
};

struct small_blocks {
    struct block *free[CLASSES];
    struct region *region;
    uint32_t used; /* of the region */
};

static struct {
    struct small_blocks small;
    struct small_blocks aside; /* while there is a scratch heap */
    size_t held;    /* from the C library */
    size_t used;    /* of it, by blocks that are not free */
    size_t limit;
    size_t reserve; /* beyond the limit; 0 until it was passed */
    bool refused;
    bool wipe;
} heap = {.limit = SIZE_MAX / 2};

static struct block *block_of(const void *data)
{
    return (struct block *)((uint8_t *)data - sizeof(struct block));
}

static size_t round_up(size_t size)
{
    return size == 0 ? STEP : (size + STEP - 1) & ~(size_t)(STEP - 1);
}

/* The compiler would leave out a memset of what is freed next. */
static void wipe(void *bytes, size_t length)
{
    memset(bytes, 0, length);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void note_chunk(size_t size)
{
    heap.held += size;
    memory__has_grown(heap.held);
}

static struct block *carve(size_t bytes)
{
    struct small_blocks *small = &heap.small;
    if (!small->region || REGION_BYTES - small->used < bytes) {
        struct region *region = malloc(sizeof *region);
        if (!region)
            return NULL;
        region->before = small->region;
        small->region = region;
        small->used = 0;
        note_chunk(sizeof *region);
    }
    struct block *block = (struct block *)(small->region->data + small->used);
    small->used += (uint32_t)bytes;
    return block;
}

static void *allocate_small(uint32_t size)
{
    struct block **first = &heap.small.free[size / STEP - 1];
    struct block *block = *first;
    if (block) {
        *first = block->next_free;
        return block->data;
    }
    block = carve(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    return block->data;
}

static void *own_chunk(struct block *block, size_t size)
{
    if (!block)
        return NULL;
    note_chunk(sizeof *block + size);
    block->size = (uint32_t)size;
    return block->data;
}

static void *allocate_large(size_t size)
{
    return own_chunk(malloc(sizeof(struct block) + size), size);
}

/* A refusal opens the reserve, so that there is an error object to catch; well below the limit it closes again. */
static bool may_use(size_t more)
{
    size_t after = heap.used + more;
    if (heap.reserve > 0 && after + ERROR_RESERVE < heap.limit)
        heap.reserve = 0;
    if (after > heap.limit + heap.reserve) {
        if (heap.reserve == 0)
            heap.reserve = ERROR_RESERVE;
        heap.refused = true;
        return false;
    }
    heap.used = after;
    return true;
}

void *heap__allocate(size_t size)
{
    if (size > SIZE_LIMIT)
        return NULL;
    size = round_up(size);
    if (!may_use(size))
        return NULL;
    void *data = size <= SMALL_MAX ? allocate_small((uint32_t)size) : allocate_large(size);
    if (!data)
        heap.used -= size;
    return data;
}

void *heap__allocate_chunk(size_t size)
{
    return heap__allocate(size > SMALL_MAX ? size : SMALL_MAX + 1);
}

void *heap__allocate_zeroed(size_t size)
{
    void *data = heap__allocate(size);
    return data ? memset(data, 0, size) : NULL;
}

size_t heap__size(const void *data)
{
    return block_of(data)->size;
}

void heap__free(void *data)
{
    struct block *block = block_of(data);
    if (heap.wipe)
        wipe(data, block->size);
    heap.used -= block->size;
    if (block->size > SMALL_MAX) {
        heap.held -= sizeof *block + block->size;
        free(block);
        return;
    }
    struct block **first = &heap.small.free[block->size / STEP - 1];
    block->next_free = *first;
    *first = block;
}

static void *resize_chunk(struct block *block, size_t size)
{
    size_t before = block->size;
    if (size > before && !may_use(size - before))
        return NULL;
    struct block *moved = realloc(block, sizeof *block + size);
    if (!moved) {
        heap.used -= size > before ? size - before : 0;
        return NULL;
    }
    heap.used -= size < before ? before - size : 0;
    heap.held -= sizeof *block + before;
    return own_chunk(moved, size);
}

void *heap__reallocate(void *data, size_t size)
{
    if (size > SIZE_LIMIT)
        return NULL;
    struct block *block = block_of(data);
    size_t before = block->size;
    size = round_up(size);
    if (before <= SMALL_MAX && size <= before)
        return data;
    if (before > SMALL_MAX && size > SMALL_MAX && !heap.wipe)
        return resize_chunk(block, size);
    void *moved = heap__allocate(size);
    if (!moved)
        return NULL;
    memcpy(moved, data, before < size ? before : size);
    heap__free(data);
    return moved;
}

size_t heap__held(void)
{
    return heap.held;
}

void heap__limit(size_t bytes)
{
    heap.limit = bytes;
}

bool heap__has_refused(void)
{
    return heap.refused;
}

void heap__spare(void)
{
    heap.reserve = REPORT_RESERVE;
}

void heap__wipe_freed(bool wipe)
{
    heap.wipe = wipe;
}

void heap__begin_scratch(void)
{
    heap.aside = heap.small;
    heap.small = (struct small_blocks){0};
}

void heap__end_scratch(void)
{
    struct region *region = heap.small.region;
    while (region) {
        struct region *before = region->before;
        wipe(region, sizeof *region);
        free(region);
        heap.held -= sizeof *region;
        region = before;
    }
    heap.small = heap.aside;
}

void heap__settle(void)
{
    memset(heap.small.free, 0, sizeof heap.small.free);
}
