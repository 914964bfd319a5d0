#include "dirty.h"

#include "../shim/pages.h"
#include "internal.h"
#include "shell.h"

#define SLOT_WORDS (DATA_BANK_BYTES / PAGE_SIZE / 64)

/* KVM's log is read and never cleared: it keeps what it once had, and so a page costs one fault in a VM's life. */
static int dirty__read_log(struct vm *vm) {
    uint64_t bitmap[SLOT_WORDS];
    for (uint32_t slot = 0; slot < vm->shell->slot_count; slot++) {
        uint64_t base = vm->shell->slots[slot].base;
        if (base < DATA_BASE || base >= VIEW_BASE) continue;
        int error = shell__dirty(vm->shell, slot, bitmap);
        if (error != 0) return error;
        uint64_t *written = vm->memory.data.written + (base - DATA_BASE) / PAGE_SIZE / 64;
        uint64_t words = vm->shell->slots[slot].bytes / PAGE_SIZE / 64;
        uint64_t most = (vm->memory.data.bytes - (base - DATA_BASE)) / PAGE_SIZE / 64;
        for (uint64_t i = 0; i < words && i < most; i++) written[i] |= bitmap[i];
    }
    return 0;
}

/* Before there was a log: pages that are not the file's any more. */
static int dirty__scan(struct vm *vm) {
    uint32_t count = (uint32_t)(vm->memory.snapshot_bytes / PAGE_SIZE);
    struct pages pages;
    int error = pages__init(&pages, count);
    if (error != 0) return error;
    error = pagemap__scan(vm->machine->pagemap, vm->memory.data.host, count, count, &pages);
    uint32_t page;
    for (struct pages_cursor at = pages__first(&pages); pages__next(&pages, &at, &page);) {
        memory__wrote(vm, DATA_BASE + page * PAGE_SIZE, 1);
    }
    pages__fini(&pages);
    return error;
}

int dirty__collect(struct vm *vm) {
    return vm->shell->logs_dirty ? dirty__read_log(vm) : dirty__scan(vm);
}

/* Of those that a snapshot has. */
static uint64_t dirty__written(const struct vm *vm) {
    uint64_t words = (vm->memory.snapshot_bytes / PAGE_SIZE + 63) / 64, pages = 0;
    for (uint64_t i = 0; i < words; i++) pages += (uint64_t)__builtin_popcountll(vm->memory.data.written[i]);
    return pages;
}

int dirty__has_limit(const struct vm *vm) {
    return vm->snapshot != NULL && vm->limits.dirty_bytes != 0;
}

/* Pages that earlier requests changed are the VM's own for good: that they change again costs nothing. */
void dirty__begin(struct vm *vm) {
    if (dirty__has_limit(vm)) vm->memory.dirty_before = dirty__written(vm);
}

int dirty__is_over(struct vm *vm) {
    if (!dirty__has_limit(vm)) return 0;
    int error = dirty__collect(vm);
    if (error != 0) return error;
    uint64_t all = vm->memory.snapshot_bytes / PAGE_SIZE, used = vm->kernel->frames.next;
    uint64_t pages = dirty__written(vm) - vm->memory.dirty_before + (used > all ? used - all : 0);
    return pages > vm->limits.dirty_bytes / PAGE_SIZE;
}
