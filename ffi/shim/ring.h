/*
 * The ring: memory shared with the server, which has a slot for each step in flight and the queue of completed ones;
 * and the shim's own side of it, the queue of submitted ones.
 */
#ifndef MAYFLY_RING_H
#define MAYFLY_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mayfly.h"
#include "wake.h"

#define RING_SLOTS_MAX 65536u

struct ring {
    struct mf_ring *shared;
    uint32_t slots;
    uint32_t mask; /* of both queues: they hold a power of two, and no more than `slots` are ever in one */

    struct ring_slot *states;
    pthread_mutex_t submit_lock;   /* among submitters only: no worker ever holds it */
    pthread_mutex_t complete_lock; /* among those that complete, who all have normal priority */
    _Atomic uint32_t *submitted;
    _Atomic uint32_t submitted_head, submitted_tail;

    struct wake wake;
};

int ring__init(struct ring *ring, uint32_t slots);
/* The memory alone: a header, a queue and the slots. */
int ring__map(uint32_t slots, struct mf_ring **shared);
size_t ring__bytes(uint32_t slots);
/* The region stays mapped, empty: the server may still hold views of it. */
void ring__fini(struct ring *ring);

static inline struct mf_slot *ring__slot(const struct ring *ring, uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)ring->shared + ring->shared->slots_offset + (size_t)slot * MF_SLOT_BYTES);
}

/* The server's side. -EINVAL: no such slot; -EBUSY: it is in flight. */
int ring__submit(struct ring *ring, uint32_t slot);
/* The same for a slot that is run at once and does not wait in the queue. */
int ring__claim(struct ring *ring, uint32_t slot);
/* 1: it was in flight, and whoever has it will see that it is canceled. */
int ring__cancel(struct ring *ring, uint32_t slot);

/* The workers' side: the next submitted slot; false if there is none. */
bool ring__take(struct ring *ring, uint32_t *slot);
/* How many there are. */
uint32_t ring__waiting(struct ring *ring);
bool ring__is_canceled(struct ring *ring, uint32_t slot);

/* Gives the slot back to the server, through the queue; `wake` unless nobody waits for it. */
void ring__complete(struct ring *ring, uint32_t slot, bool wake);
/* The same for a claimed slot, whose server waits in a call. */
void ring__unclaim(struct ring *ring, uint32_t slot);
/* 1: something completed since the server had read the queue up to `head`. */
int ring__park(struct ring *ring, uint32_t head);

#endif
