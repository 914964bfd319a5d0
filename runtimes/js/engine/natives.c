/*
 * The functions that the library gets. They are in one global while it is evaluated, and nowhere after:
 * a user's code has no way to them.
 */
#include "engine.h"

static const char GLOBAL_NAME[] = "__mayfly";

static const char *const CALLBACK_NAMES[CALLBACKS] = {
    [ON_DEPLOY] = "onDeploy",       [ON_REQUEST] = "onRequest",   [ON_BODY] = "onBody",
    [ON_WRITABLE] = "onWritable",   [ON_ANSWER] = "onAnswer",     [ON_CANCEL] = "onCancel",
    [ON_TIMER] = "onTimer",         [ON_REJECTION] = "onRejection", [ON_SENDABLE] = "onSendable",
    [BUILTIN] = "builtin",
};

/* install(callbacks: object): void */
NATIVE_FUNCTION(native_install)
{
    for (int i = 0; i < CALLBACKS; i++) {
        JSValue callback = JS_GetPropertyStr(context, argv[0], CALLBACK_NAMES[i]);
        if (!JS_IsFunction(context, callback))
            return JS_ThrowTypeError(context, "Cannot install the library: it has no %s", CALLBACK_NAMES[i]);
        engine.callbacks[i] = callback;
    }
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry own_natives[] = {
    NATIVE("install", 1, native_install),
};

int natives__offer(JSContext *context)
{
    const struct {
        const JSCFunctionListEntry *entries;
        int count;
    } tables[] = {
        {own_natives, COUNT(own_natives)},
        {host_natives, host_natives_count},
        {value_natives, value_natives_count},
        {async_context_natives, async_context_natives_count},
        {head_natives, head_natives_count},
        {body_natives, body_natives_count},
        {response_natives, response_natives_count},
        {calls_natives, calls_natives_count},
        {text_natives, text_natives_count},
        {header_text_natives, header_text_natives_count},
        {url_natives, url_natives_count},
        {module_natives, module_natives_count},
        {hash_natives, hash_natives_count},
    };
    JSValue natives = JS_NewObject(context);
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (JS_SetPropertyFunctionList(context, natives, tables[i].entries, tables[i].count) < 0)
            return -1;
    }
    JSValue global = JS_GetGlobalObject(context);
    int failed = JS_DefinePropertyValueStr(context, global, GLOBAL_NAME, natives, JS_PROP_CONFIGURABLE) < 0;
    JS_FreeValue(context, global);
    return failed ? -1 : 0;
}

int natives__withdraw(JSContext *context)
{
    JSValue global = JS_GetGlobalObject(context);
    JSAtom name = JS_NewAtom(context, GLOBAL_NAME);
    int deleted = JS_DeleteProperty(context, global, name, 0);
    JS_FreeAtom(context, name);
    JS_FreeValue(context, global);
    return deleted > 0 ? 0 : -1;
}
