/*
 * Frames to the host. `out_length` is true after each of them, so that what a guest said before it was
 * killed is not lost. Room for the frames that must still come is kept back from those that can wait.
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define FRAME_BYTES(payload) (sizeof(struct mf_frame) + (((payload) + 3u) & ~3u))

enum {
    EXIT_TEXT_MAX = 16384,
    KEPT_FOR_EXIT = FRAME_BYTES(EXIT_TEXT_MAX),
    /* END, credit, and the note of dropped lines. */
    KEPT_FOR_SMALL = KEPT_FOR_EXIT + 512,
    KEPT_FOR_HEAD = KEPT_FOR_SMALL + FRAME_BYTES(MF_HEAD_MAX),
};

static struct {
    uint32_t log_left;
    uint32_t log_dropped;
} logged;

static size_t kept_back(enum mf_frame_type type)
{
    switch (type) {
    case MF_EXIT:
        return 0;
    case MF_END:
    case MF_CREDIT:
        return KEPT_FOR_EXIT;
    case MF_HEAD:
    case MF_CHUNK:
        return KEPT_FOR_SMALL;
    case MF_LOG:
    case MF_CALL:
    case MF_ANSWER:
    case MF_CANCEL:
        return KEPT_FOR_HEAD;
    }
    return KEPT_FOR_HEAD;
}

size_t output__room(enum mf_frame_type type)
{
    size_t left = MF_GUEST_OUT_BYTES - io.out_length;
    size_t kept = kept_back(type) + sizeof(struct mf_frame);
    return left > kept ? (left - kept) & ~(size_t)3 : 0;
}

static void frame_of_two(enum mf_frame_type type, uint8_t flags, uint16_t aux, const void *first, size_t first_length,
                         const void *second, size_t second_length)
{
    if (!engine.busy)
        return; /* EXIT was the last frame */
    size_t length = first_length + second_length;
    struct mf_frame frame = {(uint8_t)type, flags, aux, (uint32_t)length};
    static const uint8_t padding[3];
    uint8_t *at = io.out + io.out_length;
    memcpy(at, &frame, sizeof frame);
    at += sizeof frame;
    memcpy(at, first, first_length);
    memcpy(at + first_length, second, second_length);
    memcpy(at + length, padding, FRAME_BYTES(length) - sizeof frame - length);
    io.out_length += FRAME_BYTES(length);
}

void output__frame(enum mf_frame_type type, uint8_t flags, uint16_t aux, const void *payload, size_t length)
{
    frame_of_two(type, flags, aux, payload, length, NULL, 0);
}

void output__call(const void *head, size_t head_length, const void *payload, size_t length)
{
    frame_of_two(MF_CALL, 0, 0, head, head_length, payload, length);
}

void output__begin_step(void)
{
    io.out_length = 0;
}

void output__begin_log(uint32_t bytes)
{
    logged.log_left = bytes;
    logged.log_dropped = 0;
}

/* Cuts before a character that does not fit whole. */
static size_t cut_text(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    while (most > 0 && ((uint8_t)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void output__log(enum mf_log_level level, const char *text, size_t length)
{
    length = cut_text(text, length, MF_LOG_MAX);
    size_t cost = length > MF_LOG_LINE_COST ? length : MF_LOG_LINE_COST;
    if (cost > logged.log_left || length > output__room(MF_LOG)) {
        logged.log_dropped++;
        return;
    }
    logged.log_left -= (uint32_t)cost;
    output__frame(MF_LOG, 0, (uint16_t)level, text, length);
}

static void log_dropped(void)
{
    if (logged.log_dropped == 0)
        return;
    char text[64];
    int length = snprintf(text, sizeof text, "%u lines of the log were dropped", (unsigned)logged.log_dropped);
    output__frame(MF_LOG, 0, MF_LOG_WARN, text, (size_t)length);
    logged.log_dropped = 0;
}

void output__exit(enum mf_exit_code code, const char *text, size_t length)
{
    if (!engine.busy)
        return;
    log_dropped();
    output__frame(MF_EXIT, 0, (uint16_t)code, text, cut_text(text, length, EXIT_TEXT_MAX));
    engine.busy = false;
}
