/* Starting the shim's own threads. */
#ifndef MAYFLY_THREAD_H
#define MAYFLY_THREAD_H

#include <pthread.h>

/* With a stack for guests, and without the server's signals. -errno. */
int thread__start(pthread_t *thread, void *(*main)(void *), void *argument);

#endif
