/*
 * Compiling apart. The compiler leaves its own small blocks between those of what it makes, and that would
 * be in every image from then on. So it works in a runtime of its own, of which nothing stays but the
 * bytecode, and what is made of that lies together.
 */
#include <string.h>

#include "engine.h"

struct compiled {
    uint8_t *bytecode;
    size_t length;
    /* or what the compiler said */
    const char *message;
    const char *stack;
};

static void describe_error(JSContext *apart, struct compiled *result)
{
    JSValue error = JS_GetException(apart);
    JSValue message = JS_GetPropertyStr(apart, error, "message");
    JSValue stack = JS_GetPropertyStr(apart, error, "stack");
    result->message = JS_ToCString(apart, message);
    result->stack = JS_ToCString(apart, stack);
    JS_FreeValue(apart, stack);
    JS_FreeValue(apart, message);
    JS_FreeValue(apart, error);
}

static void compile_in(JSContext *apart, const char *source, size_t length, const char *file, int flags,
                       struct compiled *result)
{
    JSValue compiled = JS_Eval(apart, source, length, file, flags | JS_EVAL_FLAG_COMPILE_ONLY);
    if (!JS_IsException(compiled))
        result->bytecode = JS_WriteObject(apart, &result->length, compiled, JS_WRITE_OBJ_BYTECODE);
    if (!result->bytecode)
        describe_error(apart, result);
    if (!JS_IsModule(compiled))
        JS_FreeValue(apart, compiled); /* a module belongs to its context */
}

static void throw_error(JSContext *context, const struct compiled *result)
{
    if (!result->message || strcmp(result->message, "out of memory") == 0) {
        JS_ThrowOutOfMemory(context);
        return;
    }
    JS_ThrowSyntaxError(context, "%s", result->message);
    JSValue error = JS_GetException(context);
    if (result->stack) {
        JSValue stack = JS_NewString(context, result->stack);
        JS_DefinePropertyValueStr(context, error, "stack", stack, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    }
    JS_Throw(context, error);
}

static JSContext *new_compiler(JSRuntime *runtime)
{
    JSContext *apart = JS_NewContextRaw(runtime);
    if (!apart)
        return NULL;
    if (JS_AddIntrinsicBaseObjects(apart) || JS_AddIntrinsicEval(apart)) {
        JS_FreeContext(apart);
        return NULL;
    }
    JS_AddIntrinsicRegExpCompiler(apart);
    return apart;
}

JSValue compile__apart(JSContext *context, const char *source, size_t length, const char *file, int flags)
{
    JSRuntime *runtime = memory__new_runtime();
    JSContext *apart = runtime ? new_compiler(runtime) : NULL;
    JSValue function = JS_EXCEPTION;
    struct compiled result = {0};
    if (!apart) {
        JS_ThrowOutOfMemory(context);
        goto free_runtime;
    }
    compile_in(apart, source, length, file, flags, &result);
    if (result.bytecode)
        function = JS_ReadObject(context, result.bytecode, result.length, JS_READ_OBJ_BYTECODE);
    else
        throw_error(context, &result);
    js_free(apart, result.bytecode);
    if (result.message)
        JS_FreeCString(apart, result.message);
    if (result.stack)
        JS_FreeCString(apart, result.stack);
    JS_FreeContext(apart);
free_runtime:
    if (runtime)
        JS_FreeRuntime(runtime);
    return function;
}
