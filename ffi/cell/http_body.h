/* The body of a guest's response, and the frames that it becomes. */
#ifndef MAYFLY_CELL_HTTP_BODY_H
#define MAYFLY_CELL_HTTP_BODY_H

#include <stdbool.h>

#include "http.h"

struct http_input {
    const uint8_t *bytes;
    size_t size, at;
};

/* Frames being written. There is always room for an MF_END: nothing else takes the last of it. */
struct http_frames {
    uint8_t *bytes;
    size_t capacity, size;
    size_t chunk; /* where the last frame begins, if it is a chunk; else SIZE_MAX */
    size_t chunk_length;
};

/* False: there is room for nothing. */
bool http_frames__begin(struct http_frames *frames, uint8_t *bytes, size_t capacity);
/* Where a head's payload of HTTP_HEAD_BYTES_MAX would be, or NULL. */
uint8_t *http_frames__room_for_head(struct http_frames *frames);
/* The payload is there. */
void http_frames__head(struct http_frames *frames, uint16_t status, size_t size);

/* Takes of the body what there is, as far as there are credit and room. Returns what is wrong with it, or NULL. */
const char *http_body__take(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames);
/* Writes its MF_END. */
void http_body__end(struct http_exchange *exchange, struct http_frames *frames);

#endif
