#include "suite_clones.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../../ffi/vm/internal.h"

#define RANDOM_BYTES 16u

struct vm_snapshot *suite__snapshot(struct vm *vm, const struct vm_snapshot *parent, int *file) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    const struct vm_snapshot_options options = {.file = memfd_create("snapshot", MFD_CLOEXEC), .parent = parent};
    if (vm_snapshot_take(vm, &options, &snapshot, &why) != 0) suite__fail("no snapshot: %s", why.bytes);
    if (file != NULL) *file = options.file;
    return snapshot;
}

struct vm_snapshot *suite__base(struct vm_machine *machine, const char *guest) {
    struct vm *vm = suite__boot(machine, guest, NULL);
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_WAITS);
    struct vm_snapshot *snapshot = suite__snapshot(vm, NULL, NULL);
    vm_close(vm);
    return snapshot;
}

struct vm *suite__clone(struct vm_snapshot *snapshot) {
    struct vm *vm;
    EXPECT_NO_ERROR(vm_clone(snapshot, &vm));
    return vm;
}

/* Of what is new in each clone there is the page that tells it the time, and its random bytes. */
void suite__expect_as_snapshot(struct vm *vm, const struct vm_snapshot *snapshot) {
    static const uint8_t zeros[PAGE_SIZE];
    size_t run;
    uint8_t *random = access__run_to_write(vm, vm->kernel->process.random_address, RANDOM_BYTES, &run);
    EXPECT(random != NULL && run == RANDOM_BYTES);
    memset(random, 0, RANDOM_BYTES);
    for (int of_data = 0; of_data < 2; of_data++) {
        const struct memory_area *area = of_data ? &vm->memory.data : &vm->memory.system;
        uint64_t bytes = of_data ? snapshot->data.bytes : snapshot->system.bytes;
        for (uint64_t page = 0; page < bytes / PAGE_SIZE; page++) {
            if (area->base + page * PAGE_SIZE == vm->kernel->clock.vvar_page) continue;
            const uint8_t *then = snapshot__page(snapshot, of_data, page), *now = area->host + page * PAGE_SIZE;
            uint8_t expected[PAGE_SIZE];
            memcpy(expected, then == NULL ? zeros : then, PAGE_SIZE);
            if (random >= now && random < now + PAGE_SIZE) memset(expected + (random - now), 0, RANDOM_BYTES);
            if (memcmp(expected, now, PAGE_SIZE) != 0) suite__fail("page %lu of area %d differs", page, of_data);
        }
    }
}
