/* What the harness's commands share. */
#ifndef MAYFLY_VM_HARNESS_H
#define MAYFLY_VM_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "../vm.h"

#define HARNESS_LIST_MAX 64u

struct harness_options {
    const char *views[HARNESS_LIST_MAX + 1];
    size_t view_count;
    const char *environment[HARNESS_LIST_MAX + 1];
    size_t environment_count;
    uint64_t memory_bytes;
    uint64_t deadline_ms; /* 0: none */
    int trace;
    char **command; /* with NULL at its end */
};

/* What a command line says; views and environment have sane defaults. 0, or 2 having said what is wrong. */
int harness_parse(int count, char **arguments, struct harness_options *options);

struct harness {
    struct vm_machine *machine;
    struct view *view;
    struct vm *vm;
};

/* A VM with the command loaded: 0, or an exit status having said why not. */
int harness_open(struct harness *harness, const struct harness_options *options);
void harness_close(struct harness *harness);

void harness_trace(void *data, const struct vm_call_record *record);
uint64_t harness_now_ns(void);

int harness_bench(int count, char **arguments);
int harness_run(int count, char **arguments);

#endif
