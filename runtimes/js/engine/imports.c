/* A function's module is one bundle: what it still imports, this runtime does not have. */
#include "engine.h"

static bool refused;

static JSModuleDef *refuse(JSContext *context, const char *name, void *opaque)
{
    (void)opaque;
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
    JS_SetModuleLoaderFunc(runtime, keep_name, refuse, NULL);
}

bool imports__were_refused(void)
{
    return refused;
}
