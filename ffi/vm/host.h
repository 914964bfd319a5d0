/*
 * Calls beside Linux's: what a runtime's hook needs to know that it was cloned.
 *
 * A guest names one function of its own. In every clone and after every reset it runs as
 *
 *     void after_clone(uint64_t generation, const struct vvar *vvar);
 *
 * on the thread that was the current one, before any other instruction of the guest's, with all signals blocked. That
 * thread is in a system call, for else there is no snapshot: when the function returns the call goes on, with all registers
 * as they were but for those of the FPU that no function has to preserve. They are kept here and not on the guest's stack.
 *
 * It costs an exit. A runtime that compares vvar's generation by itself when a request comes pays nothing.
 *
 * Requests, responses, logs and host calls are no calls: they go through descriptor 3 (port.h, ffi/shim/frames.h).
 */
#ifndef MAYFLY_VM_HOST_H
#define MAYFLY_VM_HOST_H

#include <stdint.h>

#include "thread.h"

struct vm;

#define HOST_CALLS UINT64_C(0x4d460000)

enum host_call {
    HOST_AFTER_CLONE = 0, /* (function): 0 undoes it */
    HOST_RETURN = 1,      /* (): where the function returns to, in the vDSO */
    HOST_GENERATION = 2,  /* (): how often this was cloned or reset since it booted */
};

struct hook_frame {
    uint32_t thread; /* index of the one that runs it */
    uint32_t reserved;
    struct thread saved;
};

struct host_state {
    uint64_t after_clone; /* 0 for none */
    uint32_t reserved;
    uint32_t used; /* 1 while it runs: no other thread is to run but when this one waits */
    struct hook_frame items[1];
};

/* After a clone, a reset or a switch, after clock__after_clone: 1 when the hook is to run, 0, or -errno. */
int host__after_clone(struct vm *vm);

#endif
