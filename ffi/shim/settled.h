/*
 * An instance that has run the same function for a while has the function's own pages mapped, as it always has the base
 * image's. What no run writes to is then never private: a reset copies back a fifth of the pages.
 */
#ifndef MAYFLY_SETTLED_H
#define MAYFLY_SETTLED_H

#include "instance.h"

/* Maps the snapshot's pages. Its memory is the snapshot's then, but for the last page. An error leaves it unusable. */
int instance__settle(struct instance *instance, const struct snapshot *snapshot);
/* Its memory is the base image's then, but for the last page. An error leaves it unusable. */
int instance__unsettle(struct instance *instance);

/* Whether it is worth it: each piece of a snapshot is a mapping, of which a process may have 65,530. */
bool instance__may_settle(const struct instance *instance, const struct snapshot *snapshot);

#endif
