#include "clock.h"

#include <stddef.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "../shim/os.h"
#include "internal.h"
#include "random.h"

/* How often the guest's clocks are compared with the host's. */
#define REFRESH_NS (NANOSECONDS / 10)
/* What is off by less is caught up with over a second; what is off by more is stepped over, forward only. */
#define STEP_NS INT64_C(1000000)
/* Two readings of the host's clocks are this far apart at most if nobody set one of them. */
#define REALTIME_NOISE_NS INT64_C(10000)
#define FIRST_NS NANOSECONDS

/* Reading three clocks took no longer: nobody came between. */
#define UNDISTURBED_TICKS 1000u

struct clock_moment clock__moment(void) {
    struct clock_moment best = {0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 3 && shortest > UNDISTURBED_TICKS; i++) {
        struct clock_moment time;
        uint64_t before = __rdtsc();
        time.monotonic = os__clock_ns(CLOCK_MONOTONIC);
        time.tsc = before + (__rdtsc() - before) / 2;
        time.realtime = os__clock_ns(CLOCK_REALTIME);
        time.realtime -= (os__clock_ns(CLOCK_MONOTONIC) - time.monotonic) / 2;
        uint64_t took = __rdtsc() - before;
        if (took >= shortest) continue;
        best = time;
        shortest = took;
    }
    return best;
}

/* ---- the TSC ----------------------------------------------------------------------------------------- */

#define CLOCK_SHIFT 32u
/* Enough for a reading's error of 200 ns: while a guest runs, its clock is compared with the host's over longer times. */
#define APART_NS UINT64_C(1000000)
/* A clock whose speed changes by more than a thousandth is none. */
#define STEADY_PART 1000u

static uint64_t clock__rate(uint64_t ticks, uint64_t ns) {
    return ticks == 0 ? 0 : (uint64_t)(((unsigned __int128)ns << CLOCK_SHIFT) / ticks);
}

struct clock_moment clock__moment_after(const struct clock_moment *earlier) {
    uint64_t passed = os__clock_ns(CLOCK_MONOTONIC) - earlier->monotonic;
    const struct timespec rest = {0, passed < APART_NS ? (long)(APART_NS - passed) : 0};
    if (rest.tv_nsec > 0) nanosleep(&rest, NULL);
    return clock__moment();
}

static uint64_t clock__rate_between(const struct clock_moment *from, const struct clock_moment *to) {
    return clock__rate(to->tsc - from->tsc, to->monotonic - from->monotonic);
}

uint64_t clock__multiplier(const struct clock_moment moments[CLOCK_MOMENTS]) {
    uint64_t one = clock__rate_between(&moments[0], &moments[1]), two = clock__rate_between(&moments[1], &moments[2]);
    uint64_t difference = one > two ? one - two : two - one;
    return difference > one / STEADY_PART ? 0 : clock__rate_between(&moments[0], &moments[2]);
}

static uint64_t clock__at(const struct clock_state *clock, uint64_t tsc) {
    /* CPUs' counters may differ by a few ticks. */
    if (tsc < clock->tsc_base) return clock->monotonic_base;
    uint64_t ticks = tsc - clock->tsc_base;
    return clock->monotonic_base + (uint64_t)(((unsigned __int128)ticks * clock->multiplier) >> clock->shift);
}

/* ---- the page that the guest reads ------------------------------------------------------------------- */

_Static_assert(offsetof(struct vvar, shift) == 4 && offsetof(struct vvar, multiplier) == 8 &&
                   offsetof(struct vvar, tsc_base) == 16 && offsetof(struct vvar, monotonic_base) == 24 &&
                   offsetof(struct vvar, realtime_base) == 32 && offsetof(struct vvar, sequence) == 40,
               "as vdso.S has it");

static void clock__publish(struct vm *vm, const uint8_t entropy[32]) {
    const struct clock_state *clock = &vm->kernel->clock;
    struct vvar *vvar = (struct vvar *)memory__at(vm, clock->vvar_page);
    vvar->version = VVAR_VERSION;
    vvar->shift = clock->shift;
    vvar->multiplier = clock->multiplier;
    vvar->tsc_base = clock->tsc_base;
    vvar->monotonic_base = clock->monotonic_base;
    vvar->realtime_base = clock->monotonic_base + (uint64_t)clock->realtime_offset;
    vvar->generation = clock->generation;
    /* The guest does not run now, but it may have been stopped between two of its reads. */
    vvar->sequence += 2;
    if (entropy != NULL) memcpy(vvar->entropy, entropy, sizeof vvar->entropy);
    memory__wrote(vm, clock->vvar_page, sizeof *vvar);
}

/* From this moment on `monotonic` is what the guest's clock shows. */
static void clock__set(struct vm *vm, const struct clock_moment *now, uint64_t monotonic, uint64_t multiplier) {
    struct clock_state *clock = &vm->kernel->clock;
    clock->multiplier = multiplier;
    clock->shift = CLOCK_SHIFT;
    clock->tsc_base = now->tsc;
    clock->host_base = now->monotonic;
    clock->monotonic_base = monotonic;
}

static void clock__begin(struct vm *vm, uint64_t monotonic) {
    struct clock_state *clock = &vm->kernel->clock;
    struct clock_moment now = clock__moment();
    clock__set(vm, &now, monotonic, vm->machine == NULL ? 0 : vm->machine->tsc_multiplier);
    clock->monotonic_offset = (int64_t)(monotonic - now.monotonic);
    clock->realtime_offset = (int64_t)(now.realtime - monotonic);
}

void clock__init(struct vm *vm, uint64_t vvar_page) {
    struct clock_state *clock = &vm->kernel->clock;
    uint8_t entropy[32] = {0};
    *clock = (struct clock_state){.vvar_page = vvar_page, .generation = 1};
    clock->cpu_origin = vm->counters.cpu_ns;
    /* How long the host runs is none of the guest's business. */
    clock__begin(vm, FIRST_NS);
    random__bytes(entropy, sizeof entropy);
    clock__publish(vm, entropy);
}

void clock__refresh(struct vm *vm) {
    struct clock_state *clock = &vm->kernel->clock;
    if (clock->multiplier == 0) return;
    if (clock__at(clock, __rdtsc()) - clock->monotonic_base < REFRESH_NS) return;

    struct clock_moment now = clock__moment();
    uint64_t shown = clock__at(clock, now.tsc);
    uint64_t right = now.monotonic + (uint64_t)clock->monotonic_offset;
    int64_t behind = (int64_t)(right - shown);
    uint64_t multiplier = clock__rate(now.tsc - clock->tsc_base, now.monotonic - clock->host_base);
    if (behind > STEP_NS) {
        shown = right;
    } else {
        if (behind < -STEP_NS) behind = -STEP_NS;
        multiplier += (uint64_t)(((__int128)multiplier * behind) / (int64_t)NANOSECONDS);
    }
    clock__set(vm, &now, shown, multiplier);
    int64_t realtime_offset = (int64_t)(now.realtime - right);
    int64_t moved = realtime_offset - clock->realtime_offset;
    if (moved < -REALTIME_NOISE_NS || moved > REALTIME_NOISE_NS) clock->realtime_offset = realtime_offset;
    clock__publish(vm, NULL);
}

/* ---- snapshots --------------------------------------------------------------------------------------- */

void clock__freeze(struct vm *vm) {
    struct clock_state *clock = &vm->kernel->clock;
    clock__account(vm);
    clock->frozen_monotonic = clock__monotonic_ns(vm);
    clock->frozen_cpu = clock->accounted_cpu;
}

int clock__after_clone(struct vm *vm) {
    struct clock_state *clock = &vm->kernel->clock;
    uint8_t entropy[32];
    int rc = random__bytes(entropy, sizeof entropy);
    if (rc != 0) return rc;
    clock__begin(vm, clock->frozen_monotonic);
    clock->cpu_origin = vm->counters.cpu_ns - clock->frozen_cpu;
    clock->accounted_cpu = clock->frozen_cpu;
    clock->generation++;
    clock__publish(vm, entropy);
    return 0;
}

void clock__after_waiting(struct vm *vm) {
    clock__begin(vm, vm->kernel->clock.frozen_monotonic);
    clock__publish(vm, NULL);
}

/* ---- what it is now ---------------------------------------------------------------------------------- */

uint64_t clock__monotonic_ns(struct vm *vm) {
    const struct clock_state *clock = &vm->kernel->clock;
    if (clock->multiplier == 0) return os__clock_ns(CLOCK_MONOTONIC) + (uint64_t)clock->monotonic_offset;
    return clock__at(clock, __rdtsc());
}

uint64_t clock__realtime_ns(struct vm *vm) {
    const struct clock_state *clock = &vm->kernel->clock;
    if (clock->multiplier == 0) return os__clock_ns(CLOCK_REALTIME);
    return clock__monotonic_ns(vm) + (uint64_t)clock->realtime_offset;
}

uint64_t clock__process_cpu_ns(struct vm *vm) {
    uint64_t running = vm->run_begun_cpu == 0 ? 0 : os__clock_ns(CLOCK_THREAD_CPUTIME_ID) - vm->run_begun_cpu;
    return vm->counters.cpu_ns + running - vm->kernel->clock.cpu_origin;
}

uint64_t clock__thread_cpu_ns(struct vm *vm, uint32_t thread) {
    uint64_t running = clock__process_cpu_ns(vm) - vm->kernel->clock.accounted_cpu;
    const struct thread_table *threads = &vm->kernel->threads;
    return threads->items[thread].cpu_ns + (thread == threads->current ? running : 0);
}

void clock__account(struct vm *vm) {
    struct clock_state *clock = &vm->kernel->clock;
    uint64_t used = clock__process_cpu_ns(vm);
    thread__current(vm)->cpu_ns += used - clock->accounted_cpu;
    clock->accounted_cpu = used;
}

uint64_t clock__host_deadline(struct vm *vm, uint64_t deadline) {
    if (deadline == NO_DEADLINE) return NO_DEADLINE;
    uint64_t now = clock__monotonic_ns(vm), host = os__clock_ns(CLOCK_MONOTONIC);
    return deadline <= now ? host : host + (deadline - now);
}
