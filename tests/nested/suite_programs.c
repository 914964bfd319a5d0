/* Programs as they are: what they find has to be as on Linux. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../../ffi/vm/internal.h"
#include "suite.h"

#define SPIN_NS 50000000u
#define KICK_PAUSE_NS 20000

static void hello_static(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "hello", NULL), "hello\n");
}

static void hello_dynamic(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "hello_dynamic", NULL), "hello\n");
}

static void threads(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "threads", NULL), "done\n");
}

static atomic_int kicks;

static void *kick_always(void *vm) {
    struct timespec pause = {.tv_nsec = KICK_PAUSE_NS};
    while (atomic_load(&kicks)) {
        vm_kick(vm, KICK_TICK);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Kicks that come in the middle of a fault's delivery: no other thread may get it. */
static void faults(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "faults", NULL);
    pthread_t kicker;
    atomic_store(&kicks, 1);
    EXPECT_NO_ERROR(pthread_create(&kicker, NULL, kick_always, vm));
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    atomic_store(&kicks, 0);
    pthread_join(kicker, NULL);
    if (outcome.exit.reason != VM_EXITED || outcome.exit.status != 0) {
        suite__fail("reason %u, status %d: %s", outcome.exit.reason, outcome.exit.status, outcome.output);
    }
    struct vm_counters counters;
    vm_count(vm, &counters);
    EXPECT(counters.ticks > 0 && counters.switches > 0);
    vm_close(vm);
}

static void signals(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "signals", NULL), "done\n");
}

static void memory(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "memory", NULL), "done\n");
}

static void clocks(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "clock", NULL), "done\n");
}

static void time_stamps(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "clock", "tsc");
    struct outcome outcome;
    unsigned long before = __rdtsc();
    suite__run(vm, UINT64_MAX, &outcome);
    unsigned long after = __rdtsc(), shown = strtoul(outcome.output, NULL, 10);
    if (shown < before || shown > after) suite__fail("%lu is not between %lu and %lu", shown, before, after);
    vm_close(vm);
}

static void deadline_of(struct vm_machine *machine, const char *what) {
    struct vm *vm = suite__boot(machine, "spin", what);
    struct outcome outcome;
    suite__run(vm, suite__now_ns() + SPIN_NS, &outcome);
    if (outcome.exit.reason != VM_DEADLINE) suite__fail("%s: reason %u: %s", what, outcome.exit.reason, outcome.output);
    vm_close(vm);
}

static void deadlines(struct vm_machine *machine) {
    deadline_of(machine, "compute");
    deadline_of(machine, "call");
    deadline_of(machine, "fault");
}

/* The interpreter is put beside the guests where one is to be had. */
static void python(struct vm_machine *machine) {
    char program[4096];
    snprintf(program, sizeof program, "%s", suite__guest("python/bin/python3"));
    if (access(program, X_OK) != 0) suite__not_here();
    char home[8192], libraries[8192];
    snprintf(home, sizeof home, "PYTHONHOME=%s", suite__guest("python"));
    snprintf(libraries, sizeof libraries, "LD_LIBRARY_PATH=%s", suite__guest("python/lib"));
    const char *const environment[] = {home, libraries, SUITE_TUNABLES, NULL};
    const char *const arguments[] = {
        program, "-S", "-B", "-c", "import json; print(json.dumps({'sum': sum(range(100000))}))", NULL};
    suite__expect_exit(suite__boot_program(machine, arguments, environment), "{\"sum\": 4999950000}\n");
}

const struct test program_tests[] = {
    {"a static program says hello", hello_static},
    {"a dynamic program says hello", hello_dynamic},
    {"threads keep their own FPU state and thread-local storage", threads},
    {"a thread's fault is its own, however often threads take turns", faults},
    {"handlers see faults, and programs go on after them", signals},
    {"what is unmapped, moved or protected is not reached by its old mapping", memory},
    {"clocks of the vDSO agree with those of calls", clocks},
    {"time stamps are the host's", time_stamps},
    {"a deadline ends a guest that computes, calls or faults", deadlines},
    {"CPython runs", python},
    {NULL, NULL},
};
