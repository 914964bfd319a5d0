/* A guest's response, from its bytes to frames. */
#include <string.h>

#include "http.h"
#include "http_body.h"
#include "http_head.h"

/* Responses before the response: more of them are meant to cost. */
#define INTERIM_MAX 16u

static void http__fail(struct http_exchange *exchange, const char *problem) {
    exchange->phase = HTTP_FAILED;
    exchange->problem = problem;
}

/* ---- the head -------------------------------------------------------------------------------------------- */

/* Takes bytes up to the end of the head: 1 when that is there. */
static int gather(struct http_exchange *exchange, struct http_input *input) {
    while (input->at < input->size) {
        const uint8_t *from = input->bytes + input->at;
        const uint8_t *feed = memchr(from, '\n', input->size - input->at);
        size_t size = feed == NULL ? input->size - input->at : (size_t)(feed - from) + 1;
        if (size > HTTP_HEAD_BYTES_MAX - exchange->head_bytes) {
            http__fail(exchange, "its headers are too long");
            return 0;
        }
        memcpy(exchange->head + exchange->head_bytes, from, size);
        exchange->head_bytes += (uint32_t)size;
        input->at += size;
        if (!http_head__may_begin(exchange->head, exchange->head_bytes)) {
            http__fail(exchange, "it does not begin with HTTP/1.1");
            return 0;
        }
        if (feed != NULL && http_head__is_whole(exchange->head, exchange->head_bytes)) return 1;
    }
    return 0;
}

static void after_interim(struct http_exchange *exchange, uint16_t status) {
    exchange->head_bytes = 0;
    if (status == 101) http__fail(exchange, "it changes to another protocol, which nobody asked for");
    else if (++exchange->interim > INTERIM_MAX) http__fail(exchange, "too many responses come before the response");
}

static void begin_body(struct http_exchange *exchange, const struct http_head *head, struct http_frames *frames) {
    exchange->keeps_alive = head->keeps_alive;
    exchange->body_left = head->length;
    bool has_none = exchange->is_head || head->status == 204 || head->status == 304;
    if (has_none || (head->has_length && head->length == 0)) http_body__end(exchange, frames);
    else if (head->is_chunked) exchange->phase = HTTP_BODY_CHUNKED;
    else if (head->has_length) exchange->phase = HTTP_BODY_LENGTH;
    else {
        exchange->phase = HTTP_BODY_TO_END;
        exchange->keeps_alive = 0;
    }
}

static void take_head(struct http_exchange *exchange, struct http_input *input, struct http_frames *frames) {
    struct http_head head;
    uint8_t *payload = http_frames__room_for_head(frames);
    if (payload == NULL || !gather(exchange, input)) return;
    const char *problem = http_head__parse(exchange->head, exchange->head_bytes, &head, payload, HTTP_HEAD_BYTES_MAX);
    if (problem != NULL) {
        http__fail(exchange, problem);
    } else if (head.status < 200) {
        after_interim(exchange, head.status);
    } else {
        http_frames__head(frames, head.status, head.payload_size);
        exchange->head_given = 1;
        begin_body(exchange, &head, frames);
    }
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

void http__credit(struct http_exchange *exchange, uint32_t bytes) {
    exchange->credit += bytes;
}

/* The guest's side is closed, and all that it said was taken. */
static void end_of_input(struct http_exchange *exchange, struct http_frames *frames) {
    if (exchange->phase == HTTP_BODY_TO_END) http_body__end(exchange, frames);
    else if (exchange->phase == HTTP_HEAD && exchange->head_bytes == 0) http__fail(exchange, "it closed its side without one");
    else if (exchange->phase == HTTP_HEAD) http__fail(exchange, "its head ends in its middle");
    else if (exchange->phase != HTTP_DONE && exchange->phase != HTTP_FAILED) {
        http__fail(exchange, "it ends before its body is whole");
    }
}

size_t http__answer(struct http_exchange *exchange, const uint8_t *bytes, size_t size, int ended, size_t *consumed,
                    uint8_t *to, size_t capacity) {
    struct http_input input = {bytes, size, 0};
    struct http_frames frames;
    if (!http_frames__begin(&frames, to, capacity)) {
        *consumed = 0;
        return 0;
    }
    while (exchange->phase == HTTP_HEAD) {
        size_t before = input.at;
        take_head(exchange, &input, &frames);
        if (input.at == before || input.at == size) break;
    }
    const char *problem = http_body__take(exchange, &input, &frames);
    if (problem != NULL) http__fail(exchange, problem);
    if (ended && input.at == size) end_of_input(exchange, &frames);
    *consumed = input.at;
    return frames.size;
}
