/* Random bytes, always the host kernel's: a generator of our own would be cloned with the guest. */
#ifndef MAYFLY_VM_RANDOM_H
#define MAYFLY_VM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct vm;

/* What one call gives at most: more would outlast a deadline. */
#define RANDOM_BYTES_MAX (UINT64_C(1) << 20)

int random__bytes(void *to, size_t size);
/* Into guest memory: how many there were, or -EFAULT. */
int64_t random__give(struct vm *vm, uint64_t address, uint64_t size);

#endif
