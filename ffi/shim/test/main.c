/* Runs the shim's tests:  main guest.wasm [part of a test's name] */
#include <errno.h>

#include "test.h"

uint8_t *test_wasm, *test_native, *test_base;
size_t test_wasm_length, test_native_length, test_base_length;

uint8_t *test__read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length);
    CHECK(bytes != NULL);
    CHECK(fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

uint32_t test__random(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static void prepare(const char *path) {
    char message[1024] = "";
    static const uint8_t LIBRARY[] = "library";
    test_wasm = test__read_file(path, &test_wasm_length);
    int rc = mf_compile(test_wasm, test_wasm_length, &test_native, &test_native_length, message, sizeof message);
    if (rc == 0) {
        rc = mf_make_base(test_native, test_native_length, LIBRARY, sizeof LIBRARY, &test_base, &test_base_length,
                          message, sizeof message);
    }
    if (rc != 0) fprintf(stderr, "%s: %s\n", strerror(-rc), message);
    CHECK(rc == 0);
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    prepare(arguments[1]);
    const struct test *groups[] = {pages_tests, image_tests, step_tests,   isolation_tests,
                                   kill_tests,  pool_tests,  mirror_tests, listener_tests,
                                   wasi_tests,  wasi_hostile_tests, wasi_waiting_tests,
                                   wasi_log_tests, family_tests, life_tests, cell_tests};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        for (const struct test *test = groups[i]; test->name != NULL; test++) {
            if (count > 2 && strstr(test->name, arguments[2]) == NULL) continue;
            printf("%s ... ", test->name);
            fflush(stdout);
            uint64_t began_ns = mf_now_ns();
            test->run();
            printf("ok (%.0f ms)\n", (double)(mf_now_ns() - began_ns) / 1e6);
        }
    }
    free(test_wasm);
    mf_buffer_free(test_native);
    mf_buffer_free(test_base);
    return 0;
}
