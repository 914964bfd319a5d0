/* One step of one sandbox: frames in, the guest runs, frames out. */
#ifndef MAYFLY_STEP_H
#define MAYFLY_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "instance.h"
#include "mayfly.h"
#include "saved.h"
#include "wasi_sandbox.h"

struct shim;

struct step {
    struct shim *shim;
    struct run *run;
    bool is_inline;
    struct saved *saved; /* an inline runner's, for steps of sandboxes that were parked */
    bool is_saved;

    uint32_t slot;
    struct mf_slot *shared;
    struct instance *instance;
    struct wasi_sandbox *wasi; /* in place of an instance: the sandbox is a WASI module's */
    bool is_held;
    uint32_t in_length;
    uint64_t started_ns, ended_ns, cpu_ns;
    int error; /* -errno of its frames */

    bool has_trapped;
    uint32_t trap; /* wasmtime's code + 1, or 0 */
    int32_t state; /* what the guest returned */
    uint32_t killed; /* the reason, or 0 */
    bool is_complete; /* the watchdog completed it */
};

/* What the slot asks for, with an instance to run; false: the slot is complete already. */
bool step__begin(struct step *step, uint32_t slot);
/* Runs the guest. True: it ran long, and another worker must end the step. */
bool step__run(struct step *step);
/* Completes the slot and gives up the instance, or parks it. */
void step__end(struct step *step);

/* Gives the slot back to the server. */
void step__complete(struct step *step, enum mf_step_result result, int error);
/* In the statistics. */
void step__count(struct step *step);

/* Completes the slot of a killed guest whose thread may not get to run for a while. */
void step__complete_killed(struct step *step, enum mf_step_result reason, uint64_t cpu_ns, bool is_revoked);

#endif
