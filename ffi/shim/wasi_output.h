/*
 * What a WASI command writes, as frames: its standard output is a CGI response, its standard error are lines of the
 * log. The frames go straight into the slot of the step that runs.
 */
#ifndef MAYFLY_WASI_OUTPUT_H
#define MAYFLY_WASI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "mayfly.h"

/* Status line and headers of a response, as the guest writes them. */
#define WASI_HEADER_BYTES_MAX (32u << 10)
#define WASI_NO_FRAME UINT32_MAX

struct wasi_output {
    uint8_t *frames; /* MF_GUEST_OUT_BYTES of a slot */
    uint32_t length;
    uint32_t chunk_at; /* the last frame, if it is a CHUNK that can grow */
    uint32_t credit;
    bool has_head, is_head_of_this_step;
    const char *problem; /* why this is no response */

    uint32_t header_length;
    uint32_t line_length;
    uint32_t log_left; /* bytes of lines that are still taken */
    uint32_t lines_dropped;
    uint8_t header[WASI_HEADER_BYTES_MAX];
    uint8_t line[MF_LOG_MAX];
};

void wasi_output__init(struct wasi_output *output, uint32_t log_bytes);
/* A step begins. */
void wasi_output__begin(struct wasi_output *output, uint8_t *frames);

/* How many of the bytes were taken: none when the reader of the response has to take some first. */
uint32_t wasi_output__stdout(struct wasi_output *output, const uint8_t *bytes, uint32_t length);
/* The same; none when the frames of this step are too many already. */
uint32_t wasi_output__stderr(struct wasi_output *output, const uint8_t *bytes, uint32_t length);

/* More of the request's body can come. */
void wasi_output__credit(struct wasi_output *output, uint32_t bytes);
/* The last line, even if it has no end, and how many there was no room for. */
void wasi_output__end_log(struct wasi_output *output);
void wasi_output__log(struct wasi_output *output, enum mf_log_level level, const char *text, uint32_t length);
/* The response is complete: END and EXIT; or it is none after all: EXIT says why. */
void wasi_output__end(struct wasi_output *output);
/* The guest has failed: what nobody has seen of its response is taken back. */
void wasi_output__fail(struct wasi_output *output, enum mf_exit_code code, const char *text);

#endif
