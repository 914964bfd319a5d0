/*
 * Small blocks of all sizes lie side by side in the order in which they were made, and a freed one is the
 * next to be used again. So what a request makes is on few pages, and a page that it wrote to is a page to
 * copy back at the reset. (An arena for each size, as the interpreter has them, is a page for each.)
 */
#include "heap.h"
#include "memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 8,
    SMALL_MAX = 512,
    CLASSES = SMALL_MAX / STEP,
    LARGE = CLASSES,
    REGION_BYTES = 64 * 1024,
    LARGEST_HOLE = 16 * 1024,
};

struct block {
    uint32_t class; /* its size is (class + 1) * STEP, or it is LARGE: the C library knows */
    struct block *next_free;
    uint8_t data[];
};

static struct {
    struct block *free[CLASSES];
    uint8_t *region;
    uint8_t *region_end;
    uint8_t *highest; /* where what the C library has given out ends */
    size_t held;      /* and how much it is */
    bool wipe;
} heap;

static struct block *block_of(const void *data)
{
    return (struct block *)((uint8_t *)data - sizeof(struct block));
}

static void note_chunk(void *chunk)
{
    size_t size = malloc_usable_size(chunk);
    uint8_t *end = (uint8_t *)chunk + size;
    if (end > heap.highest)
        heap.highest = end;
    heap.held += size;
    memory__has_grown(heap.held);
}

static struct block *carve(size_t bytes)
{
    if ((size_t)(heap.region_end - heap.region) < bytes) {
        heap.region = malloc(REGION_BYTES);
        if (!heap.region) {
            heap.region_end = NULL;
            return NULL;
        }
        heap.region_end = heap.region + REGION_BYTES;
        note_chunk(heap.region);
    }
    struct block *block = (struct block *)heap.region;
    heap.region += bytes;
    return block;
}

static void *allocate_small(uint32_t class)
{
    struct block *block = heap.free[class];
    if (block) {
        heap.free[class] = block->next_free;
    } else {
        block = carve(sizeof *block + (class + 1) * STEP);
        if (!block)
            return NULL;
        block->class = class;
    }
    return block->data;
}

static void *own_large(struct block *block)
{
    if (!block)
        return NULL;
    note_chunk(block);
    block->class = LARGE;
    return block->data;
}

void *heap__allocate(size_t size)
{
    if (size <= SMALL_MAX)
        return allocate_small(size == 0 ? 0 : (uint32_t)((size - 1) / STEP));
    return size > SIZE_MAX / 2 ? NULL : own_large(malloc(sizeof(struct block) + size));
}

void *heap__allocate_zeroed(size_t size)
{
    if (size > SMALL_MAX)
        return size > SIZE_MAX / 2 ? NULL : own_large(calloc(1, sizeof(struct block) + size));
    void *data = heap__allocate(size);
    return data ? memset(data, 0, size) : NULL;
}

size_t heap__size(const void *data)
{
    struct block *block = block_of(data);
    return block->class == LARGE ? malloc_usable_size(block) - sizeof *block : (block->class + 1) * STEP;
}

void heap__free(void *data)
{
    struct block *block = block_of(data);
    if (heap.wipe)
        memset(data, 0, heap__size(data));
    if (block->class == LARGE) {
        heap.held -= malloc_usable_size(block);
        free(block);
        return;
    }
    block->next_free = heap.free[block->class];
    heap.free[block->class] = block;
}

void *heap__reallocate(void *data, size_t size)
{
    size_t before = heap__size(data);
    struct block *block = block_of(data);
    if (block->class == LARGE && size > SMALL_MAX && size <= SIZE_MAX / 2 && !heap.wipe) {
        size_t chunk = malloc_usable_size(block);
        struct block *moved = realloc(block, sizeof *block + size);
        heap.held -= moved ? chunk : 0;
        return own_large(moved);
    }
    if (block->class != LARGE && size <= before)
        return data;
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

void heap__wipe_freed(bool wipe)
{
    heap.wipe = wipe;
}

/* Takes the chunks that are free between others. */
static void fill_holes(void)
{
    for (size_t size = LARGEST_HOLE; size >= STEP; size /= 2) {
        uint8_t *chunk;
        while ((chunk = malloc(size)) != NULL && chunk < heap.highest)
            continue;
        free(chunk);
    }
}

void heap__settle(void)
{
    memset(heap.free, 0, sizeof heap.free);
    fill_holes();
}
