#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http_fields.h"

/* ---- writing --------------------------------------------------------------------------------------------- */

struct output {
    char *at, *end;
};

static bool put(struct output *to, const char *bytes, size_t size) {
    if (size > (size_t)(to->end - to->at)) return false;
    memcpy(to->at, bytes, size);
    to->at += size;
    return true;
}

static bool put_text(struct output *to, struct http_text text) {
    return put(to, text.at, text.size);
}

static bool put_words(struct output *to, const char *words) {
    return put(to, words, strlen(words));
}

/* ---- checking: what is written here becomes lines -------------------------------------------------------- */

/* Of a URL: nothing that would end it, or its line. */
static bool is_visible(struct http_text text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f) return false;
    }
    return text.size > 0;
}

static bool is_control(uint8_t byte) {
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Characters in UTF-8 become the bytes that they are in HTTP. */
static int put_value(struct output *to, struct http_text value) {
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = (uint8_t)value.at[i];
        if (is_control(byte)) return -EBADMSG;
        if (byte >= 0x80) {
            uint8_t next = i + 1 < value.size ? (uint8_t)value.at[++i] : 0;
            if ((byte != 0xc2 && byte != 0xc3) || (next & 0xc0) != 0x80) return -EBADMSG;
            byte = (uint8_t)(byte << 6 | (next & 0x3f));
        }
        if (!put(to, (const char *)&byte, 1)) return -EMSGSIZE;
    }
    return 0;
}

static int put_field(struct output *to, const struct http_field *field) {
    if (!http_text__is_name(field->name)) return -EBADMSG;
    if (!put_text(to, field->name) || !put_words(to, ": ")) return -EMSGSIZE;
    int rc = put_value(to, field->value);
    if (rc != 0) return rc;
    return put_words(to, "\r\n") ? 0 : -EMSGSIZE;
}

/* ---- reading the frame ----------------------------------------------------------------------------------- */

static int split(const uint8_t *frame, size_t size, struct mf_frame *header,
                 struct http_text strings[MF_REQUEST_STRINGS]) {
    uint32_t sizes[MF_REQUEST_STRINGS];
    size_t at = sizeof *header + sizeof sizes;
    if (size < at) return -EBADMSG;
    memcpy(header, frame, sizeof *header);
    memcpy(sizes, frame + sizeof *header, sizeof sizes);
    if (header->type != MF_HEAD || header->length > size - sizeof *header) return -EBADMSG;
    size = sizeof *header + header->length;
    if (size < at) return -EBADMSG;
    for (int i = 0; i < MF_REQUEST_STRINGS; i++) {
        if (sizes[i] > size - at) return -EBADMSG;
        strings[i] = (struct http_text){(const char *)frame + at, sizes[i]};
        at += sizes[i];
    }
    return 0;
}

static int read_fields(struct http_text lines, struct http_fields *fields) {
    fields->count = 0;
    while (lines.size > 0) {
        struct http_text parts[2];
        for (int i = 0; i < 2; i++) {
            const char *feed = memchr(lines.at, '\n', lines.size);
            if (feed == NULL) return -EBADMSG;
            parts[i] = (struct http_text){lines.at, (size_t)(feed - lines.at)};
            lines = (struct http_text){feed + 1, lines.size - parts[i].size - 1};
        }
        if (fields->count == HTTP_FIELDS_MAX) return -EMSGSIZE;
        fields->items[fields->count++] = (struct http_field){parts[0], parts[1]};
    }
    return 0;
}

/* `http://host:port/path?query`, without a fragment. */
static int split_url(struct http_text url, struct http_text *host, struct http_text *target) {
    static const char SCHEME[] = "http://";
    size_t scheme = sizeof SCHEME - 1;
    if (url.size < scheme || memcmp(url.at, SCHEME, scheme) != 0 || !is_visible(url)) return -EBADMSG;
    struct http_text rest = {url.at + scheme, url.size - scheme};
    const char *slash = memchr(rest.at, '/', rest.size);
    if (slash == NULL) return -EBADMSG;
    *host = (struct http_text){rest.at, (size_t)(slash - rest.at)};
    *target = (struct http_text){slash, rest.size - host->size};
    return host->size > 0 ? 0 : -EBADMSG;
}

/* ---- the head -------------------------------------------------------------------------------------------- */

/*
 * The host is that of the URL, and the request's id is the server's to say. `expect` was answered by the server.
 * Programs that go by CGI's names cannot tell `_` from `-`, and the mount path is the server's word too.
 */
static bool is_ours(struct http_text name) {
    static const char *const OURS[] = {"host", "x-request-id", "x_request_id", "expect", "x_forwarded_prefix"};
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++) {
        if (http_text__is(name, OURS[i])) return true;
    }
    return false;
}

/* False: it is no length that the body can be held to. */
static bool read_length(struct http_text value, uint64_t *length) {
    *length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || *length > UINT64_MAX / 100) return false;
        *length = *length * 10 + (uint64_t)(value.at[i] - '0');
    }
    return value.size > 0;
}

/* How the body is told, and at most one line that tells it. */
static int put_framing(struct http_exchange *exchange, struct output *to, const struct http_fields *fields) {
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct http_field *field = &fields->items[i];
        if (!http_text__is(field->name, "content-length")) continue;
        if (!read_length(field->value, &exchange->request_left)) return -EBADMSG;
        if (!exchange->has_body && exchange->request_left > 0) return -EBADMSG;
        exchange->is_chunked = 0;
        return put_field(to, field);
    }
    if (!exchange->has_body) return 0;
    exchange->is_chunked = 1;
    return put_words(to, "transfer-encoding: chunked\r\n") ? 0 : -EMSGSIZE;
}

static int put_head(struct http_exchange *exchange, struct output *to,
                    const struct http_text strings[MF_REQUEST_STRINGS]) {
    struct http_text method = strings[MF_REQUEST_METHOD], id = strings[MF_REQUEST_ID], host, target;
    struct http_fields fields;
    int rc = split_url(strings[MF_REQUEST_URL], &host, &target);
    if (rc == 0) rc = read_fields(strings[MF_REQUEST_HEADERS], &fields);
    if (rc != 0) return rc;
    if (!http_text__is_name(method)) return -EBADMSG;
    http_fields__drop_hops(&fields);
    const struct http_field ours[] = {{{"host", 4}, host}, {{"x-request-id", 12}, id}};
    bool fits = put_text(to, method) && put_words(to, " ") && put_text(to, target) && put_words(to, " HTTP/1.1\r\n");
    if (!fits) return -EMSGSIZE;
    rc = put_field(to, &ours[0]);
    if (rc == 0 && id.size > 0) rc = put_field(to, &ours[1]);
    for (uint32_t i = 0; i < fields.count && rc == 0; i++) {
        struct http_text name = fields.items[i].name;
        if (is_ours(name) || http_text__is(name, "content-length")) continue;
        rc = put_field(to, &fields.items[i]);
    }
    if (rc == 0) rc = put_framing(exchange, to, &fields);
    if (rc != 0) return rc;
    return put_words(to, "\r\n") ? 0 : -EMSGSIZE;
}

int64_t http__begin(struct http_exchange *exchange, const uint8_t *frame, size_t size, char *to, size_t capacity) {
    struct mf_frame header;
    struct http_text strings[MF_REQUEST_STRINGS];
    int rc = split(frame, size, &header, strings);
    if (rc != 0) return rc;
    /* Not its last part, which is large and is written before it is read. */
    memset(exchange, 0, offsetof(struct http_exchange, head));
    exchange->phase = HTTP_HEAD;
    exchange->credit = MF_INITIAL_CREDIT;
    exchange->has_body = (header.flags & MF_HEAD_HAS_BODY) != 0;
    exchange->is_head = http_text__is(strings[MF_REQUEST_METHOD], "head");
    struct output output = {to, to + capacity};
    rc = put_head(exchange, &output, strings);
    return rc != 0 ? rc : output.at - to;
}

/* ---- the body -------------------------------------------------------------------------------------------- */

size_t http__body(struct http_exchange *exchange, const uint8_t *body, size_t size, int end, char *to,
                  size_t capacity) {
    struct output output = {to, to + capacity};
    if (!exchange->has_body || capacity < size + HTTP_PIECE_EXTRA) return 0;
    if (!exchange->is_chunked) {
        /* Never beyond what the guest was told: it would take the rest for a request. */
        size_t whole = size < exchange->request_left ? size : (size_t)exchange->request_left;
        put(&output, (const char *)body, whole);
        exchange->request_left -= whole;
        return whole;
    }
    if (size > 0) {
        char line[16];
        put(&output, line, (size_t)snprintf(line, sizeof line, "%zx\r\n", size));
        put(&output, (const char *)body, size);
        put_words(&output, "\r\n");
    }
    if (end) put_words(&output, "0\r\n\r\n");
    return (size_t)(output.at - to);
}
