/* Snapshots, clones and resets: a clone that was reset is, byte for byte, its snapshot. */
#include <errno.h>
#include <string.h>

#include "suite_clones.h"

#define ROUNDS 25
#define FRESH "served 1, marked 1, ds 0 es 0 fs 0 gs 0, direction 0\n"

static void resets(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = suite__base(machine, "echo");
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < ROUNDS; round++) {
        suite__expect_answer(vm, "work\n", "served 1\n");
        if (round % 2 == 1) suite__expect_answer(vm, "work\n", "served 2\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
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
    struct vm_snapshot *snapshot = suite__base(machine, "echo");
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        ends_as(vm, "poison\n", UINT64_MAX, VM_EXITED);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_answer(vm, "tell\n", FRESH);
        ends_as(vm, "crash\n", UINT64_MAX, VM_SIGNALED);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_answer(vm, "tell\n", FRESH);
        ends_as(vm, "spin\n", suite__now_ns() + 20000000, VM_DEADLINE);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
        suite__expect_answer(vm, "tell\n", FRESH);
        EXPECT_NO_ERROR(vm_reset(vm));
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

/* A program that took another's place goes, with all that it brought. */
static void replaced(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = suite__base(machine, "echo");
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "work\n", "served 1\n");
        ends_as(vm, "exec\n", UINT64_MAX, VM_WAITS);
        suite__expect_answer(vm, "work\n", "served 1\n");
        suite__expect_answer(vm, "wake\n", "woken 1, marked 1\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

/* Sleeping threads have registers of their own, in clones as in what they are clones of. */
static void sleepers(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = suite__base(machine, "echo");
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "wake\n", "woken 1, marked 1\n");
        suite__expect_answer(vm, "wake\n", "woken 2, marked 1\n");
        suite__expect_answer(vm, "tell\n", "served 3, marked 1, ds 0 es 0 fs 0 gs 0, direction 0\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        ends_as(vm, "poison\n", UINT64_MAX, VM_EXITED);
        EXPECT_NO_ERROR(vm_reset(vm));
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

static void fork_points(struct vm_machine *machine) {
    struct vm_snapshot *first = suite__base(machine, "echo");
    struct vm *vm = suite__clone(first);
    suite__expect_answer(vm, "work\n", "served 1\n");
    struct vm_snapshot *second = suite__snapshot(vm, first, NULL);
    suite__expect_answer(vm, "work\n", "served 2\n");
    vm_close(vm);
    struct vm *one = suite__clone(first), *two = suite__clone(second);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(one, "work\n", "served 1\n");
        suite__expect_answer(two, "work\n", "served 2\n");
        EXPECT_NO_ERROR(vm_reset(one));
        EXPECT_NO_ERROR(vm_reset(two));
        suite__expect_as_snapshot(two, second);
    }
    EXPECT_NO_ERROR(vm_snapshot_prepare(second, 2));
    struct vm *pooled = suite__clone(second);
    suite__expect_answer(pooled, "work\n", "served 2\n");
    vm_close(pooled);
    vm_close(one);
    vm_close(two);
    vm_snapshot_close(second);
    vm_snapshot_close(first);
}

/* Page tables that came after a snapshot are not undone: whoever has them is cloned anew, snapshots of its own or not. */
static void more_tables(struct vm_machine *machine) {
    struct vm_snapshot *first = suite__base(machine, "echo");
    struct vm *vm = suite__clone(first);
    suite__expect_answer(vm, "spread\n", "served 1\n");
    struct vm_snapshot *second = suite__snapshot(vm, NULL, NULL);
    EXPECT(vm_reset(vm) == -ESTALE);
    vm_close(vm);
    vm = suite__clone(second);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "work\n", "served 2\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, second);
    }
    suite__expect_answer(vm, "spread\n", "served 2\n");
    EXPECT(vm_reset(vm) == -ESTALE);
    vm_close(vm);
    vm_snapshot_close(second);
    vm_snapshot_close(first);
}

/* Its tables are folded in clones: calls on what they map do what they say, and a reset undoes it. */
static void folded(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "echo", NULL);
    suite__expect_answer(vm, "fill\n", "served 1\n");
    struct vm_snapshot *snapshot = suite__snapshot(vm, NULL, NULL);
    vm_close(vm);
    vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "use\n", "zeros 5120, letters 2560, read -1, vvar -1\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

const struct test fork_tests[] = {
    {"a clone's calls reach what is folded", folded},
    {"a clone that has more page tables is not reset", more_tables},
    {"a clone that was reset is its snapshot again", resets},
    {"a reset undoes crashes, endless loops and poisoned registers", recovers},
    {"a reset brings back the program whose place another took", replaced},
    {"threads that sleep in a snapshot wake up in its clones as they were", sleepers},
    {"clones of clones go on from their own fork points", fork_points},
    {NULL, NULL},
};
