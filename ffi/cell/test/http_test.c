/* HTTP for guests: as a program that says of each of its tests whether it went well. */
#include "http_test.h"

#include <stdbool.h>

struct http_exchange exchange;
struct answer answer;
char request_head[HTTP_REQUEST_HEAD_MAX + 1];
static char why[512];

void test__fail(const char *file, int line, const char *text) {
    const char *name = strrchr(file, '/');
    if (why[0] == 0) snprintf(why, sizeof why, "%s:%d: %s", name == NULL ? file : name + 1, line, text);
}

/* ---- requests -------------------------------------------------------------------------------------------- */

size_t make_frame(uint8_t *frame, int flags, const char *method, const char *url, const char *headers, const char *id) {
    const char *strings[MF_REQUEST_STRINGS] = {method, url, headers, id, ""};
    uint32_t at = sizeof(struct mf_frame) + 4 * MF_REQUEST_STRINGS;
    for (int i = 0; i < MF_REQUEST_STRINGS; i++) {
        uint32_t size = (uint32_t)strlen(strings[i]);
        memcpy(frame + sizeof(struct mf_frame) + 4 * i, &size, 4);
        memcpy(frame + at, strings[i], size);
        at += size;
    }
    struct mf_frame header = {MF_HEAD, (uint8_t)flags, 0, at - (uint32_t)sizeof header};
    memcpy(frame, &header, sizeof header);
    return at;
}

int64_t begin(int flags, const char *method, const char *url, const char *headers) {
    static uint8_t frame[4 * MF_HEAD_MAX];
    size_t size = make_frame(frame, flags, method, url, headers, "id-1");
    /* On a heap of its own, where a sanitizer sees the first byte beyond it. */
    uint8_t *copy = malloc(size);
    memcpy(copy, frame, size);
    int64_t bytes = http__begin(&exchange, copy, size, request_head, HTTP_REQUEST_HEAD_MAX);
    free(copy);
    request_head[bytes > 0 ? bytes : 0] = 0;
    return bytes;
}

/* ---- responses ------------------------------------------------------------------------------------------- */

void ask(const char *method) {
    memset(&answer, 0, sizeof answer);
    CHECK(begin(0, method, "http://h/", "") > 0);
}

static void take_body(const uint8_t *bytes, uint32_t length) {
    answer.chunks++;
    for (uint32_t i = 0; i < length; i++, answer.body_bytes++) {
        if (answer.body_bytes < sizeof answer.body - 1) answer.body[answer.body_bytes] = (char)bytes[i];
        answer.body_sum += (answer.body_bytes + 1) * bytes[i];
    }
}

static void take_frame(const struct mf_frame *frame, const uint8_t *payload) {
    CHECK(answer.ends == 0);
    switch (frame->type) {
    case MF_HEAD:
        CHECK(++answer.heads == 1);
        CHECK(frame->length <= HTTP_HEAD_BYTES_MAX);
        answer.status = frame->aux;
        answer.header_bytes = frame->length;
        memcpy(answer.headers, payload, frame->length);
        break;
    case MF_CHUNK:
        CHECK(answer.heads == 1 && frame->length > 0 && frame->length <= MF_CHUNK_MAX);
        take_body(payload, frame->length);
        break;
    case MF_END: CHECK(answer.heads == 1 && ++answer.ends == 1 && frame->length == 0); break;
    default: CHECK(!"a frame of this type");
    }
}

size_t hear(const uint8_t *bytes, size_t size, int ended, size_t capacity) {
    size_t consumed = SIZE_MAX;
    uint64_t credit = exchange.credit, body = answer.body_bytes;
    uint8_t *frames = malloc(capacity), *copy = malloc(size == 0 ? 1 : size);
    memcpy(copy, bytes, size);
    size_t written = http__answer(&exchange, copy, size, ended, &consumed, frames, capacity), at = 0;
    CHECK(written <= capacity && consumed <= size);
    while (at < written && written - at >= sizeof(struct mf_frame)) {
        struct mf_frame frame;
        memcpy(&frame, frames + at, sizeof frame);
        at += sizeof frame;
        CHECK(frame.length <= written - at);
        if (frame.length > written - at) break;
        take_frame(&frame, frames + at);
        at += (frame.length + 3) & ~3u;
    }
    CHECK(at == written);
    CHECK(answer.body_bytes - body <= credit && credit - exchange.credit == answer.body_bytes - body);
    CHECK((exchange.phase == HTTP_FAILED) == (exchange.problem != NULL));
    CHECK((exchange.phase == HTTP_DONE) == (answer.ends == 1));
    CHECK(exchange.head_given == answer.heads);
    free(frames);
    free(copy);
    return consumed;
}

void say_bytes(const uint8_t *bytes, size_t size, size_t piece, int ended) {
    size_t at = 0, given = 0;
    for (;;) {
        given = given + piece < size ? given + piece : size;
        http__credit(&exchange, MF_CHUNK_MAX);
        size_t consumed = hear(bytes + at, given - at, ended && given == size, HTTP_FRAMES_MIN);
        at += consumed;
        bool is_over = exchange.phase == HTTP_DONE || exchange.phase == HTTP_FAILED;
        if (is_over || (at == size && given == size)) return;
        if (given == size && consumed == 0) return;
    }
}

void say(const char *text) {
    say_bytes((const uint8_t *)text, strlen(text), strlen(text) + 1, 0);
}

void say_last(const char *text) {
    say_bytes((const uint8_t *)text, strlen(text), strlen(text) + 1, 1);
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

static int run(const struct test *tests) {
    int failed = 0;
    for (; tests->name != NULL; tests++) {
        why[0] = 0;
        tests->run();
        printf(why[0] == 0 ? "ok %s\n" : "not ok %s: %s\n", tests->name, why);
        fflush(stdout);
        failed += why[0] != 0;
    }
    return failed;
}

int main(void) {
    int failed = run(request_tests) + run(response_tests) + run(refusal_tests) + run(fuzz_tests);
    return failed == 0 ? 0 : 1;
}
