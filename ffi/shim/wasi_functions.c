#include "wasi_functions.h"

#include <string.h>

#include "wasi_operations.h"
#include "wasi_sandbox.h"

struct wasi_function {
    const char *name;
    const char *params; /* i: 32 bits, I: 64 bits. All return an enum wasi_errno, but proc_exit does not return. */
    uint32_t (*run)(struct wasi_call *call);
    bool may_wait; /* and may write frames */
};

static const struct wasi_function FUNCTIONS[] = {
    {"args_get", "ii", wasi__args_get, false},
    {"args_sizes_get", "ii", wasi__args_sizes_get, false},
    {"environ_get", "ii", wasi__environ_get, false},
    {"environ_sizes_get", "ii", wasi__environ_sizes_get, false},
    {"clock_res_get", "ii", wasi__clock_res_get, false},
    {"clock_time_get", "iIi", wasi__clock_time_get, false},
    {"random_get", "ii", wasi__random_get, false},
    {"sched_yield", "", wasi__sched_yield, false},
    {"fd_read", "iiii", wasi__fd_read, true},
    {"fd_write", "iiii", wasi__fd_write, true},
    {"poll_oneoff", "iiii", wasi__poll_oneoff, true},
    {"fd_close", "i", wasi__fd_close, false},
    {"fd_fdstat_get", "ii", wasi__fd_fdstat_get, false},
    {"fd_filestat_get", "ii", wasi__fd_filestat_get, false},
    {"fd_pread", "iiiIi", wasi__fd_pread, false},
    {"fd_prestat_get", "ii", wasi__fd_prestat_get, false},
    {"fd_prestat_dir_name", "iii", wasi__fd_prestat_dir_name, false},
    {"fd_readdir", "iiiIi", wasi__fd_readdir, false},
    {"fd_seek", "iIii", wasi__fd_seek, false},
    {"fd_tell", "ii", wasi__fd_tell, false},
    {"path_filestat_get", "iiiii", wasi__path_filestat_get, false},
    {"path_open", "iiiiiIIii", wasi__path_open, false},
    {"fd_advise", "iIIi", wasi__accept_descriptor, false},
    {"fd_datasync", "i", wasi__accept_descriptor, false},
    {"fd_sync", "i", wasi__accept_descriptor, false},
    {"fd_fdstat_set_flags", "ii", wasi__accept_descriptor, false},
    {"fd_fdstat_set_rights", "iII", wasi__accept_descriptor, false},
    {"fd_allocate", "iII", wasi__refuse_descriptor, false},
    {"fd_filestat_set_size", "iI", wasi__refuse_descriptor, false},
    {"fd_filestat_set_times", "iIIi", wasi__refuse_descriptor, false},
    {"fd_pwrite", "iiiIi", wasi__refuse_descriptor, false},
    {"fd_renumber", "ii", wasi__is_missing, false},
    {"path_create_directory", "iii", wasi__refuse_change, false},
    {"path_filestat_set_times", "iiiiIIi", wasi__refuse_change, false},
    {"path_link", "iiiiiii", wasi__refuse_change, false},
    {"path_readlink", "iiiiii", wasi__has_no_link, false},
    {"path_remove_directory", "iii", wasi__refuse_change, false},
    {"path_rename", "iiiiii", wasi__refuse_change, false},
    {"path_symlink", "iiiii", wasi__refuse_change, false},
    {"path_unlink_file", "iii", wasi__refuse_change, false},
    {"proc_exit", "i", NULL, false},
    {"proc_raise", "i", wasi__is_missing, false},
    {"sock_accept", "iii", wasi__is_missing, false},
    {"sock_recv", "iiiiii", wasi__is_missing, false},
    {"sock_send", "iiiii", wasi__is_missing, false},
    {"sock_shutdown", "ii", wasi__is_missing, false},
};

#define FUNCTION_COUNT (sizeof FUNCTIONS / sizeof *FUNCTIONS)

/* ---- from the guest's call to a function ---------------------------------------------------------------------- */

static struct wasi_sandbox *call__sandbox(wasmtime_caller_t *caller) {
    return wasmtime_context_get_data(wasmtime_caller_context(caller));
}

/* What a guest calls before it is instantiated, in its start function, finds the memory by its export. */
static void call__find_memory(struct wasi_call *call, wasmtime_caller_t *caller) {
    struct wasi_sandbox *sandbox = call->sandbox;
    wasmtime_extern_t found;
    call->memory = NULL;
    call->memory_bytes = 0;
    if (!sandbox->has_memory) {
        if (!wasmtime_caller_export_get(caller, "memory", strlen("memory"), &found)) return;
        if (found.kind != WASM_EXTERN_MEMORY) return;
        sandbox->memory = found.of.memory;
        sandbox->has_memory = true;
    }
    call->memory = wasmtime_memory_data(sandbox->context, &sandbox->memory);
    call->memory_bytes = wasmtime_memory_data_size(sandbox->context, &sandbox->memory);
}

static wasm_trap_t *function__call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    const struct wasi_function *function = env;
    struct wasi_call call = {.sandbox = call__sandbox(caller)};
    (void)count;
    for (int i = 0; function->params[i] != 0; i++) {
        call.arguments[i] = function->params[i] == 'i' ? (uint32_t)values[i].i32 : (uint64_t)values[i].i64;
    }
    call__find_memory(&call, caller);
    values[0].i32 = (int32_t)function->run(&call);
    return NULL;
}

static wasm_trap_t *function__exit(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    (void)env;
    (void)count;
    struct wasi_sandbox *sandbox = call__sandbox(caller);
    sandbox->has_exited = true;
    sandbox->exit_status = (uint32_t)values[0].i32;
    return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_INTERRUPT);
}

/* ---- functions that may wait ------------------------------------------------------------------------------------ */

/* The frames of the step are not the guest's to write once it was killed: it is told something, and ends soon. */
static uint32_t call__run(struct wasi_call *call, uint32_t (*run)(struct wasi_call *call)) {
    struct run *step = call->sandbox->run;
    if (!run__enter_host(step)) return WASI_INTR;
    uint32_t error = run(call);
    return run__leave_host(step) ? error : (uint32_t)WASI_INTR;
}

static bool function__go_on(void *env) {
    struct wasi_sandbox *sandbox = env;
    uint32_t error = call__run(&sandbox->call, sandbox->waiting);
    if (error == WASI_WAIT) return false;
    *sandbox->result = (wasmtime_val_t){.kind = WASM_I32, .of.i32 = (int32_t)error};
    return true;
}

static void function__call_async(void *env, wasmtime_caller_t *caller, const wasmtime_val_t *arguments, size_t count,
                                 wasmtime_val_t *results, size_t result_count, wasm_trap_t **trap,
                                 wasmtime_async_continuation_t *continuation) {
    const struct wasi_function *function = env;
    struct wasi_sandbox *sandbox = call__sandbox(caller);
    struct wasi_call *call = &sandbox->call;
    (void)result_count;
    (void)trap;
    *call = (struct wasi_call){.sandbox = sandbox};
    for (size_t i = 0; i < count && i < WASI_ARGUMENTS_MAX; i++) {
        call->arguments[i] = (uint32_t)arguments[i].of.i32;
    }
    call__find_memory(call, caller);
    sandbox->waiting = function->run;
    sandbox->result = results;
    *continuation = (wasmtime_async_continuation_t){.callback = function__go_on, .env = sandbox};
}

/* ---- names and types --------------------------------------------------------------------------------------------- */

static bool function__has_result(const struct wasi_function *function) {
    return function->run != NULL;
}

static wasm_functype_t *function__type(const struct wasi_function *function) {
    wasm_valtype_t *types[WASI_ARGUMENTS_MAX];
    wasm_valtype_vec_t params, results;
    size_t count = strlen(function->params);
    for (size_t i = 0; i < count; i++) types[i] = wasm_valtype_new(function->params[i] == 'i' ? WASM_I32 : WASM_I64);
    wasm_valtype_vec_new(&params, count, types);
    if (function__has_result(function)) types[0] = wasm_valtype_new(WASM_I32);
    wasm_valtype_vec_new(&results, function__has_result(function) ? 1 : 0, types);
    return wasm_functype_new(&params, &results);
}

wasmtime_error_t *wasi_functions__define(wasmtime_linker_t *linker) {
    wasmtime_error_t *error = NULL;
    for (size_t i = 0; i < FUNCTION_COUNT && error == NULL; i++) {
        const struct wasi_function *function = &FUNCTIONS[i];
        void *env = (void *)(uintptr_t)function; /* read only */
        wasm_functype_t *type = function__type(function);
        size_t length = strlen(function->name);
        if (function->may_wait) {
            error = wasmtime_linker_define_async_func(linker, WASI_MODULE, strlen(WASI_MODULE), function->name, length,
                                                      type, function__call_async, env, NULL);
        } else {
            error = wasmtime_linker_define_func_unchecked(linker, WASI_MODULE, strlen(WASI_MODULE), function->name,
                                                          length, type,
                                                          function->run == NULL ? function__exit : function__call, env,
                                                          NULL);
        }
        wasm_functype_delete(type);
    }
    return error;
}

static bool types__are(const wasm_valtype_vec_t *types, const char *kinds) {
    if (types->size != strlen(kinds)) return false;
    for (size_t i = 0; i < types->size; i++) {
        if (wasm_valtype_kind(types->data[i]) != (kinds[i] == 'i' ? WASM_I32 : WASM_I64)) return false;
    }
    return true;
}

bool wasi_functions__has(const char *name, size_t length, const wasm_externtype_t *type) {
    if (wasm_externtype_kind(type) != WASM_EXTERN_FUNC) return false;
    const wasm_functype_t *function_type = wasm_externtype_as_functype_const(type);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        const struct wasi_function *function = &FUNCTIONS[i];
        if (strlen(function->name) != length || memcmp(function->name, name, length) != 0) continue;
        return types__are(wasm_functype_params(function_type), function->params) &&
               types__are(wasm_functype_results(function_type), function__has_result(function) ? "i" : "");
    }
    return false;
}
