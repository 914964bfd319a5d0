#include "step.h"

#include <string.h>
#include <sys/resource.h>

#include "random.h"
#include "shim.h"
#include "slot.h"
#include "wasi_step.h"

/* ---- completing --------------------------------------------------------------------------------------- */

void step__complete(struct step *step, enum mf_step_result result, int error) {
    step->shared->result = result;
    step->shared->error = error;
    if (step->is_inline) {
        ring__unclaim(&step->shim->ring, step->slot);
    } else {
        ring__complete(&step->shim->ring, step->slot, !(step->shared->flags & MF_STEP_DISCARD));
    }
}

/* The guest's memory is hostile: each field is read once, checked, and then used. */
static void step__copy_out(struct step *step, uint32_t out_length) {
    const struct mf_guest_io *io = step->instance->io;
    struct mf_slot *shared = step->shared;
    uint64_t memory_bytes = step->instance->base->memory_bytes;
    uint32_t memory_used = *(const volatile uint32_t *)&io->memory_used;
    memcpy((uint8_t *)shared + MF_SLOT_OUT, io->out, out_length);
    shared->out_length = out_length;
    shared->wake_ms = *(const volatile uint32_t *)&io->wake_ms;
    shared->memory_peak = memory_used < memory_bytes ? memory_used : (uint32_t)memory_bytes;
    shared->dirty_pages = step->instance->private_pages.count;
    shared->run_ns = step->ended_ns - step->started_ns;
    shared->cpu_ns = step->cpu_ns;
}

static uint32_t step__out_length(const struct step *step) {
    return *(const volatile uint32_t *)&step->instance->io->out_length;
}

void step__complete_killed(struct step *step, enum mf_step_result reason, uint64_t cpu_ns, bool is_revoked) {
    step->is_complete = true;
    step->ended_ns = os__now_ns();
    step->cpu_ns = cpu_ns;
    atomic_fetch_add_explicit(&step->shim->kills, 1, memory_order_relaxed);
    if (step->wasi != NULL) {
        wasi_step__copy_out(step);
        step__complete(step, reason, 0);
        return;
    }
    /* Without room for the mapping there is no log, but there is an end. */
    if (!is_revoked || instance__expose_io(step->instance) == 0) {
        uint32_t out_length = step__out_length(step);
        step__copy_out(step, out_length <= MF_GUEST_OUT_BYTES ? out_length : 0);
        /* A guest could spin on reading just these pages. */
        if (is_revoked) instance__revoke_memory(step->instance);
    }
    step__complete(step, reason, 0);
}

/* ---- beginning ------------------------------------------------------------------------------------------- */

static bool step__is_wasi(const struct mf_slot *shared) {
    return ((shared->sandbox == MF_NEW ? shared->snapshot : shared->sandbox) & WASI_ID) != 0;
}

static int step__take(struct step *step) {
    struct shim *shim = step->shim;
    struct mf_slot *shared = step->shared;
    if (step__is_wasi(shared)) return wasi_step__take(step);
    if (shared->sandbox != MF_NEW) {
        return pool__resume(&shim->pool, shared->sandbox, shared->generation, &step->instance);
    }
    uint64_t began_ns = os__now_ns();
    struct snapshot *snapshot = snapshots__acquire(&shim->snapshots, shared->snapshot);
    if (snapshot == NULL) return -ENOENT;
    enum mf_start start;
    int rc = pool__take(&shim->pool, snapshot, &step->instance, &start);
    shared->start = start;
    shared->clone_ns = os__now_ns() - began_ns;
    return rc;
}

/* A step that ends before it starts, and its sandbox with it. */
static void step__refuse(struct step *step, enum mf_step_result result, int error) {
    if (step->shared->sandbox != MF_NEW && step__take(step) != 0) result = MF_STEP_STALE;
    step__complete(step, result, error);
    if (step->instance != NULL) pool__release(&step->shim->pool, step->instance);
    if (step->wasi != NULL) wasi_pool__release(&step->shim->wasi, step->wasi);
}

static int step__copy_in(struct step *step) {
    struct mf_guest_io *io = step->instance->io;
    memcpy(io->in, (const uint8_t *)step->shared + MF_SLOT_IN, step->in_length);
    /* What an earlier step wrote was delivered with it, even if this one is killed before it writes. */
    io->out_length = 0;
    io->wake_ms = MF_NO_WAKE;
    io->fresh = step->instance->is_fresh;
    if (!step->instance->is_fresh) return 0;
    step->instance->is_fresh = false;
    return random__seed(io->seed);
}

/* Keeps what it takes to do the step again. False: that is too much, and the sandbox is parked as it was. */
static bool step__save(struct step *step) {
    struct shim *shim = step->shim;
    if (step->wasi != NULL) {
        wasi_pool__park(&shim->wasi, step->wasi);
        return false;
    }
    step->is_saved = saved__take(step->saved, step->instance) == 0;
    if (!step->is_saved) pool__park(&shim->pool, step->instance);
    return step->is_saved;
}

bool step__begin(struct step *step, uint32_t slot) {
    struct shim *shim = step->shim;
    struct mf_slot *shared = ring__slot(&shim->ring, slot);
    step->slot = slot;
    step->shared = shared;
    step->instance = NULL;
    step->wasi = NULL;
    step->error = 0;
    step->is_held = (shared->flags & MF_STEP_HOLD) != 0;
    step->in_length = shared->in_length;
    step->is_complete = false;
    step->is_saved = false;
    slot__clear(shared);

    if (shared->flags & MF_STEP_DISCARD) {
        bool is_sound = shared->sandbox != MF_NEW;
        step__refuse(step, is_sound ? MF_STEP_DONE : MF_STEP_HOST_ERROR, is_sound ? 0 : -EINVAL);
        return false;
    }
    if (step->in_length > MF_GUEST_IN_BYTES) {
        step__refuse(step, MF_STEP_HOST_ERROR, -EMSGSIZE);
        return false;
    }
    if (ring__is_canceled(&shim->ring, slot)) {
        step__refuse(step, MF_STEP_CANCELED, 0);
        return false;
    }
    if (shared->deadline_ns <= os__now_ns()) {
        step__refuse(step, MF_STEP_DEADLINE, 0);
        return false;
    }

    int rc = step__take(step);
    if (rc == -ESTALE) {
        step__complete(step, MF_STEP_STALE, 0);
        return false;
    }
    if (rc != 0) {
        step__complete(step, MF_STEP_HOST_ERROR, rc);
        return false;
    }
    if (step->is_inline && shared->sandbox != MF_NEW && !step__save(step)) {
        step__complete(step, MF_STEP_INLINE, 0);
        return false;
    }
    return true;
}

/* ---- running ------------------------------------------------------------------------------------------------ */

/* Faults that this thread has taken: as long as the number stands still, no page became private. */
static long step__faults(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0) return -1;
    return usage.ru_minflt + usage.ru_majflt;
}

static void step__call(struct step *step) {
    struct instance *instance = step->instance;
    wasmtime_val_raw_t value = {.i32 = (int32_t)step->in_length};
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime_func_call_unchecked(instance->context, &instance->step, &value, 1, &trap);
    step->has_trapped = error != NULL || trap != NULL;
    step->state = value.i32;
    step->trap = 0;
    uint8_t code;
    if (trap != NULL) {
        if (wasmtime_trap_code(trap, &code)) step->trap = code + 1u;
        wasm_trap_delete(trap);
    }
    if (error != NULL) wasmtime_error_delete(error);
}

/*
 * A call for the thread's CPU clock takes 0.4 us. A run that the watchdog never saw was over within a tick or two, so
 * its wall time will do.
 */
static uint64_t step__cpu_ns(struct step *step) {
    struct run *run = step->run;
    uint64_t number = run__number(atomic_load_explicit(&run->word, memory_order_relaxed));
    if (atomic_load_explicit(&run->sampled_number, memory_order_acquire) != number) {
        return step->ended_ns - step->started_ns;
    }
    return os__clock_ns(CLOCK_THREAD_CPUTIME_ID) - atomic_load_explicit(&run->cpu_base_ns, memory_order_relaxed);
}

bool step__run(struct step *step) {
    struct shim *shim = step->shim;
    struct instance *instance = step->instance;
    struct mf_slot *shared = step->shared;
    __atomic_fetch_add(&shim->ring.shared->steps_running, 1, __ATOMIC_RELAXED);

    long faults = instance == NULL ? 0 : step__faults();
    int rc = instance == NULL ? wasi_step__copy_in(step) : step__copy_in(step);
    step->error = rc;
    if (instance != NULL) instance->run = step->run;
    step->started_ns = os__now_ns();
    run__begin(step->run, step->slot, step->started_ns, shared->deadline_ns, shared->cpu_left_ns);
    watchdog__look(&shim->workers.watchdog);
    if (rc == 0 && instance != NULL) step__call(step);
    if (rc == 0 && instance == NULL) wasi_step__call(step);
    struct run_end end = run__end(step->run);
    /* If the watchdog completed the slot, slot and times are no longer this thread's to write. */
    if (!step->is_complete) {
        step->ended_ns = os__now_ns();
        step->cpu_ns = step__cpu_ns(step);
    }
    step->killed = end.reason;
    if (rc != 0) step->has_trapped = true;
    if (instance != NULL) {
        /* After a trap nothing is taken for granted. */
        bool is_sound = step__faults() == faults && faults >= 0 && !step->has_trapped && end.reason == 0;
        if (!is_sound) instance->is_unscanned = true;
    }
    __atomic_fetch_sub(&shim->ring.shared->steps_running, 1, __ATOMIC_RELAXED);
    return end.is_long;
}

/* ---- ending ----------------------------------------------------------------------------------------------------- */

static enum mf_step_result step__result(struct step *step, uint32_t *out_length, int *error) {
    *error = 0;
    bool is_sound = *out_length <= MF_GUEST_OUT_BYTES;
    if (!is_sound) *out_length = 0;
    if (step->killed != 0) return (enum mf_step_result)step->killed;
    if (step->has_trapped || !is_sound) return MF_STEP_TRAP;
    switch (step->state) {
    case MF_GUEST_PARKED:
        return MF_STEP_PARKED;
    case MF_GUEST_DONE:
        return MF_STEP_DONE;
    case MF_GUEST_FAULT:
        *error = -EPROTO;
        return MF_STEP_HOST_ERROR;
    default:
        return MF_STEP_TRAP;
    }
}

void step__count(struct step *step) {
    struct shim *shim = step->shim;
    atomic_fetch_add_explicit(step->is_inline ? &shim->inline_steps : &shim->steps, 1, memory_order_relaxed);
    if (step->killed != 0) {
        if (!step->is_complete) atomic_fetch_add_explicit(&shim->kills, 1, memory_order_relaxed);
    } else if (step->has_trapped) {
        atomic_fetch_add_explicit(&shim->traps, 1, memory_order_relaxed);
    }
}

static void step__park(struct step *step) {
    struct pool *pool = &step->shim->pool;
    step->shared->out_sandbox = step->instance->index;
    step->shared->out_generation = pool__generation(pool, step->instance);
    pool__park(pool, step->instance);
}

/* The sandbox is parked as it was before the step. */
static void step__undo(struct step *step) {
    struct pool *pool = &step->shim->pool;
    int rc = instance__return_memory(step->instance);
    if (rc == 0) rc = pool__restore(pool, step->instance, &step->saved->state);
    if (rc == 0) {
        step__park(step);
        step__complete(step, MF_STEP_INLINE, 0);
    } else {
        step__complete(step, MF_STEP_HOST_ERROR, rc);
        pool__destroy(pool, step->instance);
    }
}

void step__end(struct step *step) {
    struct shim *shim = step->shim;
    struct instance *instance = step->instance;
    if (step->wasi != NULL) {
        wasi_step__end(step);
        return;
    }
    step__count(step);
    if (step->is_saved && step->killed == MF_STEP_INLINE) {
        step__undo(step);
        return;
    }
    int memory = step->killed == 0 ? 0 : instance__return_memory(instance);
    bool is_kept = false;
    if (!step->is_complete) {
        int error = 0;
        enum mf_step_result result = (enum mf_step_result)step->killed;
        if (memory == 0) {
            uint32_t out_length = step__out_length(step);
            result = step__result(step, &out_length, &error);
            step__copy_out(step, out_length);
        }
        if (result == MF_STEP_TRAP) step->shared->trap = step->trap;
        is_kept = result == MF_STEP_PARKED || (result == MF_STEP_DONE && step->is_held);
        if (is_kept) step__park(step);
        step__complete(step, result, error);
    }
    if (is_kept) return;
    if (memory == 0) {
        pool__release(&shim->pool, instance);
    } else {
        pool__destroy(&shim->pool, instance);
    }
}
