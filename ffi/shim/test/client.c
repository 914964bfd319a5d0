#include <errno.h>
#include <time.h>

#include "test.h"

struct mf_ring *ring;
static uint32_t head;

struct mf_options client__options(void) {
    return (struct mf_options){
        .abi = MF_SHIM_ABI,
        .slots = 64,
        .workers = 2,
        .long_workers = 32,
        .instances = 64,
        .warm_instances = 8,
        .inline_us = 1000,
        .long_us = 2000,
        .verify = 1,
    };
}

void client__open(struct mf_options options) {
    char message[1024] = "";
    int rc = mf_open(&options, test_native, test_native_length, test_base, test_base_length, &ring, message,
                     sizeof message);
    if (rc != 0) fprintf(stderr, "mf_open: %s (%s)\n", strerror(-rc), message);
    CHECK(rc == 0);
    head = 0;
}

void client__close(void) {
    struct mf_stats stats = client__stats();
    CHECK(stats.verify_failures == 0);
    CHECK(mf_close() == 0);
}

struct mf_slot *client__slot(uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)ring + ring->slots_offset + (size_t)slot * MF_SLOT_BYTES);
}

uint8_t *client__out(uint32_t slot) {
    return (uint8_t *)client__slot(slot) + MF_SLOT_OUT;
}

struct mf_slot *client__put(uint32_t slot, uint32_t snapshot, const struct guest_command *commands, uint32_t count) {
    struct mf_slot *shared = client__slot(slot);
    shared->snapshot = snapshot;
    shared->sandbox = MF_NEW;
    shared->generation = 0;
    shared->flags = 0;
    shared->in_length = count * (uint32_t)sizeof *commands;
    shared->deadline_ns = mf_now_ns() + 60000000000u;
    shared->cpu_left_ns = 60000000000u;
    if (count > 0) memcpy((uint8_t *)shared + MF_SLOT_IN, commands, shared->in_length);
    return shared;
}

void client__resume(uint32_t slot, uint32_t sandbox, uint32_t generation) {
    client__slot(slot)->sandbox = sandbox;
    client__slot(slot)->generation = generation;
}

int client__submit(uint32_t slot) {
    int rc = mf_submit(slot);
    return rc == 0 ? mf_wake() : rc;
}

uint32_t client__next(void) {
    while (__atomic_load_n(&ring->queue_tail, __ATOMIC_ACQUIRE) == head) {
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    const uint32_t *queue = (const uint32_t *)((const uint8_t *)ring + ring->queue_offset);
    return queue[head++ & ring->queue_mask];
}

struct mf_slot *client__run(uint32_t slot) {
    CHECK(client__submit(slot) == 0);
    CHECK(client__next() == slot);
    return client__slot(slot);
}

uint8_t *client__build(uint32_t pages, size_t *length) {
    uint8_t *image;
    struct mf_slot *slot = client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_DIRTY, 100, pages}, {GUEST_COUNT, 0, 0}));
    slot->flags = MF_STEP_HOLD;
    client__run(0);
    CHECK(slot->result == MF_STEP_DONE);
    CHECK(mf_freeze(slot->out_sandbox, slot->out_generation, &image, length) == 0);
    client__resume(0, slot->out_sandbox, slot->out_generation);
    slot->flags = MF_STEP_DISCARD;
    CHECK(client__run(0)->result == MF_STEP_DONE);
    return image;
}

uint32_t client__snapshot(uint32_t pages) {
    size_t length;
    uint8_t *image = client__build(pages, &length);
    int64_t snapshot = mf_snapshot_load(image, length);
    mf_buffer_free(image);
    CHECK(snapshot > 0);
    return (uint32_t)snapshot;
}

uint32_t client__count(uint32_t slot, uint32_t snapshot) {
    uint32_t count;
    client__put(slot, snapshot, COMMANDS({GUEST_COUNT, 0, 0}));
    client__run(slot);
    CHECK(client__slot(slot)->result == MF_STEP_DONE);
    CHECK(client__slot(slot)->out_length == sizeof count);
    memcpy(&count, client__out(slot), sizeof count);
    return count;
}

struct mf_stats client__stats(void) {
    struct mf_stats stats;
    CHECK(mf_stats_read(&stats) == 0);
    return stats;
}
