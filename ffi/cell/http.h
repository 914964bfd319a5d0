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

/* A response's head: as bytes, and as a frame. As LIMITS of src/limits.ts. */
#define HTTP_HEAD_BYTES_MAX 32768u
#define HTTP_HEADERS_MAX 256u

/* A request's head is never longer; a piece of body gets at most so many bytes more. */
#define HTTP_REQUEST_HEAD_MAX (2 * MF_HEAD_MAX)
#define HTTP_PIECE_EXTRA 32u
/* Less room for frames than this may not be enough for a response's head. */
#define HTTP_FRAMES_MIN (HTTP_HEAD_BYTES_MAX + 64u)

enum http_phase {
    HTTP_HEAD = 1, /* of the response: its bytes are gathered */
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED, /* enum chunk_state of http_body.c says where in it */
    HTTP_BODY_TO_END,
    HTTP_DONE,
    HTTP_FAILED, /* before or behind the head: see head_given */
};

struct http_exchange {
    /* the request */
    uint8_t has_body, is_chunked;
    uint8_t is_head; /* HEAD: a response without a body */
    uint64_t request_left; /* of a body that is not chunked */
    /* the response */
    uint8_t phase; /* enum http_phase */
    uint8_t chunk_state;
    uint8_t head_given; /* its frame was written */
    uint8_t keeps_alive; /* once the head was given: the guest takes another request after this one */
    uint16_t interim; /* responses before the response */
    uint32_t line_bytes; /* of the lines between a body's pieces */
    uint64_t body_left; /* of the body, or of its chunk */
    uint64_t credit; /* bytes of body that the server takes; see http__credit */
    const char *problem; /* of HTTP_FAILED, for the log: "a header's name ..." */
    uint32_t head_bytes;
    char head[HTTP_HEAD_BYTES_MAX];
};

/*
 * `frame` is the request's MF_HEAD, whole. Writes the request's head; the number of bytes, or -EMSGSIZE, or -EBADMSG for
 * what would be no request or more than one.
 */
int64_t http__begin(struct http_exchange *exchange, const uint8_t *frame, size_t size, char *to, size_t capacity);
/*
 * A piece of the request's body, or its end (`end`, maybe with a last piece), as it goes to the guest: at most
 * HTTP_PIECE_EXTRA bytes more, for which there has to be room. Returns how many.
 */
size_t http__body(struct http_exchange *exchange, const uint8_t *body, size_t size, int end, char *to, size_t capacity);

/* The server takes so many bytes more (MF_CREDIT); it begins with MF_INITIAL_CREDIT. */
void http__credit(struct http_exchange *exchange, uint32_t bytes);
/*
 * What the guest wrote: consumes some of it and writes frames (MF_HEAD, MF_CHUNK within credit, MF_END, never MF_EXIT).
 * Sets *consumed; returns the number of bytes of frames. With nothing consumed and nothing written it needs more input,
 * credit or room; what was not consumed is to be given again. Responses before the response (1xx) are skipped. `ended`: the
 * guest closed its side, and these bytes are its last. What is behind the end of a response stays.
 */
size_t http__answer(struct http_exchange *exchange, const uint8_t *bytes, size_t size, int ended, size_t *consumed,
                    uint8_t *frames, size_t capacity);

#endif
