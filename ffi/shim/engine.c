#include "engine.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host.h"

/* Addresses are 32 bits and offsets too: most accesses need no check within 4 GiB and a guard. */
#define RESERVATION_BYTES (UINT64_C(4) << 30)
#define GUARD_BYTES (UINT64_C(32) << 20)

/* ---- linear memory: the shim's own, because it maps images into it --------------------------- */

struct memory {
    uint8_t *bytes;
    size_t size;
    size_t reserved;
};

static uint8_t *memory__get(void *env, size_t *bytes, size_t *capacity) {
    struct memory *memory = env;
    *bytes = memory->size;
    *capacity = memory->size;
    return memory->bytes;
}

static wasmtime_error_t *memory__grow(void *env, size_t bytes) {
    (void)env;
    (void)bytes;
    return wasmtime_error_new("the engine's memory has a fixed size");
}

static void memory__delete(void *env) {
    struct memory *memory = env;
    munmap(memory->bytes, memory->reserved);
    free(memory);
}

static wasmtime_error_t *memory__new(void *env, const wasm_memorytype_t *type, size_t minimum, size_t maximum,
                                     size_t reserved, size_t guard, wasmtime_linear_memory_t *out) {
    (void)env;
    (void)type;
    (void)maximum;
    struct memory *memory = malloc(sizeof *memory);
    if (memory == NULL) return wasmtime_error_new("no memory for a linear memory");
    *memory = (struct memory){.size = minimum, .reserved = reserved + guard};
    void *bytes = mmap(NULL, memory->reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) goto free_memory;
    memory->bytes = bytes;
    if (mprotect(memory->bytes, minimum, PROT_READ | PROT_WRITE) != 0) goto unmap;
    *out = (wasmtime_linear_memory_t){
        .env = memory,
        .get_memory = memory__get,
        .grow_memory = memory__grow,
        .finalizer = memory__delete,
    };
    return NULL;

unmap:
    munmap(memory->bytes, memory->reserved);
free_memory:
    free(memory);
    return wasmtime_error_new("no address space for a linear memory");
}

/* ---- configuration ------------------------------------------------------------------------------ */

wasm_engine_t *engine__new_wasmtime(void) {
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_max_wasm_stack_set(config, ENGINE_WASM_STACK_BYTES);
    /* Unused, but wasmtime refuses a configuration where it is the smaller one. */
    wasmtime_config_async_stack_size_set(config, ENGINE_WASM_STACK_BYTES + (256u << 10));

    /* With the base memory and one global as its whole state an instance can be restored by copying. */
    wasmtime_config_wasm_threads_set(config, false);
    wasmtime_config_wasm_tail_call_set(config, false);
    wasmtime_config_wasm_reference_types_set(config, false);
    wasmtime_config_wasm_function_references_set(config, false);
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_gc_support_set(config, false);
    wasmtime_config_wasm_exceptions_set(config, false);
    wasmtime_config_wasm_simd_set(config, false);
    wasmtime_config_wasm_relaxed_simd_set(config, false);
    wasmtime_config_wasm_multi_memory_set(config, false);
    wasmtime_config_wasm_memory64_set(config, false);
    wasmtime_config_wasm_component_model_set(config, false);
    wasmtime_config_wasm_component_model_async_set(config, false);
    wasmtime_config_concurrency_support_set(config, false);
    /* Their library code would take the fault that kills a guest, as a real one. */
    wasmtime_config_wasm_bulk_memory_set(config, false);

    wasmtime_memory_creator_t creator = {.new_memory = memory__new};
    wasmtime_config_host_memory_creator_set(config, &creator);
    wasmtime_config_memory_may_move_set(config, false);
    wasmtime_config_memory_reservation_set(config, RESERVATION_BYTES);
    wasmtime_config_memory_guard_size_set(config, GUARD_BYTES);
    wasmtime_config_memory_init_cow_set(config, false);
    return wasm_engine_new_with_config(config);
}

/* ---- the version -------------------------------------------------------------------------------- */

/* Compiled code is an ELF file; its section .wasmtime.engine starts with a zero byte, a length, and the version. */
int engine__check_version(const uint8_t *native, size_t length, struct text *version) {
    Elf64_Ehdr header;
    text__set(version, "unknown");
    if (length < sizeof header) return -ENOSYS;
    memcpy(&header, native, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return -ENOSYS;
    if (header.e_shoff > length || (length - header.e_shoff) / sizeof(Elf64_Shdr) < header.e_shnum) return -ENOSYS;

    static const char NAME[] = ".wasmtime.engine";
    const uint8_t *table = native + header.e_shoff;
    Elf64_Shdr names, section;
    if (header.e_shstrndx >= header.e_shnum) return -ENOSYS;
    memcpy(&names, table + (size_t)header.e_shstrndx * sizeof names, sizeof names);
    if (names.sh_offset > length || names.sh_size > length - names.sh_offset) return -ENOSYS;
    for (size_t i = 0; i < header.e_shnum; i++) {
        memcpy(&section, table + i * sizeof section, sizeof section);
        if (section.sh_name >= names.sh_size || names.sh_size - section.sh_name < sizeof NAME) continue;
        if (memcmp(native + names.sh_offset + section.sh_name, NAME, sizeof NAME) != 0) continue;
        if (section.sh_offset > length || section.sh_size > length - section.sh_offset || section.sh_size < 2) break;
        const uint8_t *bytes = native + section.sh_offset;
        if (bytes[0] != 0 || bytes[1] > section.sh_size - 2) break;
        text__set(version, "%.*s", bytes[1], (const char *)bytes + 2);
        int same = bytes[1] == strlen(WASMTIME_MAJOR) && memcmp(bytes + 2, WASMTIME_MAJOR, bytes[1]) == 0;
        return same ? 0 : -ENOSYS;
    }
    return -ENOSYS;
}

/* ---- the module ----------------------------------------------------------------------------------- */

void engine__take_error(wasmtime_error_t *error, wasm_trap_t *trap, struct text *message) {
    wasm_byte_vec_t bytes;
    if (error != NULL) {
        wasmtime_error_message(error, &bytes);
        wasmtime_error_delete(error);
    } else if (trap != NULL) {
        wasm_trap_message(trap, &bytes);
        wasm_trap_delete(trap);
    } else {
        return;
    }
    text__set(message, "%.*s", (int)bytes.size, bytes.data);
    wasm_byte_vec_delete(&bytes);
}

/* The functions that are called unchecked, so their types are checked here. */
static const struct {
    const char *name;
    size_t params, results; /* all of them i32 */
} FUNCTIONS[] = {
    {"_initialize", 0, 0}, {"mf_init", 0, 1}, {"mf_alloc", 1, 1},
    {"mf_boot", 2, 1},     {"mf_io", 0, 1},   {"mf_step", 1, 1},
};

static const wasm_externtype_t *engine__export(const wasm_exporttype_vec_t *exports, const char *name) {
    for (size_t i = 0; i < exports->size; i++) {
        const wasm_byte_vec_t *bytes = wasm_exporttype_name(exports->data[i]);
        if (bytes->size == strlen(name) && memcmp(bytes->data, name, bytes->size) == 0) {
            return wasm_exporttype_type(exports->data[i]);
        }
    }
    return NULL;
}

static bool engine__all_i32(const wasm_valtype_vec_t *types, size_t count) {
    if (types->size != count) return false;
    for (size_t i = 0; i < count; i++) {
        if (wasm_valtype_kind(types->data[i]) != WASM_I32) return false;
    }
    return true;
}

static const char *engine__missing_export(struct engine *engine, const wasm_exporttype_vec_t *exports) {
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        const wasm_externtype_t *type = engine__export(exports, FUNCTIONS[i].name);
        if (type == NULL || wasm_externtype_kind(type) != WASM_EXTERN_FUNC) return FUNCTIONS[i].name;
        const wasm_functype_t *function = wasm_externtype_as_functype_const(type);
        if (!engine__all_i32(wasm_functype_params(function), FUNCTIONS[i].params) ||
            !engine__all_i32(wasm_functype_results(function), FUNCTIONS[i].results)) {
            return FUNCTIONS[i].name;
        }
    }

    const wasm_externtype_t *type = engine__export(exports, "__stack_pointer");
    if (type == NULL || wasm_externtype_kind(type) != WASM_EXTERN_GLOBAL) return "__stack_pointer";
    const wasm_globaltype_t *global = wasm_externtype_as_globaltype_const(type);
    if (wasm_globaltype_mutability(global) != WASM_VAR ||
        wasm_valtype_kind(wasm_globaltype_content(global)) != WASM_I32) {
        return "__stack_pointer";
    }

    type = engine__export(exports, "memory");
    if (type == NULL || wasm_externtype_kind(type) != WASM_EXTERN_MEMORY) return "memory";
    const wasm_memorytype_t *memory = wasm_externtype_as_memorytype_const(type);
    uint64_t maximum, minimum = wasmtime_memorytype_minimum(memory);
    bool fixed = wasmtime_memorytype_maximum(memory, &maximum) && maximum == minimum;
    engine->memory_bytes = minimum << 16;
    return fixed && minimum > 0 && engine->memory_bytes <= UINT32_MAX ? NULL : "memory of a fixed size below 4 GiB";
}

static int engine__check_exports(struct engine *engine, struct text *message) {
    wasm_exporttype_vec_t exports;
    wasmtime_module_exports(engine->module, &exports);
    const char *missing = engine__missing_export(engine, &exports);
    wasm_exporttype_vec_delete(&exports);
    if (missing == NULL) return 0;
    text__set(message, "the engine does not export %s as guest.h says", missing);
    return -EINVAL;
}

int engine__init(struct engine *engine, const uint8_t *native, size_t length, struct text *message) {
    char bytes[16];
    struct text version = {.bytes = bytes, .capacity = sizeof bytes};
    int rc = engine__check_version(native, length, &version);
    if (rc != 0) {
        text__set(message, "compiled by wasmtime %s, wanted is " WASMTIME_MAJOR, version.bytes);
        return rc;
    }
    *engine = (struct engine){.engine = engine__new_wasmtime()};
    if (engine->engine == NULL) {
        text__set(message, "wasmtime refuses the configuration");
        return -ENOSYS;
    }
    wasmtime_error_t *error = wasmtime_module_deserialize(engine->engine, native, length, &engine->module);
    if (error != NULL) {
        rc = -EINVAL;
        goto delete_engine;
    }
    rc = engine__check_exports(engine, message);
    if (rc != 0) goto delete_module;
    engine->linker = wasmtime_linker_new(engine->engine);
    error = host__define(engine->linker);
    if (error == NULL) error = wasmtime_linker_instantiate_pre(engine->linker, engine->module, &engine->ready);
    if (error != NULL) {
        rc = -EINVAL;
        goto delete_linker;
    }
    return 0;

delete_linker:
    wasmtime_linker_delete(engine->linker);
delete_module:
    wasmtime_module_delete(engine->module);
delete_engine:
    engine__take_error(error, NULL, message);
    wasm_engine_delete(engine->engine);
    return rc;
}

void engine__fini(struct engine *engine) {
    wasmtime_instance_pre_delete(engine->ready);
    wasmtime_linker_delete(engine->linker);
    wasmtime_module_delete(engine->module);
    wasm_engine_delete(engine->engine);
}
