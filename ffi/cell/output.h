/* The frames of a step, in the `out` area of its slot. */
#ifndef MAYFLY_CELL_OUTPUT_H
#define MAYFLY_CELL_OUTPUT_H

#include <stdint.h>

#include "../shim/mayfly.h"

/* Always kept free, for the lines of the log and the EXIT that end a request. */
#define OUTPUT_TAIL_BYTES (12u << 10)

struct output {
    uint8_t *frames; /* MF_GUEST_OUT_BYTES */
    uint32_t length;
};

static inline uint32_t output__room(const struct output *output) {
    uint32_t limit = MF_GUEST_OUT_BYTES - OUTPUT_TAIL_BYTES;
    return output->length < limit ? limit - output->length : 0;
}

/* Of a frame with so much payload. */
static inline uint32_t output__frame_bytes(uint32_t length) {
    return (uint32_t)sizeof(struct mf_frame) + ((length + 3) & ~UINT32_C(3));
}

/* The caller has seen to it that there is room. */
void output__add(struct output *output, const struct mf_frame *head, const void *payload);
/* Where the payload of the next frame goes, for output__finish. */
static inline uint8_t *output__payload(const struct output *output) {
    return output->frames + output->length + sizeof(struct mf_frame);
}
/* The payload is in its place. */
void output__finish(struct output *output, const struct mf_frame *head);
/* The request is over. The text may be as long as it likes. */
void output__exit(struct output *output, enum mf_exit_code code, const char *text);
/* That many bytes more of the request's body can come. */
void output__credit(struct output *output, uint32_t bytes);

#endif
