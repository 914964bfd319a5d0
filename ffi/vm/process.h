/*
 * What the kernel knows of the guest's one process.
 */
#ifndef MAYFLY_VM_PROCESS_H
#define MAYFLY_VM_PROCESS_H

#include <stdint.h>

#include "thread.h"

struct vm;

#define PROCESS_ID FIRST_THREAD_ID
#define PROCESS_PARENT 1u
#define PROCESS_USER 1000u
#define PROCESS_GROUP 1000u
#define PATH_BYTES 4096u
#define AUXILIARY_MAX 32u
#define RESOURCES 16u

struct process_limit {
    uint64_t soft, hard;
};

struct process {
    uint32_t mask;            /* umask */
    int32_t nice;
    uint32_t personality;
    uint32_t barriers;        /* commands that membarrier registered */
    uint8_t dumpable, no_new_privileges, keeps_capabilities, is_subreaper;
    uint32_t parent_death_signal;
    uint64_t timer_slack;
    struct process_limit limits[RESOURCES];

    /* Where the program's arguments and environment are in its memory, for /proc; and AT_RANDOM's 16 bytes. */
    uint64_t arguments_start, arguments_end, environment_start, environment_end;
    uint64_t random_address;
    uint64_t auxiliary[2 * AUXILIARY_MAX]; /* as on its stack, with AT_NULL at the end */

    char program[PATH_BYTES]; /* /proc/self/exe */
    char folder[PATH_BYTES];  /* absolute and normal */
};

/* At boot: everything but what exec sets. */
void process__init(struct vm *vm);
/* The guest's own limits become what the VM's are. */
void process__set_limits(struct vm *vm);
/* What setrlimit left: the soft limit of RLIMIT_... */
uint64_t process__limit(struct vm *vm, uint32_t resource);

#endif
