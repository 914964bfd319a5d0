/*
 * HTTP/1.1 for programs that speak it themselves: a request's frames become bytes for the guest, its bytes become frames
 * of a response. The guest's bytes are hostile: bounded and checked here, once.
 *
 * One exchange at a time; it begins with http__begin. No allocation.
 */
#ifndef MAYFLY_CELL_HTTP_H
#define MAYFLY_CELL_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "../shim/frames.h"

enum http_phase {
    HTTP_HEAD = 1, /* of the response: its bytes are gathered */
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED, /* in all its states: see http.c */
    HTTP_BODY_TO_END,
    HTTP_DONE,
    HTTP_FAILED,
};

struct http_exchange {
    /* the request */
    uint8_t has_body, request_is_chunked, head_written, request_ended;
    uint8_t is_head; /* HEAD: a response without a body */
    /* the response */
    uint8_t phase; /* enum http_phase */
    uint8_t chunk_state;
    uint8_t keeps_alive;
    uint64_t body_left;
    uint32_t head_bytes;
    uint32_t credit; /* bytes of body that the server takes */
    uint32_t line_bytes;
    const char *problem; /* of HTTP_FAILED: for the log */
    char head[MF_HEAD_MAX];
};

/*
 * `frame` is the request's MF_HEAD, whole. Writes the request's head, with `extra` header lines of the cell's own
 * ("x-forwarded-prefix: ...\r\n"); the number of bytes, or -EMSGSIZE, -EBADMSG.
 */
int64_t http__begin(struct http_exchange *exchange, const uint8_t *frame, size_t bytes, char *to, size_t capacity);
/* A piece of the request's body, or its end (`bytes` 0 and `end`), as it goes to the guest: at most 32 bytes more. */
size_t http__body(struct http_exchange *exchange, const uint8_t *body, size_t bytes, int end, char *to, size_t capacity);

/*
 * What the guest wrote: consumes some of it and writes frames (MF_HEAD, MF_CHUNK within credit, MF_END, never MF_EXIT).
 * Sets *consumed; the number of bytes of frames, 0 when it needs more input, credit or room. Informational responses (1xx)
 * are skipped. `ended`: no more will come.
 */
size_t http__answer(struct http_exchange *exchange, const uint8_t *bytes, size_t size, int ended, size_t *consumed,
                    uint8_t *frames, size_t capacity);

#endif
