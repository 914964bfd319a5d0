#include "wasi_module.h"

#include <stdlib.h>

/* An id is the mark, 15 bits of generation, and 16 bits of place. */
#define GENERATION_MASK 0x7fffu

int wasi_modules__init(struct wasi_modules *modules) {
    *modules = (struct wasi_modules){0};
    modules->table = calloc(WASI_MODULES_MAX, sizeof *modules->table);
    modules->generations = calloc(WASI_MODULES_MAX, sizeof *modules->generations);
    if (modules->table == NULL || modules->generations == NULL) {
        free(modules->table);
        free(modules->generations);
        return -ENOMEM;
    }
    pthread_mutex_init(&modules->lock, NULL);
    return 0;
}

void wasi_modules__fini(struct wasi_modules *modules) {
    for (uint32_t place = 0; place < WASI_MODULES_MAX; place++) {
        if (modules->table[place] != NULL) wasi_module__delete(modules->table[place]);
    }
    pthread_mutex_destroy(&modules->lock);
    free(modules->table);
    free(modules->generations);
}

void wasi_module__delete(struct wasi_module *module) {
    if (module->ready != NULL) wasmtime_instance_pre_delete(module->ready);
    if (module->module != NULL) wasmtime_module_delete(module->module);
    wasi_files__close(&module->files);
    free(module->strings);
    free(module);
}

int64_t wasi_modules__add(struct wasi_modules *modules, struct wasi_module *module) {
    uint32_t place = WASI_MODULES_MAX;
    pthread_mutex_lock(&modules->lock);
    for (uint32_t tried = 0; tried < WASI_MODULES_MAX && place == WASI_MODULES_MAX; tried++) {
        uint32_t candidate = (modules->next + tried) % WASI_MODULES_MAX;
        if (modules->table[candidate] == NULL) place = candidate;
    }
    if (place < WASI_MODULES_MAX) {
        module->id = WASI_ID | (uint32_t)modules->generations[place] << 16 | place;
        modules->table[place] = module;
        modules->next = place + 1;
        modules->count++;
        modules->bytes += module->bytes;
    }
    pthread_mutex_unlock(&modules->lock);
    if (place < WASI_MODULES_MAX) return module->id;
    wasi_module__delete(module);
    return -ENOSPC;
}

static struct wasi_module *wasi_modules__find(struct wasi_modules *modules, uint32_t id) {
    struct wasi_module *module = modules->table[id % WASI_MODULES_MAX];
    return module != NULL && module->id == id ? module : NULL;
}

int wasi_modules__drop(struct wasi_modules *modules, uint32_t id) {
    bool is_last = false;
    pthread_mutex_lock(&modules->lock);
    struct wasi_module *module = wasi_modules__find(modules, id);
    if (module != NULL) {
        uint16_t *generation = &modules->generations[id % WASI_MODULES_MAX];
        *generation = (*generation + 1) & GENERATION_MASK;
        modules->table[id % WASI_MODULES_MAX] = NULL;
        modules->count--;
        module->is_dropped = true;
        is_last = module->references == 0;
        if (is_last) modules->bytes -= module->bytes;
    }
    pthread_mutex_unlock(&modules->lock);
    if (module == NULL) return -ENOENT;
    if (is_last) wasi_module__delete(module);
    return 0;
}

struct wasi_module *wasi_modules__acquire(struct wasi_modules *modules, uint32_t id) {
    pthread_mutex_lock(&modules->lock);
    struct wasi_module *module = wasi_modules__find(modules, id);
    if (module != NULL) module->references++;
    pthread_mutex_unlock(&modules->lock);
    return module;
}

void wasi_modules__release(struct wasi_modules *modules, struct wasi_module *module) {
    pthread_mutex_lock(&modules->lock);
    bool is_last = --module->references == 0 && module->is_dropped;
    if (is_last) modules->bytes -= module->bytes;
    pthread_mutex_unlock(&modules->lock);
    if (is_last) wasi_module__delete(module);
}
