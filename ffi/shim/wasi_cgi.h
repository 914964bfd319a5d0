/* The head of a CGI response: header lines up to an empty one. */
#ifndef MAYFLY_WASI_CGI_H
#define MAYFLY_WASI_CGI_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the bytes, which end with a line feed, end with an empty line. */
bool wasi_cgi__is_whole(const uint8_t *header, uint32_t length);
/*
 * The payload of a HEAD frame, at most twice as long as the header. Returns its length, or -1 with the reason: a static
 * text.
 */
int64_t wasi_cgi__parse(const uint8_t *header, uint32_t length, uint8_t *payload, uint16_t *status,
                        const char **problem);

#endif
