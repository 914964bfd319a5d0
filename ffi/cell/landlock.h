/* Landlock: a second lock on files and connections, where the kernel has it. */
#ifndef MAYFLY_CELL_LANDLOCK_H
#define MAYFLY_CELL_LANDLOCK_H

/* For good, and for all threads that come. 0, or -errno: this kernel has none, or not in use. */
int landlock__deny_all(void);

#endif
