/*
 * The request's body, as far as it has arrived and nobody has read it. A body that comes with its head
 * is read where the host put it; only what is still unread when the step ends is copied to the heap.
 *
 * Credit bounds what may arrive: it is given back for what a stream's reader takes, and at once while
 * somebody collects the whole.
 */
#include <string.h>

#include "engine.h"

static struct {
    const uint8_t *data; /* `start` to `end` is unread */
    size_t start, end;
    uint8_t *heap;       /* `data`, when it is ours */
    size_t capacity;
    uint32_t window;     /* what the host may still send */
    uint32_t owed;       /* what it will be granted with the next credit frame */
    bool ended;
    bool collect;
    bool wanted;
    bool news;
} body;

/* Few large grants, so that a stream's reader does not cost a frame for every piece. */
static const uint32_t GRANT_FROM = MF_INITIAL_CREDIT / 2;

static size_t unread(void)
{
    return body.end - body.start;
}

void body__drop(void)
{
    js_free(engine.context, body.heap);
    body.heap = NULL;
    body.data = NULL;
    body.start = body.end = body.capacity = 0;
}

void body__begin(bool expected, bool collect)
{
    body__drop();
    body.window = MF_INITIAL_CREDIT;
    body.owed = 0;
    body.ended = !expected;
    body.collect = collect;
    body.wanted = body.news = false;
}

static void grant(size_t bytes)
{
    body.owed += (uint32_t)bytes;
    if (body.ended || body.owed < GRANT_FROM || output__room(MF_CREDIT) < sizeof body.owed)
        return;
    output__frame(MF_CREDIT, 0, 0, &body.owed, sizeof body.owed);
    body.window += body.owed;
    body.owed = 0;
}

void body__begin_step(void)
{
    grant(0); /* the last step may have had no room for it */
}

/* Room for `more` bytes and a final zero, on the heap. */
static bool reserve(size_t more)
{
    if (body.heap && body.end + more + 1 <= body.capacity)
        return true;
    size_t needed = unread() + more + 1;
    if (body.heap && needed <= body.capacity / 2) {
        memmove(body.heap, body.heap + body.start, unread());
    } else {
        size_t capacity = body.capacity ? body.capacity * 2 : MF_CHUNK_MAX;
        while (capacity < needed)
            capacity *= 2;
        uint8_t *heap = js_malloc(engine.context, capacity);
        if (!heap)
            return false;
        if (unread() > 0)
            memcpy(heap, body.data + body.start, unread());
        js_free(engine.context, body.heap);
        body.heap = heap;
        body.capacity = capacity;
    }
    body.data = body.heap;
    body.end = unread();
    body.start = 0;
    return true;
}

bool body__take(const uint8_t *payload, size_t length)
{
    if (body.ended || length > body.window || length > MF_CHUNK_MAX)
        return false;
    body.window -= (uint32_t)length;
    body.news = true;
    if (unread() == 0 && !body.heap) {
        body.data = payload;
        body.start = 0;
        body.end = length;
    } else if (reserve(length)) {
        memcpy(body.heap + body.end, payload, length);
        body.end += length;
    } else {
        engine__fail();
        return true;
    }
    if (body.collect)
        grant(length);
    return true;
}

bool body__take_end(void)
{
    if (body.ended)
        return false;
    body.ended = body.news = true;
    return true;
}

bool body__is_complete(void)
{
    return body.ended;
}

void body__keep(void)
{
    if (unread() > 0 && !body.heap && !reserve(0))
        engine__fail();
}

bool body__has_news(void)
{
    bool news = body.news && body.wanted;
    body.news = false;
    return news;
}

const char *body__source(size_t *length)
{
    if (!reserve(0))
        return NULL;
    body.heap[body.end] = 0;
    *length = unread();
    return (const char *)body.heap + body.start;
}

/* bodyState(): number: 1 there is something unread, 2 it is complete */
NATIVE_FUNCTION(native_body_state)
{
    return JS_NewInt32(context, (unread() > 0 ? 1 : 0) | (body.ended ? 2 : 0));
}

/* bodyWant(whole: boolean): void: call back when there is more; or rather, when it is complete */
NATIVE_FUNCTION(native_body_want)
{
    body.wanted = true;
    if (!body.collect && JS_ToBool(context, argv[0])) {
        body.collect = true;
        grant(unread());
    }
    return JS_UNDEFINED;
}

static void consume(size_t length)
{
    body.start += length;
    if (!body.collect)
        grant(length);
    if (unread() == 0)
        body__drop();
}

/* bodyText(): string: all that is unread, without a byte order mark */
NATIVE_FUNCTION(native_body_text)
{
    const uint8_t *bytes = body.data + body.start;
    size_t length = unread();
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    size_t skipped = length >= sizeof mark && memcmp(bytes, mark, sizeof mark) == 0 ? sizeof mark : 0;
    JSValue text = text__decode(bytes + skipped, length - skipped);
    consume(length);
    return text;
}

/* bodyBytes(most: number): Uint8Array: of what is unread, so many bytes at most */
NATIVE_FUNCTION(native_body_bytes)
{
    int64_t most;
    if (JS_ToInt64(context, &most, argv[0]))
        return JS_EXCEPTION;
    size_t length = most < (int64_t)unread() ? (size_t)most : unread();
    JSValue bytes = JS_NewUint8ArrayCopy(context, body.data + body.start, length);
    consume(length);
    return bytes;
}

const JSCFunctionListEntry body_natives[] = {
    NATIVE("bodyState", 0, native_body_state),
    NATIVE("bodyWant", 1, native_body_want),
    NATIVE("bodyText", 0, native_body_text),
    NATIVE("bodyBytes", 1, native_body_bytes),
};
const int body_natives_count = COUNT(body_natives);
