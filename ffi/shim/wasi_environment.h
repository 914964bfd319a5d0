/* A request as the environment of a CGI/1.1 program. */
#ifndef MAYFLY_WASI_ENVIRONMENT_H
#define MAYFLY_WASI_ENVIRONMENT_H

#include <stdint.h>

#include "frames.h"

/* A head's URL goes in three times, its headers once, with HTTP_ before each. */
#define WASI_ENVIRONMENT_BYTES_MAX (4 * MF_HEAD_MAX)
#define WASI_VARIABLES_MAX 1024u

/* `NAME=value`s, each with a NUL at its end. */
struct wasi_environment {
    uint32_t length, count;
    uint32_t starts[WASI_VARIABLES_MAX];
    char bytes[WASI_ENVIRONMENT_BYTES_MAX];
};

/* A HEAD frame's payload. -EPROTO if it is none; -E2BIG. */
int wasi_environment__set(struct wasi_environment *environment, const uint8_t *head, uint32_t length);
/* More of them, as a list of such texts. -EINVAL if the last one has no end; -E2BIG. */
int wasi_environment__add_list(struct wasi_environment *environment, const char *list, uint32_t length);

#endif
