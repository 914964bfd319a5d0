#include "http_body.h"

#include <string.h>

#define FRAME_BYTES sizeof(struct mf_frame)
#define NO_CHUNK SIZE_MAX

/* ---- frames ---------------------------------------------------------------------------------------------- */

static size_t padded(size_t size) {
    return (size + 3) & ~(size_t)3;
}

bool http_frames__begin(struct http_frames *frames, uint8_t *bytes, size_t capacity) {
    if (capacity < FRAME_BYTES) return false;
    *frames = (struct http_frames){bytes, (capacity - FRAME_BYTES) & ~(size_t)3, 0, NO_CHUNK, 0};
    return true;
}

/* The payload of a frame at `at` is in place. */
static void finish(struct http_frames *frames, size_t at, enum mf_frame_type type, uint16_t aux, size_t length) {
    struct mf_frame header = {.type = (uint8_t)type, .aux = aux, .length = (uint32_t)length};
    uint8_t *payload = frames->bytes + at + FRAME_BYTES;
    memcpy(frames->bytes + at, &header, sizeof header);
    memset(payload + length, 0, padded(length) - length);
    frames->size = at + FRAME_BYTES + padded(length);
    frames->chunk = type == MF_CHUNK ? at : NO_CHUNK;
    frames->chunk_length = length;
}

uint8_t *http_frames__room_for_head(struct http_frames *frames) {
    if (frames->capacity - frames->size < FRAME_BYTES + HTTP_HEAD_BYTES_MAX) return NULL;
    return frames->bytes + frames->size + FRAME_BYTES;
}

void http_frames__head(struct http_frames *frames, uint16_t status, size_t size) {
    finish(frames, frames->size, MF_HEAD, status, size);
}

/* Chunks of a guest's that come together are one frame: a frame costs the server more than its bytes do. */
static size_t chunk(struct http_frames *frames, const uint8_t *bytes, size_t size) {
    bool extends = frames->chunk != NO_CHUNK && frames->chunk_length < MF_CHUNK_MAX;
    size_t at = extends ? frames->chunk : frames->size, length = extends ? frames->chunk_length : 0;
    size_t end = at + FRAME_BYTES + length;
    size_t room = frames->capacity > end ? frames->capacity - end : 0;
    if (room > MF_CHUNK_MAX - length) room = MF_CHUNK_MAX - length;
    if (size > room) size = room;
    if (size == 0) return 0;
    memcpy(frames->bytes + end, bytes, size);
    finish(frames, at, MF_CHUNK, 0, length + size);
    return size;
}

void http_body__end(struct http_exchange *exchange, struct http_frames *frames) {
    frames->capacity += FRAME_BYTES; /* that was kept for it */
    finish(frames, frames->size, MF_END, 0, 0);
    exchange->phase = HTTP_DONE;
}

/* At most `most` bytes of the body, as they are. */
static uint64_t pass(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames,
                     uint64_t most) {
    uint64_t passed = 0;
    for (;;) {
        uint64_t size = input->size - input->at;
        if (size > most - passed) size = most - passed;
        if (size > exchange->credit) size = exchange->credit;
        size_t taken = chunk(frames, input->bytes + input->at, (size_t)size);
        if (taken == 0) return passed;
        input->at += taken;
        exchange->credit -= taken;
        passed += taken;
    }
}

/* ---- chunks ---------------------------------------------------------------------------------------------- */

enum chunk_state {
    CHUNK_SIZE = 0, /* hexadecimal digits */
    CHUNK_EXTENSION,
    CHUNK_SIZE_FEED,
    CHUNK_DATA,
    CHUNK_DATA_RETURN,
    CHUNK_DATA_FEED,
    TRAILER_START,
    TRAILER_LINE,
    TRAILER_LINE_FEED,
    TRAILER_END_FEED,
};

#define SIZE_DIGITS_MAX 15u
#define EXTENSIONS_MAX 4096u
#define TRAILERS_MAX 8192u

static int hex_value(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    uint8_t small = byte | 0x20;
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static const char *size_byte(struct http_exchange *exchange, uint8_t byte) {
    int digit = hex_value(byte);
    if (digit >= 0) {
        if (++exchange->line_bytes > SIZE_DIGITS_MAX) return "a chunk's size is no number of bytes";
        exchange->body_left = exchange->body_left << 4 | (uint64_t)digit;
        return NULL;
    }
    bool ends = byte == '\r' || byte == ';' || byte == ' ' || byte == '\t';
    if (exchange->line_bytes == 0 || !ends) return "a chunk's size is no number of bytes";
    exchange->chunk_state = byte == '\r' ? CHUNK_SIZE_FEED : CHUNK_EXTENSION;
    return NULL;
}

/* Of what nobody reads: a chunk's extensions, the trailers. */
static const char *idle_byte(struct http_exchange *exchange, uint8_t byte, enum chunk_state at_return, uint32_t most) {
    if (byte == '\r') {
        exchange->chunk_state = (uint8_t)at_return;
        return NULL;
    }
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return "a line between its chunks has a control character";
    return ++exchange->line_bytes > most ? "a line between its chunks is too long" : NULL;
}

static const char *expect(struct http_exchange *exchange, uint8_t byte, char wanted, enum chunk_state next) {
    if (byte != (uint8_t)wanted) return "its chunks are not where their sizes say";
    exchange->chunk_state = (uint8_t)next;
    return NULL;
}

static const char *begin_chunk(struct http_exchange *exchange, uint8_t byte) {
    exchange->line_bytes = 0;
    return expect(exchange, byte, '\n', exchange->body_left == 0 ? TRAILER_START : CHUNK_DATA);
}

static const char *framing_byte(struct http_exchange *exchange, uint8_t byte) {
    switch ((enum chunk_state)exchange->chunk_state) {
    case CHUNK_SIZE: return size_byte(exchange, byte);
    case CHUNK_EXTENSION: return idle_byte(exchange, byte, CHUNK_SIZE_FEED, EXTENSIONS_MAX);
    case CHUNK_SIZE_FEED: return begin_chunk(exchange, byte);
    case CHUNK_DATA_RETURN: return expect(exchange, byte, '\r', CHUNK_DATA_FEED);
    case CHUNK_DATA_FEED: return expect(exchange, byte, '\n', CHUNK_SIZE);
    case TRAILER_START:
        if (byte != '\r') exchange->chunk_state = TRAILER_LINE;
        return byte == '\r' ? expect(exchange, byte, '\r', TRAILER_END_FEED)
                            : idle_byte(exchange, byte, TRAILER_LINE_FEED, TRAILERS_MAX);
    case TRAILER_LINE: return idle_byte(exchange, byte, TRAILER_LINE_FEED, TRAILERS_MAX);
    case TRAILER_LINE_FEED: return expect(exchange, byte, '\n', TRAILER_START);
    case CHUNK_DATA:
    case TRAILER_END_FEED: break;
    }
    return "its chunks are not where their sizes say";
}

/* False: there is nothing to do for it now. */
static bool take_data(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames) {
    uint64_t passed = pass(exchange, input, frames, exchange->body_left);
    exchange->body_left -= passed;
    if (exchange->body_left == 0) exchange->chunk_state = CHUNK_DATA_RETURN;
    return passed > 0;
}

static const char *take_chunks(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames) {
    while (input->at < input->size) {
        if (exchange->chunk_state == CHUNK_DATA) {
            if (!take_data(exchange, input, frames)) return NULL;
            continue;
        }
        uint8_t byte = input->bytes[input->at++];
        if (exchange->chunk_state == TRAILER_END_FEED && byte == '\n') {
            http_body__end(exchange, frames);
            return NULL;
        }
        const char *problem = framing_byte(exchange, byte);
        if (problem != NULL) return problem;
    }
    return NULL;
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

const char *http_body__take(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames) {
    switch ((enum http_phase)exchange->phase) {
    case HTTP_BODY_LENGTH:
        exchange->body_left -= pass(exchange, input, frames, exchange->body_left);
        if (exchange->body_left == 0) http_body__end(exchange, frames);
        return NULL;
    case HTTP_BODY_CHUNKED: return take_chunks(exchange, input, frames);
    case HTTP_BODY_TO_END: pass(exchange, input, frames, UINT64_MAX); return NULL;
    case HTTP_HEAD:
    case HTTP_DONE:
    case HTTP_FAILED: return NULL;
    }
    return NULL;
}
