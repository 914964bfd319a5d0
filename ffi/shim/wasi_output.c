#include "wasi_output.h"

#include <stdio.h>
#include <string.h>

#include "wasi_cgi.h"

/* Of a step's frames this is kept for a response's head, a chunk, and what ends the request. */
#define KEPT_BYTES (160u << 10)

void wasi_output__init(struct wasi_output *output, uint32_t log_bytes) {
    output->credit = MF_INITIAL_CREDIT;
    output->has_head = output->is_head_of_this_step = false;
    output->problem = NULL;
    output->header_length = output->line_length = output->lines_dropped = 0;
    output->log_left = log_bytes;
}

void wasi_output__begin(struct wasi_output *output, uint8_t *frames) {
    output->frames = frames;
    output->length = 0;
    output->chunk_at = WASI_NO_FRAME;
    output->is_head_of_this_step = false;
}

/* ---- frames -------------------------------------------------------------------------------------------- */

static uint32_t frame__padded(uint32_t length) {
    return (length + 3) & ~UINT32_C(3);
}

static void output__set_frame(struct wasi_output *output, uint32_t at, uint8_t type, uint16_t aux, uint32_t length) {
    struct mf_frame frame = {.type = type, .aux = aux, .length = length};
    memcpy(output->frames + at, &frame, sizeof frame);
    uint8_t *end = output->frames + at + sizeof frame + length;
    memset(end, 0, frame__padded(length) - length);
    output->length = at + (uint32_t)sizeof frame + frame__padded(length);
}

static uint8_t *output__payload(struct wasi_output *output) {
    return output->frames + output->length + sizeof(struct mf_frame);
}

/* The text without the character at its end that was cut apart, if one was. */
static uint32_t text__whole(const uint8_t *text, uint32_t length) {
    uint32_t begin = length;
    while (begin > 0 && length - begin < 3 && (text[begin - 1] & 0xc0) == 0x80) begin--;
    if (begin == 0) return length;
    uint8_t first = text[--begin];
    uint32_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return bytes > length - begin ? begin : length;
}

/* The payload is in its place. */
static void output__add_frame(struct wasi_output *output, uint8_t type, uint16_t aux, uint32_t length) {
    output->chunk_at = WASI_NO_FRAME;
    output__set_frame(output, output->length, type, aux, length);
}

static void output__add_text(struct wasi_output *output, uint8_t type, uint16_t aux, const char *text,
                             uint32_t length) {
    uint32_t room = MF_GUEST_OUT_BYTES - output->length - (uint32_t)sizeof(struct mf_frame) - 4;
    if (room > MF_LOG_MAX) room = MF_LOG_MAX;
    if (length > room) length = text__whole((const uint8_t *)text, room);
    memcpy(output__payload(output), text, length);
    output__add_frame(output, type, aux, length);
}

static uint32_t output__add_body(struct wasi_output *output, const uint8_t *bytes, uint32_t length) {
    if (length > output->credit) length = output->credit;
    uint32_t before = 0, at = output->chunk_at;
    if (at == WASI_NO_FRAME) {
        at = output->length;
    } else {
        struct mf_frame frame;
        memcpy(&frame, output->frames + at, sizeof frame);
        before = frame.length;
    }
    if (length > MF_CHUNK_MAX - before) length = MF_CHUNK_MAX - before;
    uint32_t end = at + (uint32_t)sizeof(struct mf_frame) + before;
    uint32_t limit = MF_GUEST_OUT_BYTES - 2 * MF_LOG_MAX;
    uint32_t room = end < limit ? limit - end : 0;
    if (length > room) length = room;
    if (length == 0) return 0;
    memcpy(output->frames + end, bytes, length);
    output__set_frame(output, at, MF_CHUNK, 0, before + length);
    output->chunk_at = at;
    output->credit -= length;
    return length;
}

/* ---- standard output --------------------------------------------------------------------------------------- */

/* Up to the empty line that ends them. Returns how many of the bytes are of the headers. */
static uint32_t output__take_header(struct wasi_output *output, const uint8_t *bytes, uint32_t length, bool *is_whole) {
    uint32_t taken = 0;
    *is_whole = false;
    while (taken < length && !*is_whole && output->header_length < WASI_HEADER_BYTES_MAX) {
        uint8_t byte = bytes[taken++];
        output->header[output->header_length++] = byte;
        *is_whole = byte == '\n' && wasi_cgi__is_whole(output->header, output->header_length);
    }
    return taken;
}

uint32_t wasi_output__stdout(struct wasi_output *output, const uint8_t *bytes, uint32_t length) {
    uint32_t taken = 0;
    if (output->problem != NULL) return length;
    if (!output->has_head) {
        bool is_whole;
        taken = output__take_header(output, bytes, length, &is_whole);
        if (!is_whole) {
            if (output->header_length == WASI_HEADER_BYTES_MAX) output->problem = "its headers are too long";
            return length;
        }
        uint16_t status;
        int64_t head = wasi_cgi__parse(output->header, output->header_length, output__payload(output), &status,
                                       &output->problem);
        if (head < 0) return length;
        output__add_frame(output, MF_HEAD, status, (uint32_t)head);
        output->has_head = output->is_head_of_this_step = true;
    }
    while (taken < length) {
        uint32_t more = output__add_body(output, bytes + taken, length - taken);
        if (more == 0 && output->chunk_at == WASI_NO_FRAME) break;
        if (more == 0) {
            /* The frame is full, or the credit is used up: a new frame tells which. */
            output->chunk_at = WASI_NO_FRAME;
        }
        taken += more;
    }
    return taken;
}

/* ---- standard error --------------------------------------------------------------------------------------------- */

void wasi_output__log(struct wasi_output *output, enum mf_log_level level, const char *text, uint32_t length) {
    output__add_text(output, MF_LOG, (uint16_t)level, text, length);
}

static void output__end_line(struct wasi_output *output) {
    uint32_t length = output->line_length;
    output->line_length = 0;
    if (length == MF_LOG_MAX) length = text__whole(output->line, length);
    uint32_t cost = length > MF_LOG_LINE_COST ? length : MF_LOG_LINE_COST;
    if (cost > output->log_left) {
        output->log_left = 0;
        output->lines_dropped++;
        return;
    }
    output->log_left -= cost;
    wasi_output__log(output, MF_LOG_INFO, (const char *)output->line, length);
}

uint32_t wasi_output__stderr(struct wasi_output *output, const uint8_t *bytes, uint32_t length) {
    uint32_t taken = 0;
    while (taken < length) {
        if (output->length + MF_LOG_MAX + sizeof(struct mf_frame) > MF_GUEST_OUT_BYTES - KEPT_BYTES) break;
        const uint8_t *end = memchr(bytes + taken, '\n', length - taken);
        uint32_t part = (end == NULL ? length : (uint32_t)(end - bytes)) - taken;
        uint32_t room = MF_LOG_MAX - output->line_length;
        uint32_t kept = part < room ? part : room; /* what is longer is cut off */
        memcpy(output->line + output->line_length, bytes + taken, kept);
        output->line_length += kept;
        taken += part;
        if (end == NULL) break;
        taken++;
        output__end_line(output);
    }
    return taken;
}

void wasi_output__end_log(struct wasi_output *output) {
    if (output->line_length > 0) output__end_line(output);
    if (output->lines_dropped == 0) return;
    char text[64];
    int length = snprintf(text, sizeof text, "%u more lines were dropped", output->lines_dropped);
    output->lines_dropped = 0;
    wasi_output__log(output, MF_LOG_WARN, text, (uint32_t)length);
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

void wasi_output__credit(struct wasi_output *output, uint32_t bytes) {
    memcpy(output__payload(output), &bytes, sizeof bytes);
    output__add_frame(output, MF_CREDIT, 0, sizeof bytes);
}

void wasi_output__end(struct wasi_output *output) {
    if (!output->has_head && output->problem == NULL) {
        output->problem = output->header_length == 0 ? "it wrote nothing to its standard output"
                                                     : "what it wrote has no empty line after its headers";
    }
    if (output->problem != NULL) {
        output__add_text(output, MF_EXIT, MF_EXIT_BAD_RESPONSE, output->problem, (uint32_t)strlen(output->problem));
        return;
    }
    output__add_frame(output, MF_END, 0, 0);
    output__add_frame(output, MF_EXIT, MF_EXIT_OK, 0);
}

/* Leaves only the log's frames of this step. */
static void output__take_back(struct wasi_output *output) {
    uint32_t kept = 0;
    for (uint32_t at = 0; at < output->length;) {
        struct mf_frame frame;
        memcpy(&frame, output->frames + at, sizeof frame);
        uint32_t bytes = (uint32_t)sizeof frame + frame__padded(frame.length);
        if (frame.type == MF_LOG) {
            memmove(output->frames + kept, output->frames + at, bytes);
            kept += bytes;
        }
        at += bytes;
    }
    output->length = kept;
}

void wasi_output__fail(struct wasi_output *output, enum mf_exit_code code, const char *text) {
    if (output->is_head_of_this_step) output__take_back(output);
    output__add_text(output, MF_EXIT, (uint16_t)code, text, (uint32_t)strlen(text));
}
