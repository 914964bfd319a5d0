/* What both engines do to a slot of their ring. */
#ifndef MAYFLY_SLOT_H
#define MAYFLY_SLOT_H

#include "mayfly.h"

/* A step begins with results that say nothing: whoever ends it says what it was. */
static inline void slot__clear(struct mf_slot *slot) {
    slot->result = MF_STEP_HOST_ERROR;
    slot->error = 0;
    slot->out_sandbox = MF_NEW;
    slot->out_generation = 0;
    slot->out_length = 0;
    slot->wake_ms = MF_NO_WAKE;
    slot->start = MF_START_NONE;
    slot->trap = 0;
    slot->memory_peak = 0;
    slot->dirty_pages = 0;
    slot->clone_ns = 0;
    slot->run_ns = 0;
    slot->cpu_ns = 0;
}

#endif
