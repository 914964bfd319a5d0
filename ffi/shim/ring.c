#include "ring.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "os.h"

struct ring_slot {
    atomic_bool is_in_flight;
    atomic_bool is_canceled;
};

static uint32_t ring__queue_capacity(uint32_t slots) {
    uint32_t capacity = 1;
    while (capacity < slots) capacity *= 2;
    return capacity;
}

static size_t ring__slots_offset(uint32_t slots) {
    size_t header_bytes = sizeof(struct mf_ring) + ring__queue_capacity(slots) * sizeof(uint32_t);
    return (header_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

size_t ring__bytes(uint32_t slots) {
    return ring__slots_offset(slots) + (size_t)slots * MF_SLOT_BYTES;
}

int ring__map(uint32_t slots, struct mf_ring **shared) {
    size_t bytes = ring__bytes(slots);
    void *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return -errno;
    madvise(region, bytes, MADV_DONTFORK);
    *shared = region;
    **shared = (struct mf_ring){
        .abi = MF_SHIM_ABI,
        .slots = slots,
        .slots_offset = (uint32_t)ring__slots_offset(slots),
        .queue_offset = sizeof(struct mf_ring),
        .queue_mask = ring__queue_capacity(slots) - 1,
    };
    return 0;
}

int ring__init(struct ring *ring, uint32_t slots) {
    if (slots == 0 || slots > RING_SLOTS_MAX) return -EINVAL;
    uint32_t capacity = ring__queue_capacity(slots);
    *ring = (struct ring){.slots = slots, .mask = capacity - 1, .wake = WAKE_NONE};
    int rc = -ENOMEM;
    ring->states = calloc(slots, sizeof *ring->states);
    ring->submitted = calloc(capacity, sizeof *ring->submitted);
    if (ring->states == NULL || ring->submitted == NULL) goto free_arrays;
    rc = ring__map(slots, &ring->shared);
    if (rc != 0) goto free_arrays;
    pthread_mutex_init(&ring->submit_lock, NULL);
    pthread_mutex_init(&ring->complete_lock, NULL);
    return 0;

free_arrays:
    free(ring->states);
    free(ring->submitted);
    return rc;
}

void ring__fini(struct ring *ring) {
    wake__fini(&ring->wake);
    madvise(ring->shared, ring__bytes(ring->slots), MADV_DONTNEED);
    pthread_mutex_destroy(&ring->submit_lock);
    pthread_mutex_destroy(&ring->complete_lock);
    free(ring->states);
    free(ring->submitted);
}

/* ---- submitted: many submitters in turn, many takers at once ------------------------------------------ */

int ring__claim(struct ring *ring, uint32_t slot) {
    if (slot >= ring->slots) return -EINVAL;
    struct ring_slot *state = &ring->states[slot];
    if (atomic_load(&state->is_in_flight)) return -EBUSY;
    atomic_store_explicit(&state->is_canceled, false, memory_order_relaxed);
    atomic_store(&state->is_in_flight, true);
    return 0;
}

int ring__submit(struct ring *ring, uint32_t slot) {
    pthread_mutex_lock(&ring->submit_lock);
    int rc = ring__claim(ring, slot);
    if (rc == 0) {
        uint32_t tail = atomic_load_explicit(&ring->submitted_tail, memory_order_relaxed);
        atomic_store_explicit(&ring->submitted[tail & ring->mask], slot, memory_order_relaxed);
        __atomic_fetch_add(&ring->shared->steps_waiting, 1, __ATOMIC_RELAXED);
        atomic_store(&ring->submitted_tail, tail + 1);
    }
    pthread_mutex_unlock(&ring->submit_lock);
    return rc;
}

bool ring__take(struct ring *ring, uint32_t *slot) {
    uint32_t head = atomic_load(&ring->submitted_head);
    do {
        if (head == atomic_load(&ring->submitted_tail)) return false;
        /* Nobody can have overwritten it if the exchange below finds the head unmoved. */
        *slot = atomic_load_explicit(&ring->submitted[head & ring->mask], memory_order_relaxed);
    } while (!atomic_compare_exchange_weak(&ring->submitted_head, &head, head + 1));
    __atomic_fetch_sub(&ring->shared->steps_waiting, 1, __ATOMIC_RELAXED);
    return true;
}

uint32_t ring__waiting(struct ring *ring) {
    uint32_t head = atomic_load(&ring->submitted_head);
    return atomic_load(&ring->submitted_tail) - head;
}

int ring__cancel(struct ring *ring, uint32_t slot) {
    if (slot >= ring->slots) return -EINVAL;
    struct ring_slot *state = &ring->states[slot];
    if (!atomic_load(&state->is_in_flight)) return 0;
    atomic_store(&state->is_canceled, true);
    return 1;
}

bool ring__is_canceled(struct ring *ring, uint32_t slot) {
    return atomic_load_explicit(&ring->states[slot].is_canceled, memory_order_relaxed);
}

/* ---- completed ------------------------------------------------------------------------------------------ */

void ring__unclaim(struct ring *ring, uint32_t slot) {
    atomic_store(&ring->states[slot].is_in_flight, false);
}

void ring__complete(struct ring *ring, uint32_t slot, bool wake) {
    struct mf_ring *shared = ring->shared;
    uint32_t *queue = (uint32_t *)((uint8_t *)shared + sizeof *shared);
    ring__unclaim(ring, slot);
    pthread_mutex_lock(&ring->complete_lock);
    queue[shared->queue_tail & ring->mask] = slot;
    __atomic_store_n(&shared->queue_tail, shared->queue_tail + 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&ring->complete_lock);
    if (!wake) return;
    /* Either the server sees the new tail when it parks, or this sees that it has parked. */
    atomic_thread_fence(memory_order_seq_cst);
    if (__atomic_load_n(&shared->parked, __ATOMIC_RELAXED) &&
        __atomic_exchange_n(&shared->parked, 0, __ATOMIC_SEQ_CST)) {
        /* A full socket has bytes in it that wake the server as well; a closed one has no server. */
        send(ring->wake.connection, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

int ring__park(struct ring *ring, uint32_t head) {
    __atomic_store_n(&ring->shared->parked, 1, __ATOMIC_SEQ_CST);
    atomic_thread_fence(memory_order_seq_cst);
    if (__atomic_load_n(&ring->shared->queue_tail, __ATOMIC_ACQUIRE) == head) return 0;
    __atomic_store_n(&ring->shared->parked, 0, __ATOMIC_SEQ_CST);
    return 1;
}
