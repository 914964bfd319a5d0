#include "http_head.h"

#include <string.h>

#include "http.h"
#include "http_fields.h"

static const char VERSION[] = "HTTP/1.";

bool http_head__may_begin(const char *bytes, size_t size) {
    size_t known = sizeof VERSION - 1;
    return memcmp(bytes, VERSION, size < known ? size : known) == 0;
}

bool http_head__is_whole(const char *bytes, size_t size) {
    if (size >= 2 && bytes[size - 2] == '\n') return true;
    if (size >= 3 && bytes[size - 2] == '\r' && bytes[size - 3] == '\n') return true;
    return size == 1 || (size == 2 && bytes[0] == '\r');
}

/* ---- reading --------------------------------------------------------------------------------------------- */

/* The next line without its end, which may be a line feed alone: the standard lets a recipient take that. */
static struct http_text next_line(struct http_text *rest) {
    const char *feed = memchr(rest->at, '\n', rest->size);
    size_t size = feed == NULL ? rest->size : (size_t)(feed - rest->at);
    struct http_text line = {rest->at, size};
    if (line.size > 0 && line.at[line.size - 1] == '\r') line.size--;
    size_t taken = feed == NULL ? size : size + 1;
    *rest = (struct http_text){rest->at + taken, rest->size - taken};
    return line;
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* `HTTP/1.1 200 OK`: the words are for people. */
static const char *read_status_line(struct http_text line, struct http_head *head) {
    size_t at = sizeof VERSION - 1;
    if (line.size < at + 5 || !http_head__may_begin(line.at, line.size) || line.at[at + 1] != ' ') {
        return "its first line is not one as in HTTP/1.1 200 OK";
    }
    if (line.at[at] != '0' && line.at[at] != '1') return "its HTTP version is neither 1.0 nor 1.1";
    head->keeps_alive = line.at[at] == '1';
    const char *digits = line.at + at + 2;
    bool ends = line.size == at + 5 || line.at[at + 5] == ' ';
    if (!ends || !is_digit(digits[0]) || !is_digit(digits[1]) || !is_digit(digits[2])) {
        return "its status is no number of three digits";
    }
    head->status = (uint16_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
    return head->status >= 100 && head->status <= 599 ? NULL : "its status is none from 100 to 599";
}

static const char *read_field(struct http_text line, struct http_field *field) {
    const char *colon = memchr(line.at, ':', line.size);
    if (line.at[0] == ' ' || line.at[0] == '\t') return "a line of its headers begins with a space";
    if (colon == NULL) return "a line of its headers has no colon";
    size_t name_size = (size_t)(colon - line.at);
    field->name = (struct http_text){line.at, name_size};
    field->value = http_text__trimmed((struct http_text){colon + 1, line.size - name_size - 1});
    if (!http_text__is_name(field->name)) return "a header's name has a character that no name has, or a space";
    for (size_t i = 0; i < field->value.size; i++) {
        uint8_t byte = (uint8_t)field->value.at[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return "a header's value has a control character";
    }
    return NULL;
}

static const char *read_fields(struct http_text rest, struct http_fields *fields) {
    for (struct http_text line = next_line(&rest); line.size > 0; line = next_line(&rest)) {
        if (fields->count == HTTP_HEADERS_MAX) return "it has too many headers";
        const char *problem = read_field(line, &fields->items[fields->count]);
        if (problem != NULL) return problem;
        fields->count++;
    }
    return NULL;
}

/* ---- how long its body is -------------------------------------------------------------------------------- */

/* Longer than any body, and far from where a number ends. */
#define LENGTH_DIGITS_MAX 18u

static bool read_length(struct http_text text, uint64_t *length) {
    *length = 0;
    if (text.size == 0 || text.size > LENGTH_DIGITS_MAX) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.at[i])) return false;
        *length = *length * 10 + (uint64_t)(text.at[i] - '0');
    }
    return true;
}

/* Two readers of one response must not see two bodies: what could be read in two ways is refused. */
static const char *read_framing(const struct http_fields *fields, struct http_head *head) {
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct http_field *field = &fields->items[i];
        if (http_text__is(field->name, "content-length")) {
            uint64_t length;
            if (!read_length(field->value, &length)) return "its content-length is no number of bytes";
            if (head->has_length && length != head->length) return "it has two different content-lengths";
            head->has_length = true;
            head->length = length;
        } else if (http_text__is(field->name, "transfer-encoding")) {
            if (head->is_chunked) return "it has two transfer-encodings";
            if (!http_text__is(field->value, "chunked")) return "its transfer-encoding is not chunked";
            if (!head->keeps_alive) return "it has a transfer-encoding, which HTTP/1.0 does not know";
            head->is_chunked = true;
        }
    }
    return head->is_chunked && head->has_length ? "it has both a content-length and a transfer-encoding" : NULL;
}

static bool keeps_alive(const struct http_fields *fields, bool is_usual) {
    if (http_fields__have(fields, "connection", "close")) return false;
    return is_usual || http_fields__have(fields, "connection", "keep-alive");
}

/* ---- the frame ------------------------------------------------------------------------------------------- */

struct payload {
    uint8_t *at, *end;
};

static bool put(struct payload *payload, uint8_t byte) {
    if (payload->at == payload->end) return false;
    *payload->at++ = byte;
    return true;
}

/* A byte of HTTP's is a character, and frames have characters in UTF-8. */
static bool put_latin1(struct payload *payload, struct http_text text) {
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        if (byte >= 0x80) {
            if (!put(payload, (uint8_t)(0xc0 | byte >> 6))) return false;
            byte = (uint8_t)(0x80 | (byte & 0x3f));
        }
        if (!put(payload, byte)) return false;
    }
    return true;
}

static bool put_name(struct payload *payload, struct http_text name) {
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        if (!put(payload, byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte)) return false;
    }
    return true;
}

static bool put_fields(struct payload *payload, const struct http_fields *fields) {
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct http_field *field = &fields->items[i];
        bool fits = put_name(payload, field->name) && put(payload, '\n') && put_latin1(payload, field->value) &&
                    put(payload, '\n');
        if (!fits) return false;
    }
    return true;
}

/* The same length twice is one length. */
static void drop_doubled_lengths(struct http_fields *fields) {
    uint32_t kept = 0, lengths = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (http_text__is(fields->items[i].name, "content-length") && lengths++ > 0) continue;
        fields->items[kept++] = fields->items[i];
    }
    fields->count = kept;
}

const char *http_head__parse(const char *bytes, size_t size, struct http_head *head, uint8_t *payload,
                             size_t capacity) {
    struct http_text rest = {bytes, size};
    struct http_fields fields;
    fields.count = 0;
    *head = (struct http_head){0};
    const char *problem = read_status_line(next_line(&rest), head);
    if (problem == NULL) problem = read_fields(rest, &fields);
    if (problem == NULL) problem = read_framing(&fields, head);
    if (problem != NULL) return problem;
    head->keeps_alive = keeps_alive(&fields, head->keeps_alive);
    http_fields__drop_hops(&fields);
    drop_doubled_lengths(&fields);
    struct payload out = {payload, payload + capacity};
    if (!put_fields(&out, &fields)) return "its headers are too long";
    head->payload_size = (size_t)(out.at - payload);
    return NULL;
}
