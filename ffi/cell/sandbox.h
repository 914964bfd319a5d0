/* A sandbox: a VM, and what of its request lies between the server and it. It outlives its request: the VM is kept. */
#ifndef MAYFLY_CELL_SANDBOX_H
#define MAYFLY_CELL_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "../vm/port.h"
#include "../vm/vm.h"
#include "dial.h"
#include "input.h"
#include "log.h"

struct exchange;
struct object;

/* Of a guest's frames: one is no longer, so that it fits the port and the slot. */
#define SANDBOX_FRAME_MAX (MF_CHUNK_MAX + (uint32_t)sizeof(struct mf_frame))

enum sandbox_state {
    SANDBOX_FREE = 0, /* without a VM */
    SANDBOX_RUNS,     /* somebody works on it */
    SANDBOX_PARKED,   /* waits for the server */
    SANDBOX_IDLE,     /* no request's */
};

struct sandbox {
    uint32_t index, generation;
    enum sandbox_state state;
    struct object *object; /* that it uses */
    struct vm *vm;
    bool is_build;     /* never another request's: it is closed when it is over */
    bool is_broken;    /* can only be closed */
    bool is_new_clone; /* what its first request touches can be learned */

    /* While idle. The pool's list is in the order in which they became so; the object's is the other way round. */
    struct sandbox *older, *newer;
    struct sandbox *next_of_object, *previous_of_object;
    uint64_t memory_bytes;
    struct sandbox *next; /* among free ones, or those to close */

    struct input input; /* to its port */
    struct log log;
    uint64_t refused_forks; /* that were told of */
    struct dial dial;
    uint8_t *partial; /* of a frame that the guest has not written to its end */
    uint32_t partial_bytes;
    struct exchange *exchange; /* of programs that speak HTTP */
    bool is_ended;             /* its program: as `end` says. What it wrote may still be there */
    struct vm_exit end;
};

/* A request begins; whatever there was of another one is gone. */
void sandbox__begin(struct sandbox *sandbox, uint64_t log_bytes);
/* What the guest was refused and cannot know the reason of goes to its log. */
void sandbox__note(struct sandbox *sandbox, const struct log_sink *sink);
/* The request is over: its memory is given back. */
void sandbox__forget(struct sandbox *sandbox);
/* In pages that it may have to itself. */
uint64_t sandbox__memory(const struct sandbox *sandbox);

#endif
