/* The parts of a step that are others for a WASI module's sandbox. See step.h. */
#ifndef MAYFLY_WASI_STEP_H
#define MAYFLY_WASI_STEP_H

#include "step.h"

/* -ENOENT, -ESTALE, -EAGAIN, -ENOMEM. */
int wasi_step__take(struct step *step);
/* Takes the step's frames. -EPROTO, -E2BIG. */
int wasi_step__copy_in(struct step *step);
/* Runs the guest until it waits or has ended. */
void wasi_step__call(struct step *step);
/* What the guest wrote, as it is, and what it used. */
void wasi_step__copy_out(struct step *step);
/* Completes the slot, unless that has happened, and parks the sandbox or ends it. */
void wasi_step__end(struct step *step);

#endif
