/*
 * Responses from a grammar, some of them damaged, in any pieces: the sanitizers watch, every frame can be read, and what
 * came out does not depend on the pieces.
 */
#include "http_test.h"

#define ROUNDS 20000u
#define TEXT_MAX 4096u

static uint32_t seed;

static uint32_t random_below(uint32_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % limit;
}

static uint8_t text[TEXT_MAX];
static size_t text_size;

static void add(const char *words) {
    size_t size = strlen(words);
    if (size > TEXT_MAX - text_size) return;
    memcpy(text + text_size, words, size);
    text_size += size;
}

static const char *pick(const char *const *words, uint32_t count) {
    return words[random_below(count)];
}
#define PICK(words) pick(words, sizeof(words) / sizeof *(words))

static void add_body(uint32_t size) {
    for (uint32_t i = 0; i < size && text_size < TEXT_MAX; i++) text[text_size++] = (uint8_t)random_below(256);
}

static void add_chunks(void) {
    static const char *const EXTENSIONS[] = {"", "", "", ";a", ";a=\"b\"", " ", "\n"};
    for (uint32_t chunks = random_below(5); chunks > 0; chunks--) {
        char line[16];
        uint32_t size = random_below(200) + 1;
        snprintf(line, sizeof line, random_below(2) ? "%x" : "%04X", size);
        add(line);
        add(PICK(EXTENSIONS));
        add("\r\n");
        add_body(size);
        add("\r\n");
    }
    static const char *const ENDS[] = {"0\r\n\r\n", "0\r\nA: b\r\n\r\n", "00;x\r\n\r\n", "", "0\r\n"};
    add(PICK(ENDS));
}

static void make_response(void) {
    static const char *const STATUS[] = {"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204\r\n",
                                         "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 404 N\r\n", "HTTP/1.1 304 N\n",
                                         "HTTP/1.1 999\r\n"};
    static const char *const LINES[] = {"A: b\r\n", "Set-Cookie: c=d\n", "X-\xe9: 1\r\n", "E:\r\n", "V: \xff\xfe\r\n",
                                        "Connection: close\r\n", " fold\r\n", "Content-Length: 7\r\n"};
    static const char *const FRAMING[] = {"Content-Length: 50\r\n", "Transfer-Encoding: chunked\r\n", "",
                                          "Content-Length: 0\r\n",
                                          "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n"};
    text_size = 0;
    add(PICK(STATUS));
    for (uint32_t lines = random_below(4); lines > 0; lines--) add(LINES[random_below(random_below(4) ? 5 : 8)]);
    const char *framing = PICK(FRAMING);
    add(framing);
    add("\r\n");
    if (strstr(framing, "chunked") != NULL) add_chunks();
    else add_body(random_below(100));
}

static void damage(void) {
    static const uint8_t BYTES[] = {0, '\r', '\n', ':', ' ', '0', 'f', ';', 0x7f, 0x80, ','};
    for (uint32_t times = random_below(4); times > 0 && text_size > 0; times--) {
        size_t at = random_below((uint32_t)text_size);
        switch (random_below(3)) {
        case 0: text[at] = BYTES[random_below(sizeof BYTES)]; break;
        case 1: text_size = at; break;
        default:
            memmove(text + at, text + at + 1, text_size - at - 1);
            text_size--;
        }
    }
}

/* In pieces of any size, with any credit and room, until nothing moves any more. */
static void hear_in_pieces(int ended) {
    size_t at = 0, given = 0;
    for (int idle = 0; idle < 50;) {
        given += random_below(400);
        if (given > text_size) given = text_size;
        http__credit(&exchange, random_below(300));
        size_t body = answer.body_bytes;
        size_t capacity = random_below(4) == 0 ? random_below(64) : HTTP_FRAMES_MIN + random_below(2000);
        size_t consumed = hear(text + at, given - at, ended && given == text_size, capacity);
        at += consumed;
        idle = consumed > 0 || answer.body_bytes > body || given < text_size ? 0 : idle + 1;
        if (exchange.phase == HTTP_DONE || exchange.phase == HTTP_FAILED) return;
    }
}

static void any_response_in_any_pieces(void) {
    static struct answer whole;
    for (seed = 1; seed <= ROUNDS; seed++) {
        uint32_t round = seed;
        seed = round * 2654435761u | 1;
        make_response();
        if (random_below(2)) damage();
        int ended = random_below(4) != 0;
        const char *method = random_below(8) ? "GET" : "HEAD";
        ask(method);
        say_bytes(text, text_size, text_size + 1, ended);
        uint8_t phase = exchange.phase;
        const char *problem = exchange.problem;
        whole = answer;
        ask(method);
        hear_in_pieces(ended);
        CHECK(phase == exchange.phase && problem == exchange.problem);
        CHECK(whole.body_bytes == answer.body_bytes && whole.body_sum == answer.body_sum);
        CHECK(whole.status == answer.status && strcmp(whole.headers, answer.headers) == 0);
        seed = round;
    }
}

/* A head's frame with any bytes changed: a request of one head comes of it, or none. */
static void any_request_frame(void) {
    uint8_t frame[512], hurt[512];
    size_t size = make_frame(frame, MF_HEAD_HAS_BODY, "POST", "http://host:1/path?q=1",
                             "accept\n*/*\nconnection\nx-a, close\nx-a\n1\ncontent-length\n12\n", "id");
    for (seed = 1; seed <= ROUNDS; seed++) {
        uint32_t round = seed;
        seed = round * 2654435761u | 1;
        memcpy(hurt, frame, size);
        for (uint32_t times = 1 + random_below(3); times > 0; times--) {
            hurt[random_below((uint32_t)size)] = (uint8_t)(random_below(2) ? random_below(256) : random_below(64));
        }
        int64_t bytes = http__begin(&exchange, hurt, size, request_head, HTTP_REQUEST_HEAD_MAX);
        seed = round;
        if (bytes < 0) continue;
        request_head[bytes] = 0;
        CHECK(strlen(request_head) == (size_t)bytes);
        CHECK(strstr(request_head, "\r\n\r\n") == request_head + bytes - 4);
        for (int64_t i = 0; i < bytes; i++) {
            CHECK(request_head[i] != '\n' || (i > 0 && request_head[i - 1] == '\r'));
            CHECK(request_head[i] != '\r' || request_head[i + 1] == '\n');
        }
    }
}

const struct test fuzz_tests[] = {
    {"any response is the same in any pieces", any_response_in_any_pieces},
    {"of any frame comes one request or none", any_request_frame},
    {NULL, NULL},
};
