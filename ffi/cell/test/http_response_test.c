/* Responses, from bytes to frames. */
#include "http_test.h"

#define OK "HTTP/1.1 200 OK\r\n"

static int is_whole(const char *headers, const char *body) {
    return exchange.phase == HTTP_DONE && answer.ends == 1 && strcmp(answer.headers, headers) == 0 &&
           strcmp(answer.body, body) == 0;
}

static void a_length_ends_a_body(void) {
    ask("GET");
    say(OK "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(answer.status == 200 && is_whole("content-type\ntext/plain\ncontent-length\n5\n", "hello"));
    CHECK(exchange.keeps_alive);
}

static void chunks_end_a_body(void) {
    ask("GET");
    say(OK "Transfer-Encoding: chunked\r\n\r\n"
           "5\r\nhello\r\n00A;a=\"b c\";d\r\n, you! 123\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\n");
    CHECK(is_whole("", "hello, you! 123"));
    CHECK(answer.chunks == 1); /* that came together */
}

static void the_end_ends_a_body(void) {
    ask("GET");
    say("HTTP/1.0 200 OK\r\nX: y\r\n\r\nhel");
    CHECK(exchange.phase == HTTP_BODY_TO_END && strcmp(answer.body, "hel") == 0);
    say_last("lo");
    CHECK(is_whole("x\ny\n", "hello") && !exchange.keeps_alive);
}

static void an_empty_end_ends_a_body(void) {
    ask("GET");
    say("HTTP/1.1 200 OK\r\n\r\nhello");
    say_last("");
    CHECK(is_whole("", "hello"));
}

static void some_responses_have_no_body(void) {
    static const char *const NONE[] = {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n",
                                       OK "Content-Length: 0\r\n\r\n",
                                       "HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\n\r\n"};
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        ask("GET");
        say(NONE[i]);
        CHECK(exchange.phase == HTTP_DONE && answer.body_bytes == 0);
    }
    ask("HEAD");
    say(OK "Content-Length: 5\r\n\r\n");
    CHECK(is_whole("content-length\n5\n", ""));
}

static void responses_before_the_response_are_skipped(void) {
    ask("GET");
    say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK "Content-Length: 2\r\n\r\nok");
    CHECK(answer.status == 200 && is_whole("content-length\n2\n", "ok"));
}

static void what_is_behind_a_response_stays(void) {
    static const char TEXT[] = OK "Content-Length: 2\r\n\r\nokHTTP/1.1 500 X\r\n\r\n";
    ask("GET");
    CHECK(hear((const uint8_t *)TEXT, sizeof TEXT - 1, 0, HTTP_FRAMES_MIN) == strlen(OK "Content-Length: 2\r\n\r\nok"));
    CHECK(hear((const uint8_t *)TEXT, sizeof TEXT - 1, 1, HTTP_FRAMES_MIN) == 0);
    CHECK(is_whole("content-length\n2\n", "ok"));
}

static void the_same_in_any_pieces(void) {
    static const char TEXT[] = "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 201 Made\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n";
    for (size_t piece = 1; piece < sizeof TEXT; piece++) {
        ask("GET");
        say_bytes((const uint8_t *)TEXT, sizeof TEXT - 1, piece, 0);
        CHECK(answer.status == 201 && is_whole("a\nb\n", "abcd"));
    }
}

static void line_feeds_alone_end_lines_of_a_head(void) {
    ask("GET");
    say("HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nok");
    CHECK(is_whole("a\nb\ncontent-length\n2\n", "ok"));
}

static void headers_are_read_as_they_are_meant(void) {
    ask("GET");
    say(OK "X-EMPTY:\r\nx-space: \t a\tb \t\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
           "X-High: \xe9\r\nContent-Length: 0\r\n\r\n");
    CHECK(is_whole("x-empty\n\nx-space\na\tb\nset-cookie\na=1\nset-cookie\nb=2\nx-high\n\xc3\xa9\n"
                   "content-length\n0\n",
                   ""));
}

static void what_concerns_one_connection_stays_behind(void) {
    ask("GET");
    say(OK "Connection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n"
           "Upgrade: h2c\r\nTrailer: T\r\nContent-Length: 0\r\n\r\n");
    CHECK(is_whole("content-length\n0\n", "") && !exchange.keeps_alive);
}

static void an_old_program_keeps_alive_when_it_says_so(void) {
    ask("GET");
    say("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n");
    CHECK(exchange.keeps_alive);
    ask("GET");
    say("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(!exchange.keeps_alive);
}

static void the_same_length_twice_is_one(void) {
    ask("GET");
    say(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok");
    CHECK(is_whole("content-length\n2\n", "ok"));
}

/* Without credit nothing is taken, and with some that much. */
static void credit_is_kept(void) {
    static uint8_t body[MF_INITIAL_CREDIT + 1000];
    ask("GET");
    memset(body, 'x', sizeof body);
    say(OK "\r\n");
    exchange.credit = 0; /* what `say` gave is of no interest here */
    CHECK(hear(body, sizeof body, 0, 2 * sizeof body) == 0);
    http__credit(&exchange, 10);
    CHECK(hear(body, sizeof body, 0, 2 * sizeof body) == 10);
    CHECK(hear(body, sizeof body, 0, 2 * sizeof body) == 0 && answer.body_bytes == 10);
    CHECK(hear(body, 0, 1, 2 * sizeof body) == 0 && exchange.phase == HTTP_DONE);
}

static void an_exchange_begins_with_credit(void) {
    static uint8_t body[MF_INITIAL_CREDIT + 1000];
    static const char HEAD[] = OK "\r\n";
    ask("GET");
    CHECK(hear((const uint8_t *)HEAD, sizeof HEAD - 1, 0, HTTP_FRAMES_MIN) == sizeof HEAD - 1);
    CHECK(hear(body, sizeof body, 0, 2 * sizeof body) == MF_INITIAL_CREDIT);
}

static void too_little_room_is_waited_for(void) {
    static const char HEAD[] = OK "Content-Length: 6\r\n\r\n";
    ask("GET");
    CHECK(hear((const uint8_t *)HEAD, sizeof HEAD - 1, 0, 1000) == 0);
    CHECK(hear((const uint8_t *)HEAD, sizeof HEAD - 1, 0, 0) == 0);
    CHECK(hear((const uint8_t *)HEAD, sizeof HEAD - 1, 0, HTTP_FRAMES_MIN) == sizeof HEAD - 1);
    CHECK(hear((const uint8_t *)"abcdef", 6, 0, 19) == 0);
    CHECK(hear((const uint8_t *)"abcdef", 6, 0, 20) == 4);
    CHECK(hear((const uint8_t *)"ef", 2, 0, 20) == 2 && strcmp(answer.body, "abcdef") == 0 && answer.ends == 1);
}

static void a_large_body_is_in_large_chunks(void) {
    size_t size = 1000000, at = 0;
    uint8_t *bytes = malloc(size + 100);
    at += (size_t)sprintf((char *)bytes, OK "Content-Length: %zu\r\n\r\n", size);
    memset(bytes + at, 'x', size);
    ask("GET");
    http__credit(&exchange, (uint32_t)size);
    CHECK(hear(bytes, at + size, 0, 2 * size) == at + size);
    CHECK(answer.body_bytes == size && answer.chunks == 16 && answer.ends == 1);
    free(bytes);
}

const struct test response_tests[] = {
    {"a length ends a body", a_length_ends_a_body},
    {"chunks end a body", chunks_end_a_body},
    {"the end ends a body", the_end_ends_a_body},
    {"an empty end ends a body", an_empty_end_ends_a_body},
    {"some responses have no body", some_responses_have_no_body},
    {"responses before the response are skipped", responses_before_the_response_are_skipped},
    {"what is behind a response stays", what_is_behind_a_response_stays},
    {"a response is the same in any pieces", the_same_in_any_pieces},
    {"line feeds alone end lines of a head", line_feeds_alone_end_lines_of_a_head},
    {"headers are read as they are meant", headers_are_read_as_they_are_meant},
    {"what concerns one connection of a response stays behind", what_concerns_one_connection_stays_behind},
    {"an old program keeps alive when it says so", an_old_program_keeps_alive_when_it_says_so},
    {"the same length twice is one", the_same_length_twice_is_one},
    {"credit is kept", credit_is_kept},
    {"an exchange begins with credit", an_exchange_begins_with_credit},
    {"too little room is waited for", too_little_room_is_waited_for},
    {"a large body is in large chunks", a_large_body_is_in_large_chunks},
    {NULL, NULL},
};
