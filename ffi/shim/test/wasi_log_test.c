/* What a WASI module writes to its standard error: lines of the log, all within bounds. */
#include "wasi_client.h"

#define LOG_FRAMES_MAX (WASI_LOG_BYTES / MF_LOG_LINE_COST)

static uint32_t log_frames(uint32_t slot, struct mf_frame *last, const uint8_t **text) {
    const uint8_t *out = client__out(slot);
    uint32_t count = 0;
    for (uint32_t at = 0; at < client__slot(slot)->out_length;) {
        struct mf_frame frame;
        memcpy(&frame, out + at, sizeof frame);
        if (frame.type == MF_LOG) {
            count++;
            *last = frame;
            *text = out + at + sizeof frame;
        }
        at += (uint32_t)sizeof frame + ((frame.length + 3) & ~UINT32_C(3));
    }
    return count;
}

static void empty_lines_are_bounded(void) {
    client__open(client__options());
    /* 3,000 of them. */
    uint32_t module = wasi__load(
        WASI_PROGRAM("(memory.fill (i32.const 4096) (i32.const 10) (i32.const 3000))"
                     "(i32.store (i32.const 1024) (i32.const 4096)) (i32.store (i32.const 1028) (i32.const 3000))"
                     "(drop (call $write (i32.const 2) (i32.const 1024) (i32.const 1) (i32.const 1036)))" WASI_ANSWER),
        4 * MiB, "");
    struct wasi_answer *answer = wasi__get(module);
    struct mf_frame last;
    const uint8_t *text;
    CHECK(answer->exit_code == MF_EXIT_OK);
    CHECK(log_frames(0, &last, &text) == LOG_FRAMES_MAX + 1);
    char expected[64];
    int length = snprintf(expected, sizeof expected, "%u more lines were dropped", 3000 - LOG_FRAMES_MAX);
    CHECK(last.length == (uint32_t)length && memcmp(text, expected, last.length) == 0);
    client__close();
}

static void long_writes_are_taken_in_part(void) {
    client__open(client__options());
    /* 1,024 pieces, each of them the first 100,000 bytes of the memory. */
    uint32_t module = wasi__load(
        WASI_PROGRAM("(local $at i32) (local.set $at (i32.const 100000))"
                     "(loop $piece (i32.store offset=4 (local.get $at) (i32.const 100000))"
                     "  (local.set $at (i32.add (local.get $at) (i32.const 8)))"
                     "  (br_if $piece (i32.lt_u (local.get $at) (i32.const 108192))))"
                     WASI_EXPECT("(call $write (i32.const 2) (i32.const 100000) (i32.const 1024) (i32.const 108192))", 0)
                     WASI_EXPECT("(i32.load (i32.const 108192))", 65536) WASI_ANSWER),
        4 * MiB, "");
    CHECK(wasi__get(module)->exit_code == MF_EXIT_OK);
    client__close();
}

static void a_long_line_is_cut_between_characters(void) {
    client__open(client__options());
    /* Characters of two, three and four bytes, none of which ends where the line does. */
    static const struct {
        const char *store;
        uint32_t width;
    } CHARACTERS[] = {
        {"(i32.store16 (local.get $at) (i32.const 0xa9c3))", 2},
        {"(i32.store (local.get $at) (i32.const 0xac82e2))", 3},
        {"(i32.store (local.get $at) (i32.const 0x80989ff0))", 4},
    };
    for (size_t i = 0; i < sizeof CHARACTERS / sizeof *CHARACTERS; i++) {
        char text[8192];
        uint32_t width = CHARACTERS[i].width;
        snprintf(text, sizeof text, "(module " WASI_IMPORTS WASI_HEAD "(func (export \"_start\") (local $at i32)"
                 "(i32.store8 (i32.const 4096) (i32.const 65)) (local.set $at (i32.const 4097))"
                 "(loop $more %s (local.set $at (i32.add (local.get $at) (i32.const %u)))"
                 "  (br_if $more (i32.lt_u (local.get $at) (i32.const 15000))))"
                 "(i32.store (i32.const 1024) (i32.const 4096)) (i32.store (i32.const 1028) (i32.const 10000))"
                 "(drop (call $write (i32.const 2) (i32.const 1024) (i32.const 1) (i32.const 1036))) " WASI_ANSWER "))",
                 CHARACTERS[i].store, width);
        struct mf_frame last;
        const uint8_t *line;
        uint32_t module = wasi__load(text, 4 * MiB, "");
        wasi__get(module);
        CHECK(log_frames(0, &last, &line) == 1);
        CHECK(last.length == 1 + (MF_LOG_MAX - 1) / width * width);
    }
    client__close();
}

const struct test wasi_log_tests[] = {
    {"empty lines of a WASI module's log are bounded", empty_lines_are_bounded},
    {"a long write to a WASI module's log is taken in part", long_writes_are_taken_in_part},
    {"a long line of a WASI module's log is cut between characters", a_long_line_is_cut_between_characters},
    {0},
};
