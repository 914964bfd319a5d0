#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine.h"

/*
 * From low to high: a guard, the signal stack, a guard, the stack. The stack has what wasm may use, and as much again
 * for host functions. The signal stack is as large as wasmtime wants it, or it would map one for each thread.
 */
#define GUARD_BYTES (64u << 10)
#define SIGNAL_STACK_BYTES (256u << 10)
#define STACK_BYTES (2 * ENGINE_WASM_STACK_BYTES)
#define SIGNAL_STACK_OFFSET GUARD_BYTES
#define STACK_OFFSET (SIGNAL_STACK_OFFSET + SIGNAL_STACK_BYTES + GUARD_BYTES)
#define STACKS_BYTES (STACK_OFFSET + STACK_BYTES)

/* The shortest that Linux grants; usually it is 3 ms. */
#define TURN_NS UINT64_C(100000)

static int thread__map_stacks(struct thread *thread) {
    void *stacks = mmap(NULL, STACKS_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stacks == MAP_FAILED) return -errno;
    thread->stacks = stacks;
    if (mprotect(thread->stacks + SIGNAL_STACK_OFFSET, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE) == 0 &&
        mprotect(thread->stacks + STACK_OFFSET, STACK_BYTES, PROT_READ | PROT_WRITE) == 0) {
        return 0;
    }
    int rc = -errno;
    thread__free_stacks(thread);
    return rc;
}

void thread__free_stacks(struct thread *thread) {
    if (thread->stacks != NULL) munmap(thread->stacks, STACKS_BYTES);
    thread->stacks = NULL;
}

static void *thread__main(void *argument) {
    struct thread *thread = argument;
    stack_t signal_stack = {.ss_sp = thread->stacks + SIGNAL_STACK_OFFSET, .ss_size = SIGNAL_STACK_BYTES}, before;
    sigaltstack(&signal_stack, &before);
    void *result = thread->main(thread->argument);
    /* An address sanitizer frees what it finds here, taking it for its own. */
    sigaltstack(&before, NULL);
    return result;
}

/* A thread gets the signals of its own faults whatever it blocks, but blocked they would end the process. */
static void thread__block_signals(sigset_t *before) {
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

int thread__start(struct thread *thread, void *(*main)(void *), void *argument) {
    pthread_attr_t attributes;
    sigset_t before;
    int rc = thread->stacks == NULL ? thread__map_stacks(thread) : 0;
    if (rc != 0) return rc;
    thread->main = main;
    thread->argument = argument;
    rc = pthread_attr_init(&attributes);
    if (rc != 0) return -rc;
    rc = pthread_attr_setstack(&attributes, thread->stacks + STACK_OFFSET, STACK_BYTES);
    if (rc == 0) {
        thread__block_signals(&before);
        rc = pthread_create(&thread->id, &attributes, thread__main, thread);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return -rc;
}

/* struct sched_attr of linux/sched/types.h, in its first version: the C library may be too old to have it. */
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

_Static_assert(sizeof(struct scheduling) == 48, "struct sched_attr");

void thread__take_short_turns(void) {
    struct scheduling scheduling = {
        .size = sizeof scheduling,
        .policy = SCHED_OTHER,
        .nice = getpriority(PRIO_PROCESS, 0),
        .runtime_ns = TURN_NS,
    };
    syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

void thread__join(struct thread *thread) {
    pthread_join(thread->id, NULL);
}

bool thread__try_join(struct thread *thread) {
    if (pthread_tryjoin_np(thread->id, NULL) != 0) return false;
    /* A guest may have recursed deep. */
    madvise(thread->stacks + STACK_OFFSET, STACK_BYTES, MADV_DONTNEED);
    return true;
}
