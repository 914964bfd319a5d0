/* What the library asks of the engine and, through it, of the host. */
#include <math.h>

#include "engine.h"
#include "heap.h"

static const double NANOSECONDS_PER_MS = 1e6;

/* log(level: number, text: string): void */
NATIVE_FUNCTION(native_log)
{
    int32_t level;
    if (JS_ToInt32(context, &level, argv[0]))
        return JS_EXCEPTION;
    size_t length;
    const char *text = text__encode(argv[1], &length);
    if (!text)
        return JS_EXCEPTION;
    output__log((enum mf_log_level)level, text, length);
    JS_FreeCString(context, text);
    return JS_UNDEFINED;
}

/* exit(code: number, text: string): void: ends the request; nothing of it runs any more */
NATIVE_FUNCTION(native_exit)
{
    int32_t code;
    if (JS_ToInt32(context, &code, argv[0]))
        return JS_EXCEPTION;
    size_t length;
    const char *text = text__encode(argv[1], &length);
    if (!text)
        return JS_EXCEPTION;
    output__exit((enum mf_exit_code)code, text, length);
    JS_FreeCString(context, text);
    return JS_UNDEFINED;
}

/* hold(): void: the request does not end before as many calls of release() */
NATIVE_FUNCTION(native_hold)
{
    engine.holds++;
    return JS_UNDEFINED;
}

NATIVE_FUNCTION(native_release)
{
    if (engine.holds > 0)
        engine.holds--;
    return JS_UNDEFINED;
}

/* now(): number: milliseconds of the guest's monotonic clock */
NATIVE_FUNCTION(native_now)
{
    return JS_NewFloat64(context, (double)clock__now_ns() / NANOSECONDS_PER_MS);
}

/* timeOrigin(): number: when that clock was zero, in milliseconds since the epoch */
NATIVE_FUNCTION(native_time_origin)
{
    return JS_NewFloat64(context, clock__origin_ms());
}

/* setNextTimer(ms: number): void: of that clock; Infinity, there is none */
NATIVE_FUNCTION(native_set_next_timer)
{
    double ms;
    if (JS_ToFloat64(context, &ms, argv[0]))
        return JS_EXCEPTION;
    double ns = ms * NANOSECONDS_PER_MS;
    engine.next_timer_ns = ns < 0x1p63 ? (uint64_t)ns : NO_TIMER;
    return JS_UNDEFINED;
}

/* randomFill(bytes: Uint8Array): void */
NATIVE_FUNCTION(native_random_fill)
{
    size_t length;
    uint8_t *bytes = interpreter__bytes(argv[0], &length);
    if (bytes && length > 0)
        platform__random(bytes, length);
    return JS_UNDEFINED;
}

/* setLimits(memoryBytes: number, logBytes: number): void */
NATIVE_FUNCTION(native_set_limits)
{
    uint32_t memory_bytes, log_bytes;
    if (JS_ToUint32(context, &memory_bytes, argv[0]) || JS_ToUint32(context, &log_bytes, argv[1]))
        return JS_EXCEPTION;
    memory__limit(memory_bytes);
    engine.log_bytes = log_bytes;
    output__begin_log(log_bytes);
    return JS_UNDEFINED;
}

/* memoryRanOut(): boolean: the interpreter throws null where it has no memory left for an error */
NATIVE_FUNCTION(native_memory_ran_out)
{
    return JS_NewBool(context, heap__has_refused());
}

/* spareMemory(): void: room to report an error in, when it may be that memory has run out */
NATIVE_FUNCTION(native_spare_memory)
{
    heap__spare();
    return JS_UNDEFINED;
}

/* settleHeap(): void: at the end of this request, since what is garbage then would be in every clone */
NATIVE_FUNCTION(native_settle_heap)
{
    engine.settle = true;
    return JS_UNDEFINED;
}

const JSCFunctionListEntry host_natives[] = {
    NATIVE("log", 2, native_log),
    NATIVE("exit", 2, native_exit),
    NATIVE("hold", 0, native_hold),
    NATIVE("release", 0, native_release),
    NATIVE("now", 0, native_now),
    NATIVE("timeOrigin", 0, native_time_origin),
    NATIVE("setNextTimer", 1, native_set_next_timer),
    NATIVE("randomFill", 1, native_random_fill),
    NATIVE("setLimits", 2, native_set_limits),
    NATIVE("memoryRanOut", 0, native_memory_ran_out),
    NATIVE("spareMemory", 0, native_spare_memory),
    NATIVE("settleHeap", 0, native_settle_heap),
};
const int host_natives_count = COUNT(host_natives);
