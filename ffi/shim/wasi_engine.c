#include "wasi_engine.h"

#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "wasi_check.h"
#include "wasi_functions.h"

/* Addresses are 32 bits and offsets too: most accesses need no check within 4 GiB and a guard. */
#define RESERVATION_BYTES (UINT64_C(4) << 30)
#define GUARD_BYTES (UINT64_C(32) << 20)

/* What a guest may use of its stack; host functions run on the rest of it. */
#define WASM_STACK_BYTES (512u << 10)
#define STACK_BYTES (WASM_STACK_BYTES + (256u << 10))

/* A slot of the pool is made clean by copying so much back; what a guest touched beyond goes back to the kernel. */
#define KEPT_MEMORY_BYTES (256u << 10)
#define KEPT_TABLE_BYTES (16u << 10)
#define WARM_SLOTS 64u
#define TABLES_MAX 4u

static void wasi_engine__set_pool(wasm_config_t *config) {
    wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_core_instances_set(pool, WASI_SANDBOXES_MAX);
    wasmtime_pooling_allocation_config_total_memories_set(pool, WASI_SANDBOXES_MAX);
    wasmtime_pooling_allocation_config_total_tables_set(pool, WASI_SANDBOXES_MAX * TABLES_MAX);
    wasmtime_pooling_allocation_config_total_stacks_set(pool, WASI_SANDBOXES_MAX);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, TABLES_MAX);
    wasmtime_pooling_allocation_config_table_elements_set(pool, WASI_TABLE_ELEMENTS_MAX);
    wasmtime_pooling_allocation_config_max_memory_size_set(pool, WASI_MEMORY_BYTES_MAX);
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, WARM_SLOTS);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, KEPT_MEMORY_BYTES);
    wasmtime_pooling_allocation_config_table_keep_resident_set(pool, KEPT_TABLE_BYTES);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
}

static wasm_engine_t *wasi_engine__new_wasmtime(void) {
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_max_wasm_stack_set(config, WASM_STACK_BYTES);
    wasmtime_config_async_stack_size_set(config, STACK_BYTES);
    wasmtime_config_epoch_interruption_set(config, true);
    /* A deploy compiles beside requests. */
    wasmtime_config_parallel_compilation_set(config, false);
    wasmtime_config_memory_reservation_set(config, RESERVATION_BYTES);
    wasmtime_config_memory_guard_size_set(config, GUARD_BYTES);
    wasmtime_config_memory_may_move_set(config, false);

    wasmtime_config_wasm_threads_set(config, false);
    wasmtime_config_shared_memory_set(config, false);
    wasmtime_config_wasm_function_references_set(config, false);
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_gc_support_set(config, false);
    wasmtime_config_wasm_exceptions_set(config, false);
    wasmtime_config_wasm_relaxed_simd_set(config, false);
    wasmtime_config_wasm_multi_memory_set(config, false);
    wasmtime_config_wasm_memory64_set(config, false);
    wasmtime_config_wasm_component_model_set(config, false);
    wasmtime_config_wasm_component_model_async_set(config, false);
    wasmtime_config_concurrency_support_set(config, false);
    wasi_engine__set_pool(config);
    return wasm_engine_new_with_config(config);
}

int wasi_engine__init(struct wasi_engine *engine, struct text *message) {
    *engine = (struct wasi_engine){.engine = wasi_engine__new_wasmtime()};
    if (engine->engine == NULL) {
        text__set(message, "wasmtime refuses the configuration for WASI modules");
        return -ENOSYS;
    }
    engine->linker = wasmtime_linker_new(engine->engine);
    wasmtime_error_t *error = wasi_functions__define(engine->linker);
    if (error == NULL) return 0;
    engine__take_error(error, NULL, message);
    wasi_engine__fini(engine);
    return -ENOSYS;
}

void wasi_engine__fini(struct wasi_engine *engine) {
    wasmtime_linker_delete(engine->linker);
    wasm_engine_delete(engine->engine);
}

int wasi_engine__compile(const struct wasi_engine *engine, const uint8_t *wasm, size_t length, uint64_t memory_bytes,
                         uint8_t **out, size_t *out_length, struct text *message) {
    int rc = wasi_check__bytes(wasm, length, message);
    if (rc != 0) return rc;
    wasmtime_module_t *module = NULL;
    wasm_byte_vec_t bytes = {0};
    wasmtime_error_t *error = wasmtime_module_new(engine->engine, wasm, length, &module);
    if (error == NULL) rc = wasi_check__module(module, memory_bytes, message);
    if (error == NULL && rc == 0) error = wasmtime_module_serialize(module, &bytes);
    if (error != NULL) {
        engine__take_error(error, NULL, message);
        rc = -EINVAL;
    }
    if (module != NULL) wasmtime_module_delete(module);
    if (rc != 0) return rc;
    *out = malloc(bytes.size);
    if (*out != NULL) {
        memcpy(*out, bytes.data, bytes.size);
        *out_length = bytes.size;
    }
    wasm_byte_vec_delete(&bytes);
    return *out == NULL ? -ENOMEM : 0;
}

int wasi_engine__load(const struct wasi_engine *engine, const uint8_t *native, size_t length,
                      wasmtime_module_t **module, wasmtime_instance_pre_t **ready, struct text *message) {
    char bytes[16];
    struct text version = {.bytes = bytes, .capacity = sizeof bytes};
    int rc = engine__check_version(native, length, &version);
    if (rc != 0) {
        text__set(message, "compiled by wasmtime %s, wanted is " WASMTIME_MAJOR, version.bytes);
        return -EINVAL;
    }
    wasmtime_error_t *error = wasmtime_module_deserialize(engine->engine, native, length, module);
    if (error == NULL) {
        error = wasmtime_linker_instantiate_pre(engine->linker, *module, ready);
        if (error != NULL) wasmtime_module_delete(*module);
    }
    if (error == NULL) return 0;
    engine__take_error(error, NULL, message);
    return -EINVAL;
}
