/* What a cell that was taken over would try: by name, for a test to choose from. */
#ifndef MAYFLY_CELL_TEST_CALLS_H
#define MAYFLY_CELL_TEST_CALLS_H

#include <stdint.h>

/* What the kernel says: the result, or -errno; -ENOSYS of an unknown name is told by *is_known. */
int64_t calls__try(const char *name, int file, int *is_known);

#endif
