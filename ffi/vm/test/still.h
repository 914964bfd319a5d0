/*
 * A VM that stands still: all of the engine but KVM. Guest memory is walked through its page tables, calls are made from
 * outside. Linked with all of the engine's files.
 */
#ifndef MAYFLY_VM_TEST_STILL_H
#define MAYFLY_VM_TEST_STILL_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../internal.h"

extern struct vm *still; /* the VM whose turn it is */

#define STILL_PATHS UINT64_C(0x200000) /* guest memory: two paths */
#define STILL_DATA UINT64_C(0x300000)  /* and a megabyte */
#define STILL_DATA_BYTES (UINT64_C(1) << 20)

void still__begin(struct view *const *views, size_t count, const struct vm_limits *limits);
void still__end(void);
struct vm_limits still__limits(void);

int64_t call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* A path in guest memory, in the first or second place. */
uint64_t path(int place, const char *text);

/* Short forms: as the calls of their names, with -errno. */
int64_t do_open(const char *name, int flags, int mode);
int64_t do_write(int64_t descriptor, const void *bytes, size_t size);
/* At most STILL_DATA_BYTES; the bytes go to `to`. */
int64_t do_read(int64_t descriptor, void *to, size_t size);
int64_t do_close(int64_t descriptor);
int64_t do_stat(const char *name, struct stat *stat);
int64_t do_path(long number, const char *name, uint64_t b);
int64_t do_paths(long number, const char *a, const char *b);
/* Makes or replaces a file: 0 or -errno. */
int64_t put_file(const char *name, const char *text);
/* Its text, or "?" and the error. Valid till the next one. */
const char *get_file(const char *name);
/* Names in a folder, sorted and each with a space after it, without the dots; or "?" and the error. */
const char *list(const char *name);

/* A folder of the host's own, new and empty; and a file in it, its folders made. */
const char *host_folder(void);
void host_put(const char *folder, const char *name, const char *text);

uint32_t random_below(uint32_t bound);

#define CHECK(condition)                                                                              \
    do {                                                                                              \
        if (!(condition)) {                                                                           \
            printf("not ok %s: line %d: %s\n", test_name, __LINE__, #condition);                      \
            test_failed = 1;                                                                          \
            return;                                                                                   \
        }                                                                                             \
    } while (0)
#define SAYS(text, expected) CHECK(strcmp(text, expected) == 0)

struct test {
    const char *name; /* a property */
    void (*run)(void);
};
extern const char *test_name;
extern int test_failed;
/* The exit status. */
int run_tests(const struct test *tests, size_t count);

#endif
