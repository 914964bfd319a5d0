/* The server's side of a cell's ring, against a cell that writes whatever it likes, wherever and whenever it may. */
#include "../cell.h"

#include <unistd.h>

#include "test.h"

#define CELLS 300
#define ROUNDS 200

static struct mf_cell *new_cell(struct mf_ring **private) {
    struct mf_cell *cell;
    char path[64];
    snprintf(path, sizeof path, "/tmp/mayfly-cell-test-%d.sock", (int)getpid());
    CHECK(mf_cell_new(path, &cell, private) == 0);
    return cell;
}

static void end_cell(struct mf_cell *cell, struct mf_ring *private) {
    CHECK(mf_cell_end(cell) == 0);
    CHECK(mf_cell_forget(private) == 0);
}

static struct mf_slot *private_slot(struct mf_ring *private, uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)private + private->slots_offset + (size_t)slot * MF_SLOT_BYTES);
}

static struct mf_slot *shared_slot(struct mf_cell *cell, uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)cell->shared + CELL_RING_SLOTS + (size_t)slot * MF_SLOT_BYTES);
}

static uint32_t believed;

static uint32_t likely(uint32_t most) {
    return test__random() % 64 == 0 ? test__random() : test__random() % most;
}

/* As a cell would, but for one word in some. */
static void complete_something(struct mf_cell *cell) {
    uint32_t slot = likely(CELL_SLOTS);
    if (slot < CELL_SLOTS && !cell->in_flight[slot] && test__random() % 64 != 0) return;
    uint32_t tail = atomic_load(&cell->shared->completed_tail);
    cell->shared->completed[tail % CELL_SLOTS] = slot;
    struct mf_slot *told = shared_slot(cell, slot % CELL_SLOTS);
    told->result = likely(MF_STEP_HOST_ERROR + 1);
    told->start = likely(MF_START_CLONE + 1);
    told->error = test__random() % 64 == 0 ? (int32_t)test__random() : 0;
    told->out_length = likely(MF_GUEST_OUT_BYTES + 1);
    if (test__random() % 64 == 0) ((uint32_t *)cell->shared)[test__random() % (CELL_RING_SLOTS / 4)] = test__random();
    atomic_store(&cell->shared->completed_tail, tail + (test__random() % 64 == 0 ? test__random() : 1));
}

static void collected_is_sound(struct mf_ring *private, uint32_t from, uint32_t count) {
    const uint32_t *queue = (const uint32_t *)((const uint8_t *)private + private->queue_offset);
    CHECK(private->queue_tail == from + count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = queue[(from + i) & private->queue_mask];
        CHECK(slot < CELL_SLOTS);
        const struct mf_slot *own = private_slot(private, slot);
        CHECK(own->out_length <= MF_GUEST_OUT_BYTES && own->result <= MF_STEP_HOST_ERROR);
        CHECK(own->result != MF_STEP_INLINE && own->start <= MF_START_CLONE && own->error <= 0);
        CHECK(own->in_length == slot);
    }
}

/* Until it is caught. */
static void try_one_cell(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t slot = 0; slot < CELL_SLOTS; slot++) {
            if (cell->in_flight[slot] || test__random() % 2 == 0) continue;
            private_slot(private, slot)->in_length = slot;
            CHECK(mf_cell_submit(cell, slot) == 0);
            CHECK(mf_cell_submit(cell, slot) == -EBUSY);
        }
        CHECK(mf_cell_wake(cell) == 0);
        for (uint32_t i = test__random() % 4; i > 0; i--) complete_something(cell);
        uint32_t tail = private->queue_tail;
        int count = mf_cell_collect(cell);
        CHECK(count == -EBADMSG || (count >= 0 && count <= (int)CELL_SLOTS));
        if (count < 0) break;
        collected_is_sound(private, tail, (uint32_t)count);
        believed += (uint32_t)count;
        CHECK(private->steps_waiting <= CELL_SLOTS);
        mf_cell_cancel(cell, test__random() % CELL_SLOTS);
        mf_cell_park(cell, private->queue_tail, 1 + test__random() % CELL_SLOTS);
    }
    end_cell(cell, private);
}

static void no_word_of_a_cell_is_believed(void) {
    for (int i = 0; i < CELLS; i++) try_one_cell();
    CHECK(believed > CELLS);
}

static void more_than_fits_is_not_submitted(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    private_slot(private, 0)->in_length = MF_GUEST_IN_BYTES + 1;
    CHECK(mf_cell_submit(cell, 0) == -EINVAL);
    CHECK(mf_cell_submit(cell, CELL_SLOTS) == -EINVAL);
    CHECK(mf_cell_cancel(cell, CELL_SLOTS) == -EINVAL);
    CHECK(mf_cell_cancel(cell, 0) == 0);
    end_cell(cell, private);
}

/* A worker sees by the count whether its step is the one that is meant. */
static void a_cancellation_is_of_one_step(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    CHECK(mf_cell_submit(cell, 3) == 0);
    CHECK(atomic_load(&cell->shared->canceled[3]) == 0);
    CHECK(mf_cell_cancel(cell, 3) == 1 && mf_cell_cancel(cell, 3) == 1);
    CHECK(atomic_load(&cell->shared->canceled[3]) == 1);
    cell->shared->completed[0] = 3;
    atomic_store(&cell->shared->completed_tail, 1);
    CHECK(mf_cell_collect(cell) == 1);
    CHECK(mf_cell_submit(cell, 3) == 0);
    CHECK(atomic_load(&cell->shared->canceled[3]) == 2);
    end_cell(cell, private);
}

static void parking_is_refused_while_something_is_complete(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    CHECK(mf_cell_submit(cell, 5) == 0);
    CHECK(mf_cell_park(cell, 0, 1) == 0);
    CHECK(atomic_load(&cell->shared->parked) == 1);
    cell->shared->completed[0] = 5;
    atomic_store(&cell->shared->completed_tail, 1);
    CHECK(mf_cell_park(cell, 0, 1) == 1);
    CHECK(atomic_load(&cell->shared->parked) == 0);
    CHECK(mf_cell_collect(cell) == 1);
    CHECK(mf_cell_park(cell, 0, 1) == 1);
    CHECK(mf_cell_park(cell, 1, 1) == 0);
    end_cell(cell, private);
}

static void a_server_that_waits_for_several_steps_is_told_of_them_together(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    for (uint32_t slot = 0; slot < 3; slot++) CHECK(mf_cell_submit(cell, slot) == 0);
    CHECK(mf_cell_park(cell, 0, 2) == 0);
    CHECK(atomic_load(&cell->shared->wake_at) == 2);
    cell->shared->completed[0] = 1;
    atomic_store(&cell->shared->completed_tail, 1);
    CHECK(mf_cell_park(cell, 0, 2) == 0);
    cell->shared->completed[1] = 0;
    atomic_store(&cell->shared->completed_tail, 2);
    CHECK(mf_cell_park(cell, 0, 2) == 1);
    CHECK(mf_cell_collect(cell) == 2);
    CHECK(mf_cell_park(cell, 2, 1) == 0);
    CHECK(atomic_load(&cell->shared->wake_at) == 3);
    end_cell(cell, private);
}

static void a_step_that_was_taken_does_not_wait(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    for (uint32_t slot = 0; slot < 3; slot++) CHECK(mf_cell_submit(cell, slot) == 0);
    CHECK(private->steps_waiting == 3);
    atomic_store(&cell->shared->submitted_head, 2);
    mf_cell_count(cell);
    CHECK(private->steps_waiting == 1);
    atomic_store(&cell->shared->submitted_head, 4);
    mf_cell_count(cell);
    CHECK(private->steps_waiting <= 3);
    end_cell(cell, private);
}

static void no_step_takes_longer_than_passed(void) {
    struct mf_ring *private;
    struct mf_cell *cell = new_cell(&private);
    uint64_t before = os__now_ns();
    CHECK(mf_cell_submit(cell, 7) == 0);
    struct mf_slot *told = shared_slot(cell, 7);
    told->cpu_ns = told->run_ns = told->clone_ns = UINT64_MAX;
    cell->shared->completed[0] = 7;
    atomic_store(&cell->shared->completed_tail, 1);
    CHECK(mf_cell_collect(cell) == 1);
    uint64_t passed = os__now_ns() - before;
    const struct mf_slot *own = private_slot(private, 7);
    CHECK(own->cpu_ns <= passed && own->run_ns <= passed && own->clone_ns <= passed);
    CHECK(mf_cell_submit(cell, 7) == 0);
    told->cpu_ns = 0;
    cell->shared->completed[1] = 7;
    atomic_store(&cell->shared->completed_tail, 2);
    CHECK(mf_cell_collect(cell) == 1);
    CHECK(own->cpu_ns == 0);
    end_cell(cell, private);
}

const struct test cell_tests[] = {
    {"no word of a cell is believed that cannot be so", no_word_of_a_cell_is_believed},
    {"more than fits is not submitted to a cell", more_than_fits_is_not_submitted},
    {"a cancellation is of one step of a cell's slot", a_cancellation_is_of_one_step},
    {"no step of a cell takes longer than the time that passed", no_step_takes_longer_than_passed},
    {"parking is refused while something of a cell is complete", parking_is_refused_while_something_is_complete},
    {"a server that waits for several steps is told of them together",
     a_server_that_waits_for_several_steps_is_told_of_them_together},
    {"a step that a cell has taken waits no more", a_step_that_was_taken_does_not_wait},
    {0},
};
