#include "wasi_cgi.h"

#include <string.h>

struct field {
    const uint8_t *name, *value;
    uint32_t name_length, value_length;
};

bool wasi_cgi__is_whole(const uint8_t *header, uint32_t length) {
    if (length >= 2 && header[length - 2] == '\n') return true;
    if (length >= 3 && header[length - 2] == '\r' && header[length - 3] == '\n') return true;
    /* Without any header at all. */
    return length == 1 || (length == 2 && header[0] == '\r');
}

static uint8_t byte__lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool byte__is_of_name(uint8_t byte) {
    if (byte__lower(byte) >= 'a' && byte__lower(byte) <= 'z') return true;
    if (byte >= '0' && byte <= '9') return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool byte__is_space(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

static bool field__parse(const uint8_t *line, uint32_t length, struct field *field) {
    const uint8_t *colon = memchr(line, ':', length);
    if (colon == NULL || colon == line) return false;
    const uint8_t *value = colon + 1, *end = line + length;
    while (value < end && byte__is_space(*value)) value++;
    while (end > value && byte__is_space(end[-1])) end--;
    *field = (struct field){line, value, (uint32_t)(colon - line), (uint32_t)(end - value)};
    for (uint32_t i = 0; i < field->name_length; i++) {
        if (!byte__is_of_name(line[i])) return false;
    }
    for (uint32_t i = 0; i < field->value_length; i++) {
        if ((value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f) return false;
    }
    return true;
}

static bool field__is(const struct field *field, const char *name) {
    if (field->name_length != strlen(name)) return false;
    for (uint32_t i = 0; i < field->name_length; i++) {
        if (byte__lower(field->name[i]) != (uint8_t)name[i]) return false;
    }
    return true;
}

/* `404 Not Found`: only the number counts. 0 if it is none of a final response. */
static uint16_t field__status(const struct field *field) {
    uint16_t status = 0;
    if (field->value_length < 3) return 0;
    for (int i = 0; i < 3; i++) {
        if (field->value[i] < '0' || field->value[i] > '9') return 0;
        status = (uint16_t)(status * 10 + (field->value[i] - '0'));
    }
    bool is_number_alone = field->value_length == 3 || byte__is_space(field->value[3]);
    return is_number_alone && status >= 200 && status <= 599 ? status : 0;
}

/* Each byte is a character, as in HTTP, and frames carry characters in UTF-8. */
static uint8_t *field__write(const struct field *field, uint8_t *to) {
    for (uint32_t i = 0; i < field->name_length; i++) *to++ = byte__lower(field->name[i]);
    *to++ = '\n';
    for (uint32_t i = 0; i < field->value_length; i++) {
        uint8_t byte = field->value[i];
        if (byte < 0x80) {
            *to++ = byte;
        } else {
            *to++ = (uint8_t)(0xc0 | byte >> 6);
            *to++ = (uint8_t)(0x80 | (byte & 0x3f));
        }
    }
    *to++ = '\n';
    return to;
}

int64_t wasi_cgi__parse(const uint8_t *header, uint32_t length, uint8_t *payload, uint16_t *status,
                        const char **problem) {
    uint8_t *to = payload;
    uint32_t fields = 0;
    bool has_location = false;
    *status = 0;
    for (const uint8_t *line = header, *end = header + length; line < end; fields++) {
        const uint8_t *next = (const uint8_t *)memchr(line, '\n', (size_t)(end - line)) + 1;
        uint32_t line_length = (uint32_t)(next - 1 - line);
        if (line_length > 0 && line[line_length - 1] == '\r') line_length--;
        if (line_length == 0) break;
        struct field field;
        if (!field__parse(line, line_length, &field)) {
            *problem = "a line of its headers is none";
            return -1;
        }
        line = next;
        if (field__is(&field, "status")) {
            *status = field__status(&field);
            if (*status != 0) continue;
            *problem = "its status is none from 200 to 599";
            return -1;
        }
        has_location |= field__is(&field, "location");
        to = field__write(&field, to);
    }
    if (fields == 0) {
        *problem = "it has no headers";
        return -1;
    }
    if (*status == 0) *status = has_location ? 302 : 200;
    return to - payload;
}
