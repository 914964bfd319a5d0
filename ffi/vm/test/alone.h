/*
 * A VM without an address space, a scheduler or a vCPU: for tests of what needs none of them. Guest memory is one piece of
 * host memory, at the address that the test chooses.
 */
#ifndef MAYFLY_VM_TEST_ALONE_H
#define MAYFLY_VM_TEST_ALONE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../internal.h"

#define ALONE_BYTES (UINT64_C(256) << 10)

struct alone {
    struct vm vm;
    struct vm_machine machine;
    uint64_t base; /* the guest address of `memory` */
    uint8_t *memory;
    uint8_t *vvar; /* stands for the page at memory__at(VVAR_PHYSICAL) */
    struct fpu_state fpu;
    int fpu_loads;
};
#define VVAR_PHYSICAL UINT64_C(0x5000)

extern struct alone alone;

/* Everything anew: one thread, which runs; memory that begins at `base`. */
void alone__begin(uint64_t base);
/* Another thread: its index. */
uint32_t alone__add_thread(enum thread_state state);
/* A call of the current thread, as the run loop does it: its result is in rax, too. */
int64_t alone__call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* The call that the current thread waits in, once more. */
int64_t alone__call_again(void);
void *alone__at(uint64_t address);

/* ---- results: "ok NAME", or "not ok NAME: why" ---- */

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            snprintf(why, sizeof why, "line %d: %s", __LINE__, #condition); \
            return;                                                         \
        }                                                                   \
    } while (0)

extern char why[512];

struct test {
    const char *name; /* a property */
    void (*run)(void);
};

/* The exit status. */
int alone__run_tests(const struct test *tests, size_t count);

#endif
