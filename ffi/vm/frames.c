#include "frames.h"

#include <string.h>

#include "internal.h"

/* What is smaller goes on lying in the host's memory until it is taken again: a call into the host takes longer. */
#define DROPPED_PAGES 16u
#define NO_PAGE UINT32_MAX

static uint64_t frames__address(uint32_t page) {
    return DATA_BASE + (uint64_t)page * PAGE_SIZE;
}

static int frames__is_free(const struct frame_table *table, uint32_t page) {
    return table->items[page / 64] >> (page % 64) & 1;
}

/* Some hold what was there before, or what a snapshot's file has. */
static void frames__clear(struct vm *vm, uint32_t page, uint32_t count) {
    uint64_t first = frames__address(page), bytes = (uint64_t)count * PAGE_SIZE;
    memset(memory__at(vm, first), 0, bytes);
    memory__wrote(vm, first, bytes);
}

/* The first of so many free pages in a row. */
static uint32_t frames__find(const struct frame_table *table, uint32_t count) {
    uint32_t first = 0, length = 0;
    for (uint32_t word = table->lowest; word < table->used; word++) {
        uint64_t bits = table->items[word];
        for (uint32_t bit = 0; bit < 64; bit++) {
            if (bits >> bit == 0) {
                length = 0;
                break;
            }
            if (!(bits >> bit & 1)) {
                bit += (uint32_t)__builtin_ctzll(bits >> bit) - 1;
                length = 0;
                continue;
            }
            if (length++ == 0) first = word * 64 + bit;
            if (length == count) return first;
        }
    }
    return NO_PAGE;
}

static void frames__take_free(struct frame_table *table, uint32_t first, uint32_t count) {
    for (uint32_t page = first; page < first + count; page++) table->items[page / 64] &= ~(UINT64_C(1) << (page % 64));
    while (table->lowest < table->used && table->items[table->lowest] == 0) table->lowest++;
}

uint64_t frames__take(struct vm *vm, uint32_t count) {
    struct frame_table *table = &vm->kernel->frames;
    uint64_t limit = vm->limits.memory_bytes / PAGE_SIZE;
    if (count == 0) return 0;
    if (count > limit || table->in_use > limit - count) {
        vm->counters.refused_pages++;
        return 0;
    }
    uint32_t page = frames__find(table, count);
    int is_new = page == NO_PAGE;
    if (is_new) {
        if (count > vm->memory.data.bytes / PAGE_SIZE - table->next) return 0;
        page = table->next;
    }
    if (memory__attach(vm, frames__address(page), count) != 0) return 0;
    table->in_use += count;
    if (is_new) {
        table->next += count;
        table->used = (table->next + 63) / 64;
    } else {
        frames__take_free(table, page, count);
        frames__clear(vm, page, count);
    }
    return frames__address(page);
}

void frames__give(struct vm *vm, uint64_t first, uint32_t count) {
    struct frame_table *table = &vm->kernel->frames;
    uint32_t begin = (uint32_t)((first - DATA_BASE) >> PAGE_SHIFT);
    if (count >= DROPPED_PAGES) memory__drop(vm, first, count);
    else memory__zap(vm, first, count);
    table->in_use -= count;
    for (uint32_t page = begin; page < begin + count; page++) table->items[page / 64] |= UINT64_C(1) << (page % 64);
    if (begin / 64 < table->lowest) table->lowest = begin / 64;
}

void frames__drop_free(struct vm *vm) {
    const struct frame_table *table = &vm->kernel->frames;
    for (uint32_t page = 0; page < table->next; page++) {
        uint32_t first = page;
        while (page < table->next && frames__is_free(table, page)) page++;
        if (page > first) memory__drop(vm, frames__address(first), page - first);
    }
}

uint64_t frames__checked(const struct vm *vm, uint64_t address) {
    uint64_t end = DATA_BASE + (uint64_t)vm->kernel->frames.next * PAGE_SIZE;
    return (address & PAGE_MASK) == 0 && address >= DATA_BASE && address < end ? address : 0;
}

uint8_t *frames__at(struct vm *vm, uint64_t address) {
    return memory__at(vm, address);
}

void frames__wrote(struct vm *vm, uint64_t address, uint64_t bytes) {
    memory__wrote(vm, address, bytes);
}
