/*
 * Text codecs as the Encoding standard has them. The interpreter's own UTF-8 differs where the input is
 * wrong: it keeps lone surrogates, and replaces each byte of a broken sequence.
 */
#include <string.h>

#include "engine.h"

static const uint8_t REPLACEMENT[] = {0xef, 0xbf, 0xbd};

/* Bytes of the valid sequence at `at`, or 0; then `*broken` is what one U+FFFD stands for. */
static size_t sequence_length(const uint8_t *at, size_t left, size_t *broken)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    *broken = 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (i == left || at[i] < low || at[i] > high)
            return 0;
        *broken = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static size_t valid_prefix(const uint8_t *bytes, size_t length)
{
    size_t at = 0, broken;
    while (at < length) {
        uint32_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, bytes + at, sizeof word);
            if ((word & 0x80808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t step = sequence_length(bytes + at, length - at, &broken);
        if (step == 0)
            return at;
        at += step;
    }
    return at;
}

bool text__is_valid(const uint8_t *bytes, size_t length)
{
    return valid_prefix(bytes, length) == length;
}

/* With U+FFFD where it was broken. At worst each byte becomes three. */
static JSValue decode_broken(const uint8_t *bytes, size_t length, size_t valid)
{
    uint8_t *mended = js_malloc(engine.context, valid + (length - valid) * sizeof REPLACEMENT);
    if (!mended)
        return JS_EXCEPTION;
    memcpy(mended, bytes, valid);
    size_t end = valid;
    for (size_t at = valid; at < length;) {
        size_t broken;
        size_t step = sequence_length(bytes + at, length - at, &broken);
        const uint8_t *from = step ? bytes + at : REPLACEMENT;
        size_t count = step ? step : sizeof REPLACEMENT;
        memcpy(mended + end, from, count);
        end += count;
        at += step ? step : broken;
    }
    JSValue text = JS_NewStringLen(engine.context, (const char *)mended, end);
    js_free(engine.context, mended);
    return text;
}

JSValue text__decode(const uint8_t *bytes, size_t length)
{
    size_t valid = valid_prefix(bytes, length);
    if (valid == length)
        return JS_NewStringLen(engine.context, (const char *)bytes, length);
    return decode_broken(bytes, length, valid);
}

const char *text__encode(JSValueConst string, size_t *length)
{
    const char *text = JS_ToCStringLen(engine.context, length, string);
    if (!text)
        return NULL;
    /* A lone surrogate is ED A0..BF xx here, three bytes like U+FFFD. A text with one is the caller's own copy. */
    uint8_t *at = (uint8_t *)text, *end = at + *length;
    while ((at = memchr(at, 0xed, (size_t)(end - at))) != NULL) {
        if (end - at >= 3 && at[1] >= 0xa0)
            memcpy(at, REPLACEMENT, sizeof REPLACEMENT);
        at++;
    }
    return text;
}

/* The bytes that a codec works on: an Uint8Array made by the library, which has checked what the user gave. */
static uint8_t *bytes_of(JSContext *context, JSValueConst value, size_t *length)
{
    uint8_t *bytes = interpreter__bytes(value, length);
    if (!bytes)
        JS_ThrowTypeError(context, "Cannot take bytes from what is no Uint8Array");
    return bytes;
}

/* utf8Decode(bytes: Uint8Array, fatal: boolean): string | null */
NATIVE_FUNCTION(native_utf8_decode)
{
    size_t length;
    const uint8_t *bytes = bytes_of(context, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    if (JS_ToBool(context, argv[1]) && !text__is_valid(bytes, length))
        return JS_NULL;
    return text__decode(bytes, length);
}

/* utf8Tail(bytes: Uint8Array): number: bytes at the end that begin a sequence which more bytes may complete */
NATIVE_FUNCTION(native_utf8_tail)
{
    size_t length;
    const uint8_t *bytes = bytes_of(context, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        const uint8_t *at = bytes + length - back;
        if ((*at & 0xc0) == 0x80)
            continue;
        size_t broken, wanted = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc0 ? 2 : 1;
        if (wanted > back && sequence_length(at, back, &broken) == 0 && broken == back && *at >= 0xc2 && *at <= 0xf4)
            return JS_NewInt32(context, (int32_t)back);
        break;
    }
    return JS_NewInt32(context, 0);
}

/* utf8Encode(text: string): Uint8Array */
NATIVE_FUNCTION(native_utf8_encode)
{
    size_t length;
    const char *text = text__encode(argv[0], &length);
    if (!text)
        return JS_EXCEPTION;
    JSValue bytes = JS_NewUint8ArrayCopy(context, (const uint8_t *)text, length);
    JS_FreeCString(context, text);
    return bytes;
}

/* utf8EncodeInto(text: string, target: Uint8Array): [read, written]: as many whole characters as fit */
NATIVE_FUNCTION(native_utf8_encode_into)
{
    size_t length, room;
    const char *text = text__encode(argv[0], &length);
    if (!text)
        return JS_EXCEPTION;
    uint8_t *target = bytes_of(context, argv[1], &room); /* behind what may run JavaScript */
    if (!target) {
        JS_FreeCString(context, text);
        return JS_EXCEPTION;
    }
    size_t written = length < room ? length : room;
    while (written < length && written > 0 && ((uint8_t)text[written] & 0xc0) == 0x80)
        written--;
    uint32_t read = 0;
    for (size_t i = 0; i < written; i++) {
        uint8_t byte = (uint8_t)text[i];
        read += (byte & 0xc0) != 0x80;
        read += byte >= 0xf0; /* a pair of surrogates */
    }
    memcpy(target, text, written);
    JS_FreeCString(context, text);
    JSValueConst pair[] = {JS_NewUint32(context, read), JS_NewUint32(context, (uint32_t)written)};
    return JS_NewArrayFrom(context, COUNT(pair), (JSValue *)pair);
}

/* utf16Decode(bytes: Uint8Array): string: little-endian; an odd last byte is left out */
NATIVE_FUNCTION(native_utf16_decode)
{
    size_t length;
    const uint8_t *bytes = bytes_of(context, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    uint16_t *units = js_malloc(context, length + sizeof *units);
    if (!units)
        return JS_EXCEPTION;
    memcpy(units, bytes, length);
    JSValue text = JS_NewStringUTF16(context, units, length / sizeof *units);
    js_free(context, units);
    return text;
}

/* byteDecode(bytes: Uint8Array, high: string): string: a single-byte encoding; `high` has its characters from 0x80 */
NATIVE_FUNCTION(native_byte_decode)
{
    size_t length, count;
    const uint8_t *bytes = bytes_of(context, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    const uint16_t *high = JS_ToCStringLenUTF16(context, &count, argv[1]);
    if (!high)
        return JS_EXCEPTION;
    JSValue text = JS_EXCEPTION;
    uint16_t *units = js_malloc(context, (length + 1) * sizeof *units);
    if (units) {
        for (size_t i = 0; i < length; i++)
            units[i] = bytes[i] < 0x80 || bytes[i] - 0x80u >= count ? bytes[i] : high[bytes[i] - 0x80u];
        text = JS_NewStringUTF16(context, units, length);
        js_free(context, units);
    }
    JS_FreeCStringUTF16(context, high);
    return text;
}

const JSCFunctionListEntry text_natives[] = {
    NATIVE("utf8Decode", 2, native_utf8_decode),
    NATIVE("utf8Tail", 1, native_utf8_tail),
    NATIVE("utf8Encode", 1, native_utf8_encode),
    NATIVE("utf8EncodeInto", 2, native_utf8_encode_into),
    NATIVE("utf16Decode", 1, native_utf16_decode),
    NATIVE("byteDecode", 2, native_byte_decode),
};
const int text_natives_count = COUNT(text_natives);
