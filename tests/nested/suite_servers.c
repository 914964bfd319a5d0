/* Guests that wait for connections, and connections that are made before they are needed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../ffi/vm/port.h"
#include "../../ffi/vm/view.h"
#include "suite_clones.h"

#define TCP_PORT 8080u
#define IDLE_US 300000u
/* A reading of two clocks is off by so much at most. */
#define NOISE_NS 1000000

static void run(struct vm *vm, uint16_t *tcp_port) {
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_WAITS);
    if (tcp_port != NULL) *tcp_port = exit.tcp_port;
}

struct told {
    int count;
    long long waited_ns;
};

static struct told ask(struct vm *vm, uint32_t port) {
    char answer[64];
    struct told told;
    EXPECT(vm_feed(vm, port, "?\n", 2, 0) == 2);
    run(vm, NULL);
    size_t size = vm_take(vm, port, answer, sizeof answer - 1);
    answer[size] = 0;
    if (sscanf(answer, "%d %lld", &told.count, &told.waited_ns) != 2) suite__fail("it said: %s", answer);
    EXPECT(vm_ended(vm, port));
    vm_hang_up(vm, port);
    return told;
}

static uint32_t connect_to(struct vm *vm) {
    int port = vm_connect(vm, TCP_PORT);
    EXPECT(port >= (int)PORT_FIRST_CONNECTION);
    return (uint32_t)port;
}

static struct vm *boot_server(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "server", NULL);
    uint16_t tcp_port;
    run(vm, &tcp_port);
    EXPECT(tcp_port == TCP_PORT);
    return vm;
}

static void connections(struct vm_machine *machine) {
    struct vm *vm = boot_server(machine);
    EXPECT(ask(vm, connect_to(vm)).count == 1);
    run(vm, NULL);
    struct vm_snapshot *snapshot = suite__snapshot(vm, NULL, NULL);
    vm_close(vm);
    vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        EXPECT(ask(vm, connect_to(vm)).count == 2 && ask(vm, connect_to(vm)).count == 3);
        EXPECT(vm_connect(vm, TCP_PORT + 1) == -ECONNREFUSED);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
}

/* It was accepted before the snapshot: in clones that wait to be used no time passes since. */
static void ahead(struct vm_machine *machine) {
    struct vm *vm = boot_server(machine);
    EXPECT(vm_connect_ahead(vm, TCP_PORT + 1) == -ECONNREFUSED);
    uint64_t begun = suite__now_ns();
    EXPECT_NO_ERROR(vm_connect_ahead(vm, TCP_PORT));
    run(vm, NULL);
    struct vm_snapshot *snapshot = suite__snapshot(vm, NULL, NULL);
    long long before = (long long)(suite__now_ns() - begun);
    vm_close(vm);
    vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        usleep(IDLE_US);
        begun = suite__now_ns();
        uint32_t first = connect_to(vm), second = connect_to(vm);
        EXPECT(first == PORT_FIRST_CONNECTION && second == first + 1);
        struct told told = ask(vm, first);
        EXPECT(told.count == 1 && told.waited_ns <= before + (long long)(suite__now_ns() - begun) + NOISE_NS);
        EXPECT(ask(vm, second).count == 2);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
}

/* One that the guest gave up meanwhile is nobody's. */
static void lost(struct vm_machine *machine) {
    struct vm *vm = boot_server(machine);
    EXPECT_NO_ERROR(vm_connect_ahead(vm, TCP_PORT));
    EXPECT(vm_feed(vm, PORT_FIRST_CONNECTION, "", 0, 1) == 0);
    run(vm, NULL);
    EXPECT(ask(vm, connect_to(vm)).count == 2);
    vm_close(vm);
}

const struct test server_tests[] = {
    {"connections to a server are served in clones as they were before", connections},
    {"a connection that was made ahead is the first, and waiting takes no time", ahead},
    {"a connection made ahead that the guest gave up is replaced", lost},
    {NULL, NULL},
};
