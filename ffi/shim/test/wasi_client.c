#include "wasi_client.h"

#include <errno.h>

#include "../wasmtime.h"

wasmtime_error_t *wasmtime_wat2wasm(const char *text, size_t length, wasm_byte_vec_t *out);

uint8_t *wasi__assemble(const char *text, size_t *length) {
    wasm_byte_vec_t bytes;
    wasmtime_error_t *error = wasmtime_wat2wasm(text, strlen(text), &bytes);
    if (error != NULL) {
        wasm_byte_vec_t message;
        wasmtime_error_message(error, &message);
        fprintf(stderr, "%.*s\n", (int)message.size, message.data);
        CHECK(!"the text is no module");
    }
    uint8_t *copy = malloc(bytes.size);
    CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    *length = bytes.size;
    wasm_byte_vec_delete(&bytes);
    return copy;
}

uint32_t wasi__load(const char *text, uint64_t memory_bytes, const char *files) {
    static const char STRINGS[] = "test.wasm\0GREETING=hello";
    char message[1024] = "";
    size_t length, native_length;
    uint8_t *native, *wasm = wasi__assemble(text, &length);
    int rc = mf_wasi_compile(wasm, length, memory_bytes, &native, &native_length, message, sizeof message);
    if (rc != 0) fprintf(stderr, "%s: %s\n", strerror(-rc), message);
    CHECK(rc == 0);
    struct mf_wasi_options options = {
        .memory_bytes = memory_bytes,
        .log_bytes = WASI_LOG_BYTES,
        .strings_length = sizeof STRINGS,
    };
    int64_t id = mf_wasi_load(native, native_length, &options, STRINGS, files, message, sizeof message);
    if (id < 0) fprintf(stderr, "%s: %s\n", strerror((int)-id), message);
    CHECK(id > 0);
    free(wasm);
    mf_buffer_free(native);
    return (uint32_t)id;
}

void wasi__refuse(const char *text, const char *reason) {
    char message[1024] = "";
    size_t length, native_length;
    uint8_t *native, *wasm = wasi__assemble(text, &length);
    CHECK(mf_wasi_compile(wasm, length, 64 * MiB, &native, &native_length, message, sizeof message) == -EINVAL);
    if (strstr(message, reason) == NULL) fprintf(stderr, "%s\n", message);
    CHECK(strstr(message, reason) != NULL);
    free(wasm);
}

/* ---- requests ---------------------------------------------------------------------------------------------- */

void wasi__add_frame(uint32_t slot, uint8_t type, uint8_t flags, const void *bytes, uint32_t length) {
    struct mf_slot *shared = client__slot(slot);
    struct mf_frame frame = {.type = type, .flags = flags, .length = length};
    uint8_t *to = (uint8_t *)shared + MF_SLOT_IN + shared->in_length;
    uint32_t padded = (length + 3) & ~UINT32_C(3);
    memcpy(to, &frame, sizeof frame);
    if (length > 0) memcpy(to + sizeof frame, bytes, length);
    memset(to + sizeof frame + length, 0, padded - length);
    shared->in_length += (uint32_t)sizeof frame + padded;
}

static void put_head(uint32_t slot, uint8_t flags) {
    static const char *const STRINGS[MF_REQUEST_STRINGS] = {
        "GET", "http://test.invalid:81/cgi/a%20b?x=1", "accept\n*/*\nproxy\nno\nx_a\nno\nx-a\nyes\n", "id-1", "/cgi",
    };
    static const char VARIABLES[] = "PARAM_id=7";
    uint8_t head[1024];
    uint32_t at = MF_REQUEST_STRINGS * sizeof(uint32_t);
    for (int i = 0; i < MF_REQUEST_STRINGS; i++) {
        uint32_t length = (uint32_t)strlen(STRINGS[i]);
        memcpy(head + at, STRINGS[i], length);
        at += length;
        if (i == MF_REQUEST_CONTEXT) {
            head[at++] = 0;
            memcpy(head + at, VARIABLES, sizeof VARIABLES);
            at += (uint32_t)sizeof VARIABLES;
            length += 1 + (uint32_t)sizeof VARIABLES;
        }
        memcpy(head + (size_t)i * sizeof length, &length, sizeof length);
    }
    wasi__add_frame(slot, MF_HEAD, flags, head, at);
}

struct mf_slot *wasi__put(uint32_t slot, uint32_t module) {
    struct mf_slot *shared = client__put(slot, module, NULL, 0);
    put_head(slot, 0);
    return shared;
}

struct mf_slot *wasi__put_with_body(uint32_t slot, uint32_t module) {
    struct mf_slot *shared = client__put(slot, module, NULL, 0);
    put_head(slot, MF_HEAD_HAS_BODY);
    return shared;
}

struct mf_slot *wasi__again(uint32_t slot) {
    struct mf_slot *shared = client__slot(slot);
    CHECK(shared->result == MF_STEP_PARKED);
    client__resume(slot, shared->out_sandbox, shared->out_generation);
    shared->in_length = 0;
    return shared;
}

void wasi__wait_until_gone(void) {
    while (client__stats().wasi_sandboxes > 0) usleep(100);
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void append(char *to, size_t capacity, const uint8_t *bytes, uint32_t length) {
    size_t used = strlen(to);
    CHECK(used + length + 2 <= capacity);
    memcpy(to + used, bytes, length);
    to[used + length] = '\n';
    to[used + length + 1] = 0;
}

struct wasi_answer *wasi__answer(uint32_t slot) {
    static struct wasi_answer answer;
    const struct mf_slot *shared = client__slot(slot);
    const uint8_t *out = client__out(slot);
    memset(&answer, 0, sizeof answer);
    for (uint32_t at = 0; at < shared->out_length;) {
        struct mf_frame frame;
        CHECK(shared->out_length - at >= sizeof frame);
        memcpy(&frame, out + at, sizeof frame);
        const uint8_t *payload = out + at + sizeof frame;
        at += (uint32_t)sizeof frame + ((frame.length + 3) & ~UINT32_C(3));
        CHECK(at <= shared->out_length);
        CHECK(answer.exits == 0);
        if (frame.type == MF_HEAD) {
            answer.heads++;
            answer.status = frame.aux;
            append(answer.headers, sizeof answer.headers, payload, frame.length);
        } else if (frame.type == MF_CHUNK) {
            CHECK(frame.length > 0 && frame.length <= MF_CHUNK_MAX);
            CHECK(answer.body_length + frame.length <= sizeof answer.body);
            memcpy(answer.body + answer.body_length, payload, frame.length);
            answer.body_length += frame.length;
        } else if (frame.type == MF_LOG) {
            append(answer.log, sizeof answer.log, payload, frame.length);
        } else if (frame.type == MF_CREDIT) {
            uint32_t credit;
            memcpy(&credit, payload, sizeof credit);
            answer.credit += credit;
        } else if (frame.type == MF_END) {
            answer.ends++;
        } else if (frame.type == MF_EXIT) {
            answer.exits++;
            answer.exit_code = frame.aux;
        } else {
            CHECK(!"a frame of no known type");
        }
    }
    return &answer;
}

struct wasi_answer *wasi__get(uint32_t module) {
    wasi__put(0, module);
    client__run(0);
    return wasi__answer(0);
}
