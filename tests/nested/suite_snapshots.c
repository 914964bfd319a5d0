/* Snapshots as files, what they refuse, and what clones of one share. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../ffi/vm/image_pack.h"
#include "../../ffi/vm/port.h"
#include "../../ffi/vm/snapshot_file.h"
#include "../../ffi/vm/view.h"
#include "suite_clones.h"

#define CLONES 12
#define DAMAGES 150
#define CHUNKS_MAX 100000u
#define PAGES_MOST 100000u

/* A snapshot of `echo` booted from an image: that is the same in every process. */
struct stored {
    struct view *view;
    int file;
};

static struct view *image_of_guests(void) {
    static char folder[4096];
    snprintf(folder, sizeof folder, "%s", suite__guest(""));
    folder[strlen(folder) - 1] = 0;
    const struct image_source sources[] = {{folder, "/guests"}};
    struct vm_text why;
    int image = memfd_create("image", MFD_CLOEXEC);
    if (image__pack(image, sources, 1, &why) != 0) suite__fail("no image: %s", why.bytes);
    struct view *view;
    EXPECT_NO_ERROR(view_image__open(image, &view));
    close(image);
    return view;
}

static struct stored store(struct vm_machine *machine) {
    struct stored stored = {.view = image_of_guests()};
    static const char *const arguments[] = {"/guests/echo", NULL}, *const environment[] = {SUITE_TUNABLES, NULL};
    const struct vm_program program = {
        .arguments = arguments,
        .environment = environment,
        .folder = "/",
        .views = &stored.view,
        .view_count = 1,
        .limits = {.memory_bytes = 16 << 20, .file_bytes = 1 << 20, .files = 10, .descriptors = 10, .threads = 4},
    };
    struct vm *vm;
    struct vm_text why;
    if (vm_boot(machine, &program, &vm, &why) != 0) suite__fail("cannot boot: %s", why.bytes);
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_WAITS);
    vm_snapshot_close(suite__snapshot(vm, NULL, &stored.file));
    vm_close(vm);
    return stored;
}

static struct vm_snapshot *load(struct vm_machine *machine, const struct stored *stored) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    int error = vm_snapshot_load(machine, stored->file, NULL, &stored->view, 1, &snapshot, &why);
    if (error != 0) suite__fail("cannot load: %s", why.bytes);
    return snapshot;
}

static void loads(struct vm_machine *machine) {
    struct stored stored = store(machine);
    struct vm_snapshot *snapshot = load(machine, &stored);
    EXPECT(vm_snapshot_check(snapshot, CHUNKS_MAX) == 1);
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "work\n", "served 1\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

/* Refused when it is loaded, or found before its pages are all believed. */
static void damaged(struct vm_machine *machine) {
    struct stored stored = store(machine);
    off_t size = lseek(stored.file, 0, SEEK_END);
    srand(1);
    for (int i = 0; i < DAMAGES; i++) {
        off_t at = i < 40 ? rand() % (off_t)sizeof(struct snapshot_head) : (off_t)(((long)rand() << 16 ^ rand()) % size);
        uint8_t before, after;
        EXPECT(pread(stored.file, &before, 1, at) == 1);
        after = before ^ (uint8_t)(1u << (i % 8));
        /* Between the checksums and the next chunk there is nothing. */
        EXPECT(pwrite(stored.file, &after, 1, at) == 1);
        struct snapshot_head head;
        EXPECT(pread(stored.file, &head, sizeof head, 0) == (ssize_t)sizeof head);
        struct vm_snapshot *snapshot;
        struct vm_text why;
        int error = vm_snapshot_load(machine, stored.file, NULL, &stored.view, 1, &snapshot, &why);
        int found = error != 0;
        if (error != 0 && why.bytes[0] == 0) suite__fail("byte %ld: refused without a reason", (long)at);
        if (error == 0) {
            found = vm_snapshot_check(snapshot, CHUNKS_MAX) == -EBADMSG;
            vm_snapshot_close(snapshot);
        }
        int means_nothing = at >= (off_t)sizeof head && at < (off_t)head.kernel.offset &&
                            (at < (off_t)head.checksums.offset || at >= (off_t)(head.checksums.offset + head.checksums.bytes));
        if (!found && !means_nothing) suite__fail("byte %ld is damaged, and nobody says so", (long)at);
        EXPECT(pwrite(stored.file, &before, 1, at) == 1);
    }
    EXPECT(ftruncate(stored.file, size - 1) == 0);
    struct vm_snapshot *snapshot;
    struct vm_text why;
    EXPECT(vm_snapshot_load(machine, stored.file, NULL, &stored.view, 1, &snapshot, &why) == -EBADMSG);
}

static void refuses(struct vm_machine *machine, const struct stored *stored, const struct snapshot_head *head,
                    struct view *const *views, size_t count, const char *reason) {
    struct snapshot_head changed = *head;
    changed.checksum = snapshot__checksum(&changed, offsetof(struct snapshot_head, checksum));
    EXPECT(pwrite(stored->file, &changed, sizeof changed, 0) == (ssize_t)sizeof changed);
    struct vm_snapshot *snapshot;
    struct vm_text why;
    if (vm_snapshot_load(machine, stored->file, NULL, views, count, &snapshot, &why) == 0) suite__fail("it is taken");
    if (strstr(why.bytes, reason) == NULL) suite__fail("the reason is: %s", why.bytes);
}

static void foreign(struct vm_machine *machine) {
    struct stored stored = store(machine);
    struct snapshot_head head, changed;
    EXPECT(pread(stored.file, &head, sizeof head, 0) == (ssize_t)sizeof head);
    changed = head, changed.build[0] ^= 1;
    refuses(machine, &stored, &changed, &stored.view, 1, "another version");
    changed = head, changed.cpu ^= 1;
    refuses(machine, &stored, &changed, &stored.view, 1, "CPU");
    changed = head, changed.kind ^= 1;
    refuses(machine, &stored, &changed, &stored.view, 1, "kind of KVM");
    changed = head, changed.is_difference = 1;
    refuses(machine, &stored, &changed, &stored.view, 1, "");
    refuses(machine, &stored, &head, NULL, 0, "other files");
}

/* ---- functions of one runtime -------------------------------------------------------------------------- */

static void switches(struct vm_machine *machine) {
    struct vm_snapshot *runtime = suite__base(machine, "echo"), *other = suite__base(machine, "echo");
    struct vm *vm = suite__clone(runtime);
    suite__expect_answer(vm, "work\n", "served 1\n");
    struct vm_snapshot *one = suite__snapshot(vm, runtime, NULL);
    suite__expect_answer(vm, "work\n", "served 2\n");
    struct vm_snapshot *two = suite__snapshot(vm, runtime, NULL);
    vm_close(vm);
    vm = suite__clone(one);
    struct vm_snapshot *const turns[] = {two, one, runtime, two, two, runtime, one, two, one, runtime, two};
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        /* One that did not run since its reset may have been given something all the same. */
        if (i % 2 == 0) EXPECT_NO_ERROR(vm_reset(vm));
        if (i % 4 == 0) EXPECT(vm_feed(vm, PORT_STDIO, "lost\n", 5, 0) == 5);
        int error = vm_switch(vm, turns[i]);
        if (error == -EXDEV || error == -ESTALE) {
            /* Their page tables cannot be exchanged: a clone takes its place, as vm.h says. */
            vm_close(vm);
            vm = suite__clone(turns[i]);
            continue;
        }
        EXPECT_NO_ERROR(error);
        suite__expect_as_snapshot(vm, turns[i]);
        suite__expect_answer(vm, "work\n", turns[i] == runtime ? "served 1\n" : turns[i] == one ? "served 2\n" : "served 3\n");
    }
    EXPECT(vm_switch(vm, other) == -EXDEV && vm_switch_pages(vm, other, PAGES_MOST) == UINT32_MAX);
    vm_close(vm);
}

/* Whoever looks for a VM to switch must not take one that cannot be: it would be closed each time. */
static void has_other_tables(struct vm_machine *machine) {
    struct vm_snapshot *runtime = suite__base(machine, "echo");
    struct vm *vm = suite__clone(runtime);
    suite__expect_answer(vm, "spread\n", "served 1\n");
    struct vm_snapshot *spread = suite__snapshot(vm, runtime, NULL);
    vm_close(vm);
    vm = suite__clone(runtime);
    EXPECT(spread->system.bytes != runtime->system.bytes);
    EXPECT(vm_switch_pages(vm, spread, PAGES_MOST) == UINT32_MAX && vm_switch(vm, spread) == -EXDEV);
    vm_close(vm);
    vm_snapshot_close(spread);
    vm_snapshot_close(runtime);
}

static uint32_t shared_pages(const struct vm_snapshot *one, const struct vm_snapshot *two) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < one->page_count; i++) {
        uint64_t place = one->order[i];
        count += snapshot__page(one, place & 1, place >> 1) == snapshot__page(two, place & 1, place >> 1);
    }
    return count;
}

static void shares(struct vm_machine *machine) {
    struct vm_snapshot *runtime = suite__base(machine, "echo"), *functions[6];
    struct vm *vm = suite__clone(runtime);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        suite__expect_answer(vm, "work\n", i % 2 == 0 ? "served 1\n" : "served 2\n");
        functions[i] = suite__snapshot(vm, runtime, NULL);
        if (i % 2 == 1) EXPECT_NO_ERROR(vm_reset(vm));
    }
    vm_close(vm);
    vm = suite__clone(functions[0]);
    uint32_t shared = shared_pages(functions[0], functions[1]);
    EXPECT(shared > 0 && shared < functions[0]->page_count);
    uint32_t own = vm_switch_pages(vm, functions[1], PAGES_MOST);
    EXPECT(own >= functions[0]->page_count - shared && own <= PAGES_MOST);
    EXPECT(vm_switch_pages(vm, functions[1], own - 1) == UINT32_MAX);
    EXPECT(vm_switch_pages(vm, functions[0], 0) == 0);
    vm_close(vm);
    /* What is left of them is whole, whoever brought it. */
    static const size_t order[] = {0, 3, 1, 5, 4};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        vm_snapshot_close(functions[order[i]]);
        vm = suite__clone(functions[2]);
        suite__expect_as_snapshot(vm, functions[2]);
        suite__expect_answer(vm, "work\n", "served 2\n");
        vm_close(vm);
    }
    vm_snapshot_close(functions[2]);
    vm_snapshot_close(runtime);
}

/* ---- what may not be the same twice -------------------------------------------------------------------- */

struct fresh {
    char words[4][40];
    unsigned long long generation;
    long long monotonic, realtime;
};

static struct fresh ask(struct vm *vm) {
    struct outcome outcome;
    struct fresh fresh;
    EXPECT(vm_feed(vm, PORT_STDIO, "?\n", 2, 0) == 2);
    suite__run(vm, UINT64_MAX, &outcome);
    int count = sscanf(outcome.output, "%39s %39s %39s %39s %llu %lld %lld", fresh.words[0], fresh.words[1], fresh.words[2],
                       fresh.words[3], &fresh.generation, &fresh.monotonic, &fresh.realtime);
    if (count != 7) suite__fail("it said: %s", outcome.output);
    return fresh;
}

static void clones_differ(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "fresh", NULL);
    struct fresh seen[2 * CLONES + 1];
    seen[0] = ask(vm);
    struct vm_snapshot *snapshot = suite__snapshot(vm, NULL, NULL);
    vm_close(vm);
    for (int i = 0; i < CLONES; i++) {
        vm = suite__clone(snapshot);
        seen[2 * i + 1] = ask(vm);
        EXPECT_NO_ERROR(vm_reset(vm));
        seen[2 * i + 2] = ask(vm);
        vm_close(vm);
    }
    for (int i = 1; i <= 2 * CLONES; i++) {
        EXPECT(seen[i].generation > seen[0].generation);
        EXPECT(seen[i].monotonic >= seen[0].monotonic);
        EXPECT(seen[i].realtime >= seen[i - 1].realtime);
        for (int k = 0; k < i; k++) {
            for (int word = 0; word < 4; word++) EXPECT(strcmp(seen[i].words[word], seen[k].words[word]) != 0);
        }
    }
    vm_snapshot_close(snapshot);
}

const struct test snapshot_tests[] = {
    {"a snapshot's file gives the same clones again", loads},
    {"damage to a snapshot's file is found, wherever it is", damaged},
    {"snapshots of other engines, CPUs, KVMs and files are refused with the reason", foreign},
    {"a VM switched to another function is that one's snapshot", switches},
    {"no pages are counted for a switch that cannot be", has_other_tables},
    {"pages that functions have in common are kept once, as long as one of them is there", shares},
    {"clones differ in all that is random, and their clocks go on", clones_differ},
    {NULL, NULL},
};
