/* A cell's ring: steps are copied to it and back. */
#include <limits.h>
#include <string.h>

#include "cell.h"
#include "ring.h"

/* What the server says of a step ends here; the cell's part begins. */
#define SUBMITTED_BYTES offsetof(struct mf_slot, result)

static struct mf_slot *cell__own_slot(const struct mf_cell *cell, uint32_t slot) {
    return (struct mf_slot *)((uint8_t *)cell->ring + cell->ring->slots_offset + (size_t)slot * MF_SLOT_BYTES);
}

static uint8_t *cell__shared_slot(const struct mf_cell *cell, uint32_t slot) {
    return (uint8_t *)cell->shared + CELL_RING_SLOTS + (size_t)slot * MF_SLOT_BYTES;
}

/* From or to memory that the cell may change meanwhile: each byte once. */
static void cell__copy(void *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
    __asm__ volatile("" ::: "memory");
}

void mf_cell_count(struct mf_cell *cell) {
    uint32_t waiting = cell->submitted_tail - atomic_load(&cell->shared->submitted_head);
    if (waiting > cell->in_flight_count) waiting = cell->in_flight_count;
    __atomic_store_n(&cell->ring->steps_waiting, waiting, __ATOMIC_RELAXED);
}

static void cell__set_canceled(struct mf_cell *cell, uint32_t slot) {
    atomic_store(&cell->shared->canceled[slot], ++cell->canceled[slot]);
}

/* ---- to the cell ------------------------------------------------------------------------------------- */

int mf_cell_submit(struct mf_cell *cell, uint32_t slot) {
    if (slot >= CELL_SLOTS) return -EINVAL;
    if (cell->in_flight[slot]) return -EBUSY;
    const struct mf_slot *own = cell__own_slot(cell, slot);
    if (own->in_length > MF_GUEST_IN_BYTES) return -EINVAL;
    uint8_t *shared = cell__shared_slot(cell, slot);
    memcpy(shared, own, SUBMITTED_BYTES);
    memcpy(shared + MF_SLOT_IN, (const uint8_t *)own + MF_SLOT_IN, own->in_length);
    if (cell->canceled[slot] & 1) cell__set_canceled(cell, slot);
    cell->in_flight[slot] = true;
    cell->submitted_ns[slot] = os__now_ns();
    cell->in_flight_count++;
    cell->unwoken++;
    cell->shared->submitted[cell->submitted_tail % CELL_SLOTS] = slot;
    atomic_store(&cell->shared->submitted_tail, ++cell->submitted_tail);
    mf_cell_count(cell);
    return 0;
}

int mf_cell_wake(struct mf_cell *cell) {
    uint32_t steps = cell->unwoken;
    cell->unwoken = 0;
    if (steps == 0 || atomic_load(&cell->shared->sleepers) == 0) return 0;
    return syscall(SYS_futex, &cell->shared->submitted_tail, FUTEX_WAKE, steps, NULL, NULL, 0) < 0 ? -errno : 0;
}

int mf_cell_cancel(struct mf_cell *cell, uint32_t slot) {
    if (slot >= CELL_SLOTS) return -EINVAL;
    if (!cell->in_flight[slot]) return 0;
    if (!(cell->canceled[slot] & 1)) cell__set_canceled(cell, slot);
    return 1;
}

/* ---- from the cell ----------------------------------------------------------------------------------- */

static bool cell__is_sound(const struct mf_slot *slot) {
    return slot->result <= MF_STEP_HOST_ERROR && slot->result != MF_STEP_INLINE && slot->start <= MF_START_CLONE &&
           slot->out_length <= MF_GUEST_OUT_BYTES && slot->error <= 0;
}

static void cell__bound(uint64_t *told, uint64_t most) {
    if (*told > most) *told = most;
}

/* What a step took is somebody's bill: a guest has one processor, and no more of it than the time that passed. */
static void cell__bound_times(const struct mf_cell *cell, uint32_t slot, struct mf_slot *told) {
    uint64_t passed = os__now_ns() - cell->submitted_ns[slot];
    cell__bound(&told->clone_ns, passed);
    cell__bound(&told->run_ns, passed);
    cell__bound(&told->cpu_ns, passed);
}

static int cell__take_step(struct mf_cell *cell, uint32_t slot) {
    if (slot >= CELL_SLOTS || !cell->in_flight[slot]) return -EBADMSG;
    const uint8_t *shared = cell__shared_slot(cell, slot);
    struct mf_slot told, *own = cell__own_slot(cell, slot);
    cell__copy(&told, shared, sizeof told);
    if (!cell__is_sound(&told)) return -EBADMSG;
    cell__bound_times(cell, slot, &told);
    memcpy((uint8_t *)own + SUBMITTED_BYTES, (const uint8_t *)&told + SUBMITTED_BYTES, sizeof told - SUBMITTED_BYTES);
    cell__copy((uint8_t *)own + MF_SLOT_OUT, shared + MF_SLOT_OUT, told.out_length);
    cell->in_flight[slot] = false;
    cell->in_flight_count--;
    uint32_t *queue = (uint32_t *)((uint8_t *)cell->ring + cell->ring->queue_offset);
    queue[cell->ring->queue_tail & cell->ring->queue_mask] = slot;
    __atomic_store_n(&cell->ring->queue_tail, cell->ring->queue_tail + 1, __ATOMIC_RELEASE);
    return 0;
}

int mf_cell_collect(struct mf_cell *cell) {
    if (cell->is_dead) return -EPIPE;
    uint32_t count = atomic_load(&cell->shared->completed_tail) - cell->completed_head;
    if (count > cell->in_flight_count) return cell__condemn(cell);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot;
        cell__copy(&slot, &cell->shared->completed[cell->completed_head++ % CELL_SLOTS], sizeof slot);
        if (cell__take_step(cell, slot) != 0) return cell__condemn(cell);
    }
    mf_cell_count(cell);
    return (int)count;
}

int mf_cell_park(struct mf_cell *cell, uint32_t head, uint32_t batch) {
    if (cell->ring->queue_tail != head) return 1;
    if (cell->is_dead) return 0;
    atomic_store(&cell->shared->wake_at, cell->completed_head + batch);
    atomic_store(&cell->shared->parked, 1);
    if (atomic_load(&cell->shared->completed_tail) - cell->completed_head < batch) return 0;
    atomic_store(&cell->shared->parked, 0);
    return 1;
}
