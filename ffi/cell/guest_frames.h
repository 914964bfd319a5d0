/* Guests that speak frames on descriptor 3. Theirs are hostile: each is looked at here, once, before it goes on. */
#ifndef MAYFLY_CELL_GUEST_FRAMES_H
#define MAYFLY_CELL_GUEST_FRAMES_H

#include <stdint.h>

#include "step.h"

/* The server's frames of a step, for the guest. 0, or -errno. */
int guest_frames__deliver(struct step *step, const uint8_t *frames, uint32_t length);
/* The guest's frames, as far as there is room for them. */
enum drained guest_frames__drain(struct step *step);

#endif
