/* Programs as they are: what they find has to be as on Linux. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "suite.h"

#define SPIN_NS 50000000u

static void hello_static(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "hello", NULL), "hello\n");
}

static void hello_dynamic(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "hello_dynamic", NULL), "hello\n");
}

static void threads(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "threads", NULL), "done\n");
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
    {"handlers see faults, and programs go on after them", signals},
    {"what is unmapped, moved or protected is not reached by its old mapping", memory},
    {"clocks of the vDSO agree with those of calls", clocks},
    {"time stamps are the host's", time_stamps},
    {"a deadline ends a guest that computes, calls or faults", deadlines},
    {"CPython runs", python},
    {NULL, NULL},
};
