#include "thread.h"

#include <signal.h>

#include "engine.h"

/* What wasm may use, and as much again for host functions and signal handlers. */
#define STACK_BYTES (2 * ENGINE_WASM_STACK_BYTES)

int thread__start(pthread_t *thread, void *(*main)(void *), void *argument) {
    pthread_attr_t attributes;
    sigset_t blocked, before;
    int rc = pthread_attr_init(&attributes);
    if (rc != 0) return -rc;
    rc = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (rc != 0) goto destroy_attributes;
    /* A thread gets the signals of its own faults whatever it blocks, but blocked they would end the process. */
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    rc = pthread_create(thread, &attributes, main, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

destroy_attributes:
    pthread_attr_destroy(&attributes);
    return -rc;
}
