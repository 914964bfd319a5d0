/* What a guest can ask of its host: the time, and random bytes. */
#ifndef MAYFLY_HOST_H
#define MAYFLY_HOST_H

#include "wasmtime.h"

/* Defines both imports. The data of a store that uses them is its struct instance. */
wasmtime_error_t *host__define(wasmtime_linker_t *linker);

#endif
