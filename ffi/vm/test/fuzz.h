/*
 * A fuzzer of the call layer: sequences of system calls by several threads of a VM that is never entered, with what the
 * host does in between. All of it follows from a seed. After each sequence the kernel's tables and the page tables have
 * to be sound, and equal to themselves after having been packed and unpacked.
 */
#ifndef MAYFLY_VM_TEST_FUZZ_H
#define MAYFLY_VM_TEST_FUZZ_H

#include <stdint.h>

#include "../internal.h"

struct fuzz {
    struct vm *vm;
    uint64_t random;
    uint64_t seed;
    uint32_t step;
    char wrong[256]; /* what is, with the sequence: "" for nothing */
};

uint64_t fuzz__random(struct fuzz *fuzz);
uint64_t fuzz__below(struct fuzz *fuzz, uint64_t bound);
/* One time out of so many. */
int fuzz__one_in(struct fuzz *fuzz, uint64_t count);
void fuzz__wrong(struct fuzz *fuzz, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- fuzz_memory.c: what pointers lead to ---- */

/* Memory of all kinds, at known places. */
void fuzz_memory__make(struct fuzz *fuzz);
uint64_t fuzz_memory__pointer(struct fuzz *fuzz);
uint64_t fuzz_memory__path(struct fuzz *fuzz);
uint64_t fuzz_memory__size(struct fuzz *fuzz);
uint64_t fuzz_memory__descriptor(struct fuzz *fuzz);

/* ---- fuzz_call.c: a call with its arguments, put into vm->context ---- */

uint32_t fuzz_call__choose(struct fuzz *fuzz);

/* ---- fuzz_check.c ---- */

void fuzz_check__all(struct fuzz *fuzz);
/* The same while a sequence is under way: what is quick to see. */
void fuzz_check__result(struct fuzz *fuzz, uint32_t number, int64_t result);

#endif
