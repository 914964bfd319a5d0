/* For the tests of http.h: an exchange, what was said so far, and what it became. */
#ifndef MAYFLY_CELL_HTTP_TEST_H
#define MAYFLY_CELL_HTTP_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../http.h"

struct test {
    const char *name; /* a property */
    void (*run)(void);
};

extern const struct test request_tests[], response_tests[], refusal_tests[], fuzz_tests[];

/* Why the current test failed; the first reason counts. */
void test__fail(const char *file, int line, const char *text);
#define CHECK(condition) ((condition) ? (void)0 : test__fail(__FILE__, __LINE__, #condition))

extern struct http_exchange exchange;

/* A request's frame; returns its size. */
size_t make_frame(uint8_t *frame, int flags, const char *method, const char *url, const char *headers, const char *id);
/* Begins the exchange; returns what http__begin does, with the head as a text. */
int64_t begin(int flags, const char *method, const char *url, const char *headers);
extern char request_head[HTTP_REQUEST_HEAD_MAX + 1];

/* What a response became. */
struct answer {
    int heads, ends;
    uint16_t status;
    char headers[2 * HTTP_HEAD_BYTES_MAX];
    size_t header_bytes;
    uint64_t body_bytes;
    uint64_t body_sum; /* of each byte times its place: the same for the same body */
    char body[4096];   /* how it begins */
    size_t chunks;
};
extern struct answer answer;

/* A GET, or HEAD; the answer is empty again. */
void ask(const char *method);
/* The guest says this, in pieces of so many bytes; all credit that it could want is given. */
void say_bytes(const uint8_t *bytes, size_t size, size_t piece, int ended);
void say(const char *text);
/* As `say`, and closes its side. */
void say_last(const char *text);
/* One call of http__answer; its frames can be read and are in their order. Returns the bytes consumed. */
size_t hear(const uint8_t *bytes, size_t size, int ended, size_t capacity);

#endif
