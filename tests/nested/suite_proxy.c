/* Connections that a guest makes to its host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../ffi/vm/port.h"
#include "../../ffi/vm/view.h"
#include "suite_clones.h"

static void run(struct vm *vm) {
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_WAITS);
}

static void tell(struct vm *vm, const char *line) {
    EXPECT(vm_feed(vm, PORT_STDIO, line, strlen(line), 0) == strlen(line));
    run(vm);
}

static void expect_said(struct vm *vm, const char *expected) {
    char said[512];
    size_t size = vm_take(vm, PORT_STDIO, said, sizeof said - 1);
    said[size] = 0;
    if (strcmp(said, expected) != 0) suite__fail("it said %s, not %s", said, expected);
}

static uint32_t only_dialed(struct vm *vm) {
    uint64_t dialed = vm_dialed(vm);
    EXPECT(__builtin_popcountll(dialed) == 1);
    return (uint32_t)__builtin_ctzll(dialed);
}

static void expect_asked(struct vm *vm, uint32_t port) {
    char asked[16];
    EXPECT(vm_take(vm, port, asked, sizeof asked) == 3 && memcmp(asked, "ask", 3) == 0);
}

/* One of the guest's connections, and its answer in two parts. */
static void serve(struct vm *vm, const char *line, const char *expected) {
    tell(vm, line);
    uint32_t port = only_dialed(vm);
    expect_asked(vm, port);
    EXPECT(vm_feed(vm, port, "first ", 6, 0) == 6);
    run(vm);
    EXPECT(vm_feed(vm, port, "second", 6, 1) == 6);
    run(vm);
    expect_said(vm, expected);
    EXPECT(vm_ended(vm, port) && vm_dialed(vm) == UINT64_C(1) << port);
    vm_hang_up(vm, port);
    EXPECT(vm_dialed(vm) == 0);
}

static struct vm *clone_of_dial(struct vm_machine *machine, struct vm_snapshot **snapshot) {
    *snapshot = suite__base(machine, "dial");
    struct vm *vm = suite__clone(*snapshot);
    vm_serve_proxy(vm, 1);
    return vm;
}

static void every_way(struct vm_machine *machine) {
    struct vm_snapshot *snapshot;
    struct vm *vm = clone_of_dial(machine, &snapshot);
    static const char *const ways[] = {"4b\n", "6b\n", "4p\n", "6p\n", "4e\n", "4s\n", "6eh\n", "4bh\n"};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) serve(vm, ways[i], "3128 first second\n");
        tell(vm, "l\n");
        expect_said(vm, "its own: x\n");
        EXPECT(vm_dialed(vm) == 0);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
}

static void unasked(struct vm_machine *machine) {
    struct vm_snapshot *snapshot = suite__base(machine, "dial");
    struct vm *vm = suite__clone(snapshot);
    static const char *const ways[] = {"4b\n", "6b\n", "4p\n", "6e\n"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char refused[32];
        snprintf(refused, sizeof refused, "error %d\n", ECONNREFUSED);
        tell(vm, ways[i]);
        expect_said(vm, refused);
    }
    vm_close(vm);
}

static void lost(struct vm_machine *machine) {
    struct vm_snapshot *snapshot;
    struct vm *vm = clone_of_dial(machine, &snapshot);
    tell(vm, "4bw\n");
    uint32_t port = only_dialed(vm);
    vm_hang_up(vm, port);
    EXPECT(vm_dialed(vm) == 0);
    run(vm);
    expect_said(vm, "3128  Broken pipe\n");
    vm_close(vm);
}

/* Its number is nobody else's before the host is done with it; and a reset ends all. */
static void bounded(struct vm_machine *machine) {
    struct vm_snapshot *snapshot;
    struct vm *vm = clone_of_dial(machine, &snapshot);
    char expected[64];
    tell(vm, "4b\n");
    uint32_t port = only_dialed(vm);
    EXPECT(vm_feed(vm, port, "", 0, 1) == 0);
    run(vm);
    expect_said(vm, "3128 \n");
    tell(vm, "4b\n");
    EXPECT(__builtin_popcountll(vm_dialed(vm)) == 2);
    EXPECT_NO_ERROR(vm_reset(vm));
    EXPECT(vm_dialed(vm) == 0);
    tell(vm, "m\n");
    snprintf(expected, sizeof expected, "%u, ", VM_DIALED_MAX);
    expect_said(vm, expected);
    EXPECT(__builtin_popcountll(vm_dialed(vm)) == VM_DIALED_MAX);
    vm_hang_up(vm, (uint32_t)__builtin_ctzll(vm_dialed(vm)));
    run(vm);
    expect_said(vm, "then 1 more, error 0\n");
    EXPECT(__builtin_popcountll(vm_dialed(vm)) == VM_DIALED_MAX);
    EXPECT_NO_ERROR(vm_reset(vm));
    EXPECT(vm_dialed(vm) == 0);
    suite__expect_as_snapshot(vm, snapshot);
    serve(vm, "4b\n", "3128 first second\n");
    vm_close(vm);
}

static void not_stored(struct vm_machine *machine) {
    struct vm_snapshot *snapshot, *refused;
    struct vm_text why;
    struct vm *vm = clone_of_dial(machine, &snapshot);
    tell(vm, "4b\n");
    const struct vm_snapshot_options options = {.file = memfd_create("snapshot", MFD_CLOEXEC), .parent = snapshot};
    EXPECT(vm_snapshot_take(vm, &options, &refused, &why) == -EBUSY);
    if (strstr(why.bytes, "proxy") == NULL) suite__fail("the reason is: %s", why.bytes);
    vm_hang_up(vm, only_dialed(vm));
    run(vm);
    vm_snapshot_close(suite__snapshot(vm, snapshot, NULL));
    vm_close(vm);
}

const struct test proxy_tests[] = {
    {"a guest's connections to its proxy are the host's, however it waits for them", every_way},
    {"without a host that serves them they are refused", unasked},
    {"a connection that the host hung up is over", lost},
    {"a guest has so many connections to its host, and a reset closes them", bounded},
    {"no snapshot has a connection to the host", not_stored},
    {NULL, NULL},
};
