#include "host.h"

#include <string.h>
#include <time.h>

#include "instance.h"
#include "random.h"

/* What a guest sees while the base image is made, so that the image is the same each time. */
#define CONSTANT_TIME_NS INT64_C(1000000000000000000)
#define CONSTANT_BYTE 0x4d

/* Filling runs without the watchdog's being able to stop it: crypto.getRandomValues takes no more at once either. */
#define RANDOM_BYTES_MAX 65536u

static struct instance *host__caller(wasmtime_caller_t *caller) {
    return wasmtime_context_get_data(wasmtime_caller_context(caller));
}

static wasm_trap_t *host__out_of_bounds(void) {
    return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
}

static wasm_trap_t *host__clock(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    (void)env;
    (void)count;
    clockid_t clock = values[0].i32 == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    bool is_constant = host__caller(caller)->run == NULL;
    values[0].i64 = is_constant ? CONSTANT_TIME_NS : (int64_t)os__clock_ns(clock);
    return NULL;
}

static wasm_trap_t *host__random(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    (void)env;
    (void)count;
    struct instance *instance = host__caller(caller);
    uint32_t address = (uint32_t)values[0].i32, length = (uint32_t)values[1].i32;
    if (length > RANDOM_BYTES_MAX || (uint64_t)address + length > instance->engine->memory_bytes) {
        return host__out_of_bounds();
    }
    uint8_t *bytes = instance->memory + address;
    if (instance->run == NULL) {
        memset(bytes, CONSTANT_BYTE, length);
        return NULL;
    }
    if (!run__enter_host(instance->run)) return host__out_of_bounds();
    int rc = random__fill(bytes, length);
    bool is_alive = run__leave_host(instance->run);
    return rc == 0 && is_alive ? NULL : host__out_of_bounds();
}

static wasmtime_error_t *host__define_one(wasmtime_linker_t *linker, const char *name, size_t param_count,
                                          const uint8_t *param_kinds, size_t result_count, const uint8_t *result_kinds,
                                          wasmtime_func_unchecked_callback_t callback) {
    wasm_valtype_t *types[2];
    wasm_valtype_vec_t params, results;
    for (size_t i = 0; i < param_count; i++) types[i] = wasm_valtype_new(param_kinds[i]);
    wasm_valtype_vec_new(&params, param_count, types);
    for (size_t i = 0; i < result_count; i++) types[i] = wasm_valtype_new(result_kinds[i]);
    wasm_valtype_vec_new(&results, result_count, types);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    static const char MODULE[] = "mayfly";
    wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(linker, MODULE, strlen(MODULE), name, strlen(name),
                                                                    type, callback, NULL, NULL);
    wasm_functype_delete(type);
    return error;
}

wasmtime_error_t *host__define(wasmtime_linker_t *linker) {
    static const uint8_t I32S[] = {WASM_I32, WASM_I32}, I64[] = {WASM_I64};
    wasmtime_error_t *error = host__define_one(linker, "clock", 1, I32S, 1, I64, host__clock);
    if (error == NULL) error = host__define_one(linker, "random", 2, I32S, 0, NULL, host__random);
    return error;
}
