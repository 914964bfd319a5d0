#include "ring.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"

void ring__init(struct ring *ring, struct cell_ring *shared) {
    ring->shared = shared;
    pthread_mutex_init(&ring->complete_lock, NULL);
}

struct mf_slot *ring__slot(const struct ring *ring, uint32_t slot) {
    uint8_t *slots = (uint8_t *)ring->shared + CELL_RING_SLOTS;
    return (struct mf_slot *)(void *)(slots + (uint64_t)slot * MF_SLOT_BYTES);
}

bool ring__has_submitted(const struct ring *ring) {
    return atomic_load(&ring->shared->submitted_head) != atomic_load(&ring->shared->submitted_tail);
}

bool ring__take(struct ring *ring, uint32_t *slot) {
    struct cell_ring *shared = ring->shared;
    uint32_t head = atomic_load(&shared->submitted_head);
    while (head != atomic_load(&shared->submitted_tail)) {
        /* Another one may be here by now, but then the head has moved on. */
        *slot = __atomic_load_n(&shared->submitted[head % CELL_SLOTS], __ATOMIC_RELAXED) % CELL_SLOTS;
        if (atomic_compare_exchange_weak(&shared->submitted_head, &head, head + 1)) return true;
    }
    return false;
}

void ring__wake_us(struct ring *ring) {
    atomic_store(&ring->shared->sleepers, 1);
}

void ring__wake_nobody(struct ring *ring) {
    atomic_store(&ring->shared->sleepers, 0);
}

/* The server's futex is the same word in another mapping. */
void ring__sleep(struct ring *ring) {
    struct cell_ring *shared = ring->shared;
    uint32_t tail = atomic_load(&shared->submitted_tail);
    atomic_fetch_add(&ring->asleep, 1);
    /* Either this sees what was submitted, or the server sees that it is to wake somebody. */
    if (atomic_load(&shared->submitted_head) == tail) {
        syscall(SYS_futex, &shared->submitted_tail, FUTEX_WAIT, tail, NULL, NULL, 0);
    }
    atomic_fetch_sub(&ring->asleep, 1);
}

void ring__wake_another(struct ring *ring) {
    if (!ring__has_submitted(ring) || atomic_load(&ring->asleep) == 0) return;
    syscall(SYS_futex, &ring->shared->submitted_tail, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool ring__is_canceled(const struct ring *ring, uint32_t slot) {
    return (atomic_load_explicit(&ring->shared->canceled[slot], memory_order_relaxed) & 1) != 0;
}

/* Either the server sees the new tail when it parks, or this sees that it has parked. */
static void ring__wake_server(struct ring *ring) {
    if (atomic_load(&ring->shared->parked) != 0 && atomic_exchange(&ring->shared->parked, 0) != 0) control__wake();
}

void ring__complete(struct ring *ring, uint32_t slot, bool wakes) {
    struct cell_ring *shared = ring->shared;
    pthread_mutex_lock(&ring->complete_lock);
    uint32_t tail = atomic_load_explicit(&shared->completed_tail, memory_order_relaxed);
    shared->completed[tail % CELL_SLOTS] = slot;
    atomic_store(&shared->completed_tail, tail + 1);
    pthread_mutex_unlock(&ring->complete_lock);
    if (!wakes) return;
    if ((int32_t)(tail + 1 - atomic_load(&shared->wake_at)) >= 0) ring__wake_server(ring);
    else atomic_store(&ring->has_untold, true);
}

void ring__tell(struct ring *ring) {
    if (atomic_load(&ring->has_untold) && atomic_exchange(&ring->has_untold, false)) ring__wake_server(ring);
}
