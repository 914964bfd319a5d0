/* What is made once: the engine's native code, its base image, a function's image. */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "image.h"
#include "instance.h"
#include "mayfly.h"
#include "module_state.h"
#include "thread.h"

/* ---- native code ---------------------------------------------------------------------------------------- */

/* wasmtime's vector as a buffer for mf_buffer_free. */
static int build__take_bytes(wasm_byte_vec_t *bytes, uint8_t **out, size_t *out_length) {
    int rc = -ENOMEM;
    *out = malloc(bytes->size);
    if (*out != NULL) {
        memcpy(*out, bytes->data, bytes->size);
        *out_length = bytes->size;
        rc = 0;
    }
    wasm_byte_vec_delete(bytes);
    return rc;
}

static int build__compile(const uint8_t *wasm, size_t length, uint8_t **out, size_t *out_length, struct text *message) {
    wasm_engine_t *engine = engine__new_wasmtime();
    if (engine == NULL) return -ENOSYS;
    wasmtime_module_t *module = NULL;
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error = wasmtime_module_new(engine, wasm, length, &module);
    if (error == NULL) error = wasmtime_module_serialize(module, &bytes);
    int rc = error == NULL ? build__take_bytes(&bytes, out, out_length) : -EINVAL;
    engine__take_error(error, NULL, message);
    if (module != NULL) wasmtime_module_delete(module);
    wasm_engine_delete(engine);
    return rc;
}

int mf_wasmtime_version(char *text, size_t capacity) {
    static const uint8_t EMPTY_MODULE[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct text version = {.bytes = text, .capacity = capacity};
    uint8_t *native;
    size_t length;
    int rc = build__compile(EMPTY_MODULE, sizeof EMPTY_MODULE, &native, &length, &version);
    if (rc != 0) return rc;
    rc = engine__check_version(native, length, &version);
    free(native);
    return rc;
}

int mf_compile(const uint8_t *wasm, size_t length, uint8_t **out, size_t *out_length, char *message, size_t capacity) {
    struct text text = {.bytes = message, .capacity = capacity};
    int rc = build__compile(wasm, length, out, out_length, &text);
    if (rc != 0) return rc;
    /* Restoring an instance restores its memory and __stack_pointer. Tables cannot change, as the features are set. */
    int mutable_globals = module_state__mutable_globals(wasm, length);
    if (mutable_globals < 0 || mutable_globals > 1) {
        text__set(&text, "the engine has more mutable globals than __stack_pointer");
        rc = -EINVAL;
        goto free_out;
    }
    /* Loading it says whether it is the engine's. */
    struct engine engine;
    rc = engine__init(&engine, *out, *out_length, &text);
    if (rc != 0) goto free_out;
    engine__fini(&engine);
    return 0;

free_out:
    free(*out);
    *out = NULL;
    return rc;
}

/* ---- images --------------------------------------------------------------------------------------------------- */

/* What went in and out is nobody's state, and would be in every image of a function that was built. */
static void build__clear_io(struct mf_guest_io *io) {
    io->out_length = 0;
    io->wake_ms = MF_NO_WAKE;
    io->fresh = 0;
    memset(io->seed, 0, sizeof io->seed);
    memset(io->in, 0, sizeof io->in);
    memset(io->out, 0, sizeof io->out);
}

/* The pages that differ from the base's, or without a base from zeros. */
static int build__image(struct instance *instance, uint32_t io_address, uint8_t **out, size_t *out_length) {
    static const uint8_t ZEROS[PAGE_BYTES];
    const struct base *base = instance->base;
    uint32_t page_count = (uint32_t)(instance->engine->memory_bytes / PAGE_BYTES);
    int rc = instance__scan(instance, UINT32_MAX);
    if (rc != 0) return rc;
    uint32_t *numbers = malloc(((size_t)instance->private_pages.count + 1) * sizeof *numbers);
    if (numbers == NULL) return -ENOMEM;

    struct image_header header = {
        .base_hash = base == NULL ? 0 : base->hash,
        .memory_bytes = instance->engine->memory_bytes,
        .stack_pointer = instance__stack_pointer(instance),
        .io_address = io_address,
    };
    struct pages_cursor cursor = pages__first(&instance->private_pages);
    uint32_t page, last_page = page_count - 1;
    bool is_last = false;
    while (!is_last) {
        is_last = !pages__next(&instance->private_pages, &cursor, &page);
        if (is_last) page = last_page; /* which is not in the set, because it is always copied */
        const uint8_t *here = instance->memory + (size_t)page * PAGE_BYTES;
        const uint8_t *there = base == NULL ? ZEROS : base__page(base, page);
        if (memcmp(here, there, PAGE_BYTES) != 0) numbers[header.page_count++] = page;
    }
    rc = image__make(&header, numbers, instance->memory, out, out_length);
    free(numbers);
    return rc;
}

int build__freeze(struct instance *instance, uint8_t **out, size_t *out_length) {
    build__clear_io(instance->io);
    /* Clearing wrote to memory where no runner counted the faults. */
    instance->is_unscanned = true;
    int rc = build__image(instance, instance->base->io_address, out, out_length);
    instance->is_unscanned = true;
    return rc;
}

/* ---- the base image ---------------------------------------------------------------------------------------------- */

struct base_job {
    const uint8_t *native, *library;
    size_t native_length, library_length;
    uint8_t *out;
    size_t out_length;
    struct text message;
    int rc;
};

static int base_job__put_library(struct base_job *job, struct instance *instance, wasmtime_val_raw_t *values) {
    if (job->library_length > INT32_MAX) return -EFBIG;
    values[0].i32 = (int32_t)job->library_length + 1;
    int rc = instance__call(instance, "mf_alloc", values, 1, &job->message);
    if (rc != 0) return rc;
    uint32_t address = (uint32_t)values[0].i32;
    if (address == 0 || (uint64_t)address + job->library_length + 1 > instance->engine->memory_bytes) {
        text__set(&job->message, "the engine has no memory for its library");
        return -ENOMEM;
    }
    memcpy(instance->memory + address, job->library, job->library_length);
    instance->memory[address + job->library_length] = 0;
    values[0].i32 = (int32_t)address;
    values[1].i32 = (int32_t)job->library_length;
    return 0;
}

static int base_job__find_io(struct base_job *job, struct instance *instance, uint32_t *io_address) {
    wasmtime_val_raw_t value = {0};
    int rc = instance__call(instance, "mf_io", &value, 1, &job->message);
    if (rc != 0) return rc;
    *io_address = (uint32_t)value.i32;
    bool is_inside = *io_address != 0 && *io_address % _Alignof(struct mf_guest_io) == 0 &&
                     *io_address + sizeof(struct mf_guest_io) <= instance->engine->memory_bytes;
    if (is_inside) {
        instance->io = (struct mf_guest_io *)(instance->memory + *io_address);
        if (instance->io->abi == MF_GUEST_ABI) return 0;
    }
    text__set(&job->message, "the engine does not speak guest ABI %u", MF_GUEST_ABI);
    return -EINVAL;
}

static int base_job__boot(struct base_job *job, struct instance *instance, uint32_t *io_address) {
    wasmtime_val_raw_t values[2] = {{0}};
    int rc = instance__call(instance, "_initialize", values, 1, &job->message);
    if (rc == 0) rc = instance__call(instance, "mf_init", values, 1, &job->message);
    if (rc == 0 && values[0].i32 != 0) {
        text__set(&job->message, "mf_init failed");
        rc = -EINVAL;
    }
    if (rc == 0) rc = base_job__find_io(job, instance, io_address);
    if (rc == 0) rc = base_job__put_library(job, instance, values);
    if (rc == 0) rc = instance__call(instance, "mf_boot", values, 2, &job->message);
    if (rc == 0 && values[0].i32 != 0) {
        uint32_t length = instance->io->out_length;
        if (length > MF_GUEST_OUT_BYTES) length = 0;
        text__set(&job->message, "%.*s", (int)length, (const char *)instance->io->out);
        rc = -EINVAL;
    }
    return rc;
}

static void *base_job__main(void *argument) {
    struct base_job *job = argument;
    struct engine engine;
    struct instance *instance;
    uint32_t io_address;
    job->rc = engine__init(&engine, job->native, job->native_length, &job->message);
    if (job->rc != 0) return NULL;
    job->rc = instance__new(&engine, &instance, &job->message);
    if (job->rc != 0) goto fini_engine;
    job->rc = base_job__boot(job, instance, &io_address);
    if (job->rc != 0) goto delete_instance;
    build__clear_io(instance->io);
    instance->pagemap = pagemap__open();
    if (instance->pagemap < 0) {
        job->rc = instance->pagemap;
        goto delete_instance;
    }
    job->rc = build__image(instance, io_address, &job->out, &job->out_length);
    close(instance->pagemap);

delete_instance:
    instance__delete(instance);
fini_engine:
    engine__fini(&engine);
    return NULL;
}

int mf_make_base(const uint8_t *native, size_t length, const uint8_t *library, size_t library_length, uint8_t **out,
                 size_t *out_length, char *message, size_t capacity) {
    struct base_job job = {
        .native = native,
        .native_length = length,
        .library = library,
        .library_length = library_length,
        .message = {.bytes = message, .capacity = capacity},
    };
    /* The caller's thread may have too small a stack for a guest. */
    struct thread thread = {0};
    int rc = thread__start(&thread, base_job__main, &job);
    if (rc == 0) thread__join(&thread);
    thread__free_stacks(&thread);
    if (rc != 0) return rc;
    *out = job.out;
    *out_length = job.out_length;
    return job.rc;
}

void mf_buffer_free(uint8_t *buffer) {
    free(buffer);
}
