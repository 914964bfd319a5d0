/*
 * exec: another program takes the place of the one that runs. Descriptors, files, clocks and ids stay, memory, other
 * threads and handlers go. What can be wrong is found before; after that a program that cannot be loaded is the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "path.h"
#include "program.h"

/* The loader adds the program's name, its interpreters and the auxiliary vector. */
#define STRINGS_MAX (PROGRAM_STRINGS_MAX - 16)
#define STRING_BYTES_MAX (PROGRAM_STRINGS_BYTES_MAX - UINT64_C(16384))

struct exec {
    char path[PATH_BYTES];
    const char *arguments[STRINGS_MAX + 1];
    const char *environment[STRINGS_MAX + 1];
    size_t used;
    char bytes[STRING_BYTES_MAX];
};

/* A list of strings in the guest's memory, which an empty address stands for, too. */
static int exec__strings(struct vm *vm, struct exec *exec, uint64_t address, const char **strings) {
    for (uint32_t count = 0;; count++) {
        uint64_t string = 0, at = address + count * sizeof string;
        if (address != 0 && access__read(vm, &string, at, sizeof string) != 0) return -EFAULT;
        strings[count] = NULL;
        if (string == 0) return 0;
        if (count == STRINGS_MAX) return -E2BIG;
        int64_t size = access__string(vm, exec->bytes + exec->used, string, sizeof exec->bytes - exec->used);
        if (size == -ENAMETOOLONG) return -E2BIG;
        if (size < 0) return (int)size;
        strings[count] = exec->bytes + exec->used;
        exec->used += (size_t)size + 1;
    }
}

/* Of a path from a descriptor, as Linux names it. */
static int exec__path(struct vm *vm, struct exec *exec, uint64_t folder, uint64_t address, uint64_t flags) {
    char given[PATH_BYTES];
    int64_t size = access__string(vm, given, address, sizeof given);
    if (size < 0) return (int)size;
    if (given[0] == 0 && !(flags & AT_EMPTY_PATH)) return -ENOENT;
    if (given[0] == '/' || (int32_t)folder == AT_FDCWD) {
        memcpy(exec->path, given, (size_t)size + 1);
        return 0;
    }
    if (file__of(vm, folder) == NULL) return -EBADF;
    const char *slash = given[0] == 0 ? "" : "/";
    int length = snprintf(exec->path, sizeof exec->path, "/proc/self/fd/%d%s%s", (int32_t)folder, slash, given);
    return (size_t)length < sizeof exec->path ? 0 : -ENAMETOOLONG;
}

/* The caller becomes the first thread, and the only one. */
static int exec__end_threads(struct vm *vm) {
    struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        if (i == threads->current || threads->items[i].state == THREAD_FREE) continue;
        signal__thread_ended(vm, i);
        threads->items[i].state = THREAD_FREE;
    }
    threads->alive = 1;
    struct thread *thread = thread__current(vm);
    thread->id = PROCESS_ID;
    thread->clear_child_tid = thread->robust_list = 0;
    vm->kernel->host.after_clone = vm->kernel->host.used = 0;
    struct fpu_state fpu;
    signal_frame__initial_fpu(&fpu);
    return entry__fpu_load(vm, &fpu);
}

static int64_t exec__run(struct vm *vm, const struct exec *exec) {
    int error = exec__end_threads(vm);
    signal__exec(vm);
    space__clear(vm);
    vm->kernel->process.dumpable = 1;
    vm->kernel->process.keeps_capabilities = 0;
    if (error == 0) error = program__load(vm, exec->path, exec->arguments, exec->environment);
    descriptor__close_on_exec(vm);
    if (error != 0) {
        vm->exit.reason = VM_SIGNALED;
        vm->exit.status = SIGKILL;
    }
    return CALL_SET_REGISTERS;
}

static int64_t exec__call(struct vm *vm, uint64_t folder, const uint64_t a[3], uint64_t flags) {
    struct exec *exec = malloc(sizeof *exec);
    if (exec == NULL) return -ENOMEM;
    exec->used = 0;
    int64_t result = exec__path(vm, exec, folder, a[0], flags);
    if (result == 0) result = exec__strings(vm, exec, a[1], exec->arguments);
    if (result == 0) result = exec__strings(vm, exec, a[2], exec->environment);
    if (result == 0) result = program__check(vm, exec->path);
    if (result == 0) {
        if (exec->arguments[0] == NULL) exec->arguments[0] = "", exec->arguments[1] = NULL;
        result = exec__run(vm, exec);
    }
    free(exec);
    return result;
}

static int64_t call_execve(struct vm *vm, const uint64_t a[6]) {
    return exec__call(vm, (uint64_t)AT_FDCWD, a, 0);
}

static int64_t call_execveat(struct vm *vm, const uint64_t a[6]) {
    if (a[4] & ~(uint64_t)AT_EMPTY_PATH) return -EINVAL;
    return exec__call(vm, a[0], a + 1, a[4]);
}

static const struct call calls[] = {
    {59, "execve", call_execve, "spp---"},
    {322, "execveat", call_execveat, "dsppx-"},
};

const struct call_family calls_exec = {"exec", calls, sizeof calls / sizeof *calls};
