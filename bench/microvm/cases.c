#include "cases.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char *const usual_request = "{\"name\":\"bob\",\"n\":7,\"x\":[1,2,3]}";
static struct samples samples, others;
static char answer[65536], expected[65536];

uint32_t runs(uint32_t usual) {
    const char *asked = getenv("RUNS");
    return asked == NULL ? usual : (uint32_t)atoi(asked);
}

static const char *request(void) {
    const char *asked = getenv("REQUEST");
    return asked == NULL ? usual_request : asked;
}

static void expect_same(void) {
    if (strcmp(answer, expected) == 0) return;
    fprintf(stderr, "Error: the answer changed: %.300s\n", answer);
    exit(1);
}

void case_reset(const struct harness_options *options) {
    struct harness harness;
    uint64_t begun = harness_now_ns();
    struct vm_snapshot *snapshot = bench_snapshot(&harness, options);
    number_report("boot to snapshot", (double)(harness_now_ns() - begun) / 1000);
    struct vm *vm;
    must(vm_clone(snapshot, &vm), "clone");
    bench_request(vm, request(), expected, sizeof expected);
    uint32_t count = runs(2000);
    for (uint32_t i = 0; i < count + 50; i++) {
        begun = harness_now_ns();
        must(vm_reset(vm), "reset");
        uint64_t reset = harness_now_ns();
        bench_request(vm, request(), answer, sizeof answer);
        uint64_t done = harness_now_ns();
        expect_same();
        if (i >= 50) samples_add(&samples, begun, done), samples_add(&others, begun, reset);
    }
    samples_report(&samples, "reset and request");
    samples_report(&others, "reset");
    struct vm_counters counters;
    must(vm_reset(vm), "reset");
    vm_count(vm, &counters);
    number_report("pages copied", (double)counters.pages_copied);
    vm_close(vm);
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}

static void clones(struct vm_snapshot *snapshot, const char *name, int prepared) {
    uint32_t count = runs(200);
    for (uint32_t i = 0; i < count; i++) {
        if (prepared) must(vm_snapshot_prepare(snapshot, 1), "prepare a shell");
        struct vm *vm;
        uint64_t begun = harness_now_ns();
        must(vm_clone(snapshot, &vm), "clone");
        uint64_t cloned = harness_now_ns();
        bench_request(vm, request(), answer, sizeof answer);
        samples_add(&samples, begun, harness_now_ns());
        samples_add(&others, begun, cloned);
        expect_same();
        vm_close(vm);
    }
    char of_it[128];
    snprintf(of_it, sizeof of_it, "%s: the clone", name);
    samples_report(&samples, name);
    samples_report(&others, of_it);
}

void case_clone(const struct harness_options *options) {
    struct harness harness;
    struct vm_snapshot *snapshot = bench_snapshot(&harness, options);
    struct vm *vm;
    must(vm_clone(snapshot, &vm), "clone");
    bench_request(vm, request(), expected, sizeof expected);
    must(vm_snapshot_learn(snapshot, vm), "learn");
    vm_close(vm);
    clones(snapshot, "clone from nothing", 0);
    clones(snapshot, "clone with a pooled shell", 1);
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}

static struct vm_snapshot *function(const struct vm_snapshot *runtime, const char *greeting) {
    char load[512];
    snprintf(load, sizeof load,
             "{\"load\":\"import json\\ncounter = 0\\ndef handler(event):\\n    global counter\\n    counter += 1\\n"
             "    return {'statusCode': 200, 'body': json.dumps({'message': '%s ' + event['name'], 'n': counter, "
             "'echo': event})}\\n\"}",
             greeting);
    struct vm *vm;
    must(vm_clone((struct vm_snapshot *)(uintptr_t)runtime, &vm), "clone");
    bench_request(vm, load, answer, sizeof answer);
    for (int i = 0; i < 3; i++) {
        bench_settle(vm);
        bench_request(vm, usual_request, answer, sizeof answer);
    }
    bench_settle(vm);
    int file;
    struct vm_snapshot *snapshot = bench_take(vm, runtime, &file);
    number_report("difference of a function, KB", (double)lseek(file, 0, SEEK_END) / 1024);
    close(file);
    vm_close(vm);
    return snapshot;
}

/* A VM that has served another function of the runtime gets one that it never served; then two take turns. */
void case_switch(const struct harness_options *options) {
    struct harness harness;
    struct vm_snapshot *runtime = bench_snapshot(&harness, options);
    struct vm_snapshot *functions[2] = {function(runtime, "hello"), function(runtime, "goodbye")};
    const char *greetings[2] = {"hello bob", "goodbye bob"};
    uint32_t count = runs(200);
    struct vm *vm;
    for (uint32_t i = 0; i < count; i++) {
        must(vm_clone(runtime, &vm), "clone");
        bench_request(vm, usual_request, answer, sizeof answer);
        must(vm_switch(vm, functions[1]), "switch");
        bench_request(vm, usual_request, answer, sizeof answer);
        uint64_t begun = harness_now_ns();
        must(vm_switch(vm, functions[0]), "switch");
        bench_request(vm, usual_request, answer, sizeof answer);
        samples_add(&samples, begun, harness_now_ns());
        if (strstr(answer, greetings[0]) == NULL) must(1, "find the function's own answer");
        vm_close(vm);
    }
    samples_report(&samples, "switch to a function that it never served");
    must(vm_clone(runtime, &vm), "clone");
    for (uint32_t i = 0; i < count + 4; i++) {
        uint64_t begun = harness_now_ns();
        must(vm_switch(vm, functions[i % 2]), "switch");
        bench_request(vm, usual_request, answer, sizeof answer);
        if (i >= 4) samples_add(&samples, begun, harness_now_ns());
        if (strstr(answer, greetings[i % 2]) == NULL) must(1, "find the function's own answer");
    }
    samples_report(&samples, "switch to and fro");
    vm_close(vm);
    vm_snapshot_close(functions[0]);
    vm_snapshot_close(functions[1]);
    vm_snapshot_close(runtime);
    harness_close(&harness);
}

void case_exits(const struct harness_options *options) {
    struct harness harness;
    if (harness_open(&harness, options) != 0) exit(1);
    bench_settle(harness.vm);
    enum { CALLS = 2000 };
    char count[16];
    snprintf(count, sizeof count, "%d", CALLS);
    for (uint32_t i = 0; i < runs(50); i++) {
        uint64_t begun = harness_now_ns();
        bench_request(harness.vm, count, answer, sizeof answer);
        samples_add(&samples, 0, (harness_now_ns() - begun) / CALLS);
        bench_settle(harness.vm);
    }
    samples_report(&samples, "a system call");
    harness_close(&harness);
}

/* ---- many at once ---------------------------------------------------------------------------------------- */

#define MANY 1000u
#define WORKERS 2u

struct share {
    pthread_t thread;
    struct vm_snapshot *snapshot;
    struct vm *vms[MANY];
    uint32_t count;
};

static void *work(void *data) {
    struct share *share = data;
    char mine[65536];
    for (uint32_t i = 0; i < share->count; i++) {
        must(vm_clone(share->snapshot, &share->vms[i]), "clone");
        bench_request(share->vms[i], request(), mine, sizeof mine);
        if (strcmp(mine, expected) != 0) must(1, "get the same answer from all");
    }
    return NULL;
}

void case_many(const struct harness_options *options) {
    static struct share shares[WORKERS];
    struct harness harness;
    struct vm_snapshot *snapshot = bench_snapshot(&harness, options);
    struct vm *vm;
    must(vm_clone(snapshot, &vm), "clone");
    bench_request(vm, request(), expected, sizeof expected);
    must(vm_snapshot_learn(snapshot, vm), "learn");
    vm_close(vm);
    uint64_t begun = harness_now_ns();
    for (uint32_t i = 0; i < WORKERS; i++) {
        shares[i].snapshot = snapshot;
        shares[i].count = MANY / WORKERS;
        must(pthread_create(&shares[i].thread, NULL, work, &shares[i]), "start a thread");
    }
    for (uint32_t i = 0; i < WORKERS; i++) pthread_join(shares[i].thread, NULL);
    number_report("1,000 clones have answered, ms", (double)(harness_now_ns() - begun) / 1e6);
    for (uint32_t i = 0; i < WORKERS; i++) {
        for (uint32_t k = 0; k < shares[i].count; k++) vm_close(shares[i].vms[k]);
    }
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}

/* Clones that have not run yet. All of it counts: the host's page tables, KVM's structures, this process. */
void case_paused(const struct harness_options *options) {
    static struct vm *vms[MANY];
    struct harness harness;
    struct vm_snapshot *snapshot = bench_snapshot(&harness, options);
    bench_learn(snapshot, request());
    long before = bench_kilobytes("/proc/meminfo", "MemAvailable:");
    for (uint32_t i = 0; i < MANY; i++) must(vm_clone(snapshot, &vms[i]), "clone");
    long after = bench_kilobytes("/proc/meminfo", "MemAvailable:");
    number_report("a paused clone, KB", (double)(before - after) / MANY);
    for (uint32_t i = 0; i < MANY; i++) vm_close(vms[i]);
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}

/* ---- for long -------------------------------------------------------------------------------------------- */

static uint32_t entries(const char *folder) {
    uint32_t count = 0;
    DIR *stream = opendir(folder);
    while (stream != NULL && readdir(stream) != NULL) count++;
    if (stream != NULL) closedir(stream);
    return count;
}

void case_soak(const struct harness_options *options) {
    struct harness harness;
    struct vm_snapshot *snapshot = bench_snapshot(&harness, options);
    struct vm *vm;
    must(vm_clone(snapshot, &vm), "clone");
    bench_request(vm, request(), expected, sizeof expected);
    uint32_t count = runs(1000000);
    long memory = 0;
    uint32_t files = 0, threads = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i == count / 10) {
            memory = bench_kilobytes("/proc/self/status", "VmRSS:");
            files = entries("/proc/self/fd");
            threads = entries("/proc/self/task");
        }
        must(vm_reset(vm), "reset");
        bench_request(vm, request(), answer, sizeof answer);
        expect_same();
    }
    long grown = bench_kilobytes("/proc/self/status", "VmRSS:") - memory;
    number_report("memory of the process, KB", (double)memory);
    number_report("memory grown, KB", (double)grown);
    number_report("descriptors grown", (double)entries("/proc/self/fd") - files);
    number_report("threads grown", (double)entries("/proc/self/task") - threads);
    vm_close(vm);
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}
