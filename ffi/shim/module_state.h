/* What of a module's instances can change besides their memory. */
#ifndef MAYFLY_MODULE_STATE_H
#define MAYFLY_MODULE_STATE_H

#include <stddef.h>
#include <stdint.h>

/* How many mutable globals a valid module has, or -EINVAL. */
int module_state__mutable_globals(const uint8_t *wasm, size_t length);

#endif
