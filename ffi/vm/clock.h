/*
 * What time it is for the guest.
 *
 * CLOCK_MONOTONIC stands still between a snapshot and a clone of it, so deadlines that were pending stay as far away as
 * they were, and nothing ever runs backwards. CLOCK_REALTIME is the host's. Both are reckoned from the TSC in the same way
 * by the guest (vdso.S) and here, so that a time from a call is never older than one from the vDSO before it.
 */
#ifndef MAYFLY_VM_CLOCK_H
#define MAYFLY_VM_CLOCK_H

#include <stdint.h>

struct vm;

#define NANOSECONDS UINT64_C(1000000000)

/*
 * The page at VVAR_ADDRESS, read-only for the guest. Runtimes' hooks may read it: `generation` differs from what it was
 * in the snapshot in every clone and after every reset, and `entropy` is fresh then.
 *
 * time = base + ((tsc - tsc_base) * multiplier >> shift), unless multiplier is 0: then a call has to be made.
 */
struct vvar {
    uint32_t version; /* VVAR_VERSION */
    uint32_t shift;
    uint64_t multiplier;
    uint64_t tsc_base;
    uint64_t monotonic_base; /* ns */
    uint64_t realtime_base;  /* ns since 1970 */
    uint64_t sequence;       /* grows whenever the page is written: then read all of it again */
    uint64_t generation;
    uint8_t reserved[8];
    uint8_t entropy[32];
};
#define VVAR_VERSION 1u

struct clock_state {
    uint64_t vvar_page; /* guest-physical */
    uint64_t generation;
    int64_t monotonic_offset; /* the guest's less the host's */
    int64_t realtime_offset;  /* CLOCK_REALTIME less the guest's CLOCK_MONOTONIC */
    uint64_t frozen_monotonic, frozen_cpu; /* when the snapshot was taken */
    uint64_t cpu_origin;                   /* vm->counters.cpu_ns when the process had used none */
    uint64_t accounted_cpu;                /* of the process: what was put on some thread's account */
    uint32_t shift;
    uint32_t reserved;
    uint64_t multiplier, tsc_base, monotonic_base;
    uint64_t host_base; /* the host's CLOCK_MONOTONIC at tsc_base */
};

/* One moment by three clocks, as closely as can be. */
struct clock_moment {
    uint64_t tsc, monotonic, realtime;
};

#define CLOCK_MOMENTS 3u

struct clock_moment clock__moment(void);
/* Likewise, but some time after another one: a millisecond, or what else was done meanwhile. */
struct clock_moment clock__moment_after(const struct clock_moment *earlier);
/* TSC ticks to nanoseconds, from moments that lie apart. 0: the TSC is no clock here. */
uint64_t clock__multiplier(const struct clock_moment moments[CLOCK_MOMENTS]);

/* At boot, when the page exists. */
void clock__init(struct vm *vm, uint64_t vvar_page);
/* Before each entry: keeps step with the host. Cheap; does something about ten times a second. */
void clock__refresh(struct vm *vm);
/*
 * When a snapshot is taken, before the kernel is copied; and after a clone, a reset or a switch. All of the clock's state
 * that changes in between is made anew: it is no reason to copy the kernel.
 */
void clock__freeze(struct vm *vm);
int clock__after_clone(struct vm *vm);
/* Before it runs for the first time since: while it only waited to be used, no time passed for it. */
void clock__after_waiting(struct vm *vm);
/* What the vCPU ran since goes to the current thread's account: before another thread becomes current. */
void clock__account(struct vm *vm);

uint64_t clock__monotonic_ns(struct vm *vm);
uint64_t clock__realtime_ns(struct vm *vm);
uint64_t clock__process_cpu_ns(struct vm *vm);
uint64_t clock__thread_cpu_ns(struct vm *vm, uint32_t thread);

/* When the host's CLOCK_MONOTONIC comes to a deadline of the guest's; NO_DEADLINE stays. */
uint64_t clock__host_deadline(struct vm *vm, uint64_t deadline);

/* What a clock shows. `thread` is the one whose time a CPU clock counts. */
struct clock_choice {
    int32_t clock; /* CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID or CLOCK_THREAD_CPUTIME_ID */
    uint32_t thread;
};
/* From a clockid_t of the guest's: 0, or -EINVAL. */
int clock__choose(struct vm *vm, uint64_t id, struct clock_choice *choice);
uint64_t clock__read(struct vm *vm, const struct clock_choice *choice);
/* A time of that clock as one of CLOCK_MONOTONIC; for a CPU clock the earliest that it can be. */
uint64_t clock__to_monotonic(struct vm *vm, const struct clock_choice *choice, uint64_t time);

/* Guest memory holds a struct timespec. -EFAULT, -EINVAL for no time; what is too far away is INT64_MAX ns. */
int clock__read_timespec(struct vm *vm, uint64_t address, uint64_t *ns);
int clock__write_timespec(struct vm *vm, uint64_t address, uint64_t ns);
int clock__read_timeval(struct vm *vm, uint64_t address, uint64_t *ns);
int clock__write_timeval(struct vm *vm, uint64_t address, uint64_t ns);

/* vdso.S: an ELF image, mapped at VDSO_ADDRESS, right behind the page above. */
extern const uint8_t vdso_image[];
extern const uint64_t vdso_image_size;
/* Where in it a hook of host.h returns to. */
extern const uint64_t vdso_hook_return;

#endif
