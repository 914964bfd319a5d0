/* What a VM is made of. For the engine's own files. */
#ifndef MAYFLY_VM_INTERNAL_H
#define MAYFLY_VM_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "access.h"
#include "call.h"
#include "entry.h"
#include "kernel.h"
#include "layout.h"
#include "machine.h"
#include "memory.h"
#include "regions.h"
#include "view.h"
#include "vm.h"

/* Beside enum vm_kick_reason. */
#define KICK_TICK 2u /* another of its threads may go on */
#define KICK_DEADLINE 4u
#define KICK_CPU 8u
#define KICK_LOOK 16u /* how much was written */

struct vm {
    const struct vm_machine *machine;
    struct ticker *ticker;
    struct shell *shell; /* NULL for a VM that never runs: the fuzzer's */
    struct memory memory;
    struct kernel *kernel;
    struct view_set *views; /* shared with the snapshot and its clones */
    struct regions *regions; /* likewise; NULL for a VM without views */
    struct vm_limits limits;
    struct vm_snapshot *snapshot; /* that it is a clone of, or NULL */

    /* The registers of the current thread, as they are to be or were. */
    struct context context;
    struct entry_state entry;
    int broken;
    int is_fresh; /* a clone that never ran */
    int is_unused; /* as its snapshot: it did not run since it was cloned or reset */
    int serves_proxy; /* the host answers for VM_PROXY_PORT */
    uint32_t looks; /* of epoll in the call under way */
    uint64_t run_begun_cpu; /* of the host's thread; 0 while it does not run */
    uint64_t turn_ns; /* that it computed since its threads took turns or waited, in runs that are over */

    struct vm_exit exit;
    atomic_uint kicked; /* VM_KICK_..., set from other threads */
    struct vm_counters counters;
    vm_trace_function *trace;
    void *trace_data;
    uint64_t unknown_calls[CALL_NUMBERS_MAX / 64]; /* that the log names already: for as long as the VM lives */
};

#endif
