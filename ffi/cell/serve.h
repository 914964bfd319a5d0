/*
 * What a cell does once it is jailed: objects (views, snapshots), VMs in a pool, and threads that run steps on them.
 */
#ifndef MAYFLY_CELL_SERVE_H
#define MAYFLY_CELL_SERVE_H

#include "../vm/vm.h"
#include "control.h"

struct serve;

/* Starts the workers. `machine` stays the caller's. */
int serve__open(struct vm_machine *machine, struct cell_ring *ring, enum cell_mode mode, struct serve **serve);
/* Every request but CELL_START; replies by itself, at once or later. Takes over request->file. */
void serve__handle(struct serve *serve, struct control_request *request);

#endif
