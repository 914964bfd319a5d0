/* The engine's module in wasmtime: one configuration, one module, exactly two imports. */
#ifndef MAYFLY_ENGINE_H
#define MAYFLY_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "os.h"
#include "wasmtime.h"

/* Wasm may use this much of a thread's stack; what runs guests has as much again to spare. */
#define ENGINE_WASM_STACK_BYTES (4u << 20)

struct engine {
    wasm_engine_t *engine;
    wasmtime_module_t *module;
    wasmtime_linker_t *linker;
    wasmtime_instance_pre_t *ready; /* the module with its imports resolved */
    uint64_t memory_bytes;
};

/* wasmtime with the shim's configuration; NULL if it refuses that. */
wasm_engine_t *engine__new_wasmtime(void);

/* Loads what engine__compile made. -EINVAL: it is not the engine's module; -ENOSYS: of another wasmtime. */
int engine__init(struct engine *engine, const uint8_t *native, size_t length, struct text *message);
void engine__fini(struct engine *engine);

/* -ENOSYS unless compiled code says that the wasmtime it is of has the version that wasmtime.h declares. */
int engine__check_version(const uint8_t *native, size_t length, struct text *version);

/* Puts the text of an error or a trap into `message` and deletes it. */
void engine__take_error(wasmtime_error_t *error, wasm_trap_t *trap, struct text *message);

#endif
