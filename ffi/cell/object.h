/*
 * Objects: what the server loads into a cell and names by a number. They use one another (a snapshot its views and its
 * parent), sandboxes use them; one that was dropped has no number any more and is closed after its last user.
 */
#ifndef MAYFLY_CELL_OBJECT_H
#define MAYFLY_CELL_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../vm/view.h"
#include "../vm/vm.h"
#include "cell.h"

struct sandbox;
struct serve;

#define OBJECT_NUMBERS_MAX (1u << 20)

enum object_kind {
    OBJECT_VIEW = 1,
    OBJECT_SNAPSHOT, /* clones of it serve */
    OBJECT_BASE,     /* clones of its parent, with views and limits of their own, become a difference */
    OBJECT_PROGRAM,  /* booted: it keeps the views of its sandbox */
};

struct object {
    enum object_kind kind;
    uint32_t number;
    uint32_t uses; /* one is its number's */
    bool is_dropped;
    struct object *parent, *views[CELL_VIEWS_MAX]; /* that it uses; a view is there once */
    uint32_t view_count;
    struct view *view;
    struct vm_snapshot *snapshot;
    struct vm_limits limits; /* of a base */

    enum cell_protocol protocol;
    uint16_t tcp_port;
    uint64_t log_bytes; /* of one request */

    atomic_bool is_learned; /* or somebody is at it */
    uint32_t misses; /* requests of late that found no VM of it idle */
    uint64_t missed_ns;
    struct sandbox *idle;   /* its VMs, the last used one first */
    struct object *next; /* among those to close, or to check */
};

struct objects {
    struct object **table;
    uint32_t size;
    uint32_t views, snapshots;
};

/* All of these with the lock of the serve held. */

/* NULL: there is none. */
struct object *object__find(struct serve *serve, uint32_t number);
/* Gives it its number: -EEXIST, -ENOMEM, -EINVAL. From then on it is the table's. */
int object__add(struct serve *serve, struct object *object);
void object__use(struct object *object);
/* The last one hands it to the keeper, which closes it. */
void object__unuse(struct serve *serve, struct object *object);
/* Its number is free. */
void object__drop(struct serve *serve, struct object *object);

/* Without the lock: nobody uses it. Objects that it used are the caller's to unuse. */
void object__close(struct object *object);

/* A clone of one can be switched to the other. */
bool object__is_relative(const struct object *object, const struct object *other);
/* A clone of a base's parent, as the base wants it. */
int object__clone_to_build(const struct object *base, struct vm **vm);

#endif
