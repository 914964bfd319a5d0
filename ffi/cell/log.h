/*
 * What a guest writes as a log: bytes become lines of UTF-8, each cut at MF_LOG_MAX and never within a character,
 * without NULs. All lines of a request together are bounded.
 */
#ifndef MAYFLY_CELL_LOG_H
#define MAYFLY_CELL_LOG_H

#include <stdint.h>

#include "../shim/mayfly.h"

/* Of a program that nobody gave a bound. */
#define LOG_BYTES_USUAL (UINT64_C(256) << 10)

struct log {
    uint8_t *line; /* that has no end yet */
    uint32_t length;
    uint64_t left;    /* bytes of lines that are still taken */
    uint64_t dropped; /* lines */
};

/* Where lines go. */
typedef void log_function(void *to, enum mf_log_level level, const char *text, uint32_t length);
struct log_sink {
    log_function *line;
    void *to;
};

/* `bytes` 0: the usual bound. */
void log__init(struct log *log, uint64_t bytes);
void log__fini(struct log *log);
void log__write(struct log *log, const struct log_sink *sink, const uint8_t *bytes, size_t size);
/* A line that is whole already. 0: it is beyond the bound, and counted. */
int log__allows(struct log *log, uint32_t length);
/* The last line, even if it has no end, and how many there was no room for. */
void log__end(struct log *log, const struct log_sink *sink);

/* Of a guest that was refused a process of its own: what it says of that itself is EAGAIN. */
void log__tell_of_fork(const struct log_sink *sink);

/* So many bytes of frames at most come of writing `size` bytes: an empty line is one byte and becomes a frame. */
#define LOG_FRAMES_MIN (MF_LOG_MAX + 1024u)
static inline uint32_t log__bytes_for(uint32_t room) {
    return room < LOG_FRAMES_MIN ? 0 : (room - MF_LOG_MAX - 16u) / 8;
}

#endif
