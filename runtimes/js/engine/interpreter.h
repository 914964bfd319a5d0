/* QuickJS-NG as the rest of the engine sees it. */
#ifndef MF_INTERPRETER_H
#define MF_INTERPRETER_H

#include <stdint.h>

#include "quickjs.h"

/* Math.random's state lies in the context, which quickjs.h does not show. */
void interpreter__reseed(JSContext *context, uint64_t seed);

#endif
