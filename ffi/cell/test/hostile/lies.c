#include "lies.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static struct mf_slot *slot_of(struct cell_ring *ring, uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)ring + CELL_RING_SLOTS + (size_t)slot * MF_SLOT_BYTES);
}

/* The step that was submitted last. */
static uint32_t last_slot(const struct cell_ring *ring) {
    return ring->submitted[(ring->submitted_tail - 1) % CELL_SLOTS];
}

static void complete(struct cell_ring *ring, uint32_t slot) {
    ring->completed[ring->completed_tail % CELL_SLOTS] = slot;
    atomic_fetch_add(&ring->completed_tail, 1);
}

static void answer(struct cell_ring *ring, uint32_t number, const char *text) {
    struct mf_slot *slot = slot_of(ring, number);
    slot->result = MF_STEP_DONE;
    slot->error = 0;
    slot->start = MF_START_WARM;
    slot->out_length = (uint32_t)strlen(text);
    memcpy((uint8_t *)slot + MF_SLOT_OUT, text, strlen(text));
}

/* Between a length that is fine and one that is not, for as long as the cell lives. */
static void *flip(void *data) {
    struct mf_slot *slot = data;
    for (;;) {
        __atomic_store_n(&slot->out_length, 16, __ATOMIC_RELAXED);
        __atomic_store_n(&slot->out_length, UINT32_MAX, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* ---- the lies ---------------------------------------------------------------------------------------- */

static void no_lie(struct cell_ring *ring, uint32_t slot) {
    complete(ring, slot);
}

static void a_slot_that_there_is_not(struct cell_ring *ring, uint32_t slot) {
    (void)slot;
    complete(ring, CELL_SLOTS);
}

static void a_slot_far_away(struct cell_ring *ring, uint32_t slot) {
    (void)slot;
    complete(ring, UINT32_MAX);
}

static void a_slot_that_is_not_in_flight(struct cell_ring *ring, uint32_t slot) {
    complete(ring, slot ^ 1);
}

static void a_step_twice(struct cell_ring *ring, uint32_t slot) {
    complete(ring, slot);
    complete(ring, slot);
}

static void more_than_there_are(struct cell_ring *ring, uint32_t slot) {
    (void)slot;
    atomic_store(&ring->completed_tail, CELL_SLOTS + 1);
}

static void a_tail_that_goes_back(struct cell_ring *ring, uint32_t slot) {
    (void)slot;
    atomic_fetch_sub(&ring->completed_tail, 1);
}

static void too_long_an_answer(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->out_length = MF_GUEST_OUT_BYTES + 1;
    complete(ring, slot);
}

static void an_endless_answer(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->out_length = UINT32_MAX;
    complete(ring, slot);
}

static void a_result_that_is_none(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->result = 99;
    complete(ring, slot);
}

static void a_result_of_another_engine(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->result = MF_STEP_INLINE;
    complete(ring, slot);
}

static void an_error_that_is_none(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->error = 1;
    complete(ring, slot);
}

static void a_start_that_is_none(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->start = 7;
    complete(ring, slot);
}

/* All that the server wrote and goes on to use. */
static void the_servers_own_fields(struct cell_ring *ring, uint32_t slot) {
    slot_of(ring, slot)->in_length = UINT32_MAX;
    slot_of(ring, slot)->snapshot = 666;
    memset(ring->submitted, 0xff, sizeof ring->submitted);
    memset(ring->canceled, 0xff, sizeof ring->canceled);
    atomic_store(&ring->submitted_head, 12345);
    atomic_store(&ring->submitted_tail, 54321);
    complete(ring, slot);
}

static void one_length_and_then_another(struct cell_ring *ring, uint32_t slot) {
    pthread_t thread;
    pthread_create(&thread, NULL, flip, slot_of(ring, slot));
    complete(ring, slot);
}

static const struct {
    const char *name;
    void (*tell)(struct cell_ring *ring, uint32_t slot);
} lies[] = {
    {"no lie", no_lie},
    {"a slot that there is not", a_slot_that_there_is_not},
    {"a slot far away", a_slot_far_away},
    {"a slot that is not in flight", a_slot_that_is_not_in_flight},
    {"a step twice", a_step_twice},
    {"more than there are", more_than_there_are},
    {"a tail that goes back", a_tail_that_goes_back},
    {"too long an answer", too_long_an_answer},
    {"an endless answer", an_endless_answer},
    {"a result that is none", a_result_that_is_none},
    {"a result of another engine", a_result_of_another_engine},
    {"an error that is none", an_error_that_is_none},
    {"a start that is none", a_start_that_is_none},
    {"the server's own fields", the_servers_own_fields},
    {"one length and then another", one_length_and_then_another},
};

int lies__tell(const char *name, struct cell_ring *ring) {
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        if (strcmp(lies[i].name, name) != 0) continue;
        uint32_t slot = last_slot(ring);
        answer(ring, slot, "the answer");
        lies[i].tell(ring, slot);
        return 0;
    }
    return -ENOSYS;
}
