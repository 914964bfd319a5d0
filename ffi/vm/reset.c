#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "dirty.h"
#include "internal.h"
#include "reset.h"
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

int reset__system(struct vm *vm, const struct vm_snapshot *to) {
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
int reset__drop_growth(struct vm *vm, uint64_t kept_bytes) {
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

int reset__state(struct vm *vm, const struct vm_snapshot *to) {
    uint64_t copied = vm->counters.pages_copied;
    kernel__copy(vm->kernel, to->kernel);
    int error = clone__state(vm, to);
    if (error == 0) error = reset__vcpu(vm);
    dirty__begin(vm);
    vm->counters.pages_copied = copied;
    return error;
}

int vm_reset(struct vm *vm) {
    const struct vm_snapshot *to = vm->snapshot;
    if (to == NULL) return -EINVAL;
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
    return error == 0 ? reset__state(vm, to) : error;
}
