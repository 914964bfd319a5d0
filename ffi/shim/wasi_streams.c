#include "wasi_operations.h"
#include "wasi_sandbox.h"

/* Worth a frame: the server sends more only when it is told that the guest has taken so much. */
#define CREDIT_BYTES (MF_INITIAL_CREDIT / 2)
/* Of one write; a guest that has more writes again, and is killed in between if it has to be. */
#define WRITE_BYTES_MAX (64u << 10)

/* ---- reading ---------------------------------------------------------------------------------------------- */

static void stdin__tell(struct wasi_sandbox *sandbox, uint32_t least) {
    if (sandbox->input_owed < least || sandbox->input_has_ended) return;
    wasi_output__credit(&sandbox->output, sandbox->input_owed);
    sandbox->input_owed = 0;
}

static uint32_t stdin__take(struct wasi_sandbox *sandbox, uint8_t *to, uint32_t length) {
    uint32_t waiting = sandbox->input_length - sandbox->input_at;
    if (length > waiting) length = waiting;
    memcpy(to, sandbox->input + sandbox->input_at, length);
    sandbox->input_at += length;
    sandbox->input_owed += length;
    return length;
}

static uint32_t stdin__read(struct wasi_call *call, uint32_t *total) {
    struct wasi_sandbox *sandbox = call->sandbox;
    uint32_t list = wasi_call__u32(call, 1), count = wasi_call__u32(call, 2);
    struct wasi_iov iov;
    bool wants_any = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!wasi_call__iov(call, list, i, &iov)) return WASI_FAULT;
        wants_any |= iov.length > 0;
        *total += stdin__take(sandbox, iov.bytes, iov.length);
    }
    bool must_wait = *total == 0 && wants_any && !sandbox->input_has_ended;
    stdin__tell(sandbox, must_wait ? 1 : CREDIT_BYTES);
    return must_wait ? WASI_WAIT : WASI_OK;
}

static uint32_t file__read(struct wasi_call *call, uint32_t *total) {
    struct wasi_descriptor *descriptor = wasi__descriptor(call, wasi_call__u32(call, 0));
    uint64_t length;
    if (descriptor == NULL) return WASI_BADF;
    uint32_t error = wasi__read_file(call, descriptor, descriptor->offset, &length);
    if (error != WASI_OK) return error;
    descriptor->offset += length;
    *total = (uint32_t)length;
    return WASI_OK;
}

uint32_t wasi__fd_read(struct wasi_call *call) {
    uint32_t total = 0, descriptor = wasi_call__u32(call, 0);
    uint32_t error = wasi_call__check_iovs(call, wasi_call__u32(call, 1), wasi_call__u32(call, 2));
    if (error != WASI_OK) return error;
    if (wasi_mem(call, wasi_call__u32(call, 3), sizeof total) == NULL) return WASI_FAULT;
    if (descriptor == WASI_STDOUT || descriptor == WASI_STDERR) return WASI_BADF;
    error = descriptor == WASI_STDIN ? stdin__read(call, &total) : file__read(call, &total);
    return error == WASI_OK ? wasi_call__store_u32(call, wasi_call__u32(call, 3), total) : error;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

uint32_t wasi__fd_write(struct wasi_call *call) {
    struct wasi_output *output = &call->sandbox->output;
    uint32_t descriptor = wasi_call__u32(call, 0), list = wasi_call__u32(call, 1), count = wasi_call__u32(call, 2);
    uint32_t total = 0;
    uint32_t error = wasi_call__check_iovs(call, list, count);
    if (error != WASI_OK) return error;
    if (wasi_mem(call, wasi_call__u32(call, 3), sizeof total) == NULL) return WASI_FAULT;
    if (descriptor != WASI_STDOUT && descriptor != WASI_STDERR) {
        return wasi__descriptor(call, descriptor) == NULL ? WASI_BADF : WASI_NOTCAPABLE;
    }
    bool wants_any = false;
    for (uint32_t i = 0; i < count && total < WRITE_BYTES_MAX; i++) {
        struct wasi_iov iov;
        if (!wasi_call__iov(call, list, i, &iov)) return WASI_FAULT;
        wants_any |= iov.length > 0;
        uint32_t left = WRITE_BYTES_MAX - total, length = iov.length < left ? iov.length : left;
        uint32_t taken = descriptor == WASI_STDOUT ? wasi_output__stdout(output, iov.bytes, length)
                                                   : wasi_output__stderr(output, iov.bytes, length);
        total += taken;
        if (taken < iov.length) break;
    }
    /* What is no response needs no more of it: the step ends here. */
    if (output->problem != NULL) return WASI_WAIT;
    if (total == 0 && wants_any) {
        bool waits_for_reader = descriptor == WASI_STDOUT && output->credit == 0;
        if (!waits_for_reader) call->sandbox->wake_ns = 0; /* for the next step, which has room for more frames */
        return WASI_WAIT;
    }
    return wasi_call__store_u32(call, wasi_call__u32(call, 3), total);
}
