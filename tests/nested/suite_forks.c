/* Snapshots, clones and resets: a clone that was reset is, byte for byte, its snapshot. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../../ffi/vm/internal.h"
#include "../../ffi/vm/snapshot.h"
#include "suite.h"

#define ROUNDS 25
#define RANDOM_BYTES 16u
#define FRESH "served 1, marked 1, ds 2b es 2b fs 2b gs 2b, direction 0\n"

static struct vm_snapshot *take(struct vm *vm, const struct vm_snapshot *parent) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    const struct vm_snapshot_options options = {.file = memfd_create("snapshot", MFD_CLOEXEC), .parent = parent};
    if (vm_snapshot_take(vm, &options, &snapshot, &why) != 0) suite__fail("no snapshot: %s", why.bytes);
    return snapshot;
}

static struct vm_snapshot *base(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "echo", NULL);
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_WAITS);
    struct vm_snapshot *snapshot = take(vm, NULL);
    vm_close(vm);
    return snapshot;
}

static struct vm *clone_of(struct vm_snapshot *snapshot) {
    struct vm *vm;
    EXPECT_NO_ERROR(vm_clone(snapshot, &vm));
    return vm;
}

/* Of what is new in each clone there is the page that tells it the time, and its random bytes. */
static void expect_as_snapshot(struct vm *vm, const struct vm_snapshot *snapshot) {
    static const uint8_t zeros[PAGE_SIZE];
    size_t run;
    uint8_t *random = access__run(vm, vm->kernel->process.random_address, RANDOM_BYTES, 1, &run);
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

static void resets(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = base(machine);
    struct vm *vm = clone_of(snapshot);
    for (int round = 0; round < ROUNDS; round++) {
        suite__expect_answer(vm, "work\n", "served 1\n");
        if (round % 2 == 1) suite__expect_answer(vm, "work\n", "served 2\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

static void ends_as(struct vm *vm, const char *line, uint64_t deadline_ns, uint32_t reason) {
    struct outcome outcome;
    EXPECT(vm_feed(vm, 0, line, strlen(line), 0) == strlen(line));
    suite__run(vm, deadline_ns, &outcome);
    if (outcome.exit.reason != reason) suite__fail("to %s it ended for reason %u", line, outcome.exit.reason);
}

static void recovers(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = base(machine);
    struct vm *vm = clone_of(snapshot);
    for (int round = 0; round < 3; round++) {
        ends_as(vm, "poison\n", UINT64_MAX, VM_EXITED);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_answer(vm, "tell\n", FRESH);
        ends_as(vm, "crash\n", UINT64_MAX, VM_SIGNALED);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_answer(vm, "tell\n", FRESH);
        ends_as(vm, "spin\n", suite__now_ns() + 20000000, VM_DEADLINE);
        EXPECT_NO_ERROR(vm_reset(vm));
        expect_as_snapshot(vm, snapshot);
        suite__expect_answer(vm, "tell\n", FRESH);
        EXPECT_NO_ERROR(vm_reset(vm));
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

static void fork_points(struct vm_machine *machine) {
    struct vm_snapshot *first = base(machine);
    struct vm *vm = clone_of(first);
    suite__expect_answer(vm, "work\n", "served 1\n");
    struct vm_snapshot *second = take(vm, first);
    suite__expect_answer(vm, "work\n", "served 2\n");
    vm_close(vm);
    struct vm *one = clone_of(first), *two = clone_of(second);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(one, "work\n", "served 1\n");
        suite__expect_answer(two, "work\n", "served 2\n");
        EXPECT_NO_ERROR(vm_reset(one));
        EXPECT_NO_ERROR(vm_reset(two));
        expect_as_snapshot(two, second);
    }
    EXPECT_NO_ERROR(vm_snapshot_prepare(second, 2));
    struct vm *pooled = clone_of(second);
    suite__expect_answer(pooled, "work\n", "served 2\n");
    vm_close(pooled);
    vm_close(one);
    vm_close(two);
    vm_snapshot_close(second);
    vm_snapshot_close(first);
}

const struct test fork_tests[] = {
    {"a clone that was reset is its snapshot again", resets},
    {"a reset undoes crashes, endless loops and poisoned registers", recovers},
    {"clones of clones go on from their own fork points", fork_points},
    {NULL, NULL},
};
