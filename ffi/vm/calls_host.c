#include <errno.h>

#include "host.h"
#include "internal.h"

#define ALL_SIGNALS UINT64_MAX
#define RED_ZONE 128u
#define HOOK_STACK_ALIGNMENT 16u

static int64_t call_after_clone(struct vm *vm, const uint64_t arguments[6]) {
    if (arguments[0] >= USER_LAST) return -EINVAL;
    vm->kernel->host.after_clone = arguments[0];
    return 0;
}

static int64_t call_generation(struct vm *vm, const uint64_t arguments[6]) {
    (void)arguments;
    return (int64_t)(vm->kernel->clock.generation & INT64_MAX);
}

/* The hook is done: the thread is as it was, be it in the middle of a call. */
static int64_t call_return(struct vm *vm, const uint64_t arguments[6]) {
    struct kernel *kernel = vm->kernel;
    struct host_state *host = &kernel->host;
    (void)arguments;
    const struct hook_frame *frame = &host->items[0];
    if (!host->used || frame->thread != kernel->threads.current) return -EPERM;
    struct thread *thread = thread__current(vm);
    uint64_t pending = thread->pending, cpu_ns = thread->cpu_ns;
    *thread = frame->saved;
    thread->pending = pending;
    thread->cpu_ns = cpu_ns;
    vm->context = frame->saved.context;
    host->used = 0;
    if (thread->state != THREAD_WAITS) return CALL_SET_REGISTERS;
    signal__interrupt_current(vm);
    return CALL_BLOCKS;
}

static void host__enter(struct vm *vm, uint64_t stack) {
    struct context *context = &vm->context;
    /* As after a call, so that the restore stub of the system pages will do: it wants rip in rcx and rdx as it was. */
    context->rip = context->rcx = vm->kernel->host.after_clone;
    context->rsp = stack;
    context->rbp = 0;
    context->rdi = vm->kernel->clock.generation;
    context->rsi = VVAR_ADDRESS;
    context->rflags = FIXED_FLAGS;
}

int host__after_clone(struct vm *vm) {
    struct host_state *host = &vm->kernel->host;
    struct thread *thread = thread__current(vm);
    if (host->after_clone == 0 || host->used) return 0;
    struct hook_frame *frame = &host->items[0];
    frame->saved = *thread;
    frame->saved.context = vm->context;
    frame->thread = vm->kernel->threads.current;
    host->used = 1;

    uint64_t return_address = VDSO_ADDRESS + vdso_hook_return;
    uint64_t stack = ((vm->context.rsp - RED_ZONE) & ~(uint64_t)(HOOK_STACK_ALIGNMENT - 1)) - sizeof return_address;
    int rc = access__write(vm, stack, &return_address, sizeof return_address);
    if (rc != 0) return rc;
    host__enter(vm, stack);
    thread->state = THREAD_RUNS;
    thread->wait = WAIT_NONE;
    thread->deadline = NO_DEADLINE;
    thread->timed_out = thread->woken = thread->restarting = thread->interrupted = thread->suspended = 0;
    thread->signal_mask = ALL_SIGNALS & ~UNBLOCKABLE;
    return 1;
}

static const struct call calls[] = {
    {HOST_AFTER_CLONE, "mayfly_after_clone", call_after_clone, "p-----"},
    {HOST_RETURN, "mayfly_hook_return", call_return, "------"},
    {HOST_GENERATION, "mayfly_generation", call_generation, "------"},
};

const struct call_family calls_host = {"host", calls, sizeof calls / sizeof *calls};
