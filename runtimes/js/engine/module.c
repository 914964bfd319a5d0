/* A function's module: one bundle without imports. */
#include "engine.h"

static JSModuleDef *function_module;

static int describe_module(JSContext *context, JSModuleDef *module, const char *file)
{
    JSValue meta = JS_GetImportMeta(context, module);
    if (JS_IsException(meta))
        return -1;
    char url[1024];
    snprintf(url, sizeof url, "file:///%s", file);
    int failed = JS_DefinePropertyValueStr(context, meta, "url", JS_NewString(context, url), JS_PROP_C_W_E) < 0 ||
                 JS_DefinePropertyValueStr(context, meta, "main", JS_TRUE, JS_PROP_C_W_E) < 0;
    JS_FreeValue(context, meta);
    return failed ? -1 : 0;
}

/* evaluate(file: string): Promise<void>: of the request's body. Throws what does not compile. */
NATIVE_FUNCTION(native_evaluate)
{
    size_t length;
    const char *source = body__source(&length);
    if (!source)
        return JS_EXCEPTION;
    const char *file = JS_ToCString(context, argv[0]);
    if (!file)
        return JS_EXCEPTION;
    JSValue compiled = compile__apart(context, source, length, file, JS_EVAL_TYPE_MODULE);
    body__drop();
    JSValue evaluated = JS_EXCEPTION;
    if (!JS_IsException(compiled) && JS_ResolveModule(context, compiled) == 0) {
        function_module = JS_VALUE_GET_PTR(compiled);
        if (describe_module(context, function_module, file) == 0)
            evaluated = JS_EvalFunction(context, compiled);
        else
            JS_FreeValue(context, compiled);
    }
    JS_FreeCString(context, file);
    return evaluated;
}

/* moduleExports(): object */
NATIVE_FUNCTION(native_module_exports)
{
    return JS_GetModuleNamespace(context, function_module);
}

/* importsWereRefused(): boolean: which is why it did not compile */
NATIVE_FUNCTION(native_imports_were_refused)
{
    return JS_NewBool(context, imports__were_refused());
}

const JSCFunctionListEntry module_natives[] = {
    NATIVE("evaluate", 1, native_evaluate),
    NATIVE("moduleExports", 0, native_module_exports),
    NATIVE("importsWereRefused", 0, native_imports_were_refused),
};
const int module_natives_count = COUNT(module_natives);
