#include "http_fields.h"

#include <string.h>

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static bool is_of_name(char byte) {
    char small = lower(byte);
    if ((small >= 'a' && small <= 'z') || (byte >= '0' && byte <= '9')) return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t';
}

bool http_text__is_name(struct http_text text) {
    for (size_t i = 0; i < text.size; i++) {
        if (!is_of_name(text.at[i])) return false;
    }
    return text.size > 0;
}

bool http_text__is(struct http_text text, const char *words) {
    if (text.size != strlen(words)) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (lower(text.at[i]) != words[i]) return false;
    }
    return true;
}

struct http_text http_text__trimmed(struct http_text text) {
    while (text.size > 0 && is_space(text.at[0])) text = (struct http_text){text.at + 1, text.size - 1};
    while (text.size > 0 && is_space(text.at[text.size - 1])) text.size--;
    return text;
}

bool http_text__next(struct http_text *list, struct http_text *item) {
    while (list->size > 0) {
        const char *comma = memchr(list->at, ',', list->size);
        size_t size = comma == NULL ? list->size : (size_t)(comma - list->at);
        *item = http_text__trimmed((struct http_text){list->at, size});
        size_t taken = comma == NULL ? size : size + 1;
        *list = (struct http_text){list->at + taken, list->size - taken};
        if (item->size > 0) return true;
    }
    return false;
}

bool http_fields__have(const struct http_fields *fields, const char *name, const char *word) {
    for (uint32_t i = 0; i < fields->count; i++) {
        struct http_text list = fields->items[i].value, item;
        if (!http_text__is(fields->items[i].name, name)) continue;
        while (http_text__next(&list, &item)) {
            if (http_text__is(item, word)) return true;
        }
    }
    return false;
}

/* ---- hops ------------------------------------------------------------------------------------------------ */

/* More names than this in `connection` are not looked at: a list of thousands is meant to cost. */
#define NAMED_MAX 8u

struct named {
    uint32_t count;
    struct http_text items[NAMED_MAX];
};

static struct named named_by_connection(const struct http_fields *fields) {
    struct named named = {0};
    for (uint32_t i = 0; i < fields->count; i++) {
        struct http_text list = fields->items[i].value, item;
        if (!http_text__is(fields->items[i].name, "connection")) continue;
        while (named.count < NAMED_MAX && http_text__next(&list, &item)) named.items[named.count++] = item;
    }
    return named;
}

static bool is_same(struct http_text a, struct http_text b) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    }
    return true;
}

static bool is_of_hop(struct http_text name, const struct named *named) {
    static const char *const HOPS[] = {"connection", "keep-alive",        "proxy-authenticate", "proxy-authorization",
                                       "te",         "proxy-connection", "trailer",            "transfer-encoding",
                                       "upgrade"};
    for (size_t i = 0; i < sizeof HOPS / sizeof *HOPS; i++) {
        if (http_text__is(name, HOPS[i])) return true;
    }
    for (uint32_t i = 0; i < named->count; i++) {
        if (is_same(name, named->items[i])) return true;
    }
    return false;
}

void http_fields__drop_hops(struct http_fields *fields) {
    struct named named = named_by_connection(fields);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (!is_of_hop(fields->items[i].name, &named)) fields->items[kept++] = fields->items[i];
    }
    fields->count = kept;
}
