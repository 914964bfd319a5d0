#include "ending.h"

#include <stdio.h>

#include "exchange.h"
#include "serve_state.h"

/* Most programs that are refused memory end in some way of their own. */
static bool ending__lacked_memory(const struct sandbox *sandbox) {
    struct vm_counters counters;
    vm_count(sandbox->vm, &counters);
    bool is_well = sandbox->end.reason == VM_EXITED && sandbox->end.status == 0;
    return sandbox->end.reason == VM_OUT_OF_MEMORY || (counters.refused_pages > 0 && !is_well);
}

/* A held one has given its answer already: it is no more a sandbox to go on with. */
static enum mf_step_result ending__crash(struct step *step) {
    const struct vm_exit *end = &step->sandbox->end;
    serve__count(&step->serve->counters.traps);
    step->shared->trap = end->reason == VM_SIGNALED ? (uint32_t)end->status : 0;
    if (!step->is_done) step__end_log(step);
    return MF_STEP_TRAP;
}

static enum mf_step_result ending__exit(struct step *step, enum mf_exit_code code, const char *text) {
    step__exit(step, code, text);
    return MF_STEP_DONE;
}

enum mf_step_result ending__tell(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    const struct vm_exit *end = &sandbox->end;
    if (step->is_done) return ending__crash(step);
    if (end->reason == VM_EXITED && exchange__finish(step)) return MF_STEP_DONE;
    if (ending__lacked_memory(sandbox)) return ending__exit(step, MF_EXIT_MEMORY, "it needs more than its memory");
    if (end->reason == VM_SIGNALED) return ending__crash(step);
    if (end->reason == VM_STUCK) return ending__exit(step, MF_EXIT_EXCEPTION, "all of its threads wait for one another");
    char text[64];
    snprintf(text, sizeof text, "exited with status %d", end->status);
    return ending__exit(step, MF_EXIT_STATUS, text);
}
