/* What the harness's commands share. */
#ifndef MAYFLY_VM_HARNESS_H
#define MAYFLY_VM_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "../vm.h"

#define HARNESS_LIST_MAX 128u
/* Exit statuses of the harness's own, as timeout(1) has them. */
#define HARNESS_LATE 124
#define HARNESS_FAILED 125

struct harness_options {
    const char *views[HARNESS_LIST_MAX + 1];
    size_t view_count;
    const char *environment[HARNESS_LIST_MAX + 1];
    size_t environment_count;
    const char *folder; /* the guest's working folder */
    uint64_t memory_bytes;
    uint64_t deadline_ms; /* 0: none */
    const char *snapshot; /* where one is written when the program first waits for input, or NULL */
    int trace;
    char **command; /* with NULL at its end; [0] is a path */
};

/* What a command line says; views and environment have sane defaults. 0, or 2 having said what is wrong. */
int harness_parse(int count, char **arguments, struct harness_options *options);
/* Puts what was not said. 0, or 2 having said what is wrong. */
int harness_defaults(struct harness_options *options);
int harness_add(const char **list, size_t *count, const char *item);

struct harness {
    struct vm_machine *machine;
    struct view *view;
    struct vm *vm;
};

/* A VM with the command loaded: 0, or an exit status having said why not. */
int harness_open(struct harness *harness, const struct harness_options *options);
void harness_close(struct harness *harness);
int harness_open_machine(struct vm_machine **machine);

/* "Error: ..." and "Try: ..." on stderr: returns `status`. */
__attribute__((format(printf, 3, 4))) int harness_fail(int status, const char *hint, const char *format, ...);

/* `data` is the VM. */
void harness_trace(void *data, const struct vm_call_record *record);
uint64_t harness_now_ns(void);

int harness_bench(int count, char **arguments);
int harness_probe(int count, char **arguments);
int harness_run(int count, char **arguments);

#endif
