/* How a program's end is told: it ended before its request did. */
#ifndef MAYFLY_CELL_ENDING_H
#define MAYFLY_CELL_ENDING_H

#include "step.h"

/* All that it wrote was taken. Writes the EXIT, if there is to be one: the step's result. */
enum mf_step_result ending__tell(struct step *step);

#endif
