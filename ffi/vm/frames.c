#include "frames.h"

#include <errno.h>
#include <string.h>

#include "internal.h"

static uint64_t frames__address(uint32_t page) {
    return DATA_BASE + (uint64_t)page * PAGE_SIZE;
}

static void frames__remove_extent(struct frame_table *table, uint32_t index) {
    table->used--;
    memmove(table->items + index, table->items + index + 1, (table->used - index) * sizeof *table->items);
}

/* Free pages of a snapshot's part of the area hold what the file has there. */
static void frames__clear(struct vm *vm, uint64_t first, uint32_t count) {
    uint64_t snapshot_end = DATA_BASE + vm->memory.snapshot_bytes;
    if (first >= snapshot_end) return;
    uint64_t end = first + (uint64_t)count * PAGE_SIZE;
    uint64_t bytes = (end < snapshot_end ? end : snapshot_end) - first;
    memset(memory__at(vm, first), 0, bytes);
    memory__wrote(vm, first, bytes);
}

static uint32_t frames__find(struct frame_table *table, uint32_t count) {
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->items[i].count >= count) return i;
    }
    return table->used;
}

uint64_t frames__take(struct vm *vm, uint32_t count) {
    struct frame_table *table = &vm->kernel->frames;
    uint64_t limit = vm->limits.memory_bytes / PAGE_SIZE;
    if (count == 0 || count > limit || table->in_use > limit - count) return 0;
    uint32_t index = frames__find(table, count);
    uint32_t page;
    if (index < table->used) {
        struct frame_extent *extent = &table->items[index];
        page = extent->first;
        if (memory__attach(vm, frames__address(page), count) != 0) return 0;
        extent->first += count;
        extent->count -= count;
        if (extent->count == 0) frames__remove_extent(table, index);
    } else {
        if (count > vm->memory.data.bytes / PAGE_SIZE - table->next) return 0;
        page = table->next;
        if (memory__attach(vm, frames__address(page), count) != 0) return 0;
        table->next += count;
    }
    table->in_use += count;
    frames__clear(vm, frames__address(page), count);
    return frames__address(page);
}

/* The first extent that begins after a page. */
static uint32_t frames__after(const struct frame_table *table, uint32_t page) {
    uint32_t low = 0, high = table->used;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (table->items[middle].first > page) high = middle;
        else low = middle + 1;
    }
    return low;
}

static void frames__insert(struct frame_table *table, uint32_t page, uint32_t count) {
    uint32_t index = frames__after(table, page);
    struct frame_extent *before = index > 0 ? &table->items[index - 1] : NULL;
    struct frame_extent *after = index < table->used ? &table->items[index] : NULL;
    if (before != NULL && before->first + before->count == page) {
        before->count += count;
        if (after != NULL && page + count == after->first) {
            before->count += after->count;
            frames__remove_extent(table, index);
        }
        return;
    }
    if (after != NULL && page + count == after->first) {
        after->first = page;
        after->count += count;
        return;
    }
    /* With the list full the pages are lost to this guest till it is reset: its limit still holds. */
    if (table->used == FRAME_EXTENTS_MAX) return;
    memmove(table->items + index + 1, table->items + index, (table->used - index) * sizeof *table->items);
    table->items[index] = (struct frame_extent){page, count};
    table->used++;
}

void frames__give(struct vm *vm, uint64_t first, uint32_t count) {
    struct frame_table *table = &vm->kernel->frames;
    uint32_t page = (uint32_t)((first - DATA_BASE) >> PAGE_SHIFT);
    memory__drop(vm, first, count);
    table->in_use -= count;
    frames__insert(table, page, count);
}

uint8_t *frames__at(struct vm *vm, uint64_t address) {
    return memory__at(vm, address);
}

void frames__wrote(struct vm *vm, uint64_t address, uint64_t bytes) {
    memory__wrote(vm, address, bytes);
}
