/*
 * QuickJS-NG, all of it, in one translation unit: its own flags do not reach our sources, and
 * ours do not reach it.
 */
#define _GNU_SOURCE
#pragma clang diagnostic ignored "-Weverything"

#include <stdio.h>
#include <unistd.h>

/* It prints only where it is about to abort, or when asked to dump; libc's stdio would import WASI. */
#define printf(...) ((void)0)
#define fprintf(...) ((void)0)

/* All of its blocks from our allocator (heap.c), none from arenas of its own. It does no more than that here. */
#define __SANITIZE_ADDRESS__ 1
#include "interpreter.h"
/* Below; build.ts has quickjs.c ask for each frame of a stack. */
struct JSStackFrame;
static bool interpreter__hides(const struct JSStackFrame *frame);
#include "quickjs.c"
#include "libregexp.c"
#include "libunicode.c"
#include "dtoa.c"

void interpreter__reseed(JSContext *context, uint64_t seed)
{
    /* Its generator is stuck at zero. The hash seed stays: the snapshot's maps are built with it. */
    context->random_state = seed ? seed : 1;
}

static JSAtom hidden_file = JS_ATOM_NULL;

void interpreter__hide_frames(JSContext *context, const char *file)
{
    hidden_file = JS_NewAtom(context, file);
}

static bool interpreter__hides(const JSStackFrame *frame)
{
    if (hidden_file == JS_ATOM_NULL)
        return false;
    const JSObject *function = JS_VALUE_GET_OBJ(frame->cur_func);
    if (!js_class_has_bytecode(function->class_id)) {
        frame = frame->prev_frame;
        if (frame == NULL)
            return false;
        function = JS_VALUE_GET_OBJ(frame->cur_func);
    }
    return js_class_has_bytecode(function->class_id) && function->u.func.function_bytecode->filename == hidden_file;
}

uint8_t *interpreter__bytes(JSValueConst value, size_t *length)
{
    static uint8_t none[1]; /* an empty array has no bytes to point at */
    *length = 0;
    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT)
        return NULL;
    const JSObject *object = JS_VALUE_GET_OBJ(value);
    if (object->class_id != JS_CLASS_UINT8_ARRAY)
        return NULL;
    *length = object->u.array.count;
    return *length > 0 ? object->u.array.u.uint8_ptr : none;
}
