/* The interpreter's allocator. */
#ifndef MF_HEAP_H
#define MF_HEAP_H

#include <stdbool.h>
#include <stddef.h>

void *heap__allocate(size_t size);
void *heap__allocate_zeroed(size_t size);
/* Never among the small blocks, whatever its size. */
void *heap__allocate_chunk(size_t size);
void *heap__reallocate(void *data, size_t size);
void heap__free(void *data);
size_t heap__size(const void *data);

/* What the C library has given out. */
size_t heap__held(void);
/* So much may be in use, and a little more once it has run out: the error itself takes memory. */
void heap__limit(size_t bytes);
/* Whether it ever has. */
bool heap__has_refused(void);
/* And this much for telling it to the host. */
void heap__spare(void);

/* What is freed from now on leaves zeros: a snapshot should not carry what nobody can read. */
void heap__wipe_freed(bool wipe);
/* What is allocated between these two is to be freed between them: no trace of its small blocks is left. */
void heap__begin_scratch(void);
void heap__end_scratch(void);
/* Forget the small blocks that are free: what is allocated from now on lies together. */
void heap__settle(void);

#endif
