#include <sched.h>
#include <time.h>

#include "test.h"

static const enum guest_op SPINS[] = {GUEST_SPIN, GUEST_SPIN_READ, GUEST_SPIN_HOST};

static void sleep_us(uint32_t us) {
    nanosleep(&(struct timespec){.tv_nsec = (long)us * 1000}, NULL);
}

static struct mf_slot *put_spin(uint32_t slot, enum guest_op op) {
    return client__put(slot, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 1, 2}, {op, 0, 0}));
}

static void a_guest_is_killed_at_its_deadline_and_its_log_survives(void) {
    client__open(client__options());
    for (uint32_t i = 0; i < 3; i++) {
        struct mf_slot *slot = put_spin(0, SPINS[i]);
        slot->deadline_ns = mf_now_ns() + 100000000;
        client__run(0);
        CHECK(slot->result == MF_STEP_DEADLINE && mf_now_ns() >= slot->deadline_ns);
        CHECK(slot->out_length == 8 && memcmp(client__out(0), (uint32_t[]){1, 2}, 8) == 0);
        CHECK(slot->run_ns > 0 && slot->cpu_ns > 0);
        CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
    }
    CHECK(client__stats().kills == 3);
    client__close();
}

static void a_guest_is_killed_when_its_cpu_time_is_used(void) {
    client__open(client__options());
    struct mf_slot *slot = put_spin(0, GUEST_SPIN);
    slot->cpu_left_ns = 8000000;
    client__run(0);
    CHECK(slot->result == MF_STEP_CPU && slot->cpu_ns >= 8000000);
    client__close();
}

static void an_inline_run_is_killed_when_its_budget_is_used(void) {
    struct mf_options options = client__options();
    options.inline_us = 50000;
    client__open(options);
    struct mf_slot *slot = put_spin(0, GUEST_SPIN);
    CHECK(mf_run_inline(0) == 0);
    CHECK(slot->result == MF_STEP_INLINE && slot->out_length == 8);
    slot = put_spin(0, GUEST_SPIN);
    slot->deadline_ns = mf_now_ns() + 200000;
    CHECK(mf_run_inline(0) == 0);
    CHECK(slot->result == MF_STEP_DEADLINE);
    CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
    client__close();
}

/* Parks a sandbox that has counted once and has so many private pages, and resumes it with other commands. */
static struct mf_slot *put_resumed(uint32_t pages, const struct guest_command *commands, uint32_t count) {
    struct mf_slot *slot =
        client__put(0, MF_SNAPSHOT_BASE,
                    COMMANDS({GUEST_DIRTY, 10, pages}, {GUEST_COUNT, 0, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 0}));
    client__run(0);
    CHECK(slot->result == MF_STEP_PARKED);
    uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
    client__put(0, MF_SNAPSHOT_BASE, commands, count);
    client__resume(0, sandbox, generation);
    return slot;
}

static void a_resumed_step_that_is_killed_inline_is_done_again(void) {
    struct mf_options options = client__options();
    options.inline_us = 3000;
    client__open(options);
    for (uint32_t round = 0; round < 20; round++) {
        struct mf_slot *slot = put_resumed(50, COMMANDS({GUEST_STACK_POINTER, 0, 0}, {GUEST_SCRIBBLE, round, 300},
                                                        {GUEST_COUNT, 0, 0}, {GUEST_SPIN_US, 20000, 0}));
        uint32_t sandbox = slot->sandbox, generation = slot->generation;
        CHECK(mf_run_inline(0) == 0);
        CHECK(slot->result == MF_STEP_INLINE && slot->out_sandbox == sandbox && slot->out_generation == generation);
        CHECK(client__stats().instances_parked == 1);
        client__run(0);
        CHECK(slot->result == MF_STEP_DONE && *(uint32_t *)client__out(0) == 2);
        CHECK(client__stats().instances_parked == 0);
    }
    CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
    client__close();
}

static void a_large_sandbox_is_not_resumed_inline(void) {
    client__open(client__options());
    struct mf_slot *slot = put_resumed(500, COMMANDS({GUEST_COUNT, 0, 0}));
    CHECK(mf_run_inline(0) == 0);
    CHECK(slot->result == MF_STEP_INLINE && client__stats().instances_parked == 1);
    client__run(0);
    CHECK(slot->result == MF_STEP_DONE && *(uint32_t *)client__out(0) == 2);
    client__close();
}

static void a_resumed_step_past_its_deadline_ends_its_sandbox_inline_too(void) {
    client__open(client__options());
    struct mf_slot *slot = put_resumed(500, COMMANDS({GUEST_COUNT, 0, 0}));
    slot->deadline_ns = 1;
    CHECK(mf_run_inline(0) == 0);
    CHECK(slot->result == MF_STEP_DEADLINE && client__stats().instances_parked == 0);
    client__close();
}

static void a_step_past_its_deadline_does_not_start(void) {
    client__open(client__options());
    struct mf_slot *slot = client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, MF_GUEST_PARKED, 0}));
    client__run(0);
    uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}))->deadline_ns = 1;
    client__resume(0, sandbox, generation);
    CHECK(client__run(0)->result == MF_STEP_DEADLINE && slot->out_length == 0);
    /* And its sandbox is over, as after any kill. */
    slot->deadline_ns = mf_now_ns() + 1000000000;
    CHECK(client__run(0)->result == MF_STEP_STALE);
    CHECK(client__stats().instances_parked == 0);
    client__close();
}

static void a_step_is_canceled_running_or_waiting(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    options.long_workers = 0;
    client__open(options);
    put_spin(0, GUEST_SPIN);
    put_spin(1, GUEST_SPIN);
    CHECK(client__submit(0) == 0 && client__submit(1) == 0);
    while (__atomic_load_n(&ring->steps_running, __ATOMIC_RELAXED) == 0) sched_yield();
    CHECK(ring->steps_waiting == 1);
    CHECK(mf_cancel(1) == 1 && mf_cancel(0) == 1);
    CHECK(client__next() == 0 && client__slot(0)->result == MF_STEP_CANCELED);
    CHECK(client__next() == 1 && client__slot(1)->result == MF_STEP_CANCELED && client__slot(1)->out_length == 0);
    CHECK(mf_cancel(0) == 0 && mf_cancel(2) == 0);
    CHECK(client__count(0, MF_SNAPSHOT_BASE) == 1);
    client__close();
}

/* Cancels and deadlines that come at any moment: before, in the middle, at the very end, in host functions. */
static void kills_at_any_moment_do_no_harm(void) {
    enum { RUNS = 3000, SLOTS = 3 };
    client__open(client__options());
    uint32_t results[9] = {0};
    for (uint32_t run = 0; run < RUNS; run++) {
        uint32_t slot = run % SLOTS;
        static const enum guest_op ops[] = {GUEST_SPIN, GUEST_SPIN_READ, GUEST_SPIN_HOST, GUEST_SPIN_US, GUEST_SPIN_US};
        const struct guest_command commands[] = {{GUEST_ECHO, run, 2},
                                                 {ops[test__random() % 5], test__random() % 4000, 0}};
        client__put(slot, MF_SNAPSHOT_BASE, commands, 2);
        client__slot(slot)->deadline_ns = mf_now_ns() + 100000 + test__random() % 5000000;
        CHECK(client__submit(slot) == 0);
        if (test__random() % 3 == 0) {
            sleep_us(test__random() % 3000);
            mf_cancel(slot);
        }
        CHECK(client__next() == slot);
        struct mf_slot *shared = client__slot(slot);
        CHECK(shared->result < 9);
        results[shared->result]++;
        if (shared->out_length != 0) {
            CHECK(shared->out_length == 8 && memcmp(client__out(slot), (uint32_t[]){run, 2}, 8) == 0);
        }
    }
    CHECK(results[MF_STEP_DONE] > 0 && results[MF_STEP_DEADLINE] > 0 && results[MF_STEP_CANCELED] > 0);
    CHECK(results[MF_STEP_TRAP] == 0 && results[MF_STEP_HOST_ERROR] == 0 && results[MF_STEP_STALE] == 0);
    CHECK(results[MF_STEP_DONE] + results[MF_STEP_DEADLINE] + results[MF_STEP_CANCELED] == RUNS);
    client__close();
}

static void inline_kills_at_any_moment_do_no_harm(void) {
    struct mf_options options = client__options();
    options.inline_us = 300;
    client__open(options);
    uint32_t killed = 0, done = 0;
    for (uint32_t run = 0; run < 2000; run++) {
        client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_SPIN_US, test__random() % 2500, 0}));
        CHECK(mf_run_inline(0) == 0);
        killed += client__slot(0)->result == MF_STEP_INLINE;
        done += client__slot(0)->result == MF_STEP_DONE;
    }
    CHECK(killed > 0 && done > 0 && killed + done == 2000);
    client__close();
}

/* Endless loops on all workers and more: short steps go ahead, and every loop ends. */
static void long_runs_let_short_ones_go_ahead(void) {
    enum { LOOPS = 12 };
    client__open(client__options());
    for (uint32_t slot = 0; slot < LOOPS; slot++) {
        put_spin(slot, SPINS[slot % 3]);
        CHECK(client__submit(slot) == 0);
    }
    /* With only two workers, this one answers because others were let ahead of the loops. */
    client__put(20, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 3, 4}));
    CHECK(client__submit(20) == 0);
    CHECK(client__next() == 20);
    CHECK(client__slot(20)->result == MF_STEP_DONE);
    CHECK(client__stats().long_workers > 0);
    for (uint32_t slot = 0; slot < LOOPS; slot++) CHECK(mf_cancel(slot) == 1);
    for (uint32_t i = 0; i < LOOPS; i++) {
        struct mf_slot *slot = client__slot(client__next());
        CHECK(slot->result == MF_STEP_CANCELED);
    }
    /* Retired threads end, and leave their instances behind. */
    while (client__stats().long_workers > 0) sleep_us(1000);
    CHECK(client__count(20, MF_SNAPSHOT_BASE) == 1);
    CHECK(client__stats().kills == LOOPS);
    client__close();
}

static void a_long_run_that_ends_by_itself_completes(void) {
    client__open(client__options());
    for (uint32_t i = 0; i < 20; i++) {
        struct mf_slot *slot = client__put(
            0, MF_SNAPSHOT_BASE,
            COMMANDS({GUEST_ECHO, i, 0}, {GUEST_SPIN_US, 4000, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 5}));
        client__run(0);
        CHECK(slot->result == MF_STEP_PARKED && slot->out_length == 8 && slot->wake_ms == 5);
        CHECK(slot->run_ns >= 4000000);
        client__resume(0, slot->out_sandbox, slot->out_generation);
        slot->flags = MF_STEP_DISCARD;
        CHECK(client__run(0)->result == MF_STEP_DONE);
    }
    client__close();
}

static int count_lines(const char *path) {
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    int lines = 0;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) lines += c == '\n';
    fclose(file);
    return lines;
}

/* Threads come and go with long runs; what they had is used again. */
static void many_long_runs_leave_nothing_behind(void) {
    int mappings = 0;
    client__open(client__options());
    for (uint32_t round = 0; round < 40; round++) {
        for (uint32_t slot = 0; slot < 6; slot++) {
            const struct guest_command commands[] = {{slot % 2 ? GUEST_RECURSE : GUEST_ECHO, 0, 0}, {GUEST_SPIN, 0, 0}};
            client__put(slot, MF_SNAPSHOT_BASE, commands, 2);
            client__slot(slot)->deadline_ns = mf_now_ns() + 15000000;
            CHECK(client__submit(slot) == 0);
        }
        for (uint32_t slot = 0; slot < 6; slot++) client__next();
        while (client__stats().long_workers > 0) sleep_us(1000);
        if (round == 9) mappings = count_lines("/proc/self/maps");
    }
    /* Each stack is four mappings, each instance three: as many of each as there were at most at a time. */
    CHECK(count_lines("/proc/self/maps") <= mappings + 30);
    client__close();
}

static void without_long_workers_long_runs_still_end(void) {
    struct mf_options options = client__options();
    options.long_workers = 0;
    client__open(options);
    for (uint32_t slot = 0; slot < 6; slot++) {
        put_spin(slot, GUEST_SPIN)->deadline_ns = mf_now_ns() + 20000000;
        CHECK(client__submit(slot) == 0);
    }
    for (uint32_t i = 0; i < 6; i++) CHECK(client__slot(client__next())->result == MF_STEP_DEADLINE);
    CHECK(client__stats().long_workers == 0);
    client__close();
}

const struct test kill_tests[] = {
    {"a guest is killed at its deadline, and its log survives", a_guest_is_killed_at_its_deadline_and_its_log_survives},
    {"a guest is killed when its cpu time is used", a_guest_is_killed_when_its_cpu_time_is_used},
    {"an inline run is killed when its budget is used", an_inline_run_is_killed_when_its_budget_is_used},
    {"a resumed step that is killed inline is done again", a_resumed_step_that_is_killed_inline_is_done_again},
    {"a large sandbox is not resumed inline", a_large_sandbox_is_not_resumed_inline},
    {"a resumed step past its deadline ends its sandbox inline, too",
     a_resumed_step_past_its_deadline_ends_its_sandbox_inline_too},
    {"a step past its deadline does not start", a_step_past_its_deadline_does_not_start},
    {"a step is canceled, running or waiting", a_step_is_canceled_running_or_waiting},
    {"kills at any moment do no harm", kills_at_any_moment_do_no_harm},
    {"inline kills at any moment do no harm", inline_kills_at_any_moment_do_no_harm},
    {"long runs let short ones go ahead", long_runs_let_short_ones_go_ahead},
    {"a long run that ends by itself completes", a_long_run_that_ends_by_itself_completes},
    {"many long runs leave nothing behind", many_long_runs_leave_nothing_behind},
    {"without long workers long runs still end", without_long_workers_long_runs_still_end},
    {NULL, NULL},
};
