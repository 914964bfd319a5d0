#include "dirty.h"

#include "internal.h"
#include "learn.h"

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
    int error = reset__collect(vm);
    if (error != 0) return error;
    uint64_t all = vm->memory.snapshot_bytes / PAGE_SIZE, used = vm->kernel->frames.next;
    uint64_t pages = dirty__written(vm) - vm->memory.dirty_before + (used > all ? used - all : 0);
    return pages > vm->limits.dirty_bytes / PAGE_SIZE;
}
