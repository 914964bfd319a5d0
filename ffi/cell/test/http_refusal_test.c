/* Responses that are none, and those that two readers could read in two ways. */
#include "http_test.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static int fails(const char *problem) {
    int told = exchange.phase == HTTP_FAILED && exchange.problem != NULL && strstr(exchange.problem, problem) != NULL;
    if (!told) fprintf(stderr, "%s, not %s\n", exchange.problem == NULL ? "nothing" : exchange.problem, problem);
    return told;
}

static void wrong(const char *text, const char *problem) {
    ask("GET");
    say(text);
    CHECK(fails(problem));
}

static void what_is_no_response_is_refused_at_once(void) {
    wrong("forty-two", "does not begin with HTTP/1.1");
    wrong("\r\n", "does not begin with HTTP/1.1");
    wrong("HTTP/2 200\r\n\r\n", "does not begin with HTTP/1.1");
    wrong("HTTP/1.2 200 OK\r\n\r\n", "neither 1.0 nor 1.1");
    wrong("HTTP/1.1\r\n\r\n", "first line");
    wrong("HTTP/1.1  200 OK\r\n\r\n", "status");
    wrong("HTTP/1.1 20 OK\r\n\r\n", "status");
    wrong("HTTP/1.1 2000 OK\r\n\r\n", "status");
    wrong("HTTP/1.1 -20 OK\r\n\r\n", "status");
    wrong("HTTP/1.1 600 OK\r\n\r\n", "100 to 599");
    wrong("HTTP/1.1 099 OK\r\n\r\n", "100 to 599");
}

static void lines_that_are_no_headers_are_refused(void) {
    wrong(OK "no colon\r\n\r\n", "no colon");
    wrong(OK "A : b\r\n\r\n", "or a space");
    wrong(OK "A\t: b\r\n\r\n", "or a space");
    wrong(OK ": b\r\n\r\n", "name");
    wrong(OK "A b: c\r\n\r\n", "name");
    wrong(OK "\xc3\xa9: c\r\n\r\n", "name");
    wrong(OK "A: b\r\n folded\r\n\r\n", "begins with a space");
    wrong(OK " A: b\r\n\r\n", "begins with a space");
    wrong(OK "A: b\rC: d\r\n\r\n", "control");
    wrong(OK "A: \x01\r\n\r\n", "control");
    wrong(OK "A: \x7f\r\n\r\n", "control");
    static const char NUL[] = OK "A: b\0c\r\n\r\n";
    ask("GET");
    say_bytes((const uint8_t *)NUL, sizeof NUL - 1, sizeof NUL, 0);
    CHECK(fails("control"));
}

static void a_body_of_two_lengths_is_refused(void) {
    wrong(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "both");
    wrong(OK "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", "both");
    wrong(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "two different");
    wrong(OK "Content-Length: 5, 5\r\n\r\n", "no number");
    wrong(OK "Content-Length: 5, 6\r\n\r\n", "no number");
    wrong(OK "Content-Length: -5\r\n\r\n", "no number");
    wrong(OK "Content-Length: +5\r\n\r\n", "no number");
    wrong(OK "Content-Length: 0x5\r\n\r\n", "no number");
    wrong(OK "Content-Length: 5 5\r\n\r\n", "no number");
    wrong(OK "Content-Length:\r\n\r\n", "no number");
    wrong(OK "Content-Length: 18446744073709551621\r\n\r\n", "no number");
    wrong(OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "not chunked");
    wrong(OK "Transfer-Encoding: identity\r\n\r\n", "not chunked");
    wrong(OK "Transfer-Encoding:\r\n\r\n", "not chunked");
    wrong(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "two transfer-encodings");
    wrong("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0");
}

static void chunks_that_are_none_are_refused(void) {
    wrong(CHUNKED "x\r\n", "size");
    wrong(CHUNKED "\r\n", "size");
    wrong(CHUNKED "-1\r\n", "size");
    wrong(CHUNKED " 1\r\n", "size");
    wrong(CHUNKED "0x1\r\n", "size");
    wrong(CHUNKED "1g\r\n", "size");
    wrong(CHUNKED "1000000000000000\r\n", "size");
    wrong(CHUNKED "1\n", "size");
    wrong(CHUNKED "1;a\nb\r\n", "control");
    wrong(CHUNKED "1\ra", "where their sizes say");
    wrong(CHUNKED "1\r\nab", "where their sizes say");
    wrong(CHUNKED "1\r\na\n", "where their sizes say");
    wrong(CHUNKED "1\r\na\r\r", "where their sizes say");
    wrong(CHUNKED "0\r\na\nb", "control");
    wrong(CHUNKED "0\r\n\r\r", "where their sizes say");
}

static void changing_the_protocol_is_refused(void) {
    wrong("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "another protocol");
}

static void an_end_in_the_middle_is_told(void) {
    static const struct {
        const char *text, *problem;
    } ENDS[] = {
        {"", "without one"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "without one"},
        {"HT", "head ends"},
        {OK "A: b\r\n", "head ends"},
        {OK "Content-Length: 5\r\n\r\nhell", "before its body is whole"},
        {CHUNKED, "before its body is whole"},
        {CHUNKED "5\r\nhello\r\n", "before its body is whole"},
        {CHUNKED "5\r\nhello\r\n0\r\n", "before its body is whole"},
    };
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
        ask("GET");
        say_last(ENDS[i].text);
        CHECK(fails(ENDS[i].problem) && answer.ends == 0);
    }
}

/* ---- too much of something ------------------------------------------------------------------------------- */

/* `head`, then `line` so many times, in large pieces. */
static void repeated(const char *head, const char *line, size_t times) {
    size_t size = strlen(line), length = strlen(head);
    char *text = malloc(length + size * times + 5);
    memcpy(text, head, length);
    for (size_t i = 0; i < times; i++) memcpy(text + length + i * size, line, size);
    memcpy(text + length + size * times, "\r\n\r\n", 5);
    ask("GET");
    say_bytes((const uint8_t *)text, length + size * times + 4, 30000, 0);
    free(text);
}

static void heads_have_an_end(void) {
    repeated(OK, "A: b\r\n", HTTP_HEADERS_MAX + 1);
    CHECK(fails("too many headers"));
    repeated(OK, "A: b\r\n", HTTP_HEADERS_MAX);
    CHECK(answer.heads == 1);
    repeated(OK "A: ", "x", HTTP_HEAD_BYTES_MAX);
    CHECK(fails("too long"));
    repeated(OK "A: ", "\xe9", HTTP_HEAD_BYTES_MAX / 2); /* twice as long in a frame */
    CHECK(fails("too long"));
    repeated("", "HTTP/1.1 102 Processing\r\n\r\n", 100);
    CHECK(fails("before the response"));
}

static void what_nobody_reads_has_an_end(void) {
    repeated(CHUNKED "1;", "x", 100000);
    CHECK(fails("too long"));
    repeated(CHUNKED "0\r\n", "X: y\r\n", 100000);
    CHECK(fails("too long"));
    repeated(CHUNKED, "1\r\na\r\n", 10000); /* each with a line of its own is fine */
    CHECK(fails("size") && answer.body_bytes == 10000);
}

const struct test refusal_tests[] = {
    {"what is no response is refused at once", what_is_no_response_is_refused_at_once},
    {"lines that are no headers are refused", lines_that_are_no_headers_are_refused},
    {"a body of two lengths is refused", a_body_of_two_lengths_is_refused},
    {"chunks that are none are refused", chunks_that_are_none_are_refused},
    {"changing the protocol is refused", changing_the_protocol_is_refused},
    {"an end in the middle is told", an_end_in_the_middle_is_told},
    {"heads have an end", heads_have_an_end},
    {"what nobody reads has an end", what_nobody_reads_has_an_end},
    {NULL, NULL},
};
