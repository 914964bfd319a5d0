/* Guests that speak HTTP/1.1, on stdin and stdout or over a connection to them: http.h translates. */
#ifndef MAYFLY_CELL_EXCHANGE_H
#define MAYFLY_CELL_EXCHANGE_H

#include <stdint.h>

#include "http.h"
#include "step.h"

#define EXCHANGE_ANSWER_BYTES (64u << 10)

struct exchange {
    struct http_exchange http;
    uint32_t port; /* where the guest reads and writes */
    bool has_ended; /* the guest's side */
    uint32_t owed; /* credit for the request's body that the server was not given */
    uint32_t answer_bytes;
    uint8_t answer[EXCHANGE_ANSWER_BYTES]; /* that could not be translated yet */
};

/* The server's frames of a step. 0, or -errno; -ECANCELED: the caller left. */
int exchange__deliver(struct step *step, const uint8_t *frames, uint32_t length);
enum drained exchange__drain(struct step *step);
/* The response is over: the guest is to see that the connection is. */
void exchange__hang_up(struct sandbox *sandbox);
/* The guest's process ended: what it wrote is all. False: that is no response. */
bool exchange__finish(struct step *step);

#endif
