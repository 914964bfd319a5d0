/* The function's limit of memory, and when its garbage is collected. */
#ifndef MF_MEMORY_H
#define MF_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "interpreter.h"

/* Under the function's limits of heap and stack. */
JSRuntime *memory__new_runtime(void);
void memory__limit(size_t bytes);
void memory__begin_step(void);
/* The most that the heap held in this step. */
uint32_t memory__peak(void);
/* A snapshot may be taken next: collect, put what follows together, and then collect rarely, for that writes to every page. */
void memory__settle(void);
/* heap.c: it holds so much now. */
void memory__has_grown(size_t held);

#endif
