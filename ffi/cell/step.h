/* One step of one sandbox: frames in, the guest runs, frames out. It can be set aside between two slices of time. */
#ifndef MAYFLY_CELL_STEP_H
#define MAYFLY_CELL_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"
#include "sandbox.h"

struct serve;

/* Takes in what a guest wrote at once. */
#define STEP_SCRATCH_BYTES (MF_GUEST_OUT_BYTES + SANDBOX_FRAME_MAX)
/* What else waits is let ahead after so long. */
#define STEP_SLICE_NS UINT64_C(5000000)

struct step {
    struct serve *serve;
    uint32_t slot;
    struct mf_slot *shared;
    struct sandbox *sandbox;
    uint8_t *scratch; /* STEP_SCRATCH_BYTES of the worker that is at it */
    struct output output;
    uint64_t output_since_ns; /* there is output; 0: none */
    uint64_t run_ns, cpu_ns, cpu_before_ns;
    uint64_t waits_until_ns; /* of CLOCK_MONOTONIC */
    bool is_held;   /* a build's */
    bool is_done;   /* wrote its EXIT: a held one runs on until it waits for another request */
    bool was_begun; /* the server's frames were taken in */
    enum mf_step_result result;
    int error;
    struct step *next; /* among those set aside */
};

/* What is to be done with the guest's output. */
enum drained {
    DRAINED = 0,
    DRAINED_SOME,  /* a guest that waited may go on */
    DRAINED_FULL,  /* there is more than fits */
    DRAINED_ENDED, /* its EXIT is written */
};

/* What the slot asks for, with a sandbox to run; false: the slot is complete already. */
bool step__begin(struct step *step, uint32_t slot);
/* False: others wait, and it is set aside; it runs again later. True: it is to be ended. */
bool step__run(struct step *step);
/* Completes the slot; then parks the sandbox, or makes its VM ready for another. */
void step__end(struct step *step);

/* For the files that know how guests speak and end: ends the request with an EXIT of the cell's own. */
enum drained step__exit(struct step *step, enum mf_exit_code code, const char *text);
/* The last line of the log, and how many were dropped. */
void step__end_log(struct step *step);
/* Its lines go to the step's frames. */
struct log_sink step__log_sink(struct step *step);

#endif
