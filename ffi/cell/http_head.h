/* The head of a guest's response: its status line and its header lines. */
#ifndef MAYFLY_CELL_HTTP_HEAD_H
#define MAYFLY_CELL_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_head {
    uint16_t status;
    bool keeps_alive, is_chunked, has_length;
    uint64_t length;
    size_t payload_size; /* of the frame */
};

/* What every response begins with: bytes that are none of it need not be waited for. */
bool http_head__may_begin(const char *bytes, size_t size);
/* Whether the bytes, the last of which is a line feed, end with an empty line. */
bool http_head__is_whole(const char *bytes, size_t size);
/* A whole one, with the payload of its frame. Returns what is wrong with it, or NULL. */
const char *http_head__parse(const char *bytes, size_t size, struct http_head *head, uint8_t *payload, size_t capacity);

#endif
