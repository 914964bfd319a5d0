#include <errno.h>

#include "../module_state.h"
#include "test.h"

static int make_base(const char *library, uint8_t **out, size_t *length, char *message, size_t capacity) {
    return mf_make_base(test_native, test_native_length, (const uint8_t *)library, strlen(library), out, length, message,
                        capacity);
}

static void the_base_image_is_the_same_each_time(void) {
    uint8_t *first, *second, *other;
    size_t first_length, second_length, other_length;
    char message[256];
    CHECK(make_base("abc", &first, &first_length, message, sizeof message) == 0);
    CHECK(make_base("abc", &second, &second_length, message, sizeof message) == 0);
    CHECK(make_base("abcd", &other, &other_length, message, sizeof message) == 0);
    CHECK(first_length == second_length && memcmp(first, second, first_length) == 0);
    CHECK(first_length != other_length || memcmp(first, other, first_length) != 0);
    mf_buffer_free(first);
    mf_buffer_free(second);
    mf_buffer_free(other);
}

static void a_library_that_is_refused_says_why(void) {
    uint8_t *out;
    size_t length;
    char message[256];
    CHECK(make_base("!", &out, &length, message, sizeof message) == -EINVAL);
    CHECK(strcmp(message, "the library is refused") == 0);
}

static void only_the_engine_is_compiled(void) {
    /* (module), and a module with an import of somebody else's. */
    static const uint8_t EMPTY[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    uint8_t *out;
    size_t length;
    char message[256];
    CHECK(mf_compile(EMPTY, sizeof EMPTY, &out, &length, message, sizeof message) == -EINVAL);
    CHECK(strstr(message, "_initialize") != NULL);
    CHECK(mf_compile((const uint8_t *)"nonsense", 8, &out, &length, message, sizeof message) == -EINVAL);
    CHECK(mf_compile(test_wasm, test_wasm_length / 2, &out, &length, message, sizeof message) == -EINVAL);
}

static void only_memory_and_one_global_are_state(void) {
    /* A custom section, then globals: i32 mut 1, i64 -1, f64 mut 0, i32 mut of another global's. */
    static const uint8_t MODULE[] = {
        0, 'a', 's', 'm', 1, 0, 0, 0, 0, 3, 1, 'x', 9, 6, 26, 4, 0x7f, 1, 0x41, 1, 0x0b, 0x7e, 0, 0x42, 0x7f, 0x0b,
        0x7c, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0x7f, 1, 0x23, 0, 0x0b};
    CHECK(module_state__mutable_globals(MODULE, sizeof MODULE) == 3);
    CHECK(module_state__mutable_globals(MODULE, 13) == 0);
    for (size_t length = 14; length < sizeof MODULE; length++) {
        uint8_t *cut = malloc(length);
        CHECK(cut != NULL);
        memcpy(cut, MODULE, length);
        CHECK(module_state__mutable_globals(cut, length) == -EINVAL);
        free(cut);
    }
    CHECK(module_state__mutable_globals(test_wasm, test_wasm_length) == 1);
}

static void the_wasmtime_version_is_known(void) {
    char version[32];
    CHECK(mf_wasmtime_version(version, sizeof version) == 0);
    CHECK(strcmp(version, "50") == 0);
}

static void native_code_of_another_wasmtime_is_refused(void) {
    uint8_t *other = malloc(test_native_length);
    CHECK(other != NULL);
    memcpy(other, test_native, test_native_length);
    uint8_t *version = memmem(other, test_native_length, "\0\00250", 4);
    CHECK(version != NULL);
    version[3] = '1';
    struct mf_options options = client__options();
    char message[256];
    CHECK(mf_open(&options, other, test_native_length, test_base, test_base_length, &ring, message, sizeof message) ==
          -ENOSYS);
    CHECK(strstr(message, "51") != NULL);
    for (size_t length = 0; length < 4096; length += 61) {
        CHECK(mf_open(&options, other, length, test_base, test_base_length, &ring, message, sizeof message) < 0);
    }
    free(other);
}

static void a_function_s_image_restores_its_state(void) {
    client__open(client__options());
    uint32_t snapshot = client__snapshot(30);
    /* The build counted once. */
    CHECK(client__count(1, snapshot) == 2);
    CHECK(client__count(1, snapshot) == 2);
    CHECK(client__count(1, MF_SNAPSHOT_BASE) == 1);
    CHECK(client__count(1, snapshot) == 2);
    client__close();
}

static void an_image_survives_a_restart_of_the_engine(void) {
    size_t length;
    client__open(client__options());
    uint8_t *image = client__build(5, &length);
    client__close();
    client__open(client__options());
    int64_t snapshot = mf_snapshot_load(image, length);
    CHECK(snapshot > 0 && client__count(0, (uint32_t)snapshot) == 2);
    client__close();
    mf_buffer_free(image);
}

static void an_image_of_another_base_is_refused(void) {
    uint8_t *other, *own_base = test_base;
    size_t other_length, length, own_length = test_base_length;
    char message[256];
    CHECK(make_base("other", &other, &other_length, message, sizeof message) == 0);
    client__open(client__options());
    uint8_t *image = client__build(5, &length);
    client__close();
    test_base = other;
    test_base_length = other_length;
    client__open(client__options());
    CHECK(mf_snapshot_load(image, length) == -ESTALE);
    CHECK(mf_snapshot_load(own_base, own_length) == -ESTALE);
    client__close();
    test_base = own_base;
    test_base_length = own_length;
    mf_buffer_free(other);
    mf_buffer_free(image);
}

static void a_torn_or_flipped_image_is_refused(void) {
    size_t length;
    client__open(client__options());
    uint8_t *image = client__build(3, &length);
    uint8_t *copy = malloc(length);
    CHECK(copy != NULL);
    for (size_t cut = 0; cut < length; cut += cut < 256 ? 1 : 509) {
        memcpy(copy, image, cut);
        CHECK(mf_snapshot_load(copy, cut) == -EBADMSG);
    }
    for (int i = 0; i < 2000; i++) {
        /* Every bit of the header, then bits anywhere. */
        uint32_t bit = i < 600 ? (uint32_t)i : test__random() % ((uint32_t)length * 8);
        memcpy(copy, image, length);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK(mf_snapshot_load(copy, length) == -EBADMSG);
    }
    CHECK(client__stats().snapshots == 0);
    CHECK(mf_snapshot_load(image, length) > 0);
    free(copy);
    mf_buffer_free(image);
    client__close();
}

static void a_torn_base_is_refused(void) {
    struct mf_options options = client__options();
    char message[256];
    uint8_t *copy = malloc(test_base_length);
    CHECK(copy != NULL);
    for (int i = 0; i < 200; i++) {
        uint32_t bit = i < 100 ? (uint32_t)i * 5 : test__random() % ((uint32_t)test_base_length * 8);
        memcpy(copy, test_base, test_base_length);
        copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        size_t length = i % 2 ? test_base_length : test__random() % (uint32_t)test_base_length;
        CHECK(mf_open(&options, test_native, test_native_length, copy, length, &ring, message, sizeof message) ==
              -EBADMSG);
    }
    free(copy);
}

const struct test image_tests[] = {
    {"the base image is the same each time", the_base_image_is_the_same_each_time},
    {"a library that is refused says why", a_library_that_is_refused_says_why},
    {"only the engine is compiled", only_the_engine_is_compiled},
    {"only memory and one global are state", only_memory_and_one_global_are_state},
    {"the wasmtime version is known", the_wasmtime_version_is_known},
    {"native code of another wasmtime is refused", native_code_of_another_wasmtime_is_refused},
    {"a function's image restores its state", a_function_s_image_restores_its_state},
    {"an image survives a restart of the engine", an_image_survives_a_restart_of_the_engine},
    {"an image of another base is refused", an_image_of_another_base_is_refused},
    {"a torn or flipped image is refused", a_torn_or_flipped_image_is_refused},
    {"a torn base is refused", a_torn_base_is_refused},
    {NULL, NULL},
};
