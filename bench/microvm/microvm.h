/* What the cases of this bench share. Each prints JSON lines: a name, how many, median and p99 in microseconds. */
#ifndef MAYFLY_BENCH_MICROVM_H
#define MAYFLY_BENCH_MICROVM_H

#include <stddef.h>
#include <stdint.h>

#include "../../ffi/vm/harness/harness.h"
#include "../../ffi/vm/vm.h"

#define SAMPLES_MAX 200000u

struct samples {
    double values[SAMPLES_MAX];
    size_t count;
};

void samples_add(struct samples *samples, uint64_t from_ns, uint64_t to_ns);
void samples_report(struct samples *samples, const char *name);
void number_report(const char *name, double value);

/* A failed step ends the bench and says which. */
void must(int error, const char *what);

/* Boots the command until it waits for its first request, and takes a snapshot of it into a memfd. */
struct vm_snapshot *bench_snapshot(struct harness *harness, const struct harness_options *options);
struct vm_snapshot *bench_take(struct vm *vm, const struct vm_snapshot *parent, int *file);
/* Runs till it waits for a request. */
void bench_settle(struct vm *vm);
/* One request and its answer, which is the same every time. */
size_t bench_request(struct vm *vm, const char *request, char *answer, size_t capacity);
/* Has one clone serve a request, so that later ones know what that takes. */
void bench_learn(struct vm_snapshot *snapshot, const char *request);

/* A number of /proc/self/status or /proc/meminfo, in KB. */
long bench_kilobytes(const char *file, const char *name);

#endif
