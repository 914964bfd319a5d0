/* The cell's side of its ring: steps that the server submitted, and those that are complete. */
#ifndef MAYFLY_CELL_RING_H
#define MAYFLY_CELL_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cell.h"

struct ring {
    struct cell_ring *shared;
    atomic_uint asleep; /* threads */
    atomic_bool has_untold; /* something is complete, and the server waits for more */
    pthread_mutex_t complete_lock;
};

void ring__init(struct ring *ring, struct cell_ring *shared);
struct mf_slot *ring__slot(const struct ring *ring, uint32_t slot);

/* A submitted slot that nobody has. False: there is none. Any thread. */
bool ring__take(struct ring *ring, uint32_t *slot);
bool ring__has_submitted(const struct ring *ring);
/* Until something is submitted, or for no reason. */
void ring__sleep(struct ring *ring);
/* The server is to wake those that sleep; or need not, for somebody looks. */
void ring__wake_us(struct ring *ring);
void ring__wake_nobody(struct ring *ring);
/* By one that looked and took a step: there may be more, of which the server woke nobody. */
void ring__wake_another(struct ring *ring);

bool ring__is_canceled(const struct ring *ring, uint32_t slot);
/* The slot is the server's again: nothing of it may be touched from here on. */
void ring__complete(struct ring *ring, uint32_t slot, bool wakes);
/* By a thread that finds no more steps, or has a long one: there will not soon be as many as the server waits for. */
void ring__tell(struct ring *ring);

#endif
