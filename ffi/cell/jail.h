/*
 * What a cell gives up. It starts in namespaces of its own (the shim makes them: mount, pid, net, ipc and, where the
 * server is not root, user); the rest it does to itself before it opens anything that a tenant made.
 */
#ifndef MAYFLY_CELL_JAIL_H
#define MAYFLY_CELL_JAIL_H

#include <stddef.h>
#include <stdint.h>

#include "cell.h"

/*
 * Empty root, no capabilities, no_new_privs, rlimits, the user's id, seccomp for `mode`. 0, or -errno with the part that
 * failed: all of them are mandatory. Extras (a user of its own, Landlock, to be ended first where memory is short) that are
 * missing are named in `missing`, one a line. Before there is a second thread.
 */
int jail__enter(uint32_t user, enum cell_mode mode, uint64_t address_bytes, const char **failed, char *missing,
                size_t capacity);
/* The seccomp filter alone, for its test and for a mode that narrows: it can only take away. */
int jail__filter(enum cell_mode mode);

#endif
