/*
 * The request's head. Its strings become JavaScript's only when somebody asks, and its bytes are copied
 * out of the host's area only if the request lives longer than its first step.
 */
#include <string.h>

#include "engine.h"

static struct {
    const uint8_t *payload;
    size_t length;
    uint8_t *kept;
    uint32_t ends[MF_REQUEST_STRINGS];
} head;

static const size_t TABLE_BYTES = MF_REQUEST_STRINGS * sizeof(uint32_t);

bool head__take(const uint8_t *payload, size_t length)
{
    if (length < TABLE_BYTES)
        return false;
    size_t end = TABLE_BYTES;
    for (int i = 0; i < MF_REQUEST_STRINGS; i++) {
        uint32_t bytes;
        memcpy(&bytes, payload + (size_t)i * sizeof bytes, sizeof bytes);
        if (bytes > length - end)
            return false;
        end += bytes;
        head.ends[i] = (uint32_t)end;
    }
    js_free(engine.context, head.kept);
    head.kept = NULL;
    head.payload = payload;
    head.length = length;
    return true;
}

void head__keep(void)
{
    if (!head.payload || head.kept)
        return;
    head.kept = js_malloc(engine.context, head.length);
    if (!head.kept) {
        engine__fail();
        return;
    }
    memcpy(head.kept, head.payload, head.length);
    head.payload = head.kept;
}

const char *head__bytes(enum mf_request_string which, size_t *length)
{
    uint32_t start = which == 0 ? (uint32_t)TABLE_BYTES : head.ends[which - 1];
    *length = head.ends[which] - start;
    return (const char *)head.payload + start;
}

JSValue head__string(enum mf_request_string which)
{
    size_t length;
    const char *bytes = head__bytes(which, &length);
    return JS_NewStringLen(engine.context, bytes, length);
}

/* headString(which: number): string */
NATIVE_FUNCTION(native_head_string)
{
    uint32_t which;
    if (JS_ToUint32(context, &which, argv[0]))
        return JS_EXCEPTION;
    if (which >= MF_REQUEST_STRINGS)
        return JS_ThrowRangeError(context, "Cannot read a head: it has no such string");
    return head__string((enum mf_request_string)which);
}

/* The value of the header at `line`, and the line after it. */
static const char *next_header(const char *line, const char *end, const char **value, const char **value_end)
{
    const char *name_end = memchr(line, '\n', (size_t)(end - line));
    *value = name_end ? name_end + 1 : end;
    const char *stop = memchr(*value, '\n', (size_t)(end - *value));
    *value_end = stop ? stop : end;
    return stop ? stop + 1 : end;
}

/*
 * headHeader(name: string): string | null | undefined
 * Of the head itself, for callers to whom a whole Headers list would be too much. The name is in lower
 * case. undefined: it is there more than once.
 */
NATIVE_FUNCTION(native_head_header)
{
    size_t name_length, length;
    const char *name = JS_ToCStringLen(context, &name_length, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    const char *line = head__bytes(MF_REQUEST_HEADERS, &length);
    const char *end = line + length;
    const char *found = NULL, *found_end = NULL;
    int count = 0;
    while (line < end) {
        const char *value, *value_end;
        const char *next = next_header(line, end, &value, &value_end);
        if ((size_t)(value - line) == name_length + 1 && memcmp(line, name, name_length) == 0) {
            found = value;
            found_end = value_end;
            count++;
        }
        line = next;
    }
    JS_FreeCString(context, name);
    if (count == 0)
        return JS_NULL;
    return count == 1 ? JS_NewStringLen(context, found, (size_t)(found_end - found)) : JS_UNDEFINED;
}

const JSCFunctionListEntry head_natives[] = {
    NATIVE("headString", 1, native_head_string),
    NATIVE("headHeader", 1, native_head_header),
};
const int head_natives_count = COUNT(head_natives);
