#include "step.h"

#include <errno.h>
#include <string.h>

#include "../shim/os.h"
#include "../shim/slot.h"
#include "ending.h"
#include "exchange.h"
#include "guest_frames.h"
#include "serve_state.h"

#define NS_PER_MS UINT64_C(1000000)
/* Output is not held back for longer, while the guest computes on. */
#define OUTPUT_AGE_NS (2 * NS_PER_MS)
/* Such a wait is over before the server would have answered. */
#define SHORT_WAIT_NS UINT64_C(200000)
/* Longer than any request may take, and short enough for every timer. */
#define WAKE_MS_MAX (24u * 60 * 60 * 1000)
#define PAGE UINT64_C(4096)

/* ---- beginning ---------------------------------------------------------------------------------------- */

static int step__take(struct step *step) {
    struct serve *serve = step->serve;
    struct mf_slot *shared = step->shared;
    if (shared->sandbox != MF_NEW) return pool__resume(serve, shared->sandbox, shared->generation, &step->sandbox);
    uint64_t begun = os__now_ns();
    enum mf_start start;
    int error = pool__take(serve, shared->snapshot, &step->sandbox, &start);
    if (error != 0) return error;
    shared->start = start;
    shared->clone_ns = os__now_ns() - begun;
    return 0;
}

/* From here on the slot and `step` are those of the server's next step. */
static void step__complete(struct step *step, bool wakes) {
    ring__complete(&step->serve->ring, step->slot, wakes);
}

/* A step that ends before it starts, and its sandbox with it. */
static void step__refuse(struct step *step, enum mf_step_result result, int error) {
    struct serve *serve = step->serve;
    if (step->shared->sandbox != MF_NEW && step__take(step) != 0) result = MF_STEP_STALE;
    struct sandbox *sandbox = step->sandbox;
    step->shared->result = result;
    step->shared->error = error;
    step__complete(step, (step->shared->flags & MF_STEP_DISCARD) == 0);
    if (sandbox != NULL) pool__release(serve, sandbox, POOL_RESETS);
}

bool step__begin(struct step *step, uint32_t slot) {
    struct serve *serve = step->serve;
    struct mf_slot *shared = ring__slot(&serve->ring, slot);
    uint8_t *scratch = step->scratch;
    *step = (struct step){
        .serve = serve,
        .slot = slot,
        .shared = shared,
        .scratch = scratch,
        .output = {.frames = (uint8_t *)shared + MF_SLOT_OUT},
        .is_held = (shared->flags & MF_STEP_HOLD) != 0,
    };
    slot__clear(shared);
    int error = 0;
    enum mf_step_result result = MF_STEP_HOST_ERROR;
    if (shared->flags & MF_STEP_DISCARD) {
        bool is_sound = shared->sandbox != MF_NEW;
        step__refuse(step, is_sound ? MF_STEP_DONE : MF_STEP_HOST_ERROR, is_sound ? 0 : -EINVAL);
        return false;
    }
    if (shared->in_length > MF_GUEST_IN_BYTES) error = -EMSGSIZE;
    else if (ring__is_canceled(&serve->ring, slot)) result = MF_STEP_CANCELED;
    else if (shared->deadline_ns <= os__now_ns()) result = MF_STEP_DEADLINE;
    if (error != 0 || result != MF_STEP_HOST_ERROR) {
        step__refuse(step, result, error);
        return false;
    }
    error = step__take(step);
    if (error == 0) return true;
    shared->result = error == -ESTALE ? MF_STEP_STALE : MF_STEP_HOST_ERROR;
    shared->error = error == -ESTALE ? 0 : error;
    step__complete(step, true);
    return false;
}

/* ---- what the guest wrote ----------------------------------------------------------------------------- */

static void step__log(void *to, enum mf_log_level level, const char *text, uint32_t length) {
    struct output *output = to;
    const struct mf_frame head = {.type = MF_LOG, .aux = (uint16_t)level, .length = length};
    output__add(output, &head, text);
}

struct log_sink step__log_sink(struct step *step) {
    return (struct log_sink){.line = step__log, .to = &step->output};
}

void step__end_log(struct step *step) {
    const struct log_sink sink = step__log_sink(step);
    log__end(&step->sandbox->log, &sink);
    sandbox__note(step->sandbox, &sink);
}

enum drained step__exit(struct step *step, enum mf_exit_code code, const char *text) {
    step__end_log(step);
    output__exit(&step->output, code, text);
    return DRAINED_ENDED;
}

static enum drained step__drain_log(struct step *step, uint32_t port) {
    struct sandbox *sandbox = step->sandbox;
    const struct log_sink sink = step__log_sink(step);
    enum drained result = DRAINED;
    while (vm_has_output(sandbox->vm, port)) {
        uint32_t size = log__bytes_for(output__room(&step->output));
        if (size == 0) return DRAINED_FULL;
        log__write(&sandbox->log, &sink, step->scratch, vm_take(sandbox->vm, port, step->scratch, size));
        result = DRAINED_SOME;
    }
    return result;
}

/* What a held guest writes between two requests is no answer to either. */
static void step__drop(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    uint32_t port = sandbox->object->protocol == CELL_STDIO ? PORT_STDIO : PORT_FRAMES;
    while (vm_take(sandbox->vm, port, step->scratch, STEP_SCRATCH_BYTES) > 0) continue;
}

/* Lines come before the frames that were written after them: the last one may be the EXIT. */
static enum drained step__drain(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    enum cell_protocol protocol = sandbox->object->protocol;
    enum drained results[3] = {step__drain_log(step, PORT_LOG), DRAINED, DRAINED};
    if (protocol == CELL_SERVER) results[1] = step__drain_log(step, PORT_STDIO);
    if (step->is_done) {
        step__drop(step);
        return DRAINED;
    }
    if (results[0] == DRAINED_FULL || results[1] == DRAINED_FULL) return DRAINED_FULL;
    results[2] = protocol == CELL_FRAMES ? guest_frames__drain(step) : exchange__drain(step);
    if (results[2] == DRAINED_FULL || results[2] == DRAINED_ENDED) return results[2];
    if (!dial__serve(&sandbox->dial, sandbox->vm, &step->output)) return DRAINED_FULL;
    bool is_some = results[0] != DRAINED || results[1] != DRAINED || results[2] != DRAINED;
    return is_some ? DRAINED_SOME : DRAINED;
}

/* ---- what it is to read ------------------------------------------------------------------------------- */

static uint32_t step__port(const struct sandbox *sandbox) {
    return sandbox->exchange != NULL ? sandbox->exchange->port : PORT_FRAMES;
}

static bool step__feed(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    bool is_fed = input__feed(&sandbox->input, sandbox->vm, step__port(sandbox));
    return dial__feed(&sandbox->dial, sandbox->vm) || is_fed;
}

/* ---- how it ends -------------------------------------------------------------------------------------- */

static bool step__over(struct step *step, enum mf_step_result result) {
    step->result = result;
    return true;
}

static bool step__fail(struct step *step, int error) {
    step->error = error;
    return step__over(step, MF_STEP_HOST_ERROR);
}

static bool step__kill(struct step *step, enum mf_step_result result) {
    serve__count(&step->serve->counters.kills);
    step__drain_log(step, PORT_LOG);
    if (!step->is_done) step__end_log(step);
    return step__over(step, result);
}

static bool step__park(struct step *step, uint64_t until_ns) {
    step->waits_until_ns = until_ns;
    return step__over(step, MF_STEP_PARKED);
}

/* The server's frames, once. True: the step is over. */
static bool step__deliver(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    const uint8_t *frames = (const uint8_t *)step->shared + MF_SLOT_IN;
    uint32_t length = step->shared->in_length;
    if (step->was_begun || sandbox->is_ended) return false;
    step->was_begun = true;
    struct vm_counters counters;
    vm_count(sandbox->vm, &counters);
    step->cpu_before_ns = counters.cpu_ns;
    int error = sandbox->object->protocol == CELL_FRAMES ? guest_frames__deliver(step, frames, length)
                                                         : exchange__deliver(step, frames, length);
    switch (error) {
    case 0:
        return false;
    case -ECANCELED:
        return step__kill(step, MF_STEP_CANCELED);
    case -ENOBUFS:
        step__exit(step, MF_EXIT_EXCEPTION, "it asks for more of the request's body than it reads");
        return step__over(step, MF_STEP_DONE);
    case -ECONNREFUSED:
        step__exit(step, MF_EXIT_EXCEPTION, "it takes no connections");
        return step__over(step, MF_STEP_DONE);
    case -EBADMSG:
    case -EMSGSIZE:
        step__exit(step, MF_EXIT_UNSUPPORTED, "the request cannot be said in HTTP/1.1");
        return step__over(step, MF_STEP_DONE);
    default:
        return step__fail(step, error);
    }
}

/* ---- running ------------------------------------------------------------------------------------------ */

/* A held guest is ready for its next request. */
static bool step__is_ready(const struct sandbox *sandbox, const struct vm_exit *exit) {
    switch (sandbox->object->protocol) {
    case CELL_FRAMES:
        return (exit->waits_for_input >> PORT_FRAMES & 1) != 0;
    case CELL_STDIO:
        return (exit->waits_for_input >> PORT_STDIO & 1) != 0;
    case CELL_SERVER:
        return exit->tcp_port != 0;
    }
    return false;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Nothing came of a guest that waits: true if the step is over. A held one that is done is waited for. */
static bool step__waits(struct step *step, const struct vm_exit *exit) {
    uint64_t now = os__now_ns(), until = exit->until_ns;
    if (step->is_done && step__is_ready(step->sandbox, exit)) return step__over(step, MF_STEP_DONE);
    bool is_short = until < now + SHORT_WAIT_NS && !workers__are_wanted(step->serve);
    if (!step->is_done && !is_short) return step__park(step, until);
    uint64_t end = least(until, least(step->shared->deadline_ns, now + STEP_SLICE_NS));
    const struct timespec time = {(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    return end >= step->shared->deadline_ns ? step__kill(step, MF_STEP_DEADLINE) : false;
}

static int step__run_slice(struct step *step, struct vm_exit *exit) {
    struct mf_slot *shared = step->shared;
    struct vm *vm = step->sandbox->vm;
    uint64_t begun = os__now_ns(), deadline = least(shared->deadline_ns, begun + STEP_SLICE_NS);
    if (step->output_since_ns != 0) deadline = least(deadline, step->output_since_ns + OUTPUT_AGE_NS);
    const struct vm_run run = {
        .deadline_ns = deadline,
        .cpu_ns = shared->cpu_left_ns == UINT64_MAX ? UINT64_MAX : shared->cpu_left_ns - step->cpu_ns,
        .stop_for_output = !step->is_done,
    };
    int error = vm_run(vm, &run, exit);
    struct vm_counters counters;
    vm_count(vm, &counters);
    step->cpu_ns = counters.cpu_ns - step->cpu_before_ns;
    uint64_t now = os__now_ns();
    step->run_ns += now - begun;
    if (exit->reason == VM_WROTE && step->output_since_ns == 0) step->output_since_ns = now;
    return error;
}

enum turn { TURN_GOES_ON, TURN_IS_OVER, STEP_IS_OVER };

static enum turn step__turn(struct step *step, struct vm_exit *exit) {
    struct sandbox *sandbox = step->sandbox;
    const struct mf_slot *shared = step->shared;
    bool is_late = os__now_ns() >= shared->deadline_ns;
    if (is_late || step->cpu_ns >= shared->cpu_left_ns) {
        step__kill(step, is_late ? MF_STEP_DEADLINE : MF_STEP_CPU);
        return STEP_IS_OVER;
    }
    int error = step__run_slice(step, exit);
    if (error != 0) {
        sandbox->is_broken = true;
        step__fail(step, error);
        return STEP_IS_OVER;
    }
    switch ((enum vm_exit_reason)exit->reason) {
    case VM_WAITS:
    case VM_WROTE:
        return TURN_GOES_ON;
    case VM_EXITED:
    case VM_SIGNALED:
    case VM_OUT_OF_MEMORY:
    case VM_STUCK:
        sandbox->is_ended = true;
        sandbox->end = *exit;
        return TURN_GOES_ON;
    case VM_CPU_TIME:
        step__kill(step, MF_STEP_CPU);
        return STEP_IS_OVER;
    case VM_CANCELED:
        step__kill(step, MF_STEP_CANCELED);
        return STEP_IS_OVER;
    case VM_DEADLINE:
        if (ring__is_canceled(&step->serve->ring, step->slot)) step__kill(step, MF_STEP_CANCELED);
        else if (os__now_ns() >= shared->deadline_ns) step__kill(step, MF_STEP_DEADLINE);
        else return TURN_IS_OVER;
        return STEP_IS_OVER;
    case VM_BROKEN:
        break;
    }
    sandbox->is_broken = true;
    step__fail(step, exit->status < 0 ? exit->status : -EIO);
    return STEP_IS_OVER;
}

static bool step__is_aged(const struct step *step) {
    return !step->is_done && step->output_since_ns != 0 && os__now_ns() >= step->output_since_ns + OUTPUT_AGE_NS;
}

bool step__run(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    struct vm_exit exit = {0};
    enum turn turn = TURN_GOES_ON;
    if (step__deliver(step)) return true;
    for (;;) {
        enum drained drained = step__drain(step);
        if (drained == DRAINED_FULL) return step__park(step, 0);
        if (drained == DRAINED_ENDED) {
            step->is_done = true;
            if (!step->is_held) return step__over(step, MF_STEP_DONE);
            exchange__hang_up(sandbox);
            dial__hang_up(&sandbox->dial, sandbox->vm);
        }
        if (step->output.length > 0 && step->output_since_ns == 0) step->output_since_ns = os__now_ns();
        bool has_news = step__feed(step) || drained != DRAINED;
        if (sandbox->is_ended) return step__over(step, ending__tell(step));
        if (step__is_aged(step)) return step__park(step, 0);
        if (turn == TURN_IS_OVER) {
            ring__tell(&step->serve->ring);
            if (workers__are_wanted(step->serve)) return false;
        }
        if (exit.reason == VM_WAITS && !has_news && step__waits(step, &exit)) return true;
        turn = step__turn(step, &exit);
        if (turn == STEP_IS_OVER) return true;
    }
}

/* ---- ending ------------------------------------------------------------------------------------------- */

static uint32_t step__wake_ms(uint64_t until_ns) {
    if (until_ns == UINT64_MAX) return MF_NO_WAKE;
    uint64_t now = os__now_ns(), left = until_ns > now ? until_ns - now : 0;
    return (uint32_t)least((left + NS_PER_MS - 1) / NS_PER_MS, WAKE_MS_MAX);
}

static void step__tell(struct step *step) {
    struct mf_slot *shared = step->shared;
    struct vm_counters counters;
    vm_count(step->sandbox->vm, &counters);
    shared->result = step->result;
    shared->error = step->error;
    shared->out_length = step->output.length;
    shared->memory_peak = (uint32_t)least(counters.pages_in_use * PAGE, UINT32_MAX);
    shared->dirty_pages = (uint32_t)counters.pages_copied;
    shared->run_ns = step->run_ns;
    shared->cpu_ns = step->cpu_ns;
    if (step->result == MF_STEP_PARKED) shared->wake_ms = step__wake_ms(step->waits_until_ns);
}

void step__end(struct step *step) {
    struct serve *serve = step->serve;
    struct sandbox *sandbox = step->sandbox;
    bool is_done = step->result == MF_STEP_DONE;
    bool is_kept = step->result == MF_STEP_PARKED || (is_done && step->is_done && step->is_held);
    serve__count(&serve->counters.steps);
    step__tell(step);
    if (is_kept) {
        step->shared->out_sandbox = sandbox->index;
        step->shared->out_generation = sandbox->generation;
        pool__park(serve, sandbox);
    }
    step__complete(step, true);
    if (is_kept) return;
    pool__release(serve, sandbox, sandbox->is_broken ? POOL_CLOSES : is_done ? POOL_LEARNS : POOL_RESETS);
}
