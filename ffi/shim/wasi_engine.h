/*
 * wasmtime for users' own modules, apart from the JavaScript engine's: these pay for epoch checks, which is how they
 * are killed, and are instantiated for each request from a pool that wasmtime keeps.
 */
#ifndef MAYFLY_WASI_ENGINE_H
#define MAYFLY_WASI_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "os.h"
#include "wasmtime.h"

#define WASI_SANDBOXES_MAX 2048u
#define WASI_MEMORY_BYTES_MAX (UINT64_C(512) << 20)
#define WASI_TABLE_ELEMENTS_MAX 65536

struct wasi_engine {
    wasm_engine_t *engine;
    wasmtime_linker_t *linker;
};

/* -ENOSYS: wasmtime refuses the configuration. */
int wasi_engine__init(struct wasi_engine *engine, struct text *message);
void wasi_engine__fini(struct wasi_engine *engine);

/*
 * A module to native code, in a buffer for the caller to free. -EINVAL with the reason if it is none that can be run:
 * no WASI preview 1 command, or its memory is larger than `memory_bytes`.
 */
int wasi_engine__compile(const struct wasi_engine *engine, const uint8_t *wasm, size_t length, uint64_t memory_bytes,
                         uint8_t **out, size_t *out_length, struct text *message);
/* Native code that wasi_engine__compile made, and nobody else. -EINVAL: of another wasmtime or processor. */
int wasi_engine__load(const struct wasi_engine *engine, const uint8_t *native, size_t length,
                      wasmtime_module_t **module, wasmtime_instance_pre_t **ready, struct text *message);

/* All guests that run look whether they were killed. */
static inline void wasi_engine__interrupt(const struct wasi_engine *engine) {
    wasmtime_engine_increment_epoch(engine->engine);
}

#endif
