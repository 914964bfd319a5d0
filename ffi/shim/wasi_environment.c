#include "wasi_environment.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct slice {
    const char *at;
    uint32_t length;
};

/* ---- writing --------------------------------------------------------------------------------------------- */

static bool environment__put(struct wasi_environment *environment, const char *bytes, uint32_t length) {
    if (length > WASI_ENVIRONMENT_BYTES_MAX - environment->length) return false;
    memcpy(environment->bytes + environment->length, bytes, length);
    environment->length += length;
    return true;
}

static bool environment__begin(struct wasi_environment *environment) {
    if (environment->count == WASI_VARIABLES_MAX) return false;
    environment->starts[environment->count++] = environment->length;
    return true;
}

/* A name without its `=` is a text's constant. False: there is no room. */
static bool environment__add(struct wasi_environment *environment, const char *name, struct slice value) {
    return environment__begin(environment) && environment__put(environment, name, (uint32_t)strlen(name)) &&
           environment__put(environment, "=", 1) && environment__put(environment, value.at, value.length) &&
           environment__put(environment, "", 1);
}

static bool environment__add_text(struct wasi_environment *environment, const char *name, const char *value) {
    return environment__add(environment, name, (struct slice){value, (uint32_t)strlen(value)});
}

int wasi_environment__add_list(struct wasi_environment *environment, const char *list, uint32_t length) {
    for (uint32_t at = 0; at < length;) {
        const char *end = memchr(list + at, 0, length - at);
        if (end == NULL) return -EINVAL;
        uint32_t bytes = (uint32_t)(end - list) + 1 - at;
        if (!environment__begin(environment) || !environment__put(environment, list + at, bytes)) return -E2BIG;
        at += bytes;
    }
    return 0;
}

/* ---- the URL ------------------------------------------------------------------------------------------------ */

static int hex__digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Without %XX, except for %00, which no variable could hold. */
static bool environment__add_decoded(struct wasi_environment *environment, const char *name, struct slice value) {
    if (!environment__add(environment, name, value)) return false;
    char *from = environment->bytes + environment->length - 1 - value.length, *to = from;
    for (uint32_t i = 0; i < value.length; i++) {
        int high = value.length - i > 2 && from[i] == '%' ? hex__digit(from[i + 1]) : -1;
        int low = high >= 0 ? hex__digit(from[i + 2]) : -1;
        bool is_escape = low >= 0 && (high | low) != 0;
        *to++ = is_escape ? (char)(high << 4 | low) : from[i];
        if (is_escape) i += 2;
    }
    *to++ = 0;
    environment->length = (uint32_t)(to - environment->bytes);
    return true;
}

static struct slice slice__from(struct slice slice, const char *at) {
    return (struct slice){at, slice.length - (uint32_t)(at - slice.at)};
}

static struct slice slice__until(struct slice slice, const char *end) {
    return end == NULL ? slice : (struct slice){slice.at, (uint32_t)(end - slice.at)};
}

static const char *slice__find(struct slice slice, char byte) {
    return memchr(slice.at, byte, slice.length);
}

/* `http://host:port/path?query` */
static bool environment__add_url(struct wasi_environment *environment, struct slice url, struct slice mount) {
    static const char SCHEME[] = "http://";
    uint32_t scheme = (uint32_t)strlen(SCHEME);
    if (url.length < scheme || memcmp(url.at, SCHEME, scheme) != 0) return false;
    struct slice host = slice__from(url, url.at + scheme);
    const char *slash = slice__find(host, '/');
    if (slash == NULL) return false;
    struct slice uri = slice__from(host, slash);
    host = slice__until(host, slash);
    const char *colon = host.length > 0 && host.at[0] == '[' ? slice__find(host, ']') : host.at;
    colon = colon == NULL ? NULL : slice__find(slice__from(host, colon), ':');
    const char *mark = slice__find(uri, '?');
    struct slice path = slice__until(uri, mark), query = {"", 0}, port = {"80", 2};
    if (mark != NULL) query = slice__from(uri, mark + 1);
    if (colon != NULL) port = slice__from(host, colon + 1);

    if (mount.length == 1) mount.length = 0; /* the slash alone */
    bool is_below = path.length >= mount.length && memcmp(path.at, mount.at, mount.length) == 0 &&
                    (path.length == mount.length || path.at[mount.length] == '/');
    struct slice rest = is_below ? slice__from(path, path.at + mount.length) : path;
    if (!is_below) mount.length = 0;
    return environment__add(environment, "REQUEST_URI", uri) && environment__add(environment, "QUERY_STRING", query) &&
           environment__add(environment, "SCRIPT_NAME", mount) &&
           environment__add_decoded(environment, "PATH_INFO", rest) &&
           environment__add(environment, "SERVER_NAME", slice__until(host, colon)) &&
           environment__add(environment, "SERVER_PORT", port);
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

/* Frames have characters in UTF-8, and each of them is a byte of HTTP's. */
static bool environment__put_value(struct wasi_environment *environment, struct slice value) {
    if (!environment__put(environment, value.at, value.length)) return false;
    uint8_t *from = (uint8_t *)environment->bytes + environment->length - value.length, *to = from;
    for (uint32_t i = 0; i < value.length; i++) {
        bool is_pair = (from[i] & 0xfc) == 0xc0 && i + 1 < value.length;
        *to++ = is_pair ? (uint8_t)(from[i] << 6 | (from[i + 1] & 0x3f)) : from[i];
        if (is_pair) i++;
    }
    environment->length = (uint32_t)((char *)to - environment->bytes);
    return environment__put(environment, "", 1);
}

static bool slice__is(struct slice slice, const char *text) {
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

/*
 * `proxy` would become HTTP_PROXY, which programs take for a setting. A name with `_` would become the variable of
 * another header, with `-`. The request's id is the server's to say.
 */
static bool header__is_hidden(struct slice name) {
    return slice__is(name, "proxy") || slice__is(name, "x-request-id") || slice__find(name, '_') != NULL;
}

static bool environment__add_header(struct wasi_environment *environment, struct slice name, struct slice value) {
    if (header__is_hidden(name)) return true;
    bool has_prefix = !slice__is(name, "content-type") && !slice__is(name, "content-length");
    if (!environment__begin(environment)) return false;
    if (has_prefix && !environment__put(environment, "HTTP_", 5)) return false;
    if (!environment__put(environment, name.at, name.length)) return false;
    for (char *at = environment->bytes + environment->length - name.length; name.length > 0; at++, name.length--) {
        if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
        else if (*at == '-') *at = '_';
    }
    return environment__put(environment, "=", 1) && environment__put_value(environment, value);
}

static bool environment__add_headers(struct wasi_environment *environment, struct slice lines) {
    while (lines.length > 0) {
        const char *name_end = slice__find(lines, '\n');
        if (name_end == NULL) return false;
        struct slice name = slice__until(lines, name_end), rest = slice__from(lines, name_end + 1);
        const char *value_end = slice__find(rest, '\n');
        if (value_end == NULL) return false;
        if (!environment__add_header(environment, name, slice__until(rest, value_end))) return false;
        lines = slice__from(rest, value_end + 1);
    }
    return true;
}

/* ---- a head ------------------------------------------------------------------------------------------------------ */

static int head__split(const uint8_t *head, uint32_t length, struct slice strings[MF_REQUEST_STRINGS]) {
    uint32_t at = MF_REQUEST_STRINGS * sizeof(uint32_t);
    if (length < at) return -EPROTO;
    for (int i = 0; i < MF_REQUEST_STRINGS; i++) {
        uint32_t bytes;
        memcpy(&bytes, head + (size_t)i * sizeof bytes, sizeof bytes);
        if (bytes > length - at) return -EPROTO;
        strings[i] = (struct slice){(const char *)head + at, bytes};
        at += bytes;
    }
    for (int i = 0; i < MF_REQUEST_CONTEXT; i++) {
        if (slice__find(strings[i], 0) != NULL) return -EPROTO;
    }
    return 0;
}

int wasi_environment__set(struct wasi_environment *environment, const uint8_t *head, uint32_t length) {
    struct slice strings[MF_REQUEST_STRINGS];
    environment->length = environment->count = 0;
    int rc = head__split(head, length, strings);
    if (rc != 0) return rc;
    /* The context is a list: the function's mount, then variables. */
    struct slice context = strings[MF_REQUEST_CONTEXT];
    const char *mount_end = slice__find(context, 0);
    if (mount_end == NULL) return -EPROTO;
    bool fits = environment__add_text(environment, "GATEWAY_INTERFACE", "CGI/1.1") &&
                environment__add_text(environment, "SERVER_PROTOCOL", "HTTP/1.1") &&
                environment__add_text(environment, "SERVER_SOFTWARE", "mayfly") &&
                environment__add(environment, "REQUEST_METHOD", strings[MF_REQUEST_METHOD]) &&
                environment__add_url(environment, strings[MF_REQUEST_URL], slice__until(context, mount_end)) &&
                environment__add(environment, "HTTP_X_REQUEST_ID", strings[MF_REQUEST_ID]) &&
                environment__add_headers(environment, strings[MF_REQUEST_HEADERS]);
    if (!fits) return -E2BIG;
    struct slice variables = slice__from(context, mount_end + 1);
    return wasi_environment__add_list(environment, variables.at, variables.length);
}
