/*
 * What can wait, on a thread of its own: VMs and objects are closed, shells are made ahead, snapshots are compared with
 * their checksums.
 */
#ifndef MAYFLY_CELL_KEEPER_H
#define MAYFLY_CELL_KEEPER_H

#include <pthread.h>
#include <stdbool.h>

struct object;
struct sandbox;
struct serve;

struct keeper {
    pthread_t thread;
    pthread_cond_t wanted; /* with the lock of the serve */
    struct sandbox *sandboxes; /* to close */
    struct object *objects;    /* to close */
    struct object *unchecked;  /* snapshots, used */
    struct object *wants_shells; /* a snapshot, used */
};

int keeper__start(struct serve *serve);

/* With the lock of the serve held. */
void keeper__close_sandbox(struct serve *serve, struct sandbox *sandbox);
void keeper__close_object(struct serve *serve, struct object *object);
void keeper__check(struct serve *serve, struct object *snapshot);

/* At once, on the calling thread; without the lock. */
void keeper__end_sandbox(struct serve *serve, struct sandbox *sandbox);

/* Clones of the snapshot are being made. */
void keeper__want_shells(struct serve *serve, struct object *snapshot);

#endif
