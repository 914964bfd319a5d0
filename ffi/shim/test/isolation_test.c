/* All of these run with `verify`: after each run all of memory is compared with the snapshot, byte for byte. */
#include "test.h"

static void a_sandbox_sees_nothing_of_the_one_before(void) {
    const struct guest_command deeds[] = {
        {GUEST_COUNT, 0, 0},  {GUEST_SCRIBBLE, 5, 3000},   {GUEST_DIRTY, 0, 500},  {GUEST_DIRTY, 0, 5000},
        {GUEST_FILL, 0, 0},   {GUEST_TRAP, 0, 0},          {GUEST_RECURSE, 0, 0},  {GUEST_OUT_OF_BOUNDS, 0, 0},
        {GUEST_DIVIDE, 0, 0}, {GUEST_STACK_POINTER, 0, 0}, {GUEST_RANDOM, 60000, 0}};
    client__open(client__options());
    uint32_t snapshot = client__snapshot(20);
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        const struct guest_command commands[] = {{GUEST_COUNT, 0, 0}, deeds[i]};
        for (int is_inline = 0; is_inline < 2; is_inline++) {
            client__put(0, snapshot, commands, 2);
            if (is_inline) {
                CHECK(mf_run_inline(0) == 0);
            } else {
                client__run(0);
            }
            CHECK(client__count(1, snapshot) == 2);
            CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
        }
    }
    struct mf_stats stats = client__stats();
    CHECK(stats.verify_failures == 0 && stats.traps > 0 && stats.remaps > 0);
    client__close();
}

static struct guest_command random_deed(void) {
    static const enum guest_op ops[] = {GUEST_ECHO,   GUEST_COUNT,  GUEST_SCRIBBLE, GUEST_SCRIBBLE,      GUEST_DIRTY,
                                        GUEST_DIRTY,  GUEST_RANDOM, GUEST_TRAP,     GUEST_OUT_OF_BOUNDS, GUEST_RECURSE,
                                        GUEST_DIVIDE, GUEST_SPIN,   GUEST_SPIN_US,  GUEST_STACK_POINTER, GUEST_RETURN};
    uint32_t op = ops[test__random() % (sizeof ops / sizeof *ops)];
    uint32_t b = op == GUEST_SCRIBBLE || op == GUEST_DIRTY ? test__random() % (test__random() % 8 == 0 ? 2000 : 60) : 0;
    uint32_t a = test__random() % (op == GUEST_RANDOM ? 60000 : op == GUEST_RETURN ? 2 : op == GUEST_SPIN_US ? 4000 : 8000);
    return (struct guest_command){op, op == GUEST_DIVIDE ? 0 : a, b};
}

/* A step of random deeds: of a new sandbox of any snapshot, or of the one that the slot's last step left parked. */
static void put_random_step(uint32_t slot, const uint32_t *snapshots, uint32_t count, bool is_parked) {
    struct mf_slot *shared = client__slot(slot);
    uint32_t sandbox = shared->out_sandbox, generation = shared->out_generation;
    struct guest_command commands[4];
    for (int i = 0; i < 4; i++) commands[i] = random_deed();
    client__put(slot, snapshots[test__random() % count], commands, 4);
    shared->deadline_ns = mf_now_ns() + test__random() % 6000000;
    if (!is_parked) return;
    client__resume(slot, sandbox, generation);
    if (test__random() % 4 == 0) shared->flags = MF_STEP_DISCARD;
}

/* On all snapshots, inline and by workers, with some sandboxes parked, resumed and thrown away, and some canceled. */
static void thousands_of_mixed_runs_leave_no_trace(void) {
    enum { SLOTS = 8, RUNS = 4000, SNAPSHOTS = 5 };
    client__open(client__options());
    uint32_t snapshots[SNAPSHOTS] = {MF_SNAPSHOT_BASE};
    for (uint32_t i = 1; i < SNAPSHOTS; i++) snapshots[i] = client__snapshot(i * i * i * 10);
    bool is_parked[SLOTS] = {false}, is_in_flight[SLOTS] = {false};
    uint32_t in_flight = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        uint32_t slot = test__random() % SLOTS;
        if (is_in_flight[slot]) {
            slot = client__next();
            in_flight--;
        } else {
            put_random_step(slot, snapshots, SNAPSHOTS, is_parked[slot]);
            is_in_flight[slot] = test__random() % 3 != 0;
            CHECK((is_in_flight[slot] ? client__submit(slot) : mf_run_inline(slot)) == 0);
            if (is_in_flight[slot]) {
                if (test__random() % 8 == 0) mf_cancel(slot);
                in_flight++;
                continue;
            }
        }
        struct mf_slot *shared = client__slot(slot);
        is_in_flight[slot] = false;
        is_parked[slot] = shared->result == MF_STEP_PARKED;
        CHECK(shared->result < MF_STEP_STALE && shared->out_length <= MF_GUEST_OUT_BYTES);
    }
    while (in_flight-- > 0) client__next();
    struct mf_stats stats = client__stats();
    CHECK(stats.verify_failures == 0 && stats.kills > 0 && stats.traps > 0 && stats.resets > 0);
    for (uint32_t i = 1; i < SNAPSHOTS; i++) CHECK(client__count(0, snapshots[i]) == 2);
    client__close();
}

/* Pages that a larger request left private are dropped after a while, and their contents with them. */
static void pages_that_are_no_longer_needed_are_given_back(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    options.warm_instances = 1;
    client__open(options);
    uint32_t snapshot = client__snapshot(20);
    for (uint32_t round = 0; round < 5; round++) {
        client__put(0, snapshot, COMMANDS({GUEST_DIRTY, 200, 700}));
        CHECK(client__run(0)->result == MF_STEP_DONE);
        CHECK(client__count(0, snapshot) == 2 && client__slot(0)->dirty_pages > 700);
        for (uint32_t run = 0; run < 150; run++) CHECK(client__count(0, snapshot) == 2);
        CHECK(client__slot(0)->dirty_pages < 200);
    }
    client__close();
}

/* Without comparing, which touches all pages: the counter of faults decides alone whether there is a scan. */
static void the_fault_counter_misses_no_page(void) {
    struct mf_options options = client__options();
    options.verify = 0;
    options.warm_instances = 2;
    client__open(options);
    uint32_t snapshots[2] = {client__snapshot(20), client__snapshot(200)};
    for (uint32_t run = 0; run < 20000; run++) {
        const struct guest_command commands[] = {
            {GUEST_SCRIBBLE, test__random(), test__random() % 4}, {GUEST_DIRTY, test__random() % 300, test__random() % 8}};
        client__put(0, snapshots[test__random() % 2], commands, 2);
        CHECK(mf_run_inline(0) == 0);
    }
    uint64_t resets = client__stats().resets;
    CHECK(mf_close() == 0);

    /* The same with the proof after each reset: it must hold as well. */
    options.verify = 1;
    client__open(options);
    for (uint32_t i = 0; i < 2; i++) snapshots[i] = client__snapshot(20 + i * 180);
    for (uint32_t run = 0; run < 2000; run++) {
        const struct guest_command commands[] = {
            {GUEST_SCRIBBLE, test__random(), test__random() % 4}, {GUEST_DIRTY, test__random() % 300, test__random() % 8}};
        client__put(0, snapshots[test__random() % 2], commands, 2);
        CHECK(mf_run_inline(0) == 0);
    }
    CHECK(resets >= 20000);
    client__close();
}

static uint32_t settled_mappings(void) {
    FILE *file = fopen("/proc/self/maps", "r");
    CHECK(file != NULL);
    char line[512];
    uint32_t count = 0;
    while (fgets(line, sizeof line, file) != NULL) count += strstr(line, "mayfly-function") != NULL;
    fclose(file);
    return count;
}

/* Anything that a run can do, in one step or two. */
static void run_wildly(uint32_t snapshot) {
    bool parks = test__random() % 2;
    struct mf_slot *slot = client__slot(0);
    for (uint32_t step = 0; step < 2; step++) {
        const struct guest_command commands[] = {
            {GUEST_SCRIBBLE, test__random(), test__random() % 40},
            {GUEST_DIRTY, test__random() % 300, test__random() % 100},
            {GUEST_STACK_POINTER, 0, 0},
            {test__random() % 4 ? GUEST_SPIN_US : GUEST_OUT_OF_BOUNDS, test__random() % 1500, 0},
            {GUEST_RETURN, parks && step == 0 ? MF_GUEST_PARKED : MF_GUEST_DONE, 0},
        };
        uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
        client__put(0, snapshot, commands, 5);
        if (step > 0) client__resume(0, sandbox, generation);
        CHECK(mf_run_inline(0) == 0);
        if (slot->result == MF_STEP_INLINE) client__run(0);
        if (slot->result != MF_STEP_PARKED) return;
    }
}

/* With its function's pages mapped, an instance is the snapshot after each run as before, and any other when asked. */
static void a_settled_instance_is_restored_too(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    options.warm_instances = 1;
    options.inline_us = 500;
    client__open(options);
    uint32_t snapshots[2] = {client__snapshot(20), client__snapshot(200)};
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t snapshot = snapshots[round % 2];
        for (uint32_t run = 0; run < 100; run++) run_wildly(snapshot);
        for (uint32_t run = 0; run < 100; run++) CHECK(client__count(0, snapshot) == 2);
        CHECK(settled_mappings() > 0);
        for (uint32_t run = 0; run < 100; run++) run_wildly(snapshot);
        CHECK(client__count(0, snapshot) == 2);
        CHECK(client__count(0, MF_SNAPSHOT_BASE) == 1);
        CHECK(settled_mappings() == 0);
        CHECK(client__snapshot(round) > 0);
    }
    CHECK(mf_snapshot_drop(snapshots[0]) == 0);
    client__close();
    CHECK(settled_mappings() == 0);
}

const struct test isolation_tests[] = {
    {"a sandbox sees nothing of the one before", a_sandbox_sees_nothing_of_the_one_before},
    {"thousands of mixed runs leave no trace", thousands_of_mixed_runs_leave_no_trace},
    {"pages that are no longer needed are given back", pages_that_are_no_longer_needed_are_given_back},
    {"the fault counter misses no page", the_fault_counter_misses_no_page},
    {"a settled instance is restored, too", a_settled_instance_is_restored_too},
    {NULL, NULL},
};
