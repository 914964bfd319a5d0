/* The interpreter's allocator. */
#ifndef MF_HEAP_H
#define MF_HEAP_H

#include <stdbool.h>
#include <stddef.h>

void *heap__allocate(size_t size);
void *heap__allocate_zeroed(size_t size);
void *heap__reallocate(void *data, size_t size);
void heap__free(void *data);
size_t heap__size(const void *data);

/* What the C library has given out. */
size_t heap__held(void);

/* What is freed from now on leaves zeros: a snapshot should not carry what nobody can read. */
void heap__wipe_freed(bool wipe);
/* Forget the holes: what is allocated from now on lies together, whatever was freed before. */
void heap__settle(void);

#endif
