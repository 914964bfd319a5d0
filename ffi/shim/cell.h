/*
 * The server's side of a cell. All that is decided here is decided by what this process keeps to itself: what the cell can
 * write it may write at any moment, and so that is read once, and copied before it is looked at.
 */
#ifndef MAYFLY_SHIM_CELL_H
#define MAYFLY_SHIM_CELL_H

#include <stdbool.h>
#include <sys/types.h>

#include "../cell/cell.h"
#include "os.h"
#include "wake.h"

struct mf_cell {
    struct mf_ring *ring; /* private: all that TypeScript sees */

    struct cell_ring *shared;
    int memfd; /* of `shared`, until the cell has it */
    uint32_t submitted_tail, completed_head;
    uint32_t unwoken; /* steps that nobody was woken for */
    uint32_t in_flight_count;
    bool in_flight[CELL_SLOTS];
    uint64_t submitted_ns[CELL_SLOTS];
    uint32_t canceled[CELL_SLOTS];

    struct wake told; /* the cell gets the connection */
    int requests;     /* or -1 */
    pid_t process;    /* 0: not started */
    bool is_dead;     /* it was killed, or it lied and was killed for that */
};

/* Starts the program with `descriptors` as 3 and on. The process, or -errno; `message` says what could not be done. */
pid_t cell__spawn(const char *program, const int *descriptors, size_t count, struct text *message);

/* It did what no cell does: it ends now, and nothing more is believed of it. -EBADMSG. */
int cell__condemn(struct mf_cell *cell);

#endif
