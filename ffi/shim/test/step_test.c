#include <errno.h>

#include "test.h"

static void a_step_answers(void) {
    struct mf_options options = client__options();
    options.workers = 1; /* which has restored the instance before it takes the next step */
    client__open(options);
    struct mf_slot *slot = client__put(3, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 7, 9}, {GUEST_USED, 12345, 0}));
    client__run(3);
    CHECK(slot->result == MF_STEP_DONE && slot->out_length == 8);
    CHECK(memcmp(client__out(3), (uint32_t[]){7, 9}, 8) == 0);
    CHECK(slot->start == MF_START_CLONE && slot->clone_ns > 0 && slot->run_ns > 0 && slot->memory_peak == 12345);
    client__put(3, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 7, 9}));
    CHECK(client__run(3)->start == MF_START_WARM);
    client__close();
}

static void an_inline_run_answers_at_once(void) {
    struct mf_options options = client__options();
    options.inline_us = 50000;
    client__open(options);
    struct mf_slot *slot = client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 1, 2}));
    CHECK(mf_run_inline(0) == 0);
    CHECK(slot->result == MF_STEP_DONE && slot->out_length == 8 && ring->queue_tail == 0);
    CHECK(client__stats().inline_steps == 1);
    client__close();
}

static void a_clone_is_told_to_be_fresh_once_with_a_seed_of_its_own(void) {
    uint32_t first[5], second[5];
    client__open(client__options());
    struct mf_slot *slot =
        client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_SEED, 0, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 17}));
    client__run(0);
    CHECK(slot->result == MF_STEP_PARKED && slot->wake_ms == 17 && slot->out_length == sizeof first);
    memcpy(first, client__out(0), sizeof first);
    CHECK(first[0] == 1);
    uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_SEED, 0, 0}));
    client__resume(0, sandbox, generation);
    client__run(0);
    memcpy(second, client__out(0), sizeof second);
    CHECK(second[0] == 0);

    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_SEED, 0, 0}));
    client__run(0);
    memcpy(second, client__out(0), sizeof second);
    CHECK(second[0] == 1 && memcmp(first + 1, second + 1, 16) != 0);
    client__close();
}

static void a_parked_sandbox_keeps_its_state(void) {
    client__open(client__options());
    struct mf_slot *slot =
        client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_COUNT, 0, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 0}));
    client__run(0);
    for (uint32_t expected = 2; expected < 6; expected++) {
        uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
        client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_COUNT, 0, 0}, {GUEST_RETURN, MF_GUEST_PARKED, 0}));
        client__resume(0, sandbox, generation);
        client__run(0);
        CHECK(slot->result == MF_STEP_PARKED && *(uint32_t *)client__out(0) == expected);
        CHECK(slot->out_sandbox == sandbox && slot->out_generation == generation);
    }
    CHECK(client__stats().instances_parked == 1);
    CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
    client__resume(0, slot->out_sandbox, slot->out_generation);
    slot->flags = MF_STEP_DISCARD;
    CHECK(client__run(0)->result == MF_STEP_DONE);
    CHECK(client__run(0)->result == MF_STEP_STALE);
    CHECK(client__stats().instances_parked == 0);
    client__close();
}

static void a_stale_sandbox_is_refused(void) {
    client__open(client__options());
    struct mf_slot *slot = client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, MF_GUEST_PARKED, 0}));
    client__run(0);
    uint32_t sandbox = slot->out_sandbox, generation = slot->out_generation;
    const uint32_t wrong[][2] = {{sandbox, generation + 1}, {sandbox, generation - 1}, {sandbox + 1, generation},
                                 {sandbox, 0},              {100000, generation},      {MF_NEW - 1, generation}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        client__put(1, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}));
        client__resume(1, wrong[i][0], wrong[i][1]);
        CHECK(client__run(1)->result == MF_STEP_STALE);
    }
    client__put(1, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}));
    client__resume(1, sandbox, generation);
    CHECK(client__run(1)->result == MF_STEP_DONE);
    CHECK(client__run(1)->result == MF_STEP_STALE);
    uint8_t *image;
    size_t length;
    CHECK(mf_freeze(sandbox, generation, &image, &length) == -ESTALE);
    client__close();
}

static void what_the_guest_claims_is_checked(void) {
    client__open(client__options());
    const uint32_t lengths[] = {MF_GUEST_OUT_BYTES + 1, 0x7fffffff, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct mf_slot *slot =
            client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_OUT_LENGTH, lengths[i], MF_GUEST_DONE}));
        client__run(0);
        CHECK(slot->result == MF_STEP_TRAP && slot->out_length == 0);
    }
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_OUT_LENGTH, MF_GUEST_OUT_BYTES, MF_GUEST_DONE}));
    CHECK(client__run(0)->result == MF_STEP_DONE && client__slot(0)->out_length == MF_GUEST_OUT_BYTES);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, 77, 0}));
    CHECK(client__run(0)->result == MF_STEP_TRAP);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, MF_GUEST_FAULT, 0}));
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR && client__slot(0)->error == -EPROTO);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_USED, UINT32_MAX, 0}));
    CHECK(client__run(0)->memory_peak == 64 << 20);
    client__close();
}

static void what_the_server_asks_is_checked(void) {
    client__open(client__options());
    CHECK(client__submit(64) == -EINVAL && mf_run_inline(64) == -EINVAL && mf_cancel(64) == -EINVAL);
    client__put(0, 999, COMMANDS({GUEST_ECHO, 0, 0}));
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR && client__slot(0)->error == -ENOENT);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}))->in_length = MF_GUEST_IN_BYTES + 1;
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR && client__slot(0)->error == -EMSGSIZE);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}))->flags = MF_STEP_DISCARD;
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR && client__slot(0)->error == -EINVAL);
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_SPIN_US, 20000, 0}));
    CHECK(client__submit(0) == 0);
    CHECK(client__submit(0) == -EBUSY && mf_run_inline(0) == -EBUSY);
    CHECK(client__next() == 0);
    client__close();
}

static void the_largest_step_fits(void) {
    static struct guest_command commands[MF_GUEST_IN_BYTES / sizeof(struct guest_command)];
    const uint32_t count = sizeof commands / sizeof *commands;
    for (uint32_t i = 0; i < count; i++) commands[i] = (struct guest_command){GUEST_ECHO, i, ~i};
    client__open(client__options());
    struct mf_slot *slot = client__put(63, MF_SNAPSHOT_BASE, commands, count);
    client__run(63);
    CHECK(slot->result == MF_STEP_DONE && slot->out_length == count * 8);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(memcmp(client__out(63) + i * 8, (uint32_t[]){i, ~i}, 8) == 0);
    }
    client__close();
}

static void host_functions_take_only_what_is_inside(void) {
    client__open(client__options());
    const struct guest_command asked[] = {
        {GUEST_RANDOM_AT, (64u << 20) - 8, 9}, {GUEST_RANDOM_AT, UINT32_MAX, 1},   {GUEST_RANDOM_AT, 64u << 20, 1},
        {GUEST_RANDOM_AT, 65536, 65537},       {GUEST_RANDOM_AT, 65536, UINT32_MAX}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        client__put(0, MF_SNAPSHOT_BASE, &asked[i], 1);
        CHECK(client__run(0)->result == MF_STEP_TRAP);
    }
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RANDOM_AT, (64u << 20) - 8, 8}, {GUEST_RANDOM_AT, 64u << 20, 0}));
    CHECK(client__run(0)->result == MF_STEP_DONE);

    uint8_t first[64];
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RANDOM, sizeof first, 0}));
    client__run(0);
    memcpy(first, client__out(0), sizeof first);
    client__run(0);
    CHECK(memcmp(first, client__out(0), sizeof first) != 0);
    client__close();
}

static void the_clocks_are_right(void) {
    client__open(client__options());
    uint64_t monotonic, before_ns = mf_now_ns();
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_CLOCK, 1, 0}));
    client__run(0);
    memcpy(&monotonic, client__out(0), sizeof monotonic);
    CHECK(before_ns <= monotonic && monotonic <= mf_now_ns());
    client__close();
}

const struct test step_tests[] = {
    {"a step answers", a_step_answers},
    {"an inline run answers at once", an_inline_run_answers_at_once},
    {"a clone is told to be fresh once, with a seed of its own", a_clone_is_told_to_be_fresh_once_with_a_seed_of_its_own},
    {"a parked sandbox keeps its state", a_parked_sandbox_keeps_its_state},
    {"a stale sandbox is refused", a_stale_sandbox_is_refused},
    {"what the guest claims is checked", what_the_guest_claims_is_checked},
    {"what the server asks is checked", what_the_server_asks_is_checked},
    {"the largest step fits", the_largest_step_fits},
    {"host functions take only what is inside", host_functions_take_only_what_is_inside},
    {"the clocks are right", the_clocks_are_right},
    {NULL, NULL},
};
