/*
 * The shim's own threads, with stacks for guests. A thread brings its stacks along and keeps them for its next life:
 * one that ended with the lowest priority would otherwise give them back while it holds the lock of the process's
 * mappings, and everybody who needs that lock would wait until the thread gets the processor once more.
 */
#ifndef MAYFLY_THREAD_H
#define MAYFLY_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct thread {
    pthread_t id;
    uint8_t *stacks; /* NULL before the first start */
    void *(*main)(void *);
    void *argument;
};

/* Without the server's signals. -errno. */
int thread__start(struct thread *thread, void *(*main)(void *), void *argument);
void thread__join(struct thread *thread);
/* False: it has not ended. */
bool thread__try_join(struct thread *thread);
/* Of a thread that was joined or never started. */
void thread__free_stacks(struct thread *thread);

/*
 * The calling thread takes short turns on the processor, for which it gets them sooner; it needs no privilege and gives
 * up nothing else. Nothing changes before Linux 6.12.
 */
void thread__take_short_turns(void);

#endif
