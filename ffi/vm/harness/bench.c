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

/* A boot, or an answer: what takes longer is stuck. */
#define DEADLINE_S 20u
#define WARM_UP 20u

struct bench {
    const struct harness_options *options;
    struct harness harness;
};

struct samples {
    double *values; /* microseconds */
    size_t count;
};

static int bench__compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench__head(const struct bench *bench) {
    if (!bench->options->json) printf("%-34s %12s %12s %8s\n", "", "median", "99th of 100", "samples");
}

static void bench__report(const struct bench *bench, const char *name, struct samples *samples) {
    qsort(samples->values, samples->count, sizeof *samples->values, bench__compare);
    double median = samples->values[samples->count / 2], p99 = samples->values[samples->count * 99 / 100];
    if (bench->options->json) {
        printf("{\"name\":\"%s\",\"unit\":\"us\",\"count\":%zu,\"median\":%.1f,\"p99\":%.1f}\n", name, samples->count,
               median, p99);
    } else {
        printf("%-34s %9.1f us %9.1f us %8zu\n", name, median, p99, samples->count);
    }
    fflush(stdout);
    samples->count = 0;
}

static void bench__report_pages(const struct bench *bench, uint64_t pages) {
    if (bench->options->json) printf("{\"name\":\"pages copied\",\"unit\":\"pages of 4 KB\",\"value\":%lu}\n", pages);
    else printf("%-34s %9lu pages of 4 KB\n", "of it copied", pages);
}

static void bench__add(struct samples *samples, uint64_t from_ns, uint64_t to_ns) {
    samples->values[samples->count++] = (double)(to_ns - from_ns) / 1000;
}

/* The program did not do what is measured: why. Returns an exit status. */
static int bench__failed(const struct bench *bench, struct vm *vm, const struct vm_exit *exit, const char *missing) {
    const char *hint = "a program that reads a request from stdin and answers on stdout, and --request TEXT";
    const char *name = bench->options->command[0];
    harness_pass(vm, PORT_LOG, STDERR_FILENO, UINT64_MAX);
    switch ((enum vm_exit_reason)exit->reason) {
    case VM_EXITED:
        return harness_fail(HARNESS_FAILED, hint, "%s ended with exit status %d before it %s", name, exit->status,
                            missing);
    case VM_WAITS:
    case VM_WROTE:
        return harness_fail(HARNESS_FAILED, hint, "%s waits for something else before it %s", name, missing);
    case VM_DEADLINE:
        return harness_fail(HARNESS_LATE, hint, "%s took longer than %u s before it %s", name, DEADLINE_S, missing);
    case VM_SIGNALED:
    case VM_OUT_OF_MEMORY:
    case VM_CPU_TIME:
    case VM_CANCELED:
    case VM_STUCK:
    case VM_BROKEN:
        break;
    }
    return harness_end(bench->options, exit);
}

static uint64_t bench__deadline(void) {
    return harness_now_ns() + DEADLINE_S * UINT64_C(1000000000);
}

/* One request: 0, or an exit status having said what went wrong. */
static int bench__request(const struct bench *bench, struct vm *vm, char *answer, size_t capacity) {
    const char *request = bench->options->request;
    const struct vm_run run = {.deadline_ns = bench__deadline(), .cpu_ns = UINT64_MAX, .stop_for_output = 1};
    struct vm_exit exit;
    vm_feed(vm, PORT_STDIO, request, strlen(request), 0);
    int error = vm_run(vm, &run, &exit);
    if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot run it: %s", strerror(-error));
    size_t size = vm_take(vm, PORT_STDIO, answer, capacity - 1);
    answer[size] = 0;
    return exit.reason == VM_WROTE && size > 0 ? 0 : bench__failed(bench, vm, &exit, "answered");
}

static int bench__reads(const struct vm_exit *exit) {
    return exit->reason == VM_WAITS && (exit->waits_for_input >> PORT_STDIO & 1);
}

/* Runs until it waits for its first request. */
static int bench__boot(struct bench *bench) {
    int status = harness_open(&bench->harness, bench->options);
    if (status != 0) return status;
    const struct vm_run run = {.deadline_ns = bench__deadline(), .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    for (;;) {
        int error = vm_run(bench->harness.vm, &run, &exit);
        if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot run it: %s", strerror(-error));
        if (bench__reads(&exit)) return 0;
        if (exit.reason != VM_WAITS || exit.until_ns == UINT64_MAX) break;
        usleep(1000);
    }
    return bench__failed(bench, bench->harness.vm, &exit, "read a request");
}

static int bench__snapshot(struct harness *harness, struct vm_snapshot **snapshot) {
    struct vm_text why;
    int file = memfd_create("snapshot", MFD_CLOEXEC);
    const struct vm_snapshot_options options = {.file = file};
    int error = vm_snapshot_take(harness->vm, &options, snapshot, &why);
    close(file);
    if (error == 0) return 0;
    return harness_fail(HARNESS_FAILED, "mayfly vm run --trace", "Cannot snapshot it: %s", why.bytes);
}

static int bench__resets(const struct bench *bench, struct vm_snapshot *snapshot, struct samples *samples,
                         struct samples *resets) {
    struct vm *vm;
    char answer[65536], first[65536];
    int error = vm_clone(snapshot, &vm);
    if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot clone it: %s", strerror(-error));
    int status = bench__request(bench, vm, first, sizeof first);
    struct vm_counters counters = {0};
    for (uint64_t i = 0; i < bench->options->runs + WARM_UP && status == 0; i++) {
        uint64_t begun = harness_now_ns();
        error = vm_reset(vm);
        uint64_t reset = harness_now_ns();
        if (error != 0) {
            status = harness_fail(HARNESS_FAILED, "report it", "Cannot reset it: %s", strerror(-error));
            break;
        }
        vm_count(vm, &counters);
        status = bench__request(bench, vm, answer, sizeof answer);
        if (i >= WARM_UP) bench__add(samples, begun, harness_now_ns()), bench__add(resets, begun, reset);
        if (status == 0 && strcmp(answer, first) != 0) {
            status = harness_fail(HARNESS_FAILED, "a program that answers the same request alike",
                                  "After a reset it answered otherwise: %.200s", answer);
        }
    }
    vm_close(vm);
    if (status != 0) return status;
    bench__report(bench, "reset and request", samples);
    bench__report(bench, "of it the reset", resets);
    bench__report_pages(bench, counters.pages_copied);
    return 0;
}

static int bench__clones(const struct bench *bench, struct vm_snapshot *snapshot, struct samples *samples,
                         uint32_t shells) {
    char answer[65536];
    for (uint64_t i = 0; i < bench->options->runs / 4; i++) {
        if (shells > 0 && i % shells == 0) vm_snapshot_prepare(snapshot, shells);
        struct vm *vm;
        uint64_t begun = harness_now_ns();
        int error = vm_clone(snapshot, &vm);
        if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot clone it: %s", strerror(-error));
        int status = bench__request(bench, vm, answer, sizeof answer);
        bench__add(samples, begun, harness_now_ns());
        if (i == 0) vm_snapshot_learn(snapshot, vm);
        vm_close(vm);
        if (status != 0) return status;
    }
    bench__report(bench, shells > 0 ? "clone and request, pooled shells" : "clone and request, from nothing", samples);
    return 0;
}

static int bench__all(struct bench *bench, struct samples *samples, struct samples *resets) {
    uint64_t begun = harness_now_ns();
    int status = bench__boot(bench);
    if (status != 0) return status;
    bench__head(bench);
    bench__add(samples, begun, harness_now_ns());
    bench__report(bench, "boot to the first read", samples);
    struct vm_snapshot *snapshot;
    begun = harness_now_ns();
    status = bench__snapshot(&bench->harness, &snapshot);
    if (status != 0) return status;
    bench__add(samples, begun, harness_now_ns());
    bench__report(bench, "taking the snapshot", samples);
    status = bench__resets(bench, snapshot, samples, resets);
    if (status == 0) status = bench__clones(bench, snapshot, samples, 0);
    if (status == 0) status = bench__clones(bench, snapshot, samples, 16);
    vm_snapshot_close(snapshot);
    return status;
}

int harness_bench(int count, char **arguments) {
    struct harness_options options;
    int status = harness_parse(HARNESS_BENCH, count, arguments, &options);
    if (status != 0) return status;
    struct bench bench = {.options = &options};
    struct samples samples = {.values = calloc(options.runs, sizeof(double))};
    struct samples resets = {.values = calloc(options.runs, sizeof(double))};
    if (samples.values != NULL && resets.values != NULL) status = bench__all(&bench, &samples, &resets);
    else status = harness_fail(HARNESS_FAILED, "fewer --runs", "Cannot measure: %s", strerror(ENOMEM));
    harness_close(&bench.harness);
    free(samples.values);
    free(resets.values);
    return status;
}
