#include "ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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

int ring__init(struct ring *ring, uint32_t slots) {
    if (slots == 0 || slots > RING_SLOTS_MAX) return -EINVAL;
    uint32_t capacity = ring__queue_capacity(slots);
    size_t header_bytes = sizeof(struct mf_ring) + capacity * sizeof(uint32_t);
    size_t slots_offset = (header_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    *ring = (struct ring){
        .bytes = slots_offset + (size_t)slots * MF_SLOT_BYTES,
        .slots = slots,
        .mask = capacity - 1,
        .listener = -1,
        .wake = -1,
    };
    int rc = -ENOMEM;
    ring->states = calloc(slots, sizeof *ring->states);
    ring->submitted = calloc(capacity, sizeof *ring->submitted);
    if (ring->states == NULL || ring->submitted == NULL) goto free_arrays;
    void *region = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
        rc = -errno;
        goto free_arrays;
    }
    madvise(region, ring->bytes, MADV_DONTFORK);
    ring->shared = region;
    *ring->shared = (struct mf_ring){
        .abi = MF_SHIM_ABI,
        .slots = slots,
        .slots_offset = (uint32_t)slots_offset,
        .queue_offset = sizeof(struct mf_ring),
        .queue_mask = ring->mask,
    };
    pthread_mutex_init(&ring->submit_lock, NULL);
    pthread_mutex_init(&ring->complete_lock, NULL);
    return 0;

free_arrays:
    free(ring->states);
    free(ring->submitted);
    return rc;
}

void ring__fini(struct ring *ring) {
    if (ring->listener >= 0) close(ring->listener);
    if (ring->wake >= 0) close(ring->wake);
    if (ring->wake_path != NULL) unlink(ring->wake_path);
    free(ring->wake_path);
    madvise(ring->shared, ring->bytes, MADV_DONTNEED);
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
        send(ring->wake, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

int ring__park(struct ring *ring, uint32_t head) {
    __atomic_store_n(&ring->shared->parked, 1, __ATOMIC_SEQ_CST);
    atomic_thread_fence(memory_order_seq_cst);
    if (__atomic_load_n(&ring->shared->queue_tail, __ATOMIC_ACQUIRE) == head) return 0;
    __atomic_store_n(&ring->shared->parked, 0, __ATOMIC_SEQ_CST);
    return 1;
}

/* ---- the wake socket ---------------------------------------------------------------------------------------- */

int ring__wake_listen(struct ring *ring, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (ring->listener >= 0 || ring->wake >= 0) return -EALREADY;
    size_t length = strlen(path) + 1;
    if (length > sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    char *wake_path = strdup(path);
    if (wake_path == NULL) return -ENOMEM;
    /* A server that was killed leaves its socket behind. */
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path);
    int rc;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) {
        rc = -errno;
        goto free_path;
    }
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0) {
        rc = -errno;
        goto close_listener;
    }
    ring->listener = listener;
    ring->wake_path = wake_path;
    return 0;

close_listener:
    close(listener);
free_path:
    free(wake_path);
    return rc;
}

int ring__wake_accept(struct ring *ring) {
    if (ring->listener < 0) return -EINVAL;
    int wake = accept4(ring->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (wake < 0) return -errno;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(wake, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid != getpid()) {
        close(wake);
        return -EACCES;
    }
    close(ring->listener);
    unlink(ring->wake_path);
    free(ring->wake_path);
    ring->listener = -1;
    ring->wake_path = NULL;
    ring->wake = wake;
    return 0;
}
