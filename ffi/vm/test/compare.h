/* A script of calls, made once to Linux and once to the engine: what they note down has to be the same. */
#ifndef MAYFLY_VM_TEST_COMPARE_H
#define MAYFLY_VM_TEST_COMPARE_H

#include "ipc.h"

void compare(void (*script)(void));

__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
void note_bytes(const void *bytes, size_t size);
/* What poll says of a descriptor, at once. */
void note_ready(int line, int descriptor);

/* A call in the world whose turn it is, with or without a note of its result. */
int64_t silent(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
int64_t noted(int line, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* For what returns a descriptor: it has other numbers in the two worlds. */
int make(long number, uint64_t a, uint64_t b, uint64_t c);

uint32_t random_below(uint32_t bound);
extern uint32_t seed;

#define U(value) (uint64_t)(value)
#define CALL6(n, a, b, c, d, e, f) noted(__LINE__, n, U(a), U(b), U(c), U(d), U(e), U(f))
#define CALL4(n, a, b, c, d) CALL6(n, a, b, c, d, 0, 0)
#define CALL3(n, a, b, c) CALL6(n, a, b, c, 0, 0, 0)
#define CALL2(n, a, b) CALL6(n, a, b, 0, 0, 0, 0)
#define MAKE(n, a, b, c) make(n, U(a), U(b), U(c))
#define CLOSE(descriptor) CALL2(SYS_close, descriptor, 0)
#define READY(descriptor) note_ready(__LINE__, descriptor)

#endif
