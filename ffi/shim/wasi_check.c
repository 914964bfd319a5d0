#include "wasi_check.h"

#include <string.h>

#include "wasi_abi.h"
#include "wasi_functions.h"

#define WASM_PAGE_SHIFT 16

static bool bytes__are(const wasm_byte_vec_t *bytes, const char *text) {
    return bytes->size == strlen(text) && memcmp(bytes->data, text, bytes->size) == 0;
}

int wasi_check__bytes(const uint8_t *wasm, size_t length, struct text *message) {
    static const uint8_t MAGIC[] = {0, 'a', 's', 'm'};
    static const uint8_t MODULE[] = {1, 0, 0, 0};
    if (length < sizeof MAGIC + sizeof MODULE || memcmp(wasm, MAGIC, sizeof MAGIC) != 0) {
        text__set(message, "it is no WebAssembly module");
        return -EINVAL;
    }
    const uint8_t *kind = wasm + sizeof MAGIC;
    if (memcmp(kind, MODULE, sizeof MODULE) == 0) return 0;
    bool is_component = kind[2] == 1 && kind[3] == 0;
    text__set(message, is_component ? "it is a component; only modules of WASI preview 1 (wasm32-wasip1) can be run"
                                    : "it is of a version of WebAssembly that is not known");
    return -EINVAL;
}

static int wasi_check__imports(const wasm_importtype_vec_t *imports, struct text *message) {
    for (size_t i = 0; i < imports->size; i++) {
        const wasm_byte_vec_t *module = wasm_importtype_module(imports->data[i]);
        const wasm_byte_vec_t *name = wasm_importtype_name(imports->data[i]);
        bool is_known = bytes__are(module, WASI_MODULE) &&
                        wasi_functions__has(name->data, name->size, wasm_importtype_type(imports->data[i]));
        if (is_known) continue;
        text__set(message, "it imports %.*s.%.*s, which is no function of " WASI_MODULE,
                  (int)(module->size < 100 ? module->size : 100), module->data,
                  (int)(name->size < 100 ? name->size : 100), name->data);
        return -EINVAL;
    }
    return 0;
}

static const wasm_externtype_t *wasi_check__export(const wasm_exporttype_vec_t *exports, const char *name, int kind) {
    for (size_t i = 0; i < exports->size; i++) {
        const wasm_externtype_t *type = wasm_exporttype_type(exports->data[i]);
        if (wasm_externtype_kind(type) == kind && bytes__are(wasm_exporttype_name(exports->data[i]), name)) return type;
    }
    return NULL;
}

static int wasi_check__exports(const wasm_exporttype_vec_t *exports, uint64_t memory_bytes, struct text *message) {
    const wasm_externtype_t *start = wasi_check__export(exports, "_start", WASM_EXTERN_FUNC);
    if (start == NULL) {
        bool is_reactor = wasi_check__export(exports, "_initialize", WASM_EXTERN_FUNC) != NULL;
        text__set(message, is_reactor ? "it is a reactor, not a command: it exports _initialize and no _start"
                                      : "it is no command: it exports no function _start");
        return -EINVAL;
    }
    const wasm_functype_t *type = wasm_externtype_as_functype_const(start);
    if (wasm_functype_params(type)->size != 0 || wasm_functype_results(type)->size != 0) {
        text__set(message, "its _start takes or returns something");
        return -EINVAL;
    }
    const wasm_externtype_t *memory = wasi_check__export(exports, "memory", WASM_EXTERN_MEMORY);
    if (memory == NULL) {
        text__set(message, "it exports no memory");
        return -EINVAL;
    }
    uint64_t pages = wasmtime_memorytype_minimum(wasm_externtype_as_memorytype_const(memory));
    if (pages > memory_bytes >> WASM_PAGE_SHIFT) {
        text__set(message, "its memory has %llu MB from the start, and its memoryMb is %llu",
                  (unsigned long long)(pages >> (20 - WASM_PAGE_SHIFT)), (unsigned long long)(memory_bytes >> 20));
        return -EINVAL;
    }
    return 0;
}

int wasi_check__module(const wasmtime_module_t *module, uint64_t memory_bytes, struct text *message) {
    wasm_importtype_vec_t imports;
    wasmtime_module_imports(module, &imports);
    int rc = wasi_check__imports(&imports, message);
    wasm_importtype_vec_delete(&imports);
    if (rc != 0) return rc;
    wasm_exporttype_vec_t exports;
    wasmtime_module_exports(module, &exports);
    rc = wasi_check__exports(&exports, memory_bytes, message);
    wasm_exporttype_vec_delete(&exports);
    return rc;
}
