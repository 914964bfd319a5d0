/* Whether a module is one that can be run here, told before anything of it runs. */
#ifndef MAYFLY_WASI_CHECK_H
#define MAYFLY_WASI_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "os.h"
#include "wasmtime.h"

/* -EINVAL with the reason: it is no core module of WebAssembly. */
int wasi_check__bytes(const uint8_t *wasm, size_t length, struct text *message);
/* -EINVAL with the reason: it is no command of WASI preview 1, or needs more memory than it may have. */
int wasi_check__module(const wasmtime_module_t *module, uint64_t memory_bytes, struct text *message);

#endif
