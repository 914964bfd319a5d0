#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../ffi/vm/port.h"
#include "microvm.h"

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void samples_add(struct samples *samples, uint64_t from_ns, uint64_t to_ns) {
    if (samples->count < SAMPLES_MAX) samples->values[samples->count++] = (double)(to_ns - from_ns) / 1000;
}

void samples_report(struct samples *samples, const char *name) {
    qsort(samples->values, samples->count, sizeof *samples->values, compare);
    printf("{\"name\":\"%s\",\"count\":%zu,\"median\":%.1f,\"p99\":%.1f}\n", name, samples->count,
           samples->values[samples->count / 2], samples->values[samples->count * 99 / 100]);
    fflush(stdout);
    samples->count = 0;
}

void number_report(const char *name, double value) {
    printf("{\"name\":\"%s\",\"count\":1,\"median\":%.1f,\"p99\":%.1f}\n", name, value, value);
    fflush(stdout);
}

void must(int error, const char *what) {
    if (error == 0) return;
    fprintf(stderr, "Error: cannot %s: %s\n", what, strerror(error < 0 ? -error : error));
    exit(1);
}

static void fail_with_log(struct vm *vm, const struct vm_exit *exit_record, const char *what) {
    char log[4000];
    size_t size = vm_take(vm, PORT_LOG, log, sizeof log);
    fprintf(stderr, "Error: %s: reason %u, status %d, at 0x%lx, address 0x%lx\n%.*s\n", what, exit_record->reason,
            exit_record->status, exit_record->fault_instruction, exit_record->fault_address, (int)size, log);
    exit(1);
}

void bench_settle(struct vm *vm) {
    struct vm_exit exit_record;
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    for (;;) {
        must(vm_run(vm, &run, &exit_record), "run the VM");
        if (exit_record.reason != VM_WAITS) fail_with_log(vm, &exit_record, "it did not come to wait for a request");
        if (exit_record.waits_for_input >> PORT_STDIO & 1) return;
        usleep(500);
    }
}

struct vm_snapshot *bench_take(struct vm *vm, const struct vm_snapshot *parent, int *file) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    int memory = memfd_create("snapshot", MFD_CLOEXEC);
    const struct vm_snapshot_options options = {.file = memory, .parent = parent};
    int error = vm_snapshot_take(vm, &options, &snapshot, &why);
    if (error != 0) fprintf(stderr, "%s\n", why.bytes);
    must(error, "take a snapshot");
    if (file != NULL) *file = memory;
    else close(memory);
    return snapshot;
}

struct vm_snapshot *bench_snapshot(struct harness *harness, const struct harness_options *options) {
    if (harness_open(harness, options) != 0) exit(1);
    bench_settle(harness->vm);
    return bench_take(harness->vm, NULL, NULL);
}

size_t bench_request(struct vm *vm, const char *request, char *answer, size_t capacity) {
    struct vm_exit exit_record;
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX, .stop_for_output = 1};
    vm_feed(vm, PORT_STDIO, request, strlen(request), 0);
    size_t size;
    do {
        must(vm_run(vm, &run, &exit_record), "run the VM");
        size = vm_take(vm, PORT_STDIO, answer, capacity - 1);
        if (size == 0 && exit_record.reason == VM_WAITS) usleep(100);
    } while (size == 0 && (exit_record.reason == VM_WAITS || exit_record.reason == VM_WROTE));
    if (size == 0) fail_with_log(vm, &exit_record, "no answer");
    answer[size] = 0;
    return size;
}

void bench_learn(struct vm_snapshot *snapshot, const char *request) {
    char answer[65536];
    struct vm *vm;
    must(vm_clone(snapshot, &vm), "clone");
    bench_request(vm, request, answer, sizeof answer);
    must(vm_snapshot_learn(snapshot, vm), "learn");
    vm_close(vm);
}

long bench_kilobytes(const char *file, const char *name) {
    char line[256];
    long value = -1;
    FILE *stream = fopen(file, "r");
    if (stream == NULL) return -1;
    while (fgets(line, sizeof line, stream) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) value = atol(line + strlen(name));
    }
    fclose(stream);
    return value;
}
