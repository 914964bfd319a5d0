/* Everything of the one open engine. */
#ifndef MAYFLY_SHIM_H
#define MAYFLY_SHIM_H

#include "base.h"
#include "engine.h"
#include "mayfly.h"
#include "pool.h"
#include "ring.h"
#include "snapshots.h"
#include "wasi_pool.h"
#include "workers.h"

struct shim {
    struct mf_options options;
    struct engine engine;
    struct base base;
    struct snapshots snapshots;
    struct pool pool;
    struct ring ring;
    struct workers workers;
    struct wasi_pool wasi;

    _Atomic uint64_t steps, inline_steps, traps, kills;
};

/* The open engine, for as long as the call of a public function takes; NULL if there is none. */
struct shim *shim__enter(void);
/* Returns its argument. */
int64_t shim__leave(int64_t result);

#endif
