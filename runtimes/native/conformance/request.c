#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
    int from;
    size_t at, size;
    char bytes[65536];
} input;

static int next_byte(void) {
    if (input.at == input.size) {
        ssize_t got = read(input.from, input.bytes, sizeof input.bytes);
        if (got <= 0) return -1;
        input.at = 0;
        input.size = (size_t)got;
    }
    return (unsigned char)input.bytes[input.at++];
}

static int must(int byte) {
    if (byte < 0) exit(3);
    return byte;
}

/* Without its end. 0 at the end of input, before a byte. */
static int read_line(char *line, size_t capacity) {
    size_t size = 0;
    for (int byte = next_byte(); byte != '\n'; byte = next_byte()) {
        if (byte < 0 && size == 0) return 0;
        if (must(byte) != '\r' && size < capacity - 1) line[size++] = (char)byte;
    }
    line[size] = 0;
    return 1;
}

static void add_to_body(struct request *request, size_t size) {
    request->body = realloc(request->body, request->body_size + size + 1);
    if (request->body == NULL) abort();
    for (; size > 0; size--) request->body[request->body_size++] = (char)must(next_byte());
}

static void read_chunks(struct request *request) {
    char line[64];
    for (;;) {
        read_line(line, sizeof line);
        size_t size = strtoul(line, NULL, 16);
        if (size == 0) break;
        add_to_body(request, size);
        read_line(line, sizeof line);
    }
    do read_line(line, sizeof line);
    while (line[0] != 0);
}

int request__read(int in, struct request *request) {
    char line[16384];
    size_t headers = 0;
    input.from = in;
    memset(request, 0, sizeof *request);
    if (!read_line(line, sizeof line)) return 0;
    if (sscanf(line, "%15s %8191s HTTP/1.1", request->method, request->target) != 2) exit(3);
    while (read_line(line, sizeof line) && line[0] != 0) {
        headers += (size_t)snprintf(request->headers + headers, sizeof request->headers - headers, "%s\r\n", line);
    }
    if (strcmp(request__header(request, "transfer-encoding"), "chunked") == 0) read_chunks(request);
    else add_to_body(request, strtoul(request__header(request, "content-length"), NULL, 10));
    return 1;
}

const char *request__header(const struct request *request, const char *name) {
    static char value[16384];
    size_t length = strlen(name);
    for (const char *line = request->headers; *line != 0; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r"), line + length + 2);
        return value;
    }
    return "";
}

static char from_hex(const char *digits) {
    const char pair[3] = {digits[0], digits[1], 0};
    return (char)strtol(pair, NULL, 16);
}

const char *request__asked(const struct request *request, const char *key) {
    static char value[256];
    size_t length = strlen(key), at = 0;
    const char *query = strchr(request->target, '?');
    do {
        if (query == NULL) return "";
        query++;
        if (strncmp(query, key, length) == 0 && query[length] == '=') break;
        query = strchr(query, '&');
    } while (1);
    for (const char *from = query + length + 1; *from != 0 && *from != '&' && at < sizeof value - 1; from++) {
        if (*from == '%') {
            value[at++] = from_hex(from + 1);
            from += 2;
        } else {
            value[at++] = *from == '+' ? ' ' : *from;
        }
    }
    value[at] = 0;
    return value;
}
