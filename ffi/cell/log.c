#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log__init(struct log *log, uint64_t bytes) {
    *log = (struct log){.left = bytes == 0 ? LOG_BYTES_USUAL : bytes};
}

void log__fini(struct log *log) {
    free(log->line);
    *log = (struct log){0};
}

/* The text without the character at its end that was cut apart, if one was. */
static uint32_t line__whole(const uint8_t *text, uint32_t length) {
    uint32_t at = length;
    while (at > 0 && length - at < 3 && (text[at - 1] & 0xc0) == 0x80) at--;
    if (at == 0) return length;
    uint8_t first = text[at - 1];
    uint32_t needs = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return needs > length - at + 1 ? at - 1 : length;
}

int log__allows(struct log *log, uint32_t length) {
    uint32_t cost = length > MF_LOG_LINE_COST ? length : MF_LOG_LINE_COST;
    if (cost > log->left) {
        log->left = 0;
        log->dropped++;
        return 0;
    }
    log->left -= cost;
    return 1;
}

/* `text` is changed where it has NULs, which nobody can read in a log. */
static void log__emit(struct log *log, const struct log_sink *sink, uint8_t *text, uint32_t length) {
    if (length > 0 && text[length - 1] == '\r') length--;
    if (length >= MF_LOG_MAX) length = line__whole(text, MF_LOG_MAX);
    if (!log__allows(log, length)) return;
    for (uint8_t *nul = memchr(text, 0, length); nul != NULL; nul = memchr(nul, 0, (size_t)(text + length - nul))) {
        *nul = ' ';
    }
    sink->line(sink->to, MF_LOG_INFO, (const char *)text, length);
}

/* What is longer than a line may be is cut off. Without memory for it, the line is lost. */
static void log__hold(struct log *log, const uint8_t *bytes, size_t size) {
    if (log->line == NULL) log->line = malloc(MF_LOG_MAX);
    if (log->line == NULL) return;
    size_t room = MF_LOG_MAX - log->length;
    if (size > room) size = room;
    memcpy(log->line + log->length, bytes, size);
    log->length += (uint32_t)size;
}

void log__write(struct log *log, const struct log_sink *sink, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        const uint8_t *end = memchr(bytes, '\n', size);
        size_t part = end == NULL ? size : (size_t)(end - bytes);
        log__hold(log, bytes, part);
        if (end == NULL) return;
        if (log->line != NULL) log__emit(log, sink, log->line, log->length);
        log->length = 0;
        bytes += part + 1;
        size -= part + 1;
    }
}

void log__end(struct log *log, const struct log_sink *sink) {
    if (log->length > 0) log__emit(log, sink, log->line, log->length);
    log->length = 0;
    if (log->dropped == 0) return;
    char text[64];
    int length = snprintf(text, sizeof text, "%lu more lines were dropped", log->dropped);
    log->dropped = 0;
    sink->line(sink->to, MF_LOG_WARN, text, (uint32_t)length);
}

void log__tell_of_fork(const struct log_sink *sink) {
    static const char TEXT[] =
        "A microVM is one process, and it was refused another: switch a reloader off, run one worker without a master";
    sink->line(sink->to, MF_LOG_WARN, TEXT, sizeof TEXT - 1);
}
