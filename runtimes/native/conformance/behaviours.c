/* tests/conformance/cases.ts says what each behaviour is. */
#include "behaviours.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "request.h"

extern char **environ;

static struct request request;
static int output;

static void write_all(const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(output, bytes, size);
        if (written <= 0) exit(4);
        bytes += written;
        size -= (size_t)written;
    }
}

/* A head with more lines, then a body. */
static void answer(int status, const char *lines, const char *body, size_t size) {
    char head[1024];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %d Said\r\n%sContent-Length: %zu\r\n\r\n", status, lines, size);
    write_all(head, (size_t)length);
    if (strcmp(request.method, "HEAD") != 0) write_all(body, size);
}

static void answer_text(const char *type, const char *format, ...) {
    char lines[128], body[16384];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(body, sizeof body, format, values);
    va_end(values);
    snprintf(lines, sizeof lines, "Content-Type: %s\r\n", type);
    answer(200, lines, body, (size_t)size);
}

static const char *asked(const char *key) {
    return request__asked(&request, key);
}

/* ---- behaviours ---------------------------------------------------------------------------------------- */

static void hello(void) {
    answer_text("text/plain", "hello");
}

static void echo(void) {
    char lines[256];
    snprintf(lines, sizeof lines, "Content-Type: %s\r\n", request__header(&request, "content-type"));
    answer(200, lines, request.body, request.body_size);
}

static void describe(void) {
    char prefix[256], header[256], path[8192];
    snprintf(prefix, sizeof prefix, "%s", request__header(&request, "x-forwarded-prefix"));
    snprintf(header, sizeof header, "%s", request__header(&request, "x-test"));
    snprintf(path, sizeof path, "%.*s", (int)strcspn(request.target, "?"), request.target);
    const char *below = prefix[0] != 0 && strcmp(path, "/") == 0 ? "" : path;
    answer_text("application/json",
                "{\"method\":\"%s\",\"path\":\"%s%s\",\"query\":\"%s\",\"header\":\"%s\",\"length\":%zu}", request.method,
                prefix, below, asked("q"), header, request.body_size);
}

static void answer_status(void) {
    answer(atoi(asked("code")), "", "", 0);
}

static void headers(void) {
    answer(200, "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Answer: 42\r\n", "", 0);
}

static void stream(void) {
    static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    char chunk[1024 + 7] = "400\r\n";
    memset(chunk + 5, 'x', 1024);
    memcpy(chunk + 5 + 1024, "\r\n", 2);
    write_all(HEAD, sizeof HEAD - 1);
    for (long left = atol(asked("count")); left > 0; left--) write_all(chunk, sizeof chunk);
    write_all("0\r\n\r\n", 5);
}

static void count(void) {
    answer_text("application/json", "{\"bytes\":%zu}", request.body_size);
}

static int counter;

static void increment(void) {
    answer_text("text/plain", "%d", ++counter);
}

static void show_random(void) {
    unsigned number;
    if (getentropy(&number, sizeof number) != 0) abort();
    answer_text("text/plain", "%u", number);
}

static void write_log(void) {
    fprintf(stderr, "a line\n");
    answer_text("text/plain", "logged");
}

/* What every native program gets is in docs/programs.md. */
static int is_usual(const char *variable) {
    static const char *const USUAL[] = {"PATH=",       "HOME=",       "LANG=",        "TZ=",       "PORT=",    "HTTP_PROXY=",
                                        "HTTPS_PROXY=", "http_proxy=", "https_proxy=", "NO_PROXY=", "no_proxy="};
    for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++) {
        if (strncmp(variable, USUAL[i], strlen(USUAL[i])) == 0) return 1;
    }
    return 0;
}

static void env(void) {
    char names[8192] = "";
    size_t size = 0;
    for (char **at = environ; *at != NULL; at++) {
        if (is_usual(*at)) continue;
        size += (size_t)snprintf(names + size, sizeof names - size, "%s\"%.*s\"", size == 0 ? "" : ",",
                                 (int)strcspn(*at, "="), *at);
    }
    answer_text("application/json", "[%s]", names);
}

static void sleep_and_answer(void) {
    usleep((useconds_t)atoi(asked("ms")) * 1000);
    answer_text("text/plain", "woke");
}

static void nonsense(void) {
    write_all("forty-two", 9);
}

static void spin(void) {
    for (volatile unsigned turn = 0;; turn++) continue;
}

static void wait_for_ever(void) {
    for (;;) sleep(1000);
}

/* Or the compiler would leave out what nobody looks at. */
static char *volatile held;

static void allocate(void) {
    for (;;) {
        held = malloc(65536);
        if (held == NULL) abort();
        memset(held, 1, 65536);
    }
}

/* It would end, if there were memory for it. */
static int recurse(volatile int *depth) {
    volatile int here[64];
    if (++*depth < 0) return 0;
    here[0] = *depth;
    return recurse(depth) + here[0];
}

static void recurse_without_end(void) {
    counter = recurse(&counter);
}

static void cut(void) {
    static const char HALF[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\nhalf of it";
    write_all(HALF, sizeof HALF - 1);
    usleep(20000);
    abort();
}

static const struct {
    const char *name;
    void (*run)(void);
} BEHAVIOURS[] = {
    {"hello", hello},           {"echo", echo},         {"describe", describe},           {"status", answer_status},
    {"headers", headers},       {"stream", stream},     {"count", count},                 {"increment", increment},
    {"random", show_random},    {"log", write_log},     {"env", env},                     {"sleep", sleep_and_answer},
    {"throw", abort},           {"nonsense", nonsense}, {"spin", spin},                   {"wait", wait_for_ever},
    {"allocate", allocate},     {"cut", cut},           {"recurse", recurse_without_end},
};

int serve_one(int in, int out) {
    output = out;
    if (!request__read(in, &request)) return 0;
    const char *what = asked("do");
    for (size_t i = 0; i < sizeof BEHAVIOURS / sizeof *BEHAVIOURS; i++) {
        if (strcmp(what, BEHAVIOURS[i].name) != 0) continue;
        BEHAVIOURS[i].run();
        return 1;
    }
    exit(1);
}
