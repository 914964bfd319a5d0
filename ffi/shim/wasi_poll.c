#include "wasi_operations.h"
#include "wasi_sandbox.h"

#define SUBSCRIPTION_BYTES 48u
#define EVENT_BYTES 32u
#define SUBSCRIPTIONS_MAX 256u

/* Of a clock's subscription. */
#define FLAG_ABSOLUTE 1u

struct subscription {
    uint64_t user_data;
    uint8_t kind;
    uint32_t descriptor;
    uint32_t clock;
    uint64_t timeout_ns;
    bool is_absolute;
};

static struct subscription subscription__read(const uint8_t *at) {
    return (struct subscription){
        .user_data = wasi__get_u64(at),
        .kind = at[8],
        .descriptor = wasi__get_u32(at + 16),
        .clock = wasi__get_u32(at + 16),
        .timeout_ns = wasi__get_u64(at + 24),
        .is_absolute = (at[40] & FLAG_ABSOLUTE) != 0,
    };
}

static void event__write(uint8_t *at, const struct subscription *subscription, uint32_t error, uint64_t bytes) {
    memset(at, 0, EVENT_BYTES);
    wasi__put_u64(at, subscription->user_data);
    at[8] = (uint8_t)error;
    at[10] = subscription->kind;
    wasi__put_u64(at + 16, bytes);
}

/* When it is due, of the monotonic clock; UINT64_MAX: never. */
static uint32_t clock__due_ns(const struct subscription *subscription, uint64_t started_ns, uint64_t *due_ns) {
    bool is_realtime = subscription->clock == WASI_CLOCK_REALTIME;
    if (!is_realtime && subscription->clock != WASI_CLOCK_MONOTONIC) return WASI_NOTSUP;
    uint64_t from_ns = started_ns, timeout_ns = subscription->timeout_ns;
    if (subscription->is_absolute) {
        uint64_t clock_ns = os__clock_ns(is_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        from_ns = os__now_ns();
        timeout_ns = timeout_ns > clock_ns ? timeout_ns - clock_ns : 0;
    }
    *due_ns = timeout_ns > UINT64_MAX - from_ns ? UINT64_MAX : from_ns + timeout_ns;
    return WASI_OK;
}

/* What there is to read or to write; WASI_WAIT: nothing yet. */
static uint32_t descriptor__look(struct wasi_call *call, const struct subscription *subscription, uint64_t *bytes) {
    struct wasi_sandbox *sandbox = call->sandbox;
    uint32_t number = subscription->descriptor;
    bool is_read = subscription->kind == WASI_EVENT_FD_READ;
    if (number == WASI_STDIN && is_read) {
        *bytes = sandbox->input_length - sandbox->input_at;
        if (*bytes > 0 || sandbox->input_has_ended) return WASI_OK;
        if (sandbox->input_owed > 0) {
            wasi_output__credit(&sandbox->output, sandbox->input_owed);
            sandbox->input_owed = 0;
        }
        return WASI_WAIT;
    }
    if ((number == WASI_STDOUT || number == WASI_STDERR) && !is_read) {
        *bytes = number == WASI_STDOUT ? sandbox->output.credit : MF_LOG_MAX;
        return *bytes > 0 ? WASI_OK : WASI_WAIT;
    }
    *bytes = 1;
    return wasi__descriptor(call, number) != NULL && is_read ? WASI_OK : WASI_BADF;
}

/* The event's error; WASI_WAIT: it is not due. */
static uint32_t subscription__look(struct wasi_call *call, const struct subscription *subscription, uint64_t *bytes,
                                   uint64_t *next_ns) {
    uint64_t due_ns;
    uint32_t error;
    switch (subscription->kind) {
    case WASI_EVENT_CLOCK:
        error = clock__due_ns(subscription, call->started_ns, &due_ns);
        if (error != WASI_OK || due_ns <= os__now_ns()) return error;
        if (due_ns < *next_ns) *next_ns = due_ns;
        return WASI_WAIT;
    case WASI_EVENT_FD_READ:
    case WASI_EVENT_FD_WRITE:
        return descriptor__look(call, subscription, bytes);
    default:
        return WASI_INVAL;
    }
}

uint32_t wasi__poll_oneoff(struct wasi_call *call) {
    uint32_t count = wasi_call__u32(call, 2), ready = 0;
    uint64_t next_ns = UINT64_MAX;
    if (count == 0 || count > SUBSCRIPTIONS_MAX) return WASI_INVAL;
    const uint8_t *in = wasi_mem(call, wasi_call__u32(call, 0), (uint64_t)count * SUBSCRIPTION_BYTES);
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 1), (uint64_t)count * EVENT_BYTES);
    if (in == NULL || out == NULL || wasi_mem(call, wasi_call__u32(call, 3), sizeof ready) == NULL) return WASI_FAULT;
    if (call->started_ns == 0) call->started_ns = os__now_ns();
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = 0;
        struct subscription subscription = subscription__read(in + i * SUBSCRIPTION_BYTES);
        uint32_t error = subscription__look(call, &subscription, &bytes, &next_ns);
        if (error == WASI_WAIT) continue;
        event__write(out + ready++ * EVENT_BYTES, &subscription, error, bytes);
    }
    if (ready > 0) return wasi_call__store_u32(call, wasi_call__u32(call, 3), ready);
    call->sandbox->wake_ns = next_ns;
    return WASI_WAIT;
}
