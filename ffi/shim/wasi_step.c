#include "wasi_step.h"

#include "shim.h"

#define NS_PER_MS UINT64_C(1000000)
/* Longer than any request may take, and short enough for every timer. */
#define WAKE_MS_MAX (24u * 60 * 60 * 1000)

int wasi_step__take(struct step *step) {
    struct wasi_pool *pool = &step->shim->wasi;
    struct mf_slot *shared = step->shared;
    if (shared->sandbox != MF_NEW) return wasi_pool__resume(pool, shared->sandbox, shared->generation, &step->wasi);
    uint64_t began_ns = os__now_ns();
    int rc = wasi_pool__take(pool, shared->snapshot, &step->wasi);
    shared->start = MF_START_CLONE;
    shared->clone_ns = os__now_ns() - began_ns;
    return rc;
}

int wasi_step__copy_in(struct step *step) {
    uint8_t *slot = (uint8_t *)step->shared;
    step->wasi->run = step->run;
    wasi_output__begin(&step->wasi->output, slot + MF_SLOT_OUT);
    return wasi_sandbox__deliver(step->wasi, slot + MF_SLOT_IN, step->in_length);
}

void wasi_step__call(struct step *step) {
    step->has_trapped = false;
    step->state = MF_GUEST_DONE;
    if (step->wasi->is_canceled) return;
    if (!wasi_sandbox__run(step->wasi)) step->state = MF_GUEST_PARKED;
}

static uint32_t wasi_step__wake_ms(const struct wasi_sandbox *sandbox) {
    if (sandbox->wake_ns == UINT64_MAX) return MF_NO_WAKE;
    uint64_t now_ns = os__now_ns();
    uint64_t left_ns = sandbox->wake_ns > now_ns ? sandbox->wake_ns - now_ns : 0;
    uint64_t ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0);
    return ms < WAKE_MS_MAX ? (uint32_t)ms : WAKE_MS_MAX;
}

void wasi_step__copy_out(struct step *step) {
    struct mf_slot *shared = step->shared;
    shared->out_length = step->wasi->output.length;
    shared->run_ns = step->ended_ns - step->started_ns;
    shared->cpu_ns = step->cpu_ns;
}

static enum mf_step_result wasi_step__result(struct step *step) {
    struct wasi_sandbox *sandbox = step->wasi;
    if (step->killed != 0) return (enum mf_step_result)step->killed;
    if (sandbox->is_canceled) return MF_STEP_CANCELED;
    if (step->state == MF_GUEST_PARKED) return MF_STEP_PARKED;
    if (wasi_sandbox__finish(sandbox, &step->shared->trap)) return MF_STEP_DONE;
    step->has_trapped = true;
    return MF_STEP_TRAP;
}

void wasi_step__end(struct step *step) {
    struct wasi_pool *pool = &step->shim->wasi;
    struct wasi_sandbox *sandbox = step->wasi;
    struct mf_slot *shared = step->shared;
    enum mf_step_result result = MF_STEP_HOST_ERROR;
    if (!step->is_complete) {
        if (step->error == 0) result = wasi_step__result(step);
        wasi_step__copy_out(step);
        shared->memory_peak = (uint32_t)wasi_sandbox__memory_bytes(sandbox);
    }
    step__count(step);
    if (result == MF_STEP_PARKED) {
        shared->wake_ms = wasi_step__wake_ms(sandbox);
        shared->out_sandbox = wasi_sandbox__id(sandbox);
        shared->out_generation = sandbox->generation;
        wasi_pool__park(pool, sandbox);
    }
    if (!step->is_complete) step__complete(step, result, step->error);
    if (result != MF_STEP_PARKED) wasi_pool__release(pool, sandbox);
}
