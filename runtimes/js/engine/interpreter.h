/* QuickJS-NG as the rest of the engine sees it. */
#ifndef MF_INTERPRETER_H
#define MF_INTERPRETER_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* Math.random's state lies in the context, which quickjs.h does not show. */
void interpreter__reseed(JSContext *context, uint64_t seed);
/* From now on stacks leave out the functions of this file, and what is native and was called by them. */
void interpreter__hide_frames(JSContext *context, const char *file);
/*
 * The bytes of an Uint8Array as they are now: none when its buffer was detached or shrank below it. NULL: it is no
 * Uint8Array. JS_GetUint8Array has the length from before a resize where an array follows its buffer's. Good until
 * JavaScript runs again.
 */
uint8_t *interpreter__bytes(JSValueConst value, size_t *length);

/* What a promise calls later, in the asynchronous context of now (async_context.c); build.ts has promises call it. */
JSValue async_context__bind(JSContext *context, JSValueConst handler);

#endif
