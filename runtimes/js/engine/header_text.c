/* What may stand in a header. */
#include <string.h>

#include "engine.h"

static bool is_token_byte(uint8_t byte)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

/* headerName(name: string): string | null: in lower case; null, it is no token */
NATIVE_FUNCTION(native_header_name)
{
    size_t length;
    const char *name = JS_ToCStringLen(context, &length, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    bool is_token = length > 0, has_upper = false;
    for (size_t i = 0; i < length && is_token; i++) {
        is_token = is_token_byte((uint8_t)name[i]);
        has_upper |= name[i] >= 'A' && name[i] <= 'Z';
    }
    JSValue lower = JS_NULL;
    if (is_token && !has_upper) {
        lower = JS_DupValue(context, argv[0]);
    } else if (is_token) {
        char *copy = js_strndup(context, name, length);
        if (copy) {
            for (size_t i = 0; i < length; i++)
                copy[i] |= copy[i] >= 'A' && copy[i] <= 'Z' ? 0x20 : 0;
            lower = JS_NewStringLen(context, copy, length);
            js_free(context, copy);
        } else {
            lower = JS_EXCEPTION;
        }
    }
    JS_FreeCString(context, name);
    return lower;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Beyond Latin-1: there a header's bytes, and this encoding's first ones of two, end. */
static const uint8_t FIRST_BEYOND_LATIN1 = 0xc4;

/* headerValue(value: string): string | null: without space around it; null, a header cannot have it */
NATIVE_FUNCTION(native_header_value)
{
    size_t length;
    const char *value = JS_ToCStringLen(context, &length, argv[0]);
    if (!value)
        return JS_EXCEPTION;
    size_t start = 0, end = length;
    while (start < end && is_space((uint8_t)value[start]))
        start++;
    while (end > start && is_space((uint8_t)value[end - 1]))
        end--;
    bool valid = true;
    for (size_t i = start; i < end && valid; i++) {
        uint8_t byte = (uint8_t)value[i];
        valid = byte != 0 && byte != '\r' && byte != '\n' && byte < FIRST_BEYOND_LATIN1;
    }
    JSValue result = JS_NULL;
    if (valid && end - start == length)
        result = JS_DupValue(context, argv[0]);
    else if (valid)
        result = JS_NewStringLen(context, value + start, end - start);
    JS_FreeCString(context, value);
    return result;
}

const JSCFunctionListEntry header_text_natives[] = {
    NATIVE("headerName", 1, native_header_name),
    NATIVE("headerValue", 1, native_header_value),
};
const int header_text_natives_count = COUNT(header_text_natives);
