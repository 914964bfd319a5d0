/* Promises that were rejected while nobody listened: told once the microtasks that might have are done. */
#include <string.h>

#include "engine.h"

struct rejection {
    JSValue promise;
    JSValue reason;
};

static struct {
    struct rejection *items;
    uint32_t count;
    uint32_t capacity;
} rejections;

static void add(JSContext *context, JSValueConst promise, JSValueConst reason)
{
    if (rejections.count == rejections.capacity) {
        uint32_t capacity = rejections.capacity ? rejections.capacity * 2 : 4;
        struct rejection *items = js_realloc(context, rejections.items, capacity * sizeof *items);
        if (!items) {
            JS_FreeValue(context, JS_GetException(context));
            return; /* there is no memory to report it with either */
        }
        rejections.items = items;
        rejections.capacity = capacity;
    }
    rejections.items[rejections.count++] =
        (struct rejection){JS_DupValue(context, promise), JS_DupValue(context, reason)};
}

static struct rejection take_out(uint32_t index)
{
    struct rejection taken = rejections.items[index];
    rejections.count--;
    memmove(&rejections.items[index], &rejections.items[index + 1],
            (rejections.count - index) * sizeof *rejections.items);
    return taken;
}

static void remove_handled(JSContext *context, JSValueConst promise)
{
    for (uint32_t i = rejections.count; i-- > 0;) {
        struct rejection found = rejections.items[i];
        if (!JS_IsStrictEqual(context, found.promise, promise))
            continue;
        take_out(i);
        JS_FreeValue(context, found.promise);
        JS_FreeValue(context, found.reason);
        return;
    }
}

static void track(JSContext *context, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque)
{
    (void)opaque;
    if (is_handled)
        remove_handled(context, promise);
    else
        add(context, promise, reason);
}

void rejections__watch(void)
{
    JS_SetHostPromiseRejectionTracker(engine.runtime, track, NULL);
}

bool rejections__report(void)
{
    if (rejections.count == 0)
        return false;
    while (rejections.count > 0) {
        struct rejection next = take_out(0);
        JSValueConst argv[] = {next.promise, next.reason};
        if (engine.busy)
            engine__call(ON_REJECTION, COUNT(argv), argv);
        JS_FreeValue(engine.context, next.promise);
        JS_FreeValue(engine.context, next.reason);
    }
    return true;
}
