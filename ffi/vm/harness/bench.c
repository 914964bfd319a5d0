#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../port.h"
#include "harness.h"

/*
 * Measures clones and resets of a program that reads a request from stdin and writes an answer to stdout, as often as
 * it is asked to.
 */

#define SAMPLES_MAX 100000u

struct samples {
    double *values;
    size_t count;
};

static int bench__compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench__report(const char *name, struct samples *samples) {
    qsort(samples->values, samples->count, sizeof *samples->values, bench__compare);
    printf("{\"name\":\"%s\",\"count\":%zu,\"median\":%.1f,\"p99\":%.1f}\n", name, samples->count,
           samples->values[samples->count / 2], samples->values[samples->count * 99 / 100]);
    fflush(stdout);
    samples->count = 0;
}

static void bench__add(struct samples *samples, uint64_t from_ns, uint64_t to_ns) {
    if (samples->count < SAMPLES_MAX) samples->values[samples->count++] = (double)(to_ns - from_ns) / 1000;
}

static int bench__run(struct vm *vm, int stop_for_output, struct vm_exit *exit) {
    const struct vm_run run = {
        .deadline_ns = harness_now_ns() + UINT64_C(20000000000), .cpu_ns = UINT64_MAX, .stop_for_output = stop_for_output};
    return vm_run(vm, &run, exit);
}

/* One request: 0, or 1 having said what went wrong. */
static int bench__request(struct vm *vm, const char *request, char *answer, size_t capacity) {
    struct vm_exit exit;
    vm_feed(vm, PORT_STDIO, request, strlen(request), 0);
    int error = bench__run(vm, 1, &exit);
    size_t size = error == 0 ? vm_take(vm, PORT_STDIO, answer, capacity - 1) : 0;
    answer[size] = 0;
    if (error == 0 && exit.reason == VM_WROTE && size > 0) return 0;
    char log[2000];
    size_t logged = vm_take(vm, PORT_LOG, log, sizeof log);
    fprintf(stderr, "Error: no answer: error %d, reason %u, status %d, at 0x%lx 0x%lx\n%.*s\n", error, exit.reason,
            exit.status, exit.fault_instruction, exit.fault_address, (int)logged, log);
    return 1;
}

/* Runs until it waits for its first request. */
static int bench__boot(struct harness *harness, const struct harness_options *options) {
    int status = harness_open(harness, options);
    if (status != 0) return status;
    struct vm_exit exit;
    do {
        int error = bench__run(harness->vm, 0, &exit);
        if (error != 0) return 1;
        if (exit.reason == VM_WAITS && !(exit.waits_for_input >> PORT_STDIO & 1)) usleep(1000);
    } while (exit.reason == VM_WAITS && !(exit.waits_for_input >> PORT_STDIO & 1));
    if (exit.reason == VM_WAITS) return 0;
    char log[4000];
    size_t logged = vm_take(harness->vm, PORT_LOG, log, sizeof log);
    fprintf(stderr, "Error: it did not come to wait for a request: reason %u, status %d at 0x%lx 0x%lx\n%.*s\n", exit.reason, exit.status, exit.fault_instruction, exit.fault_address,
            (int)logged, log);
    return 1;
}

static int bench__snapshot(struct harness *harness, struct vm_snapshot **snapshot) {
    struct vm_text why;
    int file = memfd_create("snapshot", MFD_CLOEXEC);
    const struct vm_snapshot_options options = {.file = file};
    int error = vm_snapshot_take(harness->vm, &options, snapshot, &why);
    close(file);
    if (error != 0) fprintf(stderr, "Error: %s\n", why.bytes);
    return error;
}

static int bench__resets(struct vm_snapshot *snapshot, const char *request, struct samples *samples, uint32_t count) {
    struct vm *vm;
    char answer[65536], first[65536];
    if (vm_clone(snapshot, &vm) != 0) return 1;
    struct samples resets = {malloc(SAMPLES_MAX * sizeof(double)), 0};
    int status = bench__request(vm, request, first, sizeof first);
    uint64_t pages = 0;
    for (uint32_t i = 0; i < count + 20 && status == 0; i++) {
        uint64_t begun = harness_now_ns();
        int error = vm_reset(vm);
        if (error != 0) {
            fprintf(stderr, "Error: cannot reset: %s\n", strerror(-error));
            status = 1;
            break;
        }
        uint64_t reset = harness_now_ns();
        struct vm_counters counters;
        vm_count(vm, &counters);
        pages = counters.pages_copied;
        status = bench__request(vm, request, answer, sizeof answer);
        uint64_t done = harness_now_ns();
        if (i >= 20) bench__add(samples, begun, done), bench__add(&resets, begun, reset);
        if (status == 0 && strcmp(answer, first) != 0) {
            fprintf(stderr, "Error: the answer changed: %.200s\n", answer);
            status = 1;
        }
    }
    vm_close(vm);
    if (status == 0) {
        bench__report("reset and request", samples);
        bench__report("of it the reset", &resets);
        printf("{\"name\":\"pages copied\",\"count\":%lu}\n", pages);
    }
    free(resets.values);
    return status;
}

static int bench__clones(struct vm_snapshot *snapshot, const char *name, const char *request, struct samples *samples,
                         uint32_t count, uint32_t shells) {
    char answer[65536];
    for (uint32_t i = 0; i < count; i++) {
        if (shells > 0 && i % shells == 0) vm_snapshot_prepare(snapshot, shells);
        struct vm *vm;
        uint64_t begun = harness_now_ns();
        int error = vm_clone(snapshot, &vm);
        if (error != 0) {
            fprintf(stderr, "Error: cannot clone: %s\n", strerror(-error));
            return 1;
        }
        int status = bench__request(vm, request, answer, sizeof answer);
        bench__add(samples, begun, harness_now_ns());
        if (i == 0) vm_snapshot_learn(snapshot, vm);
        vm_close(vm);
        if (status != 0) return status;
    }
    bench__report(name, samples);
    return 0;
}

int harness_bench(int count, char **arguments) {
    struct harness_options options;
    struct harness harness;
    struct samples samples = {malloc(SAMPLES_MAX * sizeof(double)), 0};
    const char *request = getenv("REQUEST");
    if (request == NULL) request = "{\"name\":\"bob\",\"n\":7,\"x\":[1,2,3]}";
    int status = harness_parse(count, arguments, &options);
    if (status != 0) return status;
    uint64_t begun = harness_now_ns();
    status = bench__boot(&harness, &options);
    if (status != 0) return status;
    bench__add(&samples, begun, harness_now_ns());
    bench__report("boot to the first read", &samples);
    struct vm_snapshot *snapshot;
    begun = harness_now_ns();
    if (bench__snapshot(&harness, &snapshot) != 0) return 1;
    bench__add(&samples, begun, harness_now_ns());
    bench__report("taking the snapshot", &samples);
    uint32_t runs = getenv("RUNS") == NULL ? 1000 : (uint32_t)atoi(getenv("RUNS"));
    status = bench__resets(snapshot, request, &samples, runs);
    if (status == 0) status = bench__clones(snapshot, "clone and request, from nothing", request, &samples, runs / 4, 0);
    if (status == 0) status = bench__clones(snapshot, "clone and request, pooled shells", request, &samples, runs / 4, 16);
    vm_snapshot_close(snapshot);
    harness_close(&harness);
    free(samples.values);
    return status;
}
