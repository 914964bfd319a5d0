#include "module_state.h"

#include <errno.h>
#include <stdbool.h>

#define HEADER_BYTES 8u
#define SECTION_GLOBALS 6u
#define MUTABLE 1u

enum opcode { END = 0x0b, GLOBAL_GET = 0x23, I32_CONST = 0x41, I64_CONST = 0x42, F32_CONST = 0x43, F64_CONST = 0x44 };

struct reader {
    const uint8_t *at, *end;
    bool is_bad;
};

static uint8_t reader__byte(struct reader *reader) {
    if (reader->at < reader->end) return *reader->at++;
    reader->is_bad = true;
    return 0;
}

static void reader__skip(struct reader *reader, uint64_t bytes) {
    if ((uint64_t)(reader->end - reader->at) < bytes) {
        reader->is_bad = true;
        bytes = (uint64_t)(reader->end - reader->at);
    }
    reader->at += bytes;
}

/* The low 64 bits of a LEB128 number, which has ten bytes at most; enough of a signed one to step over it. */
static uint64_t reader__number(struct reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = reader__byte(reader);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    reader->is_bad = true;
    return 0;
}

/* An initial value: one constant, since nothing more was allowed when the engine's features were standardised. */
static void reader__skip_constant(struct reader *reader) {
    switch ((enum opcode)reader__byte(reader)) {
    case I32_CONST:
    case I64_CONST:
    case GLOBAL_GET:
        reader__number(reader);
        break;
    case F32_CONST:
        reader__skip(reader, 4);
        break;
    case F64_CONST:
        reader__skip(reader, 8);
        break;
    case END:
    default:
        reader->is_bad = true;
    }
    if (reader__byte(reader) != END) reader->is_bad = true;
}

static int reader__count_mutable(struct reader *reader) {
    int count = 0;
    for (uint64_t left = reader__number(reader); left > 0 && !reader->is_bad; left--) {
        reader__byte(reader); /* its type */
        if (reader__byte(reader) == MUTABLE) count++;
        reader__skip_constant(reader);
    }
    return reader->is_bad ? -EINVAL : count;
}

int module_state__mutable_globals(const uint8_t *wasm, size_t length) {
    struct reader reader = {.at = wasm, .end = wasm + length};
    reader__skip(&reader, HEADER_BYTES);
    while (reader.at < reader.end && !reader.is_bad) {
        uint8_t section = reader__byte(&reader);
        uint64_t bytes = reader__number(&reader);
        if (section == SECTION_GLOBALS) return reader__count_mutable(&reader);
        reader__skip(&reader, bytes);
    }
    return reader.is_bad ? -EINVAL : 0;
}
