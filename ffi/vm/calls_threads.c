#include <errno.h>
#include <sched.h>
#include <string.h>

#include "futex.h"
#include "internal.h"
#include "schedule.h"
#include "signal.h"

/* What pthread_create and Go ask for; anything else would be another process. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define MORE_FLAGS                                                                                                     \
    (CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED)

struct thread_request {
    uint64_t flags, stack, parent_tid, child_tid, tls;
};

static struct thread *threads__free(struct vm *vm) {
    struct thread_table *threads = &vm->kernel->threads;
    if (threads->alive >= vm->limits.threads) return NULL;
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        if (threads->items[i].state != THREAD_FREE) continue;
        if (i >= threads->used) threads->used = i + 1;
        return &threads->items[i];
    }
    return NULL;
}

/*
 * A process of its own cannot be: their limit is reached. For EAGAIN, Node emits the child's "error" event, while
 * ENOSYS is thrown where nobody catches it; CPython and Go report either.
 */
static int64_t threads__refuse_fork(struct vm *vm) {
    vm->counters.refused_forks++;
    return -EAGAIN;
}

static int64_t threads__make(struct vm *vm, const struct thread_request *request) {
    if ((request->flags & THREAD_FLAGS) != THREAD_FLAGS) return threads__refuse_fork(vm);
    if ((request->flags & ~(uint64_t)(THREAD_FLAGS | MORE_FLAGS)) != 0) return -EINVAL;
    if (request->tls >= USER_LAST && (request->flags & CLONE_SETTLS)) return -EPERM;
    struct thread_table *threads = &vm->kernel->threads;
    struct thread *parent = thread__current(vm), *thread = threads__free(vm);
    if (thread == NULL) return -EAGAIN;
    uint32_t index = (uint32_t)(thread - threads->items), id = threads->next_id;
    if ((request->flags & CLONE_PARENT_SETTID) && access__write(vm, request->parent_tid, &id, sizeof id) != 0) {
        return -EFAULT;
    }
    if ((request->flags & CLONE_CHILD_SETTID) && access__write(vm, request->child_tid, &id, sizeof id) != 0) {
        return -EFAULT;
    }
    struct fpu_table *fpus = &vm->kernel->fpus;
    if (fpus->used <= index) fpus->used = index + 1;
    int error = entry__fpu_save(vm, &fpus->items[index]);
    if (error != 0) return error;
    memset(thread, 0, sizeof *thread);
    threads->next_id++;
    threads->alive++;
    thread->id = id;
    thread->state = THREAD_RUNS;
    thread->has_fpu = 1;
    thread->deadline = NO_DEADLINE;
    thread->signal_mask = parent->signal_mask;
    memcpy(thread->name, parent->name, sizeof thread->name);
    thread->context = vm->context;
    thread->context.rax = 0;
    if (request->stack != 0) thread->context.rsp = request->stack;
    if (request->flags & CLONE_SETTLS) thread->context.fs_base = request->tls;
    if (request->flags & CLONE_CHILD_CLEARTID) thread->clear_child_tid = request->child_tid;
    return id;
}

static int64_t call_clone(struct vm *vm, const uint64_t a[6]) {
    const struct thread_request request = {
        .flags = a[0] & ~(uint64_t)CSIGNAL, .stack = a[1], .parent_tid = a[2], .child_tid = a[3], .tls = a[4]};
    return threads__make(vm, &request);
}

static int64_t call_clone3(struct vm *vm, const uint64_t a[6]) {
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments;
    if (a[1] < sizeof arguments) return -EINVAL;
    if (a[1] > PAGE_SIZE) return -E2BIG;
    if (access__read(vm, &arguments, a[0], sizeof arguments) != 0) return -EFAULT;
    if (arguments.stack > USER_LAST || arguments.stack_size > USER_LAST - arguments.stack) return -EINVAL;
    const struct thread_request request = {
        .flags = arguments.flags,
        .stack = arguments.stack + arguments.stack_size,
        .parent_tid = arguments.parent_tid,
        .child_tid = arguments.child_tid,
        .tls = arguments.tls,
    };
    return threads__make(vm, &request);
}

/* No child process, ever. */
static int64_t call_fork(struct vm *vm, const uint64_t a[6]) {
    (void)a;
    return threads__refuse_fork(vm);
}

static int64_t call_exit_group(struct vm *vm, const uint64_t a[6]) {
    vm->exit.reason = VM_EXITED;
    vm->exit.status = (int32_t)(a[0] & 0xff);
    return 0;
}

static int64_t call_exit(struct vm *vm, const uint64_t a[6]) {
    struct thread_table *threads = &vm->kernel->threads;
    if (threads->alive == 1) return call_exit_group(vm, a);
    futex__thread_ended(vm);
    signal__thread_ended(vm, threads->current);
    thread__current(vm)->state = THREAD_FREE;
    threads->alive--;
    return 0;
}

static int64_t call_sched_yield(struct vm *vm, const uint64_t a[6]) {
    (void)a;
    /* Its own result has to be there before another thread's registers are. */
    vm->context.rax = 0;
    schedule__take_turns(vm);
    return CALL_SET_REGISTERS;
}

static int64_t call_set_tid_address(struct vm *vm, const uint64_t a[6]) {
    thread__current(vm)->clear_child_tid = a[0];
    return thread__current(vm)->id;
}

static int64_t call_set_robust_list(struct vm *vm, const uint64_t a[6]) {
    if (a[1] != 24) return -EINVAL;
    thread__current(vm)->robust_list = a[0];
    return 0;
}

static int64_t call_get_robust_list(struct vm *vm, const uint64_t a[6]) {
    const uint64_t size = 24;
    const struct thread *thread = thread__current(vm);
    if (a[0] != 0 && a[0] != thread->id) return -EPERM;
    if (access__write(vm, a[1], &thread->robust_list, 8) != 0) return -EFAULT;
    return access__write(vm, a[2], &size, 8);
}

static const struct call calls[] = {
    {24, "sched_yield", call_sched_yield, ""},
    {56, "clone", call_clone, "xppppp"},
    {57, "fork", call_fork, ""},
    {58, "vfork", call_fork, ""},
    {60, "exit", call_exit, "i"},
    {202, "futex", futex__call, "pxupp"},
    {218, "set_tid_address", call_set_tid_address, "p"},
    {231, "exit_group", call_exit_group, "i"},
    {273, "set_robust_list", call_set_robust_list, "pz"},
    {274, "get_robust_list", call_get_robust_list, "ipp"},
    {435, "clone3", call_clone3, "pz"},
};

const struct call_family calls_threads = {"threads", calls, sizeof calls / sizeof *calls};
