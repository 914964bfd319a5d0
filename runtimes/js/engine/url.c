/*
 * URLs that are what parsing would make of them. Nearly all that a server sees are: they need no
 * parser, only to know where their parts are. Everything in doubt is left to the parser.
 */
#include <string.h>

#include "engine.h"

struct scan {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

static bool skip_prefix(struct scan *scan, const char *prefix)
{
    size_t length = strlen(prefix);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, prefix, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* Four numbers as an address is written back: no zeros before, none above 255. */
static bool is_plain_ipv4(const char *at, const char *end)
{
    for (int part = 0; part < 4; part++) {
        const char *start = at;
        int value = 0;
        while (at < end && is_digit(*at) && at - start < 3)
            value = value * 10 + (*at++ - '0');
        if (at == start || value > 255 || (at - start > 1 && *start == '0'))
            return false;
        if (part < 3 && (at == end || *at++ != '.'))
            return false;
    }
    return at == end;
}

/* Labels of lower-case letters, digits and hyphens. One that could be punycode, or an address, is in doubt. */
static bool skip_host(struct scan *scan)
{
    const char *host = scan->at, *label = host;
    for (; scan->at < scan->end && (is_host_char(*scan->at) || *scan->at == '.'); scan->at++) {
        if (*scan->at != '.')
            continue;
        if (scan->at == label)
            return false;
        label = scan->at + 1;
    }
    if (scan->at == label)
        return false;
    if (is_digit(*label) && !is_plain_ipv4(host, scan->at))
        return false;
    for (const char *at = host; at + 4 <= scan->at; at++) {
        if (memcmp(at, "xn--", 4) == 0)
            return false;
    }
    return true;
}

static bool skip_port(struct scan *scan, int default_port)
{
    const char *start = scan->at;
    int value = 0;
    while (scan->at < scan->end && is_digit(*scan->at) && scan->at - start < 5)
        value = value * 10 + (*scan->at++ - '0');
    return scan->at > start && *start != '0' && value <= 65535 && value != default_port;
}

/* Skips visible ASCII up to one of `stops`; false at a byte that would be escaped or treated otherwise. */
static bool skip_part(struct scan *scan, const char *stops, const char *doubtful)
{
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c <= ' ' || c > '~' || strchr(doubtful, c))
            return false;
        if (strchr(stops, c))
            return true;
    }
    return true;
}

/* A segment that begins with a dot may be one of those that are resolved away. */
static bool has_dot_segment(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at != '/')
            continue;
        if (at + 1 < end && at[1] == '.')
            return true;
        if (at + 3 < end && at[1] == '%' && at[2] == '2' && (at[3] | 0x20) == 'e')
            return true;
    }
    return false;
}

enum { PROTOCOL_END, HOST_END, PORT_END, PATH_END, QUERY_END, URL_PARTS };

static bool scan_url(struct scan *scan, const char *ends[URL_PARTS])
{
    int default_port = 80;
    if (!skip_prefix(scan, "http://")) {
        default_port = 443;
        if (!skip_prefix(scan, "https://"))
            return false;
    }
    ends[PROTOCOL_END] = scan->at - 2;
    if (!skip_host(scan))
        return false;
    ends[HOST_END] = scan->at;
    if (skip_prefix(scan, ":") && !skip_port(scan, default_port))
        return false;
    ends[PORT_END] = scan->at;
    const char *path = scan->at;
    if (path == scan->end || *path != '/' || !skip_part(scan, "?#", "\"<>\\^`{}|") || has_dot_segment(path, scan->at))
        return false;
    ends[PATH_END] = scan->at;
    if (!skip_part(scan, "#", "\"<>'"))
        return false;
    ends[QUERY_END] = scan->at;
    return skip_part(scan, "", "\"<>`");
}

/*
 * urlScan(text: string): number[] | null
 * Where protocol, host name, port, path and query end; null, the parser has to look at it.
 */
NATIVE_FUNCTION(native_url_scan)
{
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    struct scan scan = {text, text + length};
    const char *ends[URL_PARTS];
    JSValue result = JS_NULL;
    if (scan_url(&scan, ends)) {
        JSValue numbers[URL_PARTS];
        for (int i = 0; i < URL_PARTS; i++)
            numbers[i] = JS_NewInt32(context, (int32_t)(ends[i] - text));
        result = JS_NewArrayFrom(context, URL_PARTS, numbers);
    }
    JS_FreeCString(context, text);
    return result;
}

const JSCFunctionListEntry url_natives[] = {
    NATIVE("urlScan", 1, native_url_scan),
};
const int url_natives_count = COUNT(url_natives);
