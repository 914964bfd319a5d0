/*
 * Compiling apart. The compiler leaves its own small blocks between those of what it makes, and that would
 * be in every image from then on. So it works in a runtime of its own, of which nothing stays but the
 * bytecode, and what is made of that lies together.
 */
#include <string.h>

#include "engine.h"
#include "heap.h"

struct compiled {
    uint8_t *bytecode;
    size_t length;
    /* or what the compiler said */
    char message[1024];
    char stack[1024];
};

static void copy_text(JSContext *apart, JSValueConst error, const char *name, char *target, size_t capacity)
{
    JSValue value = JS_GetPropertyStr(apart, error, name);
    const char *text = JS_ToCString(apart, value);
    snprintf(target, capacity, "%s", text ? text : "");
    JS_FreeCString(apart, text);
    JS_FreeValue(apart, value);
}

static void describe_error(JSContext *apart, struct compiled *result)
{
    JSValue error = JS_GetException(apart);
    copy_text(apart, error, "message", result->message, sizeof result->message);
    copy_text(apart, error, "stack", result->stack, sizeof result->stack);
    JS_FreeValue(apart, error);
}

/* Out of the compiler's heap, and wiped when it is freed. */
static uint8_t *copy_bytecode(JSContext *apart, JSValueConst compiled, size_t *length)
{
    uint8_t *bytecode = JS_WriteObject(apart, length, compiled, JS_WRITE_OBJ_BYTECODE);
    uint8_t *copy = bytecode ? heap__allocate_chunk(*length) : NULL;
    if (copy)
        memcpy(copy, bytecode, *length);
    js_free(apart, bytecode);
    return copy;
}

static void compile_in(JSContext *apart, const char *source, size_t length, const char *file, int flags,
                       struct compiled *result)
{
    JSValue compiled = JS_Eval(apart, source, length, file, flags | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(compiled))
        describe_error(apart, result);
    else
        result->bytecode = copy_bytecode(apart, compiled, &result->length);
    if (!JS_IsModule(compiled))
        JS_FreeValue(apart, compiled); /* a module belongs to its context */
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

static void compile(const char *source, size_t length, const char *file, int flags, struct compiled *result)
{
    JSRuntime *runtime = memory__new_runtime();
    if (!runtime)
        return;
    imports__refuse(runtime);
    JSContext *apart = new_compiler(runtime);
    if (apart) {
        compile_in(apart, source, length, file, flags, result);
        JS_FreeContext(apart);
    }
    JS_FreeRuntime(runtime);
}

static void throw_error(JSContext *context, const struct compiled *result)
{
    if (result->message[0] == 0 || strcmp(result->message, "out of memory") == 0) {
        JS_ThrowOutOfMemory(context);
        return;
    }
    JS_ThrowSyntaxError(context, "%s", result->message);
    JSValue error = JS_GetException(context);
    JSValue stack = JS_NewString(context, result->stack);
    JS_DefinePropertyValueStr(context, error, "stack", stack, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_Throw(context, error);
}

JSValue compile__apart(JSContext *context, const char *source, size_t length, const char *file, int flags)
{
    struct compiled result = {0};
    heap__begin_scratch();
    compile(source, length, file, flags, &result);
    heap__end_scratch();
    if (!result.bytecode) {
        throw_error(context, &result);
        return JS_EXCEPTION;
    }
    JSValue function = JS_ReadObject(context, result.bytecode, result.length, JS_READ_OBJ_BYTECODE);
    heap__free(result.bytecode);
    return function;
}
