/*
 * The response on its way out. The library hands over its head and its body, or one piece of its body
 * after the other; here it is cut into chunks, as credit and the step's room allow.
 */
#include <string.h>

#include "engine.h"

static struct {
    /* What was handed over and is not written yet: a string's UTF-8, or the bytes of an Uint8Array. */
    const char *text;
    size_t text_length;
    JSValue bytes;
    size_t offset;
    uint32_t credit;
    bool pending;
    bool last;
    bool whole;
    bool just_whole; /* since this step */
} response = {.bytes = JS_UNDEFINED};

static void release(void)
{
    if (response.text)
        JS_FreeCString(engine.context, response.text);
    JS_FreeValue(engine.context, response.bytes);
    response.text = NULL;
    response.bytes = JS_UNDEFINED;
    response.pending = false;
}

void response__begin(void)
{
    release();
    response.credit = MF_INITIAL_CREDIT;
    response.last = response.whole = response.just_whole = false;
}

void response__credit(uint32_t bytes)
{
    response.credit += bytes;
}

bool response__is_whole(void)
{
    return response.whole;
}

void response__begin_step(void)
{
    response.just_whole = false;
}

bool response__is_just_whole(void)
{
    return response.just_whole;
}

bool response__is_stuck(void)
{
    return response.pending && response.credit > 0;
}

/* Asked for anew each time: a function may have detached or resized the buffer of a piece meanwhile. */
static const uint8_t *source(size_t *length)
{
    if (response.text) {
        *length = response.text_length;
        return (const uint8_t *)response.text;
    }
    *length = 0;
    if (JS_IsUndefined(response.bytes))
        return NULL;
    return interpreter__bytes(response.bytes, length);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

bool response__pump(void)
{
    if (!response.pending || !engine.busy)
        return false;
    size_t length;
    const uint8_t *bytes = source(&length);
    while (response.offset < length) {
        size_t room = output__room(MF_CHUNK);
        size_t left = length - response.offset;
        size_t piece = smallest(left, MF_CHUNK_MAX, smallest(room, response.credit, left));
        if (piece == 0)
            return false;
        output__frame(MF_CHUNK, 0, 0, bytes + response.offset, piece);
        response.offset += piece;
        response.credit -= (uint32_t)piece;
    }
    release();
    if (response.last) {
        output__frame(MF_END, 0, 0, NULL, 0);
        response.whole = response.just_whole = true;
    }
    return true;
}

/* Takes a string, an Uint8Array, or nothing. */
static int hand_over(JSContext *context, JSValueConst body, bool last)
{
    release();
    response.offset = 0;
    response.last = last;
    if (JS_IsString(body)) {
        response.text = text__encode(body, &response.text_length);
        if (!response.text)
            return -1;
    } else if (JS_IsUndefined(body)) {
        response.text_length = 0;
        response.text = NULL;
    } else {
        response.bytes = JS_DupValue(context, body);
    }
    response.pending = true;
    return 0;
}

/* respond(status: number, headers: string, body?: string | Uint8Array, more: boolean): boolean: false, the head is too long */
NATIVE_FUNCTION(native_respond)
{
    int32_t status;
    if (JS_ToInt32(context, &status, argv[0]))
        return JS_EXCEPTION;
    size_t length;
    const char *headers = JS_ToCStringLen(context, &length, argv[1]);
    if (!headers)
        return JS_EXCEPTION;
    bool fits = length <= MF_HEAD_MAX && length <= output__room(MF_HEAD);
    if (fits)
        output__frame(MF_HEAD, 0, (uint16_t)status, headers, length);
    JS_FreeCString(context, headers);
    if (!fits)
        return JS_FALSE;
    bool more = JS_ToBool(context, argv[3]);
    if (!more || !JS_IsUndefined(argv[2])) {
        if (hand_over(context, argv[2], !more))
            return JS_EXCEPTION;
        response__pump();
    }
    return JS_TRUE;
}

/* write(piece?: Uint8Array, last: boolean): boolean: true, it is out; false, ON_WRITABLE will tell */
NATIVE_FUNCTION(native_write)
{
    if (hand_over(context, argv[0], JS_ToBool(context, argv[1])))
        return JS_EXCEPTION;
    return JS_NewBool(context, response__pump());
}

const JSCFunctionListEntry response_natives[] = {
    NATIVE("respond", 4, native_respond),
    NATIVE("write", 2, native_write),
};
const int response_natives_count = COUNT(response_natives);
