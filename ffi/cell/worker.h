/*
 * The threads that run steps, as many as there are cores: a guest that waits holds none of them, and one that computes
 * is set aside after a slice of time while others wait.
 */
#ifndef MAYFLY_CELL_WORKER_H
#define MAYFLY_CELL_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cell.h"
#include "step.h"

#define WORKERS_MAX 64u

struct workers {
    uint32_t count;
    struct step steps[CELL_SLOTS];
    /* Steps that were set aside, the first one is the next: with the lock of the serve. */
    struct step *aside, **aside_end;
    atomic_uint aside_count;
    atomic_bool has_spinner;
    /* How often the next step came soon, of late: spinning for it is worth it. */
    atomic_uint soon;
    atomic_uint running;
};

int workers__start(struct serve *serve);
/* Something waits for a thread. */
bool workers__are_wanted(const struct serve *serve);

#endif
