/*
 * Tests of the engine that need a KVM: run on this machine's, and as root inside a virtual machine whose KVM is that of
 * real hardware. Each is a process of its own.
 */
#ifndef MAYFLY_TESTS_SUITE_H
#define MAYFLY_TESTS_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "../../ffi/vm/vm.h"

#define OUTPUT_MAX 65536u
/* Emulators take long for `rep movs`. */
#define SUITE_TUNABLES "GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=100000000"

struct test {
    const char *name;
    void (*run)(struct vm_machine *machine);
};

struct outcome {
    struct vm_exit exit;
    char output[OUTPUT_MAX + 1];
    size_t size;
};

/* Says why the test failed, and ends it. */
_Noreturn void suite__fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define EXPECT(condition)                                                       \
    do {                                                                        \
        if (!(condition)) suite__fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
    } while (0)
#define EXPECT_NO_ERROR(call)                                                                    \
    do {                                                                                         \
        int error_ = (call);                                                                     \
        if (error_ != 0) suite__fail("%s:%d: %s gives %d", __FILE__, __LINE__, #call, error_);     \
    } while (0)
/* Ends a test that says nothing about such a machine: it is not reported. */
_Noreturn void suite__not_here(void);

/* The path of a guest program: beside this one, in the folder of the guests. */
const char *suite__guest(const char *name);
/* Boots one of them; the second is its argument or NULL. */
struct vm *suite__boot(struct vm_machine *machine, const char *name, const char *argument);
/* One that speaks frames on descriptor 3. */
struct vm *suite__boot_frames(struct vm_machine *machine, const char *const arguments[]);
struct vm *suite__boot_program(struct vm_machine *machine, const char *const arguments[], const char *const environment[]);

/* Runs a VM until it ends or waits for input, sleeping with it; what it writes is in the outcome. */
void suite__run(struct vm *vm, uint64_t deadline_ns, struct outcome *outcome);
/* It has to exit with 0, and to say so much. */
void suite__expect_exit(struct vm *vm, const char *output);
/* It has to answer a line, and wait again. */
void suite__expect_answer(struct vm *vm, const char *line, const char *answer);

uint64_t suite__now_ns(void);

extern const struct test program_tests[], attack_tests[], fork_tests[], flush_tests[], snapshot_tests[], build_tests[], port_tests[],
    proxy_tests[], server_tests[];

#endif
