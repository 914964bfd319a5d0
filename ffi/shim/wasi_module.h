/* The WASI modules that are loaded, by id: a function's snapshot is its module in native code. */
#ifndef MAYFLY_WASI_MODULE_H
#define MAYFLY_WASI_MODULE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "wasi_engine.h"
#include "wasi_files.h"

/* In ids of snapshots and sandboxes: it is a WASI module's, none of the JavaScript engine's. */
#define WASI_ID UINT32_C(0x80000000)
#define WASI_MODULES_MAX 65536u

struct wasi_module {
    uint32_t id;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *ready; /* with its imports resolved */
    struct wasi_files files;
    uint64_t memory_bytes;
    uint32_t log_bytes;
    uint64_t bytes; /* of native code */
    char *strings; /* its argument, then its variables, each with a NUL at its end */
    uint32_t strings_length, name_length;
    uint32_t references; /* of sandboxes; guarded by the table's lock */
    bool is_dropped;
};

struct wasi_modules {
    pthread_mutex_t lock;
    struct wasi_module **table;
    uint16_t *generations; /* of a place: an id that was dropped must not mean another module */
    uint32_t next, count;
    uint64_t bytes;
};

int wasi_modules__init(struct wasi_modules *modules);
void wasi_modules__fini(struct wasi_modules *modules);

/* Takes over all that the module holds, also when it fails. Returns an id, or -errno. */
int64_t wasi_modules__add(struct wasi_modules *modules, struct wasi_module *module);
void wasi_module__delete(struct wasi_module *module);
/* -ENOENT. It lives until its last reference is gone. */
int wasi_modules__drop(struct wasi_modules *modules, uint32_t id);

/* A reference, or NULL. */
struct wasi_module *wasi_modules__acquire(struct wasi_modules *modules, uint32_t id);
void wasi_modules__release(struct wasi_modules *modules, struct wasi_module *module);

#endif
