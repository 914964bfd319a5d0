/* Header fields, as both directions of http.h read them: names and values within somebody else's bytes. */
#ifndef MAYFLY_CELL_HTTP_FIELDS_H
#define MAYFLY_CELL_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_text {
    const char *at;
    size_t size;
};

struct http_field {
    struct http_text name, value;
};

/* A head of the server's has a line or two of its own beside the 256 of a caller. */
#define HTTP_FIELDS_MAX 264u

struct http_fields {
    uint32_t count;
    struct http_field items[HTTP_FIELDS_MAX];
};

bool http_text__is_name(struct http_text text);
/* Whatever the letters' case. `words` are in lower case. */
bool http_text__is(struct http_text text, const char *words);
struct http_text http_text__trimmed(struct http_text text);

/* The next of `one, two` is taken off the list; false at its end. Empty ones are left out. */
bool http_text__next(struct http_text *list, struct http_text *item);

/* Whether a field of that name has the word in its list. */
bool http_fields__have(const struct http_fields *fields, const char *name, const char *word);
/* Takes out what concerns one connection alone, and what the fields `connection` name. */
void http_fields__drop_hops(struct http_fields *fields);

#endif
