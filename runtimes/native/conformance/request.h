/* As much of HTTP/1.1 as a guest of tests needs. */
#ifndef CONFORMANCE_REQUEST_H
#define CONFORMANCE_REQUEST_H

#include <stddef.h>

struct request {
    char method[16];
    char target[8192];
    char headers[32768]; /* "name: value\r\n..." */
    char *body;
    size_t body_size;
};

/* 0 at the end of input; anything that is no request ends the program. */
int request__read(int in, struct request *request);
/* The value of a header, or "". */
const char *request__header(const struct request *request, const char *name);
/* The decoded value of a key of the query, or "". */
const char *request__asked(const struct request *request, const char *key);

#endif
