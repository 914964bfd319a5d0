/*
 * What lies below the guest's own files: the views, in their order, and above all the names of /proc, /dev and /sys,
 * which are the engine's (proc.h).
 */
#ifndef MAYFLY_VM_LAYERS_H
#define MAYFLY_VM_LAYERS_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "view.h"

struct vm;

#define LAYER_PROC VIEWS_MAX /* the engine's own; the views are those below */
#define LAYERS_MAX (VIEWS_MAX + 1u)

struct layer_node {
    uint8_t layer;   /* that it was found in */
    uint8_t type;    /* enum tree_type */
    uint16_t layers; /* of a folder: all that show in it */
    uint64_t inode;  /* unlike any other layer's and the tree's */
    struct view_node node;
};

/* All there are: a bit each. */
uint16_t layers__all(struct vm *vm);

/* What has a path in these layers: 1, or 0 for nothing. "" is the root. */
int layers__find(struct vm *vm, const char *path, uint16_t among, struct layer_node *found);

/* Of what was found before; `handle` is its. The layers check it. */
int64_t layers__read(struct vm *vm, uint8_t layer, uint64_t handle, void *to, size_t size, uint64_t offset);
int64_t layers__target(struct vm *vm, uint8_t layer, uint64_t handle, char *to, size_t capacity);
int layers__map(struct vm *vm, uint8_t layer, uint64_t handle, uint64_t offset, uint32_t pages,
                uint64_t *region_offset, uint32_t *count);

/* The next name of the folder `path` in one layer, as struct view_functions has it. */
int layers__entry(struct vm *vm, uint8_t layer, const char *path, uint64_t *cursor, char name[256],
                  struct layer_node *found);

#endif
