#include "run.h"
/* The watchdog holds a run for a few system calls, and may have to be scheduled in for them. */
static void run__wait(void) {
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static uint64_t run__with_phase(uint64_t word, enum run_phase phase) {
    return (word & ~RUN_PHASE_MASK) | phase;
}

void run__begin(struct run *run, uint32_t slot, uint64_t started_ns, uint64_t deadline_ns, uint64_t cpu_left_ns) {
    atomic_store_explicit(&run->slot, slot, memory_order_relaxed);
    atomic_store_explicit(&run->started_ns, started_ns, memory_order_relaxed);
    atomic_store_explicit(&run->deadline_ns, deadline_ns, memory_order_relaxed);
    atomic_store_explicit(&run->cpu_left_ns, cpu_left_ns, memory_order_relaxed);
    uint64_t number = run__number(atomic_load_explicit(&run->word, memory_order_relaxed)) + 1;
    atomic_store(&run->word, number << RUN_NUMBER_SHIFT | RUN_GUEST);
}

/* Takes the word to another phase, unless the guest was killed. Returns the word as it was. */
static uint64_t run__go(struct run *run, enum run_phase phase) {
    uint64_t word = atomic_load(&run->word);
    for (;;) {
        if (word & RUN_HELD) {
            run__wait();
            word = atomic_load(&run->word);
        } else if (run__phase(word) == RUN_KILLED ||
                   atomic_compare_exchange_weak(&run->word, &word, run__with_phase(word, phase))) {
            return word;
        }
    }
}

struct run_end run__end(struct run *run) {
    uint64_t word = run__go(run, RUN_IDLE);
    struct run_end end = {.is_long = (word & RUN_LONG) != 0};
    if (run__phase(word) == RUN_KILLED) {
        end.reason = atomic_load_explicit(&run->reason, memory_order_relaxed);
        atomic_store(&run->word, run__with_phase(word, RUN_IDLE));
    }
    return end;
}

bool run__enter_host(struct run *run) {
    return run__phase(run__go(run, RUN_HOST)) != RUN_KILLED;
}

bool run__leave_host(struct run *run) {
    return run__phase(run__go(run, RUN_GUEST)) != RUN_KILLED;
}

bool run__hold(struct run *run, uint64_t word) {
    bool is_running = run__phase(word) == RUN_GUEST || run__phase(word) == RUN_HOST;
    return is_running && atomic_compare_exchange_strong(&run->word, &word, word | RUN_HELD);
}

void run__release(struct run *run, uint64_t word, enum run_phase phase, uint64_t flags) {
    atomic_store(&run->word, run__with_phase(word, phase) | flags);
}
