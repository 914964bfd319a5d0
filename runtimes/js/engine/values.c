/* What JavaScript cannot see of its own values, or only through functions that a user may have replaced. */
#include "engine.h"

/* promiseState(value: unknown): number: -1 no promise, 0 pending, 1 fulfilled, 2 rejected */
NATIVE_FUNCTION(native_promise_state)
{
    return JS_NewInt32(context, JS_IsPromise(argv[0]) ? (int32_t)JS_PromiseState(context, argv[0]) : -1);
}

/* promiseResult(promise: Promise): unknown: its value or its reason */
NATIVE_FUNCTION(native_promise_result)
{
    return JS_PromiseResult(context, argv[0]);
}

/* promiseThen(promise: Promise, onFulfilled, onRejected): void: whatever became of Promise.prototype.then */
NATIVE_FUNCTION(native_promise_then)
{
    JSValue derived = JS_PromiseThen(context, argv[0], argv[1], argv[2]);
    if (JS_IsException(derived))
        return derived;
    JS_FreeValue(context, derived);
    return JS_UNDEFINED;
}

/* markHandled(promise: Promise): void: its rejection is no news */
NATIVE_FUNCTION(native_mark_handled)
{
    JS_PromiseMarkAsHandled(context, argv[0]);
    return JS_UNDEFINED;
}

static JSValue run_job(JSContext *context, int argc, JSValueConst *argv)
{
    (void)argc;
    return JS_Call(context, argv[0], JS_UNDEFINED, 0, NULL);
}

/* enqueueJob(job: () => void): void: behind the microtasks that are queued already */
NATIVE_FUNCTION(native_enqueue_job)
{
    JSValue job = async_context__bind(context, argv[0]);
    int failed = JS_EnqueueJob(context, run_job, 1, (JSValueConst *)&job) < 0;
    JS_FreeValue(context, job);
    return failed ? JS_EXCEPTION : JS_UNDEFINED;
}

/* className(value: object): string: of its internal kind, "Map" for a Map of whatever prototype */
NATIVE_FUNCTION(native_class_name)
{
    JSClassID id = JS_GetClassID(argv[0]);
    if (id == JS_INVALID_CLASS_ID)
        return JS_NewStringLen(context, "", 0);
    JSAtom name = JS_GetClassName(engine.runtime, id);
    JSValue text = JS_AtomToString(context, name);
    JS_FreeAtom(context, name);
    return text;
}

/* proxyTarget(value: object): unknown: undefined when it is no proxy */
NATIVE_FUNCTION(native_proxy_target)
{
    return JS_IsProxy(argv[0]) ? JS_GetProxyTarget(context, argv[0]) : JS_UNDEFINED;
}

const JSCFunctionListEntry value_natives[] = {
    NATIVE("promiseState", 1, native_promise_state),
    NATIVE("promiseResult", 1, native_promise_result),
    NATIVE("promiseThen", 3, native_promise_then),
    NATIVE("markHandled", 1, native_mark_handled),
    NATIVE("enqueueJob", 1, native_enqueue_job),
    NATIVE("className", 1, native_class_name),
    NATIVE("proxyTarget", 1, native_proxy_target),
};
const int value_natives_count = COUNT(value_natives);
