/* For the tests of descriptors: a VM whose memory is this process's, and the same calls to it and to Linux. */
#ifndef MAYFLY_VM_TEST_IPC_H
#define MAYFLY_VM_TEST_IPC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"

struct test {
    const char *name; /* a property */
    void (*run)(void);
};

extern const struct test difference_tests[], pair_tests[], socket_tests[], waiting_tests[], random_tests[];

/* Why the current test failed; the first reason counts. */
void test__fail(const char *file, int line, const char *text);
#define CHECK(condition) ((condition) ? (void)0 : test__fail(__FILE__, __LINE__, #condition))

/* A fresh VM, for each test. What is outside of these addresses is no memory of the guest's. */
extern struct vm *vm;
extern uint64_t fake_first_address, fake_last_address;
extern uint64_t fake_monotonic_ns, fake_realtime_ns, fake_frames_left;
extern uint64_t fake_signals; /* that were raised: a bit each */

/* A call of the guest's: its result, or CALL_BLOCKS. `again` tries the one that waits once more. */
int64_t guest(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
int64_t again(void);
/* As `again`, when its deadline passed, or a signal came. */
int64_t again_late(void);
int64_t again_interrupted(void);
/* The number of one of the calls, whatever the index is. */
long fake_number(uint32_t index);

#define G0(number) guest(number, 0, 0, 0, 0, 0, 0)
#define G1(number, a) guest(number, (uint64_t)(a), 0, 0, 0, 0, 0)
#define G2(number, a, b) guest(number, (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define G3(number, a, b, c) guest(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0, 0)
#define G4(number, a, b, c, d) guest(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)
#define G6(number, a, b, c, d, e, f) \
    guest(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))

#endif
