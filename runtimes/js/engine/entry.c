/* The module's exports: see guest.h. */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "heap.h"

struct engine engine = {.next_timer_ns = NO_TIMER};
struct mf_guest_io io; /* all zero: its 384 KB are no part of the module */

/* Timers that are due run in the step that finds them due; after so long the host gets its turn. */
static const uint64_t TURN_NS = 2000000;
static const uint64_t NANOSECONDS_PER_MS = 1000000;
/* Microtasks that may still run when a response is complete. */
enum { JOBS_AFTER_END = 10000 };

MF_EXPORT("mf_init") int32_t mf_init(void)
{
    io.abi = MF_GUEST_ABI;
    io.wake_ms = MF_NO_WAKE;
    heap__wipe_freed(true);
    engine.runtime = memory__new_runtime();
    if (!engine.runtime)
        return -1;
    engine.context = JS_NewContext(engine.runtime);
    if (!engine.context)
        return -1;
    imports__refuse(engine.runtime);
    rejections__watch();
    return natives__offer(engine.context);
}

MF_EXPORT("mf_alloc") void *mf_alloc(size_t size)
{
    return malloc(size + 1); /* the compiler wants a zero behind a source */
}

/* The message and the stack of a thrown value; freed by JS_FreeCString. */
static const char *describe(JSValueConst thrown, const char **stack)
{
    JSContext *context = engine.context;
    *stack = NULL;
    const char *message = JS_ToCString(context, thrown);
    if (!message)
        JS_FreeValue(context, JS_GetException(context));
    if (JS_IsError(thrown)) {
        JSValue frames = JS_GetPropertyStr(context, thrown, "stack");
        if (JS_IsString(frames))
            *stack = JS_ToCString(context, frames);
        else if (JS_IsException(frames))
            JS_FreeValue(context, JS_GetException(context));
        JS_FreeValue(context, frames);
    }
    return message;
}

static size_t print_exception(char *target, size_t capacity, bool *out_of_memory)
{
    JSContext *context = engine.context;
    heap__spare();
    JSValue thrown = JS_GetException(context);
    const char *stack, *message = describe(thrown, &stack);
    *out_of_memory = !message || strcmp(message, "InternalError: out of memory") == 0 ||
                     (JS_IsNull(thrown) && heap__has_refused());
    int length = snprintf(target, capacity, "%s\n%s", message ? message : "out of memory", stack ? stack : "");
    JS_FreeCString(context, message);
    JS_FreeCString(context, stack);
    JS_FreeValue(context, thrown);
    return (size_t)length < capacity ? (size_t)length : capacity - 1;
}

void engine__fail(void)
{
    static char text[4096];
    bool out_of_memory;
    size_t length = print_exception(text, sizeof text, &out_of_memory);
    output__exit(out_of_memory ? MF_EXIT_MEMORY : MF_EXIT_EXCEPTION, text, length);
}

void engine__call(enum callback callback, int argc, JSValueConst *argv)
{
    async_context__leave();
    JSValue result = JS_Call(engine.context, engine.callbacks[callback], JS_UNDEFINED, argc, argv);
    if (JS_IsException(result))
        engine__fail();
    JS_FreeValue(engine.context, result);
}

MF_EXPORT("mf_boot") int32_t mf_boot(char *source, size_t length)
{
    JSContext *context = engine.context;
    JS_UpdateStackTop(engine.runtime);
    source[length] = 0;
    static const char LIBRARY[] = "mayfly.js";
    JSValue result = compile__apart(context, source, length, LIBRARY, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
    free(source);
    if (!JS_IsException(result))
        result = JS_EvalFunction(context, result);
    if (JS_IsException(result) || natives__withdraw(context)) {
        bool out_of_memory;
        io.out_length = (uint32_t)print_exception((char *)io.out, MF_GUEST_OUT_BYTES, &out_of_memory);
        return -1;
    }
    JS_FreeValue(context, result);
    interpreter__hide_frames(context, LIBRARY);
    memory__settle();
    clock__end_step();
    return 0;
}

MF_EXPORT("mf_io") struct mf_guest_io *mf_io(void)
{
    return &io;
}

/* ---- a step ----------------------------------------------------------------------------------- */

struct arrivals {
    bool head;
    bool deploy;
    bool cancel;
};

static bool take_head(const uint8_t *payload, size_t length, uint8_t flags, struct arrivals *arrivals)
{
    if (engine.busy || !head__take(payload, length))
        return false;
    arrivals->head = true;
    arrivals->deploy = (flags & MF_HEAD_DEPLOY) != 0;
    engine.busy = true;
    engine.deploying = arrivals->deploy;
    heap__wipe_freed(arrivals->deploy);
    engine.has_body = (flags & MF_HEAD_HAS_BODY) != 0;
    engine.holds = 0;
    body__begin(engine.has_body, arrivals->deploy);
    response__begin();
    output__begin_log(engine.log_bytes);
    return true;
}

static bool take_frame(const struct mf_frame *frame, const uint8_t *payload, struct arrivals *arrivals)
{
    switch ((enum mf_frame_type)frame->type) {
    case MF_HEAD:
        return take_head(payload, frame->length, frame->flags, arrivals);
    case MF_CHUNK:
        return body__take(payload, frame->length);
    case MF_END:
        return body__take_end();
    case MF_ANSWER:
        return calls__take_answer(payload, frame->length);
    case MF_CANCEL:
        arrivals->cancel = true;
        return true;
    case MF_CREDIT: {
        uint32_t bytes;
        if (frame->length != sizeof bytes)
            return false;
        memcpy(&bytes, payload, sizeof bytes);
        response__credit(bytes);
        return true;
    }
    case MF_CALL:
    case MF_LOG:
    case MF_EXIT:
        return false;
    }
    return false;
}

static bool take_frames(size_t length, struct arrivals *arrivals)
{
    size_t at = 0;
    while (at < length) {
        struct mf_frame frame;
        if (length - at < sizeof frame)
            return false;
        memcpy(&frame, io.in + at, sizeof frame);
        at += sizeof frame;
        if (frame.length > length - at || !take_frame(&frame, io.in + at, arrivals))
            return false;
        at += (frame.length + 3u) & ~3u;
    }
    return true;
}

static void call_for_head(enum callback callback)
{
    JSValue argv[] = {head__string(MF_REQUEST_CONTEXT), JS_NewBool(engine.context, engine.has_body)};
    if (JS_IsException(argv[0]))
        engine__fail();
    else
        engine__call(callback, COUNT(argv), (JSValueConst *)argv);
    JS_FreeValue(engine.context, argv[0]);
}

static void tell_library(const struct arrivals *arrivals)
{
    bool body_news = body__has_news();
    if (engine.deploying && body__is_complete()) {
        engine.deploying = false;
        call_for_head(ON_DEPLOY);
    } else if (arrivals->head && !arrivals->deploy) {
        call_for_head(ON_REQUEST);
    } else if (body_news && engine.busy) {
        engine__call(ON_BODY, 0, NULL);
    }
    if (arrivals->cancel && engine.busy)
        engine__call(ON_CANCEL, 0, NULL);
    if (engine.busy && response__pump())
        engine__call(ON_WRITABLE, 0, NULL);
}

static bool timer_is_due(uint64_t now)
{
    return engine.next_timer_ns <= now;
}

static bool is_finished(void)
{
    return response__is_whole() && engine.holds == 0;
}

/* The caller gets the response at the end of the step: what waitUntil still has to do is for the next one. */
static bool owes_answer(void)
{
    return response__is_just_whole() && engine.holds > 0;
}

/* All of them, but for the endless ones of a request that is finished. */
static void run_jobs(void)
{
    JSContext *context;
    int left = JOBS_AFTER_END;
    while (engine.busy && left > 0 && !owes_answer()) {
        async_context__leave();
        int rc = JS_ExecutePendingJob(engine.runtime, &context);
        if (rc == 0)
            return;
        if (rc < 0)
            engine__fail();
        if (is_finished())
            left--;
    }
}

/* Until nothing is runnable: microtasks, then the rejections that they left, then timers, one by one. */
static void run(void)
{
    uint64_t turn_end = NO_TIMER;
    while (engine.busy) {
        run_jobs();
        bool told = engine.busy && rejections__report();
        if (is_finished() && !told) {
            output__exit(MF_EXIT_OK, NULL, 0);
            return;
        }
        if (owes_answer())
            return;
        if (told || JS_IsJobPending(engine.runtime))
            continue;
        if (engine.next_timer_ns == NO_TIMER)
            return;
        uint64_t now = clock__now_ns();
        if (turn_end == NO_TIMER)
            turn_end = now + TURN_NS;
        if (!timer_is_due(now) || now > turn_end)
            return;
        engine__call(ON_TIMER, 0, NULL);
    }
}

static uint32_t wake_ms(void)
{
    if (response__is_stuck() || calls__are_stuck() || JS_IsJobPending(engine.runtime))
        return 0;
    if (engine.next_timer_ns == NO_TIMER)
        return MF_NO_WAKE;
    uint64_t now = clock__now_ns();
    if (timer_is_due(now))
        return 0;
    uint64_t ms = (engine.next_timer_ns - now + NANOSECONDS_PER_MS - 1) / NANOSECONDS_PER_MS;
    return ms < MF_NO_WAKE ? (uint32_t)ms : MF_NO_WAKE - 1;
}

static void begin_step(void)
{
    JS_UpdateStackTop(engine.runtime);
    memory__begin_step();
    clock__begin_step(io.fresh != 0);
    if (io.fresh)
        interpreter__reseed(engine.context, io.seed[0] ^ io.seed[1]);
    io.fresh = 0;
    output__begin_step();
    response__begin_step();
    body__begin_step();
    calls__begin_step();
}

MF_EXPORT("mf_step") int32_t mf_step(uint32_t in_length)
{
    struct arrivals arrivals = {false, false, false};
    begin_step();
    if (in_length > MF_GUEST_IN_BYTES || !take_frames(in_length, &arrivals))
        return MF_GUEST_FAULT;
    tell_library(&arrivals);
    run();
    if (engine.busy) {
        head__keep();
        body__keep();
    }
    if (!engine.busy && engine.settle) {
        engine.settle = false;
        memory__settle();
    }
    io.memory_used = memory__peak();
    clock__end_step();
    io.wake_ms = engine.busy ? wake_ms() : MF_NO_WAKE;
    return engine.busy ? MF_GUEST_PARKED : MF_GUEST_DONE;
}
