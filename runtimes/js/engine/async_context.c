/*
 * The asynchronous context: one value that follows what is called later, as promises, `await` and microtasks do.
 * Nobody pays for it before somebody enters one.
 */
#include "engine.h"

enum { HANDLER, CONTEXT, BOUND_VALUES };

static JSValue current = JS_UNDEFINED;

static void enter(JSValue next)
{
    JSValue before = current;
    current = next;
    JS_FreeValue(engine.context, before);
}

void async_context__leave(void)
{
    if (!JS_IsUndefined(current))
        enter(JS_UNDEFINED);
}

static JSValue call_bound(JSContext *context, JSValueConst self, int argc, JSValueConst *argv, int magic,
                          JSValueConst *bound)
{
    (void)magic;
    JSValue before = JS_DupValue(context, current);
    enter(JS_DupValue(context, bound[CONTEXT]));
    JSValue result = JS_Call(context, bound[HANDLER], self, argc, argv);
    enter(before);
    return result;
}

JSValue async_context__bind(JSContext *context, JSValueConst handler)
{
    if (JS_IsUndefined(current) || !JS_IsFunction(context, handler))
        return JS_DupValue(context, handler);
    JSValueConst values[BOUND_VALUES] = {[HANDLER] = handler, [CONTEXT] = current};
    JSValue bound = JS_NewCFunctionData(context, call_bound, 1, 0, BOUND_VALUES, values);
    if (!JS_IsException(bound))
        return bound;
    /* Without memory for it the handler runs all the same. */
    JS_FreeValue(context, JS_GetException(context));
    return JS_DupValue(context, handler);
}

/* asyncContext(): unknown: undefined where nobody entered one */
NATIVE_FUNCTION(native_async_context)
{
    return JS_DupValue(context, current);
}

/* setAsyncContext(value: unknown): void */
NATIVE_FUNCTION(native_set_async_context)
{
    enter(JS_DupValue(context, argv[0]));
    return JS_UNDEFINED;
}

/* bindAsyncContext(callback: function): function: that runs in the context of now */
NATIVE_FUNCTION(native_bind_async_context)
{
    return async_context__bind(context, argv[0]);
}

const JSCFunctionListEntry async_context_natives[] = {
    NATIVE("asyncContext", 0, native_async_context),
    NATIVE("setAsyncContext", 1, native_set_async_context),
    NATIVE("bindAsyncContext", 1, native_bind_async_context),
};
const int async_context_natives_count = COUNT(async_context_natives);
