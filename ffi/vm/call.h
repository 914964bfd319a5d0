/*
 * System calls: families of small functions, each family with a table that says all it allows.
 *
 * A function gets its arguments as the guest gave them. It returns what the guest gets in rax, or CALL_BLOCKS after it
 * said with thread__wait() what it waits for: then it is called again with the same arguments once that may have come.
 */
#ifndef MAYFLY_VM_CALL_H
#define MAYFLY_VM_CALL_H

#include <stddef.h>
#include <stdint.h>

struct vm;

#define CALL_BLOCKS INT64_MIN
/* The registers were set by the call itself (sigreturn, exec); nothing is to be put into rax. */
#define CALL_SET_REGISTERS (INT64_MIN + 1)

typedef int64_t call_function(struct vm *vm, const uint64_t arguments[6]);

struct call {
    uint16_t number;
    const char *name;
    call_function *function;
    /* For the trace, a letter per argument: d descriptor, i int, u unsigned, x hex, p pointer, s path, z size, - unused */
    const char *arguments;
};

struct call_family {
    const char *name;
    const struct call *calls;
    size_t count;
};

#define CALL_NUMBERS_MAX 512u

extern const struct call_family calls_memory;
extern const struct call_family calls_files;
extern const struct call_family calls_paths;
extern const struct call_family calls_names;       /* what changes names, rights and times of files */
extern const struct call_family calls_descriptors;
extern const struct call_family calls_pipes;
extern const struct call_family calls_events;
extern const struct call_family calls_sockets;
extern const struct call_family calls_threads;
extern const struct call_family calls_exec; /* another program in this one's place */
extern const struct call_family calls_signals;
extern const struct call_family calls_time;
extern const struct call_family calls_process;
extern const struct call_family calls_host;    /* Mayfly's own, beside Linux */

/* NULL for a call that is not there. */
const struct call *call__find(uint64_t number);

#endif
