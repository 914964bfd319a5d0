#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "dirty.h"
#include "internal.h"
#include "shell.h"
#include "snapshot.h"
#include "tables.h"

/* A VM that once wrote this much copies it back every time: a new one is cheaper. */
#define COPIES_MAX 8192u

/* Pages that an entry leads to now or led to in the snapshot: KVM may have shadows of either. */
static int reset__forget_entries(struct vm *vm, const uint64_t *now, const uint64_t *then) {
    uint64_t first = 0, pages = 0;
    int error = 0;
    for (uint32_t i = 0; i < PAGE_SIZE / sizeof *now && error == 0; i++) {
        if (((now[i] ^ then[i]) & ~(PTE_ACCESSED | PTE_DIRTY)) == 0) continue;
        const uint64_t targets[2] = {now[i], then[i]};
        for (uint32_t t = 0; t < 2 && error == 0; t++) {
            uint64_t page = targets[t] & PTE_ADDRESS;
            if (!(targets[t] & PTE_OWNED)) continue;
            if (pages > 0 && page == first + pages * PAGE_SIZE) {
                pages++;
                continue;
            }
            if (pages > 0) error = memory__zap(vm, first, pages);
            first = page;
            pages = 1;
        }
    }
    if (pages > 0 && error == 0) error = memory__zap(vm, first, pages);
    return error;
}

static const uint8_t zeros[4096];

static int reset__system(struct vm *vm, const struct vm_snapshot *to) {
    struct memory_area *area = &vm->memory.system;
    uint64_t words = (to->system.bytes / PAGE_SIZE + 63) / 64;
    for (uint64_t word = 0; word < words; word++) {
        for (uint64_t bits = area->written[word]; bits != 0; bits &= bits - 1) {
            uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(bits);
            uint8_t *now = area->host + page * PAGE_SIZE;
            const uint8_t *then = snapshot__page(to, 0, page);
            if (then == NULL) then = zeros;
            if (page * PAGE_SIZE >= TABLE_ROOT) {
                if (memcmp(now, then, PAGE_SIZE) == 0) continue;
                int error = reset__forget_entries(vm, (const uint64_t *)(const void *)now,
                                                  (const uint64_t *)(const void *)then);
                if (error != 0) return error;
            }
            memcpy(now, then, PAGE_SIZE);
        }
        area->written[word] = 0;
    }
    return 0;
}

/* Growth since the snapshot was never the snapshot's: it is dropped whole. */
static int reset__drop_growth(struct vm *vm, uint64_t kept_bytes) {
    uint64_t used = (uint64_t)vm->kernel->frames.next * PAGE_SIZE;
    if (used <= kept_bytes) return 0;
    uint64_t *written = vm->memory.data.written;
    for (uint64_t page = kept_bytes / PAGE_SIZE; page < used / PAGE_SIZE; page++) {
        written[page / 64] &= ~(UINT64_C(1) << (page % 64));
    }
    return memory__drop(vm, DATA_BASE + kept_bytes, (used - kept_bytes) / PAGE_SIZE);
}

static void reset__data(struct vm *vm, const struct vm_snapshot *to) {
    struct memory_area *area = &vm->memory.data;
    uint64_t pages = to->data.bytes / PAGE_SIZE, copied = 0;
    for (uint64_t word = 0; word < (pages + 63) / 64; word++) {
        for (uint64_t bits = area->written[word]; bits != 0; bits &= bits - 1) {
            uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(bits);
            if (page >= pages) break;
            const uint8_t *then = snapshot__page(to, 1, page);
            memcpy(area->host + page * PAGE_SIZE, then == NULL ? zeros : then, PAGE_SIZE);
            copied++;
        }
    }
    vm->counters.pages_copied = copied;
}

/* The vCPU is in ring 3, as a clone's is: whatever it was doing when it left. */
static int reset__vcpu(struct vm *vm) {
    if (vm->entry.place == ENTRY_RING3 && !vm->machine->calls_enter_ring0) {
        /* Guests can change these without an exit; the restore stub sets them. */
        vm->entry.fs_base = vm->entry.gs_base = BASE_UNKNOWN;
        return 0;
    }
    int error = shell__set_ring3(vm->shell, vm->context.fs_base, vm->context.gs_base);
    if (error != 0) return error;
    vm->entry.place = ENTRY_RING3;
    vm->entry.fs_base = vm->context.fs_base;
    vm->entry.gs_base = vm->context.gs_base;
    return shell__clear_events(vm->shell);
}

static int reset__to(struct vm *vm, const struct vm_snapshot *to) {
    if (vm->broken || vm->memory.tables_grew) return -ESTALE;
    /* One that was to build a difference from sees more than what it was cloned from. */
    if (vm->regions != to->regions) return -EXDEV;
    int had_log = vm->shell->logs_dirty;
    int error = dirty__collect(vm);
    if (error == 0) error = shell__begin_log(vm->shell);
    if (error == 0) error = reset__drop_growth(vm, to->data.bytes);
    if (error == 0) error = reset__system(vm, to);
    if (error == 0) reset__data(vm, to);
    if (error == 0 && had_log && vm->counters.pages_copied > COPIES_MAX) error = -ESTALE;
    /* What was scanned is what the clone was made with, too; from here on the log knows what is written. */
    if (!had_log) memset(vm->memory.data.written, 0, page_up(to->data.bytes / PAGE_SIZE / 8));
    uint64_t copied = vm->counters.pages_copied;
    if (error == 0) kernel__copy(vm->kernel, to->kernel);
    if (error == 0) error = clone__state(vm, to);
    if (error == 0) error = reset__vcpu(vm);
    dirty__begin(vm);
    vm->counters.pages_copied = copied;
    return error;
}

int vm_reset(struct vm *vm) {
    if (vm->snapshot == NULL) return -EINVAL;
    return reset__to(vm, vm->snapshot);
}

/* Pages of a difference are written when it comes or goes. */
static void switch__mark(struct vm *vm, const struct snapshot_part *part, struct memory_area *area) {
    if (part->places == NULL) return;
    for (uint64_t page = 0; page < part->bytes / PAGE_SIZE; page++) {
        if (part->places[page] != 0) memory__wrote(vm, area->base + page * PAGE_SIZE, 1);
    }
}

int vm_switch(struct vm *vm, struct vm_snapshot *to) {
    struct vm_snapshot *from = vm->snapshot;
    if (from == NULL) return -EINVAL;
    const struct vm_snapshot *base = from->parent == NULL ? from : from->parent;
    if ((to->parent == NULL ? to : to->parent) != base) return -EXDEV;
    if (to->system.bytes != from->system.bytes || to->regions != vm->regions) return -EXDEV;
    uint64_t room = clone__room(to, &to->limits);
    if (room > vm->shell->reserve_bytes) return -EXDEV;
    if (room > vm->memory.data.bytes) vm->memory.data.bytes = room;
    int error = memory__back(&vm->memory.data, to->data.bytes);
    if (error != 0) return error;
    switch__mark(vm, &from->system, &vm->memory.system);
    switch__mark(vm, &from->data, &vm->memory.data);
    switch__mark(vm, &to->system, &vm->memory.system);
    switch__mark(vm, &to->data, &vm->memory.data);
    snapshot__keep(to);
    vm->snapshot = to;
    vm_snapshot_close(from);
    vm->memory.snapshot_bytes = to->data.bytes;
    vm->limits = to->limits;
    return reset__to(vm, to);
}
