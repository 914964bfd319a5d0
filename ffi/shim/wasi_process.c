#include "random.h"
#include "wasi_operations.h"
#include "wasi_sandbox.h"

/* ---- arguments and environment ---------------------------------------------------------------------------------- */

uint32_t wasi__args_sizes_get(struct wasi_call *call) {
    uint32_t error = wasi_call__store_u32(call, wasi_call__u32(call, 0), 1);
    if (error != WASI_OK) return error;
    return wasi_call__store_u32(call, wasi_call__u32(call, 1), call->sandbox->module->name_length);
}

uint32_t wasi__args_get(struct wasi_call *call) {
    const struct wasi_module *module = call->sandbox->module;
    uint32_t at = wasi_call__u32(call, 1);
    uint8_t *bytes = wasi_mem(call, at, module->name_length);
    if (bytes == NULL) return WASI_FAULT;
    memcpy(bytes, module->strings, module->name_length);
    return wasi_call__store_u32(call, wasi_call__u32(call, 0), at);
}

uint32_t wasi__environ_sizes_get(struct wasi_call *call) {
    const struct wasi_environment *environment = &call->sandbox->environment;
    uint32_t error = wasi_call__store_u32(call, wasi_call__u32(call, 0), environment->count);
    if (error != WASI_OK) return error;
    return wasi_call__store_u32(call, wasi_call__u32(call, 1), environment->length);
}

uint32_t wasi__environ_get(struct wasi_call *call) {
    const struct wasi_environment *environment = &call->sandbox->environment;
    uint32_t at = wasi_call__u32(call, 1);
    uint8_t *table = wasi_mem(call, wasi_call__u32(call, 0), (uint64_t)environment->count * sizeof(uint32_t));
    uint8_t *bytes = wasi_mem(call, at, environment->length);
    if (table == NULL || bytes == NULL) return WASI_FAULT;
    memcpy(bytes, environment->bytes, environment->length);
    for (uint32_t i = 0; i < environment->count; i++) {
        wasi__put_u32(table + i * sizeof(uint32_t), at + environment->starts[i]);
    }
    return WASI_OK;
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

uint32_t wasi__clock_res_get(struct wasi_call *call) {
    if (wasi_call__u32(call, 0) > WASI_CLOCK_THREAD_CPU) return WASI_INVAL;
    return wasi_call__store_u64(call, wasi_call__u32(call, 1), 1);
}

uint32_t wasi__clock_time_get(struct wasi_call *call) {
    uint64_t now_ns;
    switch (wasi_call__u32(call, 0)) {
    case WASI_CLOCK_REALTIME:
        now_ns = os__clock_ns(CLOCK_REALTIME);
        break;
    case WASI_CLOCK_MONOTONIC:
        now_ns = os__now_ns();
        break;
    case WASI_CLOCK_PROCESS_CPU:
    case WASI_CLOCK_THREAD_CPU:
        /* A request has no thread of its own: its time is what has passed. */
        now_ns = os__now_ns() - call->sandbox->started_ns;
        break;
    default:
        return WASI_INVAL;
    }
    return wasi_call__store_u64(call, wasi_call__u32(call, 2), now_ns);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

/* So much is filled between looks whether the guest was killed: a memory full of random bytes takes seconds. */
#define RANDOM_BYTES_MAX 65536u

uint32_t wasi__random_get(struct wasi_call *call) {
    uint32_t length = wasi_call__u32(call, 1);
    uint8_t *bytes = wasi_mem(call, wasi_call__u32(call, 0), length);
    if (bytes == NULL) return WASI_FAULT;
    while (length > 0) {
        uint32_t part = length < RANDOM_BYTES_MAX ? length : RANDOM_BYTES_MAX;
        if (run__phase(atomic_load(&call->sandbox->run->word)) == RUN_KILLED) return WASI_INTR;
        if (random__fill(bytes, part) != 0) return WASI_IO;
        bytes += part;
        length -= part;
    }
    return WASI_OK;
}

uint32_t wasi__sched_yield(struct wasi_call *call) {
    (void)call;
    return WASI_OK;
}
