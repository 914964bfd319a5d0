/*
 * Connections that a guest makes to its proxy: the server serves them, by host calls that the cell makes in the guest's
 * place. One READ and one WRITE of each are under way at most, so that neither side gets ahead of the other.
 */
#ifndef MAYFLY_CELL_DIAL_H
#define MAYFLY_CELL_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "output.h"

struct vm;
struct dial_connection;

/* Of a call's id: it is none of a guest's. */
#define DIAL_ID 0x80000000u

struct dial {
    struct dial_connection *connections; /* VM_DIALED_MAX, or NULL */
    uint32_t last_number;
    bool was_waiting; /* for an answer, when it was hung up */
};

void dial__fini(struct dial *dial);

/* Makes the calls that are due. False: there is no more room for them. */
bool dial__serve(struct dial *dial, struct vm *vm, struct output *output);
/* An answer's payload: false, if it is for the guest itself. */
bool dial__answer(struct dial *dial, struct vm *vm, const uint8_t *payload, uint32_t length);
/* Feeds what waits. True: something was fed. */
bool dial__feed(struct dial *dial, struct vm *vm);

/* The server serves no more of them: those that are open end. A pool's are idle then, and the guest sees that they did. */
void dial__hang_up(struct dial *dial, struct vm *vm);

static inline bool dial__is_used(const struct dial *dial) {
    return dial->connections != NULL;
}

#endif
