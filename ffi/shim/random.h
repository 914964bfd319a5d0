/* Randomness for many small askers: the kernel's, taken in large pieces. */
#ifndef MAYFLY_RANDOM_H
#define MAYFLY_RANDOM_H

#include <stdint.h>

/* Fresh for each call, of the calling thread's piece. -errno if the kernel has none to give. */
int random__seed(uint64_t seed[2]);
/* Straight from the kernel. */
int random__fill(uint8_t *bytes, uint32_t length);

#endif
