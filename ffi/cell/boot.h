/* CELL_BOOT: a program runs until it waits for its first request, and is a held sandbox then. It replies. */
#ifndef MAYFLY_CELL_BOOT_H
#define MAYFLY_CELL_BOOT_H

#include "control.h"

struct serve;

void boot__program(struct serve *serve, const struct control_request *request);

#endif
