/* CELL_TAKE: a held sandbox becomes a snapshot in a file. It replies. */
#ifndef MAYFLY_CELL_TAKE_H
#define MAYFLY_CELL_TAKE_H

#include "control.h"

struct serve;

void take__snapshot(struct serve *serve, const struct control_request *request);

#endif
