/* A guest and its host: frames, and waiting that holds no thread. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../../ffi/shim/frames.h"
#include "../../ffi/vm/port.h"
#include "../../ffi/vm/view.h"
#include "suite_clones.h"

#define FAR_NS UINT64_C(3600000000000)

static size_t frame(uint8_t *to, uint8_t type, const char *payload) {
    size_t length = strlen(payload);
    struct mf_frame head = {.type = type, .length = (uint32_t)length};
    memset(to, 0, sizeof head + length + 4);
    memcpy(to, &head, sizeof head);
    memcpy(to + sizeof head, payload, length);
    return (sizeof head + length + 3) & ~(size_t)3;
}

static size_t taken(struct vm *vm, uint8_t *to, size_t capacity) {
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_WAITS && (exit.waits_for_input >> PORT_FRAMES & 1));
    return vm_take(vm, PORT_FRAMES, to, capacity);
}

static void expect_frame(const uint8_t **at, uint8_t type, const char *payload) {
    struct mf_frame head;
    memcpy(&head, *at, sizeof head);
    if (head.type != type || head.length != strlen(payload) || memcmp(*at + sizeof head, payload, head.length) != 0) {
        suite__fail("a frame is type %u with %u bytes, not type %u with %s", head.type, head.length, type, payload);
    }
    *at += (sizeof head + head.length + 3) & ~(size_t)3;
}

static void frames(struct vm_machine *machine) {
    const char *const arguments[] = {suite__guest("frames"), NULL};
    struct vm *booted = suite__boot_frames(machine, arguments);
    uint8_t bytes[1024];
    EXPECT(taken(booted, bytes, sizeof bytes) == 0);
    struct vm_snapshot *snapshot = suite__snapshot(booted, NULL, NULL);
    vm_close(booted);
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        EXPECT(vm_feed(vm, PORT_FRAMES, bytes, frame(bytes, MF_HEAD, "a request"), 0) > 0);
        const uint8_t *at = bytes;
        size_t size = taken(vm, bytes, sizeof bytes);
        expect_frame(&at, MF_LOG, "asked");
        expect_frame(&at, MF_CALL, "a request");
        EXPECT((size_t)(at - bytes) == size);
        EXPECT(vm_feed(vm, PORT_FRAMES, bytes, frame(bytes, MF_ANSWER, "an answer"), 0) > 0);
        at = bytes;
        size = taken(vm, bytes, sizeof bytes);
        expect_frame(&at, MF_HEAD, "");
        expect_frame(&at, MF_CHUNK, "an answer");
        expect_frame(&at, MF_END, "");
        EXPECT((size_t)(at - bytes) == size);
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

/* ---- waiting -------------------------------------------------------------------------------------------- */

static void parked(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "spin", "sleep");
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    uint64_t begun = suite__now_ns();
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_WAITS && exit.waits_for_input == 0);
    EXPECT(exit.until_ns > begun + FAR_NS / 2 && exit.until_ns != UINT64_MAX);
    vm_close(vm);
}

static void *kick(void *vm) {
    usleep(20000);
    vm_kick(vm, VM_KICK_CANCEL);
    return NULL;
}

static void canceled(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "spin", NULL);
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, kick, vm) == 0);
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_CANCELED);
    pthread_join(thread, NULL);
    /* Before it begins, too. */
    vm_kick(vm, VM_KICK_CANCEL);
    EXPECT_NO_ERROR(vm_run(vm, &run, &exit));
    EXPECT(exit.reason == VM_CANCELED);
    vm_close(vm);
}

const struct test port_tests[] = {
    {"requests, answers and host calls are frames on descriptor 3", frames},
    {"a guest that sleeps holds no thread", parked},
    {"a guest that computes is canceled from another thread", canceled},
    {NULL, NULL},
};
