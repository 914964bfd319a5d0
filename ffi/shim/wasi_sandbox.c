#include "wasi_sandbox.h"

#include <string.h>

#include "engine.h"

/* ---- life -------------------------------------------------------------------------------------------------- */

/* Called by the guest's code when somebody was killed: goes on unless it was this one. */
static wasmtime_error_t *sandbox__on_epoch(const wasmtime_context_t *context, void *data, uint64_t *delta,
                                           uint8_t *kind) {
    const struct wasi_sandbox *sandbox = data;
    (void)context;
    (void)kind;
    *delta = 1;
    uint64_t word = atomic_load(&sandbox->run->word);
    return run__phase(word) == RUN_KILLED ? wasmtime_error_new("killed") : NULL;
}

void wasi_sandbox__start(struct wasi_sandbox *sandbox, const struct wasi_engine *engine, struct wasi_module *module) {
    sandbox->module = module;
    sandbox->run = NULL;
    sandbox->has_memory = false;
    sandbox->future = NULL;
    sandbox->trap = NULL;
    sandbox->error = NULL;
    sandbox->stage = WASI_NEW;
    sandbox->started_ns = os__now_ns();
    sandbox->wake_ns = UINT64_MAX;
    sandbox->has_exited = false;
    sandbox->exit_status = 0;
    sandbox->has_head = sandbox->input_has_ended = sandbox->is_canceled = false;
    sandbox->input_at = sandbox->input_length = sandbox->input_owed = 0;
    memset(sandbox->descriptors, 0, sizeof sandbox->descriptors);
    if (module->files.descriptor >= 0) {
        sandbox->descriptors[0] = (struct wasi_descriptor){.is_open = true, .place = wasi_files__top(&module->files)};
    }
    wasi_output__init(&sandbox->output, module->log_bytes);

    sandbox->store = wasmtime_store_new(engine->engine, sandbox, NULL);
    sandbox->context = wasmtime_store_context(sandbox->store);
    wasmtime_store_limiter(sandbox->store, (int64_t)module->memory_bytes, WASI_TABLE_ELEMENTS_MAX, 1, -1, -1);
    wasmtime_store_epoch_deadline_callback(sandbox->store, sandbox__on_epoch, sandbox, NULL);
    wasmtime_context_set_epoch_deadline(sandbox->context, 1);
}

void wasi_sandbox__stop(struct wasi_sandbox *sandbox) {
    if (sandbox->future != NULL) wasmtime_call_future_delete(sandbox->future);
    if (sandbox->trap != NULL) wasm_trap_delete(sandbox->trap);
    if (sandbox->error != NULL) wasmtime_error_delete(sandbox->error);
    wasmtime_store_delete(sandbox->store);
}

uint64_t wasi_sandbox__memory_bytes(const struct wasi_sandbox *sandbox) {
    return sandbox->has_memory ? wasmtime_memory_data_size(sandbox->context, &sandbox->memory) : 0;
}

/* ---- frames in --------------------------------------------------------------------------------------------- */

static int sandbox__take_input(struct wasi_sandbox *sandbox, const uint8_t *bytes, uint32_t length) {
    uint32_t waiting = sandbox->input_length - sandbox->input_at;
    if (sandbox->input_has_ended || length > sizeof sandbox->input - waiting) return -EPROTO;
    if (sandbox->input_at > 0) memmove(sandbox->input, sandbox->input + sandbox->input_at, waiting);
    memcpy(sandbox->input + waiting, bytes, length);
    sandbox->input_at = 0;
    sandbox->input_length = waiting + length;
    return 0;
}

static int sandbox__take_head(struct wasi_sandbox *sandbox, uint8_t flags, const uint8_t *bytes, uint32_t length) {
    const struct wasi_module *module = sandbox->module;
    if (sandbox->has_head) return -EPROTO;
    sandbox->has_head = true;
    sandbox->input_has_ended = !(flags & MF_HEAD_HAS_BODY);
    int rc = wasi_environment__set(&sandbox->environment, bytes, length);
    if (rc != 0) return rc;
    const char *variables = module->strings + module->name_length;
    return wasi_environment__add_list(&sandbox->environment, variables, module->strings_length - module->name_length);
}

static int sandbox__take_frame(struct wasi_sandbox *sandbox, struct mf_frame frame, const uint8_t *bytes) {
    uint32_t credit;
    switch (frame.type) {
    case MF_HEAD:
        return sandbox__take_head(sandbox, frame.flags, bytes, frame.length);
    case MF_CHUNK:
        return sandbox__take_input(sandbox, bytes, frame.length);
    case MF_END:
        sandbox->input_has_ended = true;
        return 0;
    case MF_CREDIT:
        if (frame.length != sizeof credit) return -EPROTO;
        memcpy(&credit, bytes, sizeof credit);
        if (credit > MF_INITIAL_CREDIT - sandbox->output.credit) return -EPROTO;
        sandbox->output.credit += credit;
        return 0;
    case MF_CANCEL:
        sandbox->is_canceled = true;
        return 0;
    default:
        return -EPROTO;
    }
}

int wasi_sandbox__deliver(struct wasi_sandbox *sandbox, const uint8_t *frames, uint32_t length) {
    for (uint32_t at = 0; at < length;) {
        struct mf_frame frame;
        if (length - at < sizeof frame) return -EPROTO;
        memcpy(&frame, frames + at, sizeof frame);
        at += (uint32_t)sizeof frame;
        if (frame.length > length - at) return -EPROTO;
        int rc = sandbox__take_frame(sandbox, frame, frames + at);
        if (rc != 0) return rc;
        uint32_t padded = (frame.length + 3) & ~UINT32_C(3);
        at = padded > length - at ? length : at + padded;
    }
    return sandbox->has_head ? 0 : -EPROTO;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static bool sandbox__has_failed(const struct wasi_sandbox *sandbox) {
    return sandbox->trap != NULL || sandbox->error != NULL;
}

static void sandbox__end_call(struct wasi_sandbox *sandbox) {
    wasmtime_call_future_delete(sandbox->future);
    sandbox->future = NULL;
}

static bool sandbox__export(struct wasi_sandbox *sandbox, const char *name, wasmtime_extern_t *out) {
    return wasmtime_instance_export_get(sandbox->context, &sandbox->instance, name, strlen(name), out);
}

/* The module was checked for both when it was compiled. */
static void sandbox__call_start(struct wasi_sandbox *sandbox) {
    wasmtime_extern_t found;
    if (sandbox__export(sandbox, "memory", &found)) {
        sandbox->memory = found.of.memory;
        sandbox->has_memory = true;
        sandbox->memory_began = wasi_sandbox__memory_bytes(sandbox);
    }
    if (!sandbox__export(sandbox, "_start", &found)) {
        sandbox->stage = WASI_OVER;
        return;
    }
    sandbox->start = found.of.func;
    sandbox->future = wasmtime_func_call_async(sandbox->context, &sandbox->start, NULL, 0, NULL, 0, &sandbox->trap,
                                               &sandbox->error);
    sandbox->stage = WASI_CALLS;
}

bool wasi_sandbox__run(struct wasi_sandbox *sandbox) {
    sandbox->wake_ns = UINT64_MAX;
    if (sandbox->stage == WASI_NEW) {
        sandbox->future = wasmtime_instance_pre_instantiate_async(sandbox->module->ready, sandbox->context,
                                                                  &sandbox->instance, &sandbox->trap, &sandbox->error);
        sandbox->stage = WASI_INSTANTIATES;
    }
    while (sandbox->future != NULL && wasmtime_call_future_poll(sandbox->future)) {
        sandbox__end_call(sandbox);
        if (sandbox->stage == WASI_INSTANTIATES && !sandbox__has_failed(sandbox)) {
            sandbox__call_start(sandbox);
        } else {
            sandbox->stage = WASI_OVER;
        }
    }
    return sandbox->stage == WASI_OVER || sandbox->output.problem != NULL;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

/*
 * wasmtime does not say that it refused to grow a memory. A guest that fails after it has taken more than half of what
 * was left to it is said to have wanted more; one whose memory never grew has failed for another reason.
 */
static bool sandbox__is_short_of_memory(const struct wasi_sandbox *sandbox) {
    if (!sandbox->has_memory) return false;
    uint64_t grown = wasi_sandbox__memory_bytes(sandbox) - sandbox->memory_began;
    return grown > (sandbox->module->memory_bytes - sandbox->memory_began) / 2;
}

static bool sandbox__fail(struct wasi_sandbox *sandbox, uint32_t *trap) {
    char text[2048] = "";
    struct text message = {.bytes = text, .capacity = sizeof text};
    uint8_t code;
    if (sandbox->trap != NULL && wasmtime_trap_code(sandbox->trap, &code)) *trap = code + 1u;
    engine__take_error(sandbox->error, sandbox->trap, &message);
    sandbox->error = NULL;
    sandbox->trap = NULL;
    if (*text != 0) wasi_output__log(&sandbox->output, MF_LOG_ERROR, text, (uint32_t)strlen(text));
    if (!sandbox__is_short_of_memory(sandbox)) return false;
    wasi_output__fail(&sandbox->output, MF_EXIT_MEMORY, text);
    return true;
}

bool wasi_sandbox__finish(struct wasi_sandbox *sandbox, uint32_t *trap) {
    wasi_output__end_log(&sandbox->output);
    if (!sandbox->has_exited && sandbox__has_failed(sandbox)) return sandbox__fail(sandbox, trap);
    if (sandbox->exit_status != 0) {
        char text[64];
        snprintf(text, sizeof text, "it exited with status %u", sandbox->exit_status);
        enum mf_exit_code code = sandbox__is_short_of_memory(sandbox) ? MF_EXIT_MEMORY : MF_EXIT_STATUS;
        wasi_output__fail(&sandbox->output, code, text);
        return true;
    }
    wasi_output__end(&sandbox->output);
    return true;
}
