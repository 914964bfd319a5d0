/* The public functions for WASI modules. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"
#include "thread.h"

#define STRINGS_BYTES_MAX (64u << 10)

/* ---- compiling ------------------------------------------------------------------------------------------- */

struct compilation {
    const uint8_t *wasm;
    size_t length;
    uint64_t memory_bytes;
    uint8_t **out;
    size_t *out_length;
    struct text message;
    int rc;
};

static void *compilation__main(void *argument) {
    struct compilation *job = argument;
    struct wasi_engine engine;
    job->rc = wasi_engine__init(&engine, &job->message);
    if (job->rc != 0) return NULL;
    job->rc = wasi_engine__compile(&engine, job->wasm, job->length, job->memory_bytes, job->out, job->out_length,
                                   &job->message);
    wasi_engine__fini(&engine);
    return NULL;
}

int mf_wasi_compile(const uint8_t *wasm, size_t length, uint64_t memory_bytes, uint8_t **out, size_t *out_length,
                    char *message, size_t capacity) {
    struct compilation job = {
        .wasm = wasm,
        .length = length,
        .memory_bytes = memory_bytes,
        .out = out,
        .out_length = out_length,
        .message = {.bytes = message, .capacity = capacity},
    };
    /* A module may be nested deep, and the caller's stack may be small. */
    struct thread thread = {0};
    int rc = thread__start(&thread, compilation__main, &job);
    if (rc == 0) thread__join(&thread);
    thread__free_stacks(&thread);
    return rc == 0 ? job.rc : rc;
}

/* ---- loading --------------------------------------------------------------------------------------------------- */

static int module__set_strings(struct wasi_module *module, const char *strings, size_t length) {
    if (length == 0 || length > STRINGS_BYTES_MAX || strings[length - 1] != 0) return -EINVAL;
    module->strings = malloc(length);
    if (module->strings == NULL) return -ENOMEM;
    memcpy(module->strings, strings, length);
    module->strings_length = (uint32_t)length;
    module->name_length = (uint32_t)strlen(strings) + 1;
    return 0;
}

static int module__make(struct shim *shim, const uint8_t *native, size_t length, const struct mf_wasi_options *options,
                        const char *strings, const char *files, struct wasi_module **out, struct text *message) {
    if (options->memory_bytes > WASI_MEMORY_BYTES_MAX) return -EINVAL;
    int rc = wasi_pool__need_engine(&shim->wasi, message);
    if (rc != 0) return rc;
    struct wasi_module *module = calloc(1, sizeof *module);
    if (module == NULL) return -ENOMEM;
    module->memory_bytes = options->memory_bytes;
    module->log_bytes = options->log_bytes;
    module->bytes = length;
    rc = wasi_files__open(&module->files, files);
    if (rc != 0) text__set(message, "its files are damaged");
    if (rc == 0) rc = module__set_strings(module, strings, options->strings_length);
    if (rc == 0) {
        rc = wasi_engine__load(&shim->wasi.engine, native, length, &module->module, &module->ready, message);
        if (rc != 0) module->module = NULL;
    }
    if (rc == 0) *out = module;
    else wasi_module__delete(module);
    return rc;
}

int64_t mf_wasi_load(const uint8_t *native, size_t length, const struct mf_wasi_options *options, const char *strings,
                     const char *files, char *message, size_t capacity) {
    struct text text = {.bytes = message, .capacity = capacity};
    struct wasi_module *module;
    struct shim *shim = shim__enter();
    if (shim == NULL) return -ENODEV;
    int rc = module__make(shim, native, length, options, strings, files, &module, &text);
    return shim__leave(rc == 0 ? wasi_modules__add(&shim->wasi.modules, module) : rc);
}
