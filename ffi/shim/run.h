/*
 * A guest's run, as two threads see it: the runner, which is inside the guest, and the watchdog, which may lower the
 * runner's priority or kill the guest. One word says where things are:
 *
 *     IDLE -> GUEST <-> HOST    the runner: in the guest, or in a host function that touches the guest's memory
 *             GUEST -> KILLED   the memory was made inaccessible: the guest traps when it touches it next
 *                      HOST -> KILLED    not so, for the host is using it: the function traps on its way back
 *
 * RUN_HELD keeps the runner where it is, while the watchdog does one of these things: the runner waits before it
 * changes the word. The word carries the number of the run, so that a watchdog that was slow cannot take the next run
 * for the one that it looked at.
 */
#ifndef MAYFLY_RUN_H
#define MAYFLY_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum run_phase { RUN_IDLE, RUN_GUEST, RUN_HOST, RUN_KILLED };

#define RUN_PHASE_MASK UINT64_C(3)
#define RUN_HELD UINT64_C(4)
#define RUN_LONG UINT64_C(8)       /* another worker was let ahead; the runner retires after this run */
#define RUN_VERY_LONG UINT64_C(16) /* and its priority is the lowest there is */
#define RUN_NUMBER_SHIFT 8

struct run {
    _Atomic uint64_t word;
    /* Written by the runner before a run, read by the watchdog during it. */
    _Atomic uint64_t started_ns, deadline_ns, cpu_left_ns;
    _Atomic uint32_t slot;
    _Atomic clockid_t cpu_clock; /* of the runner's thread */
    /* The watchdog's first look at the CPU clock: valid for the run of that number. */
    _Atomic uint64_t sampled_number, cpu_base_ns;
    /* enum mf_step_result, written by the watchdog before it kills. */
    _Atomic uint32_t reason;
};

static inline enum run_phase run__phase(uint64_t word) {
    return (enum run_phase)(word & RUN_PHASE_MASK);
}

static inline uint64_t run__number(uint64_t word) {
    return word >> RUN_NUMBER_SHIFT;
}

/* ---- the runner ---- */

struct run_end {
    uint32_t reason; /* why it was killed, or 0: no kill has MF_STEP_PARKED as its reason */
    bool is_long;
};

void run__begin(struct run *run, uint32_t slot, uint64_t started_ns, uint64_t deadline_ns, uint64_t cpu_left_ns);
/* When it returns, the watchdog has let go of the run. */
struct run_end run__end(struct run *run);
/* Around a host function's use of the guest's memory. False: the guest was killed, trap. */
bool run__enter_host(struct run *run);
bool run__leave_host(struct run *run);

/* ---- the watchdog ---- */

/* Takes hold of a run that was seen with `word`, in the guest or a host function; false if it has moved on. */
bool run__hold(struct run *run, uint64_t word);
/* Lets go of it, with another phase and more flags. */
void run__release(struct run *run, uint64_t word, enum run_phase phase, uint64_t flags);

#endif
