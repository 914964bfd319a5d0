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
#define HARNESS_NO_PROGRAM 126
#define HARNESS_NOT_FOUND 127

enum harness_command { HARNESS_RUN = 1, HARNESS_BENCH = 2 };

struct harness_options {
    const char *views[HARNESS_LIST_MAX + 1];
    size_t view_count;
    const char *environment[HARNESS_LIST_MAX + 1];
    size_t environment_count;
    const char *folder;          /* the guest's working folder */
    const char *hidden_folder;   /* the user's, where the guest does not see it, or NULL */
    const char *hidden_argument; /* a path in the command that it does not see, or NULL */
    uint64_t memory_bytes;
    uint64_t deadline_ms; /* 0: none */
    const char *snapshot; /* where one is written when the program first waits for input, or NULL */
    int trace;
    const char *request; /* of bench: what the program reads for each answer */
    uint64_t runs;
    int json;
    char **command; /* with NULL at its end; [0] is a path */
};

/* A command line; views and environment have sane defaults. 0, or an exit status having said what is wrong. */
int harness_parse(enum harness_command command, int count, char **arguments, struct harness_options *options);
/* Puts what was not said. 0, or an exit status having said what is wrong. */
int harness_defaults(struct harness_options *options);
/* The program that a name stands for, as an absolute path. 0, or an exit status having said what is wrong. */
int harness_find(const char *name, char **path);
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

/* Passes on what a port has to take: how many bytes, or -errno; -ETIMEDOUT when the deadline came first. */
int64_t harness_pass(struct vm *vm, uint32_t port, int descriptor, uint64_t deadline_ns);

/* The exit status of a guest that ended so, having said why where it is not the program's own. */
int harness_end(const struct harness_options *options, const struct vm_exit *exit);

/* A snapshot at a path: whether one may be put there, and putting it. 0, or an exit status having said why not. */
int harness_save_check(const char *path);
int harness_save(struct vm *vm, const char *path);

/* "Error: ..." and "Try: ..." on stderr: returns `status`. */
__attribute__((format(printf, 3, 4))) int harness_fail(int status, const char *hint, const char *format, ...);

/* "Note: ..." on stderr. */
__attribute__((format(printf, 1, 2))) void harness_note(const char *format, ...);
/* NULL without memory. */
__attribute__((format(printf, 1, 2))) char *harness_text(const char *format, ...);

/* `data` is the VM. */
void harness_trace(void *data, const struct vm_call_record *record);
uint64_t harness_now_ns(void);

int harness_bench(int count, char **arguments);
int harness_probe(int count, char **arguments);
int harness_run(int count, char **arguments);

#endif
