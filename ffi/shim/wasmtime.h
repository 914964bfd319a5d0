/*
 * The part of the wasmtime 50 C API that the shim calls, declared here because the library comes from a wheel,
 * without its headers. Layouts are facts of that version: engine__check_version refuses any other.
 */
#ifndef MAYFLY_WASMTIME_H
#define MAYFLY_WASMTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WASMTIME_MAJOR "50"

typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_globaltype_t wasm_globaltype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_externtype_t wasm_externtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasmtime_error wasmtime_error_t;
typedef struct wasmtime_module wasmtime_module_t;
typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_call_future wasmtime_call_future_t;
typedef struct wasmtime_pooling_allocation_config_t wasmtime_pooling_allocation_config_t;

/* Vectors: what is passed in is taken over, what comes out is the caller's to delete. */
typedef struct { size_t size; char *data; } wasm_byte_vec_t;
typedef struct { size_t size; wasm_valtype_t **data; } wasm_valtype_vec_t;
typedef struct { size_t size; wasm_exporttype_t **data; } wasm_exporttype_vec_t;
typedef struct { size_t size; wasm_importtype_t **data; } wasm_importtype_vec_t;

void wasm_byte_vec_delete(wasm_byte_vec_t *);
void wasm_valtype_vec_new(wasm_valtype_vec_t *out, size_t, wasm_valtype_t *const[]);
void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *);
void wasm_importtype_vec_delete(wasm_importtype_vec_t *);

/* Types. A kind is the same number for a value type, a value, and its raw form's reader. */
enum { WASM_I32 = 0, WASM_I64 = 1 };
enum { WASM_VAR = 1 };
enum { WASM_EXTERN_FUNC = 0, WASM_EXTERN_GLOBAL = 1, WASM_EXTERN_MEMORY = 3 };

wasm_valtype_t *wasm_valtype_new(uint8_t kind);
uint8_t wasm_valtype_kind(const wasm_valtype_t *);
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results);
void wasm_functype_delete(wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);
const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *);
uint8_t wasm_globaltype_mutability(const wasm_globaltype_t *);
uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *);
bool wasmtime_memorytype_maximum(const wasm_memorytype_t *, uint64_t *maximum);
uint8_t wasm_externtype_kind(const wasm_externtype_t *);
const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *);
const wasm_globaltype_t *wasm_externtype_as_globaltype_const(const wasm_externtype_t *);
const wasm_memorytype_t *wasm_externtype_as_memorytype_const(const wasm_externtype_t *);
const wasm_byte_vec_t *wasm_exporttype_name(const wasm_exporttype_t *);
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);
const wasm_byte_vec_t *wasm_importtype_module(const wasm_importtype_t *);
const wasm_byte_vec_t *wasm_importtype_name(const wasm_importtype_t *);
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);

/* Errors and traps are owned by whoever gets them. */
wasmtime_error_t *wasmtime_error_new(const char *);
void wasmtime_error_message(const wasmtime_error_t *, wasm_byte_vec_t *out);
void wasmtime_error_delete(wasmtime_error_t *);

enum { WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS = 1, WASMTIME_TRAP_CODE_INTERRUPT = 10 };
wasm_trap_t *wasmtime_trap_new_code(uint8_t code);
bool wasmtime_trap_code(const wasm_trap_t *, uint8_t *code);
void wasm_trap_message(const wasm_trap_t *, wasm_byte_vec_t *out);
void wasm_trap_delete(wasm_trap_t *);

/* Configuration; wasm_engine_new_with_config takes it over. */
typedef struct {
    void *env;
    uint8_t *(*get_memory)(void *env, size_t *bytes, size_t *capacity);
    wasmtime_error_t *(*grow_memory)(void *env, size_t bytes);
    void (*finalizer)(void *env);
} wasmtime_linear_memory_t;

typedef struct {
    void *env;
    wasmtime_error_t *(*new_memory)(void *env, const wasm_memorytype_t *, size_t minimum, size_t maximum,
                                    size_t reserved, size_t guard, wasmtime_linear_memory_t *out);
    void (*finalizer)(void *env);
} wasmtime_memory_creator_t;

wasm_config_t *wasm_config_new(void);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
void wasmtime_config_async_stack_size_set(wasm_config_t *, size_t);
void wasmtime_config_epoch_interruption_set(wasm_config_t *, bool);
void wasmtime_config_parallel_compilation_set(wasm_config_t *, bool);
void wasmtime_config_shared_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_threads_set(wasm_config_t *, bool);
void wasmtime_config_wasm_tail_call_set(wasm_config_t *, bool);
void wasmtime_config_wasm_reference_types_set(wasm_config_t *, bool);
void wasmtime_config_wasm_function_references_set(wasm_config_t *, bool);
void wasmtime_config_wasm_gc_set(wasm_config_t *, bool);
void wasmtime_config_gc_support_set(wasm_config_t *, bool);
void wasmtime_config_wasm_simd_set(wasm_config_t *, bool);
void wasmtime_config_wasm_relaxed_simd_set(wasm_config_t *, bool);
void wasmtime_config_wasm_bulk_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
void wasmtime_config_wasm_exceptions_set(wasm_config_t *, bool);
void wasmtime_config_wasm_component_model_set(wasm_config_t *, bool);
void wasmtime_config_wasm_component_model_async_set(wasm_config_t *, bool);
void wasmtime_config_concurrency_support_set(wasm_config_t *, bool);
void wasmtime_config_memory_may_move_set(wasm_config_t *, bool);
void wasmtime_config_memory_reservation_set(wasm_config_t *, uint64_t);
void wasmtime_config_memory_guard_size_set(wasm_config_t *, uint64_t);
void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
void wasmtime_config_host_memory_creator_set(wasm_config_t *, wasmtime_memory_creator_t *);

/* A pool of instances; the configuration takes a copy. */
wasmtime_pooling_allocation_config_t *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_delete(wasmtime_pooling_allocation_config_t *);
void wasmtime_pooling_allocation_config_max_unused_warm_slots_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_table_keep_resident_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_total_core_instances_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_memories_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_tables_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_stacks_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_tables_per_module_set(wasmtime_pooling_allocation_config_t *, uint32_t);
void wasmtime_pooling_allocation_config_table_elements_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_config_max_memory_size_set(wasmtime_pooling_allocation_config_t *, size_t);
void wasmtime_pooling_allocation_strategy_set(wasm_config_t *, const wasmtime_pooling_allocation_config_t *);

wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
void wasm_engine_delete(wasm_engine_t *);
/* From any thread. */
void wasmtime_engine_increment_epoch(wasm_engine_t *);

/* Modules. */
wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *wasm, size_t, wasmtime_module_t **out);
wasmtime_error_t *wasmtime_module_serialize(const wasmtime_module_t *, wasm_byte_vec_t *out);
wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **out);
void wasmtime_module_exports(const wasmtime_module_t *, wasm_exporttype_vec_t *out);
void wasmtime_module_imports(const wasmtime_module_t *, wasm_importtype_vec_t *out);
void wasmtime_module_delete(wasmtime_module_t *);

/* Things of a store: plain numbers, valid as long as the store. */
typedef struct { uint64_t store; void *private_; } wasmtime_func_t;
typedef struct { uint64_t store; uint32_t private_[3]; } wasmtime_global_t;
typedef struct { uint64_t store; uint32_t private_[4]; } wasmtime_memory_t;
typedef struct { uint64_t store; size_t private_; } wasmtime_instance_t;

typedef struct {
    uint8_t kind;
    union {
        wasmtime_func_t func;
        wasmtime_global_t global;
        wasmtime_memory_t memory;
    } of;
} wasmtime_extern_t;

typedef struct {
    uint8_t kind;
    union {
        int32_t i32;
        int64_t i64;
        uint64_t words[3];
    } of;
} wasmtime_val_t;

typedef union {
    int32_t i32;
    int64_t i64;
    uint64_t words[2];
} wasmtime_val_raw_t;

_Static_assert(sizeof(wasmtime_func_t) == 16, "wasmtime_func_t");
_Static_assert(sizeof(wasmtime_global_t) == 24, "wasmtime_global_t");
_Static_assert(sizeof(wasmtime_memory_t) == 24, "wasmtime_memory_t");
_Static_assert(sizeof(wasmtime_instance_t) == 16, "wasmtime_instance_t");
_Static_assert(sizeof(wasmtime_extern_t) == 32, "wasmtime_extern_t");
_Static_assert(sizeof(wasmtime_val_t) == 32, "wasmtime_val_t");
_Static_assert(sizeof(wasmtime_val_raw_t) == 16, "wasmtime_val_raw_t");

/* Linking and running. */
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(void *env, wasmtime_caller_t *, wasmtime_val_raw_t *values,
                                                           size_t count);

wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *);
void wasmtime_linker_delete(wasmtime_linker_t *);
wasmtime_error_t *wasmtime_linker_define_func_unchecked(wasmtime_linker_t *, const char *module, size_t module_length,
                                                        const char *name, size_t name_length, const wasm_functype_t *,
                                                        wasmtime_func_unchecked_callback_t, void *env,
                                                        void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *, const wasmtime_module_t *,
                                                  wasmtime_instance_pre_t **out);
wasmtime_error_t *wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *, wasmtime_context_t *,
                                                    wasmtime_instance_t *out, wasm_trap_t **trap);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *);

wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *data, void (*finalizer)(void *));
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
void wasmtime_store_delete(wasmtime_store_t *);
/* At most so many bytes of a memory, elements of a table, and things of each kind; negative: no such limit. */
void wasmtime_store_limiter(wasmtime_store_t *, int64_t memory_bytes, int64_t table_elements, int64_t instances,
                            int64_t tables, int64_t memories);
/* Called when the epoch has reached the store's deadline. An error ends the guest; else `*delta` is the next one. */
void wasmtime_store_epoch_deadline_callback(wasmtime_store_t *,
                                            wasmtime_error_t *(*)(const wasmtime_context_t *, void *data,
                                                                  uint64_t *delta, uint8_t *kind),
                                            void *data, void (*finalizer)(void *));
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *, uint64_t ticks_from_now);
void *wasmtime_context_get_data(const wasmtime_context_t *);
wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *);

bool wasmtime_caller_export_get(wasmtime_caller_t *, const char *name, size_t length, wasmtime_extern_t *out);
bool wasmtime_instance_export_get(wasmtime_context_t *, const wasmtime_instance_t *, const char *name, size_t length,
                                  wasmtime_extern_t *out);
uint8_t *wasmtime_memory_data(wasmtime_context_t *, const wasmtime_memory_t *);
size_t wasmtime_memory_data_size(const wasmtime_context_t *, const wasmtime_memory_t *);
void wasmtime_global_get(wasmtime_context_t *, const wasmtime_global_t *, wasmtime_val_t *out);
wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *, const wasmtime_global_t *, const wasmtime_val_t *);
wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *, const wasmtime_func_t *,
                                               wasmtime_val_raw_t *values, size_t count, wasm_trap_t **trap);

/*
 * Running on a stack of the guest's own, which is left when a host function has to wait. All pointers that are passed
 * in stay in use until the future is deleted; a poll that returns true was the last.
 */
typedef struct {
    bool (*callback)(void *env); /* true: the host function is done, its results are set */
    void *env;
    void (*finalizer)(void *);
} wasmtime_async_continuation_t;

typedef void (*wasmtime_func_async_callback_t)(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                                               size_t arg_count, wasmtime_val_t *results, size_t result_count,
                                               wasm_trap_t **trap, wasmtime_async_continuation_t *continuation);

wasmtime_error_t *wasmtime_linker_define_async_func(wasmtime_linker_t *, const char *module, size_t module_length,
                                                    const char *name, size_t name_length, const wasm_functype_t *,
                                                    wasmtime_func_async_callback_t, void *env,
                                                    void (*finalizer)(void *));
wasmtime_call_future_t *wasmtime_instance_pre_instantiate_async(const wasmtime_instance_pre_t *, wasmtime_context_t *,
                                                                wasmtime_instance_t *out, wasm_trap_t **trap,
                                                                wasmtime_error_t **error);
wasmtime_call_future_t *wasmtime_func_call_async(wasmtime_context_t *, const wasmtime_func_t *,
                                                 const wasmtime_val_t *args, size_t arg_count, wasmtime_val_t *results,
                                                 size_t result_count, wasm_trap_t **trap, wasmtime_error_t **error);
bool wasmtime_call_future_poll(wasmtime_call_future_t *);
void wasmtime_call_future_delete(wasmtime_call_future_t *);

#endif
