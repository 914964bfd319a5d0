#ifndef MAYFLY_BUILD_H
#define MAYFLY_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "instance.h"

/* The image of an instance whose guest does not run, in a buffer for the caller to free. */
int build__freeze(struct instance *instance, uint8_t **out, size_t *out_length);

#endif
