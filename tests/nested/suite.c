#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../ffi/shim/os.h"
#include "../../ffi/vm/port.h"
#include "../../ffi/vm/view.h"

#define MEMORY_BYTES (UINT64_C(80) << 20)
#define NOT_HERE 77
/* A test that hangs is ended. Clocks of an emulated machine may run many times too fast. */
#define TEST_SECONDS 1500u
#define RUN_SECONDS 1200u

static char guests[PATH_MAX];

void suite__fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
    _exit(1);
}

void suite__not_here(void) {
    _exit(NOT_HERE);
}

uint64_t suite__now_ns(void) {
    return os__now_ns();
}

const char *suite__guest(const char *name) {
    static char path[PATH_MAX + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s", guests, name);
    return path;
}

static struct vm *suite__boot_any(struct vm_machine *machine, const char *const arguments[], const char *const environment[],
                                  int frames) {
    const char *const paths[] = {guests, "/lib64", "/lib", "/usr", NULL};
    struct view *view;
    EXPECT_NO_ERROR(view_folder__open(paths, 4, &view));
    const struct vm_program program = {
        .arguments = arguments,
        .environment = environment,
        .folder = "/",
        .views = &view,
        .view_count = 1,
        .frames = frames,
        .limits =
            {
                .memory_bytes = MEMORY_BYTES,
                .file_bytes = MEMORY_BYTES / 2,
                .files = 100,
                .descriptors = 100,
                .threads = 32,
                .log_bytes = UINT64_MAX,
            },
    };
    struct vm *vm;
    struct vm_text why;
    if (vm_boot(machine, &program, &vm, &why) != 0) suite__fail("cannot boot %s: %s", arguments[0], why.bytes);
    return vm;
}

struct vm *suite__boot_program(struct vm_machine *machine, const char *const arguments[], const char *const environment[]) {
    return suite__boot_any(machine, arguments, environment, 0);
}

struct vm *suite__boot_frames(struct vm_machine *machine, const char *const arguments[]) {
    const char *const environment[] = {SUITE_TUNABLES, NULL};
    return suite__boot_any(machine, arguments, environment, 1);
}

struct vm *suite__boot(struct vm_machine *machine, const char *name, const char *argument) {
    const char *const arguments[] = {suite__guest(name), argument, NULL};
    const char *const environment[] = {SUITE_TUNABLES, NULL};
    return suite__boot_program(machine, arguments, environment);
}

static void suite__take(struct vm *vm, struct outcome *outcome) {
    size_t size;
    for (uint32_t port = PORT_STDIO; port <= PORT_LOG; port++) {
        while ((size = vm_take(vm, port, outcome->output + outcome->size, OUTPUT_MAX - outcome->size)) > 0) {
            outcome->size += size;
        }
    }
    outcome->output[outcome->size] = 0;
}

static void suite__sleep_until(uint64_t until_ns) {
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u), .tv_nsec = (long)(until_ns % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

void suite__run(struct vm *vm, uint64_t deadline_ns, struct outcome *outcome) {
    uint64_t most = suite__now_ns() + RUN_SECONDS * UINT64_C(1000000000);
    const struct vm_run run = {.deadline_ns = deadline_ns < most ? deadline_ns : most, .cpu_ns = UINT64_MAX};
    outcome->size = 0;
    for (;;) {
        EXPECT_NO_ERROR(vm_run(vm, &run, &outcome->exit));
        suite__take(vm, outcome);
        if (outcome->exit.reason != VM_WAITS || outcome->exit.until_ns == UINT64_MAX) return;
        suite__sleep_until(outcome->exit.until_ns);
    }
}

void suite__expect_exit(struct vm *vm, const char *output) {
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    if (outcome.exit.reason != VM_EXITED || outcome.exit.status != 0 || strcmp(outcome.output, output) != 0) {
        suite__fail("it ended for reason %u, status %d, at 0x%lx, having said: %s", outcome.exit.reason, outcome.exit.status,
                    outcome.exit.fault_instruction, outcome.output);
    }
    vm_close(vm);
}

void suite__expect_answer(struct vm *vm, const char *line, const char *answer) {
    struct outcome outcome;
    EXPECT(vm_feed(vm, PORT_STDIO, line, strlen(line), 0) == strlen(line));
    suite__run(vm, UINT64_MAX, &outcome);
    if (outcome.exit.reason != VM_WAITS || strcmp(outcome.output, answer) != 0) {
        suite__fail("to %s it stopped for reason %u, status %d, having said: %s", line, outcome.exit.reason,
                    outcome.exit.status, outcome.output);
    }
}

/* ---- running them --------------------------------------------------------------------------------------- */

static void suite__one(const struct test *test) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) suite__fail("cannot open /dev/kvm: %s", strerror(errno));
    struct vm_machine *machine;
    struct vm_text why;
    if (vm_machine_open(kvm, -1, &machine, &why) != 0) suite__fail("%s", why.bytes);
    alarm(TEST_SECONDS);
    test->run(machine);
    vm_machine_close(machine);
    _exit(0);
}

/* What a test's process says goes behind its name, in one line. */
static int suite__report(const struct test *test) {
    int pipes[2], status;
    if (pipe(pipes) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        suite__one(test);
    }
    close(pipes[1]);
    static char said[OUTPUT_MAX];
    size_t size = 0;
    ssize_t count;
    while ((count = read(pipes[0], said + size, sizeof said - 1 - size)) > 0) size += (size_t)count;
    close(pipes[0]);
    said[size] = 0;
    for (char *at = said; *at != 0; at++) {
        if (*at == '\n') *at = '|';
    }
    if (waitpid(child, &status, 0) != child) return 1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE) return 0;
    if (WIFSIGNALED(status)) printf("not ok %s: signal %d ended it: %s\n", test->name, WTERMSIG(status), said);
    else if (WEXITSTATUS(status) != 0) printf("not ok %s: %s\n", test->name, said);
    else printf("ok %s\n", test->name);
    fflush(stdout);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Arguments, if any, are the beginnings of the names of tests to run. */
static int suite__is_wanted(const struct test *test, int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        if (strncmp(test->name, arguments[i], strlen(arguments[i])) == 0) return 1;
    }
    return count < 2;
}

int main(int count, char **arguments) {
    static const struct test *const tables[] = {program_tests, attack_tests,   fork_tests, flush_tests,
                                                snapshot_tests, build_tests,  port_tests,  proxy_tests, server_tests};
    char self[PATH_MAX] = {0};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 2;
    snprintf(guests, sizeof guests, "%.4000s/guests", dirname(self));
    int failed = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const struct test *test = tables[i]; test->name != NULL; test++) {
            if (suite__is_wanted(test, count, arguments)) failed += suite__report(test);
        }
    }
    puts("suite ended");
    return failed != 0;
}
