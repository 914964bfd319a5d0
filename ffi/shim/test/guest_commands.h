/* What the test guest does: a step's `in` is a list of these, three numbers each. */
#ifndef MAYFLY_GUEST_COMMANDS_H
#define MAYFLY_GUEST_COMMANDS_H

#include <stdint.h>

struct guest_command {
    uint32_t op, a, b;
};

enum guest_op {
    GUEST_ECHO,       /* writes a and b */
    GUEST_COUNT,      /* writes how often it was told to in this sandbox */
    GUEST_SEED,       /* writes fresh and seed */
    GUEST_CLOCK,      /* writes the time of clock a */
    GUEST_RANDOM,     /* writes a random bytes */
    GUEST_RANDOM_AT,  /* asks for b random bytes at address a */
    GUEST_SCRIBBLE,   /* writes to b pages anywhere, chosen by a */
    GUEST_DIRTY,      /* writes to b pages in a row from page a of its heap */
    GUEST_FILL,       /* writes to all of its heap and the last page of memory */
    GUEST_RETURN,     /* ends the step with state a and wake_ms b */
    GUEST_OUT_LENGTH, /* claims that out has a bytes, then ends the step with state b */
    GUEST_SPIN,       /* never ends */
    GUEST_SPIN_READ,  /* never ends, and writes nothing */
    GUEST_SPIN_HOST,  /* never ends, in host functions mostly */
    GUEST_SPIN_US,    /* ends after a microseconds */
    GUEST_TRAP,
    GUEST_OUT_OF_BOUNDS,
    GUEST_RECURSE,
    GUEST_DIVIDE,
    GUEST_STACK_POINTER, /* leaves the stack pointer elsewhere */
    GUEST_USED,          /* claims a bytes of memory_used */
};

#endif
