#include <errno.h>

#include "test.h"

static struct mf_slot *park(uint32_t slot, uint32_t snapshot) {
    client__put(slot, snapshot, COMMANDS({GUEST_COUNT, 0, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 0}));
    return client__run(slot);
}

static void discard(uint32_t slot) {
    struct mf_slot *shared = client__slot(slot);
    client__resume(slot, shared->out_sandbox, shared->out_generation);
    shared->flags = MF_STEP_DISCARD;
    CHECK(client__run(slot)->result == MF_STEP_DONE);
}

/* A slot completes before its sandbox is given back. */
static void wait_for_instances(uint64_t count) {
    while (client__stats().instances != count) usleep(500);
}

static void wait_until_all_are_idle(void) {
    for (struct mf_stats stats = client__stats(); stats.instances != stats.instances_idle; stats = client__stats()) {
        usleep(500);
    }
}

static void there_are_no_more_instances_than_allowed(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    options.instances = 4;
    options.warm_instances = 2;
    client__open(options);
    for (uint32_t slot = 0; slot < 4; slot++) CHECK(park(slot, MF_SNAPSHOT_BASE)->result == MF_STEP_PARKED);
    CHECK(park(4, MF_SNAPSHOT_BASE)->result == MF_STEP_HOST_ERROR && client__slot(4)->error == -EAGAIN);
    discard(2);
    CHECK(park(4, MF_SNAPSHOT_BASE)->result == MF_STEP_PARKED);
    for (uint32_t slot = 0; slot < 5; slot++) {
        if (slot != 2) discard(slot);
    }
    wait_for_instances(2);
    CHECK(client__stats().instances_idle == 2 && client__stats().instances_parked == 0);
    client__close();
}

static void an_instance_that_ran_the_snapshot_is_preferred(void) {
    struct mf_options options = client__options();
    options.workers = 1; /* which has restored the instance before it takes the next step */
    client__open(options);
    uint32_t first = client__snapshot(10), second = client__snapshot(20);
    client__count(0, first);
    client__count(0, second);
    for (int i = 0; i < 4; i++) {
        CHECK(client__count(0, first) == 2 && client__slot(0)->start == MF_START_WARM);
        CHECK(client__count(0, second) == 2 && client__slot(0)->start == MF_START_WARM);
    }
    client__close();
}

static void few_instances_serve_many_functions(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    options.instances = 2;
    options.warm_instances = 2;
    client__open(options);
    uint32_t snapshots[6];
    for (uint32_t i = 0; i < 6; i++) snapshots[i] = client__snapshot(10 + 30 * i);
    for (uint32_t run = 0; run < 300; run++) {
        CHECK(client__count(0, snapshots[test__random() % 6]) == 2);
    }
    CHECK(client__stats().instances <= 2);
    client__close();
}

static void a_dropped_snapshot_serves_its_sandboxes_to_their_end(void) {
    client__open(client__options());
    uint32_t snapshot = client__snapshot(10);
    park(0, snapshot);
    CHECK(mf_snapshot_drop(snapshot) == 0 && mf_snapshot_drop(snapshot) == -ENOENT);
    CHECK(client__stats().snapshots == 0 && client__stats().snapshot_bytes > 0);
    client__put(1, snapshot, COMMANDS({GUEST_ECHO, 0, 0}));
    CHECK(client__run(1)->result == MF_STEP_HOST_ERROR && client__slot(1)->error == -ENOENT);

    uint32_t sandbox = client__slot(0)->out_sandbox, generation = client__slot(0)->out_generation;
    client__put(0, snapshot, COMMANDS({GUEST_COUNT, 0, 0}));
    client__resume(0, sandbox, generation);
    CHECK(client__run(0)->result == MF_STEP_DONE && *(uint32_t *)client__out(0) == 3);
    while (client__stats().snapshot_bytes > 0) usleep(1000);
    CHECK(mf_snapshot_drop(MF_SNAPSHOT_BASE) == -EBUSY);
    client__close();
}

static void a_dropped_id_is_not_mistaken_for_a_new_one(void) {
    client__open(client__options());
    uint32_t before = 0;
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t snapshot = client__snapshot(1 + i);
        CHECK(snapshot != before);
        CHECK(client__count(0, snapshot) == 2 && client__slot(0)->start == MF_START_CLONE);
        CHECK(mf_snapshot_drop(snapshot) == 0);
        before = snapshot;
    }
    client__close();
}

static void a_smaller_pool_gives_instances_back(void) {
    struct mf_options options = client__options();
    options.workers = 1;
    client__open(options);
    for (uint32_t slot = 0; slot < 20; slot++) park(slot, MF_SNAPSHOT_BASE);
    CHECK(client__stats().instances == 20);
    for (uint32_t slot = 0; slot < 20; slot++) discard(slot);
    wait_for_instances(8);
    CHECK(mf_resize(64, 1) == 0);
    CHECK(client__stats().instances == 1 && client__stats().instances_idle == 1);
    CHECK(mf_resize(0, 1) == -EINVAL);
    CHECK(client__count(0, MF_SNAPSHOT_BASE) == 1);
    client__close();
}

/* What a process holds, in pages. */
static long resident_pages(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident;
}

static void requests_of_all_sizes_leave_memory_flat(void) {
    struct mf_options options = client__options();
    options.verify = 0;
    client__open(options);
    uint32_t snapshot = client__snapshot(20);
    long before = 0;
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t run = 0; run < 100; run++) {
            client__put(0, snapshot, COMMANDS({GUEST_DIRTY, 0, test__random() % 900}));
            CHECK(client__run(0)->result == MF_STEP_DONE);
        }
        client__put(0, snapshot, COMMANDS({GUEST_FILL, 0, 0}));
        CHECK(client__run(0)->result == MF_STEP_DONE);
        client__put(0, snapshot, COMMANDS({GUEST_TRAP, 0, 0}));
        CHECK(client__run(0)->result == MF_STEP_TRAP);
        wait_until_all_are_idle();
        if (round == 4) before = resident_pages();
    }
    /* One memory of 64 MiB that was kept would be 16,384. */
    CHECK(resident_pages() < before + 4096);
    client__close();
}

const struct test pool_tests[] = {
    {"there are no more instances than allowed", there_are_no_more_instances_than_allowed},
    {"an instance that ran the snapshot is preferred", an_instance_that_ran_the_snapshot_is_preferred},
    {"few instances serve many functions", few_instances_serve_many_functions},
    {"a dropped snapshot serves its sandboxes to their end", a_dropped_snapshot_serves_its_sandboxes_to_their_end},
    {"a dropped id is not mistaken for a new one", a_dropped_id_is_not_mistaken_for_a_new_one},
    {"a smaller pool gives instances back", a_smaller_pool_gives_instances_back},
    {"requests of all sizes leave memory flat", requests_of_all_sizes_leave_memory_flat},
    {NULL, NULL},
};
