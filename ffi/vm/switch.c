#include <errno.h>
#include <string.h>

#include "clone.h"
#include "internal.h"
#include "reset.h"
#include "shell.h"
#include "snapshot.h"

/* Two differences have the same page where they share it (share.h), or where neither has one of its own. */
static int switch__differs(const struct vm_snapshot *from, const struct vm_snapshot *to, uint64_t place) {
    return snapshot__page(from, place & 1, place >> 1) != snapshot__page(to, place & 1, place >> 1);
}

static int switch__has(const struct vm_snapshot *snapshot, uint64_t place) {
    const struct snapshot_part *part = place & 1 ? &snapshot->data : &snapshot->system;
    return part->places != NULL && place >> 1 < part->bytes / PAGE_SIZE && part->places[place >> 1] != 0;
}

static const uint8_t zeros[4096];

static void switch__copy(struct vm *vm, const struct vm_snapshot *to, uint64_t page) {
    if (page * PAGE_SIZE >= to->data.bytes) return;
    const uint8_t *then = snapshot__page(to, 1, page);
    memcpy(vm->memory.data.host + page * PAGE_SIZE, then == NULL ? zeros : then, PAGE_SIZE);
}

static void switch__place(struct vm *vm, const struct vm_snapshot *to, uint64_t place) {
    if (place & 1) switch__copy(vm, to, place >> 1);
    else memory__wrote(vm, SYSTEM_BASE + (place >> 1) * PAGE_SIZE, PAGE_SIZE);
}

/* The next place where they differ, of either's own pages: `at` begins with 0. 0: there are no more. */
static int switch__next(const struct vm_snapshot *from, const struct vm_snapshot *to, uint64_t *at, uint64_t *place) {
    while (*at < (uint64_t)from->page_count + to->page_count) {
        uint64_t i = (*at)++;
        int is_from = i < from->page_count;
        *place = is_from ? from->order[i] : to->order[i - from->page_count];
        if ((is_from || !switch__has(from, *place)) && switch__differs(from, to, *place)) return 1;
    }
    return 0;
}

static void switch__recent(struct vm *vm, const struct vm_snapshot *to) {
    for (uint32_t i = 0; i < vm->memory.recent_count; i++) {
        const struct page_range *range = &vm->memory.recent[i];
        for (uint64_t page = range->first; page < range->first + range->pages; page++) switch__copy(vm, to, page);
    }
}

static const struct vm_snapshot *switch__base(const struct vm_snapshot *snapshot) {
    return snapshot->parent == NULL ? snapshot : snapshot->parent;
}

/* Functions of one runtime may have page tables, views or room that are not the same. */
static int switch__fits(const struct vm *vm, const struct vm_snapshot *to) {
    const struct vm_snapshot *from = vm->snapshot;
    return switch__base(from) == switch__base(to) && from->system.bytes == to->system.bytes &&
           vm->regions == to->regions && clone__room(to, &to->limits) <= vm->shell->reserve_bytes;
}

uint32_t vm_switch_pages(const struct vm *vm, const struct vm_snapshot *to, uint32_t most) {
    const struct vm_snapshot *from = vm->snapshot;
    if (from == NULL || !switch__fits(vm, to)) return UINT32_MAX;
    uint64_t at = 0, place;
    uint32_t pages = 0;
    while (pages <= most && switch__next(from, to, &at, &place)) pages++;
    return pages <= most ? pages : UINT32_MAX;
}

/* Its pages are those of the snapshot that it is a clone of, but for the recent ones. */
static int switch__is_clean(const struct vm *vm) {
    return vm->is_unused && vm->memory.recent_count < RECENT_MAX;
}

int vm_switch(struct vm *vm, struct vm_snapshot *to) {
    struct vm_snapshot *from = vm->snapshot;
    if (from == NULL) return -EINVAL;
    if (!switch__fits(vm, to)) return -EXDEV;
    int error = switch__is_clean(vm) ? 0 : vm_reset(vm);
    if (error != 0) return error;
    uint64_t room = clone__room(to, &to->limits);
    if (room > vm->memory.data.bytes) vm->memory.data.bytes = room;
    error = memory__back(&vm->memory.data, to->data.bytes);
    if (error == 0) error = reset__drop_growth(vm, to->data.bytes);
    if (error != 0) return error;
    for (uint64_t at = 0, place; switch__next(from, to, &at, &place);) switch__place(vm, to, place);
    switch__recent(vm, to);
    snapshot__keep(to);
    vm->snapshot = to;
    vm_snapshot_close(from);
    vm->memory.snapshot_bytes = to->data.bytes;
    vm->limits = to->limits;
    error = reset__system(vm, to);
    return error == 0 ? reset__state(vm, to) : error;
}
