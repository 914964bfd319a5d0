/* Requests about objects. Each replies. */
#ifndef MAYFLY_CELL_LOAD_H
#define MAYFLY_CELL_LOAD_H

#include "control.h"

struct object;
struct serve;

void load__view(struct serve *serve, const struct control_request *request);
void load__snapshot(struct serve *serve, const struct control_request *request);
void load__base(struct serve *serve, const struct control_request *request);
void load__drop(struct serve *serve, const struct control_request *request);

/* An object with the views and the parent that the request names, which it uses. NULL: it has replied why not. */
struct object *load__begin(struct serve *serve, const struct control_request *request, uint32_t kind);
/* It has its number, or it is closed and the reply says why. */
int load__end(struct serve *serve, const struct control_request *request, struct object *object);
/* It is closed, and what it used is not used by it. */
void load__undo(struct serve *serve, struct object *object);
/* "Cannot WHAT: WHY". */
void load__refuse(const struct control_request *request, int error, const char *what, const char *why);

#endif
