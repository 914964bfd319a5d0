/* What a cell that was taken over would write into its ring: by name, for a test to choose from. */
#ifndef MAYFLY_CELL_TEST_LIES_H
#define MAYFLY_CELL_TEST_LIES_H

#include "../../cell.h"

/* 0, or -ENOSYS for a name that is none. */
int lies__tell(const char *name, struct cell_ring *ring);

#endif
