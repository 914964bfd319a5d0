/* Requests, from frames to bytes. */
#include "http_test.h"

#include <errno.h>

static char piece[3 * MF_CHUNK_MAX];

static const char *body(const char *text, int end) {
    size_t size = http__body(&exchange, (const uint8_t *)text, strlen(text), end, piece, sizeof piece - 1);
    CHECK(size <= strlen(text) + HTTP_PIECE_EXTRA);
    piece[size] = 0;
    return piece;
}

static void a_request_is_a_request(void) {
    CHECK(begin(0, "GET", "http://a.localhost:80/x?y=%20", "accept\n*/*\nx-a\n1\nx-a\n2\n") > 0);
    CHECK(strcmp(request_head, "GET /x?y=%20 HTTP/1.1\r\nhost: a.localhost:80\r\nx-request-id: id-1\r\naccept: */*\r\n"
                               "x-a: 1\r\nx-a: 2\r\n\r\n") == 0);
    CHECK(body("never", 1)[0] == 0);
}

static void a_body_of_known_length_goes_as_it_is(void) {
    CHECK(begin(MF_HEAD_HAS_BODY, "POST", "http://h/", "content-length\n6\nx\ny\n") > 0);
    CHECK(strstr(request_head, "\r\ncontent-length: 6\r\n") != NULL && strstr(request_head, "chunked") == NULL);
    CHECK(strcmp(body("abc", 0), "abc") == 0);
    CHECK(strcmp(body("def", 0), "def") == 0);
    CHECK(body("", 1)[0] == 0);
}

static void a_body_never_goes_beyond_its_length(void) {
    CHECK(begin(MF_HEAD_HAS_BODY, "POST", "http://h/", "content-length\n4\n") > 0);
    CHECK(strcmp(body("abc", 0), "abc") == 0);
    CHECK(strcmp(body("dGET / HTTP/1.1\r\n\r\n", 1), "d") == 0);
}

static void a_body_of_unknown_length_is_chunked(void) {
    CHECK(begin(MF_HEAD_HAS_BODY, "POST", "http://h/", "") > 0);
    CHECK(strstr(request_head, "\r\ntransfer-encoding: chunked\r\n\r\n") != NULL);
    CHECK(strcmp(body("0123456789abcdef", 0), "10\r\n0123456789abcdef\r\n") == 0);
    CHECK(body("", 0)[0] == 0);
    CHECK(strcmp(body("last", 1), "4\r\nlast\r\n0\r\n\r\n") == 0);
}

static void the_largest_piece_fits_what_is_promised(void) {
    static uint8_t bytes[MF_CHUNK_MAX];
    CHECK(begin(MF_HEAD_HAS_BODY, "POST", "http://h/", "") > 0);
    size_t capacity = sizeof bytes + HTTP_PIECE_EXTRA;
    char *to = malloc(capacity);
    CHECK(http__body(&exchange, bytes, sizeof bytes, 1, to, capacity) == 7 + sizeof bytes + 2 + 5);
    CHECK(http__body(&exchange, bytes, sizeof bytes, 1, to, capacity - 1) == 0);
    free(to);
}

static void what_concerns_one_connection_stays_behind(void) {
    CHECK(begin(0, "GET", "http://h/",
                "connection\nkeep-alive, X-Mine\nkeep-alive\n5\nx-mine\n1\nproxy-connection\n1\nte\ntrailers\n"
                "upgrade\nh2c\nexpect\n100-continue\ntransfer-encoding\nchunked\nx-kept\n1\n") > 0);
    CHECK(strcmp(request_head, "GET / HTTP/1.1\r\nhost: h\r\nx-request-id: id-1\r\nx-kept: 1\r\n\r\n") == 0);
}

static void the_server_says_the_host_the_id_and_the_mount(void) {
    CHECK(begin(0, "GET", "http://right/",
                "host\nwrong\nx-request-id\nwrong\nx_request_id\nwrong\nx_forwarded_prefix\n/wrong\n"
                "x-forwarded-prefix\n/app\n") > 0);
    CHECK(strstr(request_head, "wrong") == NULL);
    CHECK(strstr(request_head, "\r\nhost: right\r\n") != NULL);
    CHECK(strstr(request_head, "x-request-id: id-1\r\n") != NULL);
    CHECK(strstr(request_head, "x-forwarded-prefix: /app\r\n") != NULL);
}

static void characters_are_bytes(void) {
    CHECK(begin(0, "GET", "http://h/", "x-a\n\xc3\xa9\xc2\x80\xc3\xbf\n") > 0);
    CHECK(strstr(request_head, "x-a: \xe9\x80\xff\r\n") != NULL);
    static const char *const WRONG[] = {"x-a\n\xc4\x80\n", "x-a\n\xc3\n", "x-a\n\xe2\x82\xac\n", "x-a\n\xff\n",
                                        "x-a\n\xc3g\n"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) CHECK(begin(0, "GET", "http://h/", WRONG[i]) == -EBADMSG);
}

static void nothing_becomes_a_line_of_its_own(void) {
    static const struct {
        const char *method, *url, *headers;
    } WRONG[] = {
        {"GET /a HTTP/1.1\r\nx: y\r\n\r\nGET", "http://h/", ""},
        {"GE T", "http://h/", ""},
        {"", "http://h/", ""},
        {"GET", "http://h/ HTTP/1.1\r\nx: y", ""},
        {"GET", "http://h/a b", ""},
        {"GET", "http://h/\xc3\xa9", ""},
        {"GET", "http://h\r\nx: y/", ""},
        {"GET", "http://h", ""},
        {"GET", "http:///a", ""},
        {"GET", "/a", ""},
        {"GET", "http://h/", "x-a\n1\r2\n"},
        {"GET", "http://h/", "x-a\n1\r"},
        {"GET", "http://h/", "x-a\n1"},
        {"GET", "http://h/", "x-a\n"},
        {"GET", "http://h/", "x a\n1\n"},
        {"GET", "http://h/", "x-a\r\n1\n"},
        {"GET", "http://h/", "x-a: 1\r\n\n1\n"},
        {"GET", "http://h/", "\n1\n"},
        {"GET", "http://h/", "x-a\n\x7f\n"},
        {"GET", "http://h/", "x-a\n\x01\n"},
        {"GET", "http://h/", "content-length\n4\n"},
        {"POST", "http://h/", "content-length\n-4\n"},
        {"POST", "http://h/", "content-length\n4, 4\n"},
        {"POST", "http://h/", "content-length\n\n"},
        {"POST", "http://h/", "content-length\n99999999999999999999999\n"},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        int flags = WRONG[i].method[0] == 'P' ? MF_HEAD_HAS_BODY : 0;
        CHECK(begin(flags, WRONG[i].method, WRONG[i].url, WRONG[i].headers) == -EBADMSG);
    }
}

static void a_nul_is_refused_wherever_it_is(void) {
    uint8_t frame[256];
    size_t size = make_frame(frame, 0, "GETx", "http://h/x", "x-a\nx\n", "id");
    for (size_t at = sizeof(struct mf_frame) + 4 * MF_REQUEST_STRINGS; at < size; at++) {
        uint8_t hurt[256];
        memcpy(hurt, frame, size);
        hurt[at] = 0;
        CHECK(http__begin(&exchange, hurt, size, request_head, HTTP_REQUEST_HEAD_MAX) == -EBADMSG);
    }
}

static void a_frame_that_is_cut_is_none(void) {
    uint8_t frame[256];
    size_t size = make_frame(frame, 0, "GET", "http://h/", "x-a\n1\n", "id");
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut == 0 ? 1 : cut);
        memcpy(copy, frame, cut);
        CHECK(http__begin(&exchange, copy, cut, request_head, HTTP_REQUEST_HEAD_MAX) == -EBADMSG);
        free(copy);
    }
}

static void the_longest_head_fits_what_is_promised(void) {
    static char headers[MF_HEAD_MAX];
    size_t at = 0;
    for (int i = 0; i < 256; i++) at += (size_t)sprintf(headers + at, "x-%d\n%0*d\n", i, i == 0 ? 30000 : 1, 1);
    int64_t bytes = begin(0, "GET", "http://h/", headers);
    CHECK(bytes > 30000 && bytes <= HTTP_REQUEST_HEAD_MAX);
    uint8_t frame[256];
    size_t size = make_frame(frame, 0, "GET", "http://h/", "x-a\n1\n", "id");
    char head[64];
    for (size_t room = 0; room < 53; room++) CHECK(http__begin(&exchange, frame, size, head, room) == -EMSGSIZE);
    CHECK(http__begin(&exchange, frame, size, head, sizeof head) == 53);
}

const struct test request_tests[] = {
    {"a request is a request", a_request_is_a_request},
    {"a body of known length goes as it is", a_body_of_known_length_goes_as_it_is},
    {"a body never goes beyond its length", a_body_never_goes_beyond_its_length},
    {"a body of unknown length is chunked", a_body_of_unknown_length_is_chunked},
    {"the largest piece fits what is promised", the_largest_piece_fits_what_is_promised},
    {"what concerns one connection stays behind", what_concerns_one_connection_stays_behind},
    {"the server says the host, the id and the mount", the_server_says_the_host_the_id_and_the_mount},
    {"characters are bytes", characters_are_bytes},
    {"nothing of a request becomes a line of its own", nothing_becomes_a_line_of_its_own},
    {"a NUL is refused wherever it is", a_nul_is_refused_wherever_it_is},
    {"a frame that is cut is none", a_frame_that_is_cut_is_none},
    {"the longest head fits what is promised", the_longest_head_fits_what_is_promised},
    {NULL, NULL},
};
