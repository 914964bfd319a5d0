/* A function's module is one bundle: what it still imports, but for the library's own modules, does not exist. */
#include <string.h>

#include "engine.h"

/* The bundler alone writes this import. */
static const char LIBRARY[] = "mayfly:library";
static const char BUILTIN_NAME[] = "builtin";

static bool refused;

static int fill_library(JSContext *context, JSModuleDef *module)
{
    return JS_SetModuleExport(context, module, BUILTIN_NAME, JS_DupValue(context, engine.callbacks[BUILTIN]));
}

static JSModuleDef *load_library(JSContext *context)
{
    JSModuleDef *module = JS_NewCModule(context, LIBRARY, fill_library);
    if (!module || JS_AddModuleExport(context, module, BUILTIN_NAME) < 0)
        return NULL;
    return module;
}

static JSModuleDef *load(JSContext *context, const char *name, void *opaque)
{
    (void)opaque;
    if (strcmp(name, LIBRARY) == 0)
        return load_library(context);
    refused = true;
    JS_ThrowTypeError(context, "Cannot import \"%s\": this runtime does not have it, and it was not bundled", name);
    return NULL;
}

/* As it stands: there is nothing that it could be relative to. */
static char *keep_name(JSContext *context, const char *base, const char *name, void *opaque)
{
    (void)base;
    (void)opaque;
    return js_strdup(context, name);
}

void imports__refuse(JSRuntime *runtime)
{
    JS_SetModuleLoaderFunc(runtime, keep_name, load, NULL);
}

bool imports__were_refused(void)
{
    return refused;
}
