/* Everything of the one open engine. */
#ifndef MAYFLY_SHIM_H
#define MAYFLY_SHIM_H

#include "base.h"
#include "engine.h"
#include "mayfly.h"
#include "pool.h"
#include "ring.h"
#include "snapshots.h"
#include "workers.h"

struct shim {
    struct mf_options options;
    struct engine engine;
    struct base base;
    struct snapshots snapshots;
    struct pool pool;
    struct ring ring;
    struct workers workers;

    _Atomic uint64_t steps, inline_steps, traps, kills;
};

#endif
