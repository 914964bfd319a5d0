/* The functions of WASI preview 1, all of them, by name: what a guest can ask of its host. */
#ifndef MAYFLY_WASI_FUNCTIONS_H
#define MAYFLY_WASI_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "wasmtime.h"

wasmtime_error_t *wasi_functions__define(wasmtime_linker_t *linker);
/* Whether there is a function of that name and type. */
bool wasi_functions__has(const char *name, size_t length, const wasm_externtype_t *type);

#endif
