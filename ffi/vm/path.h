/*
 * The one place where paths of the guest become files.
 *
 * A path is walked name by name: through the tree where it has nodes, through the layers below where it has none. "..",
 * links and the engine's own links to open files (/proc/self/fd) are followed here and nowhere else, and nothing
 * outside the tree and the layers can be named.
 */
#ifndef MAYFLY_VM_PATH_H
#define MAYFLY_VM_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "layers.h"
#include "process.h"
#include "tree.h"

struct stat;

#define LINKS_MAX 40u

enum path_flag {
    PATH_NO_FOLLOW = 1,   /* a link at the end stands for itself */
    PATH_MAY_BE_EMPTY = 2, /* then it is what the descriptor names */
    PATH_NAME = 4,    /* it is about the name: a link stands for itself even before a slash, which is left to the caller */
    PATH_CREATES = 8,      /* a file is to be made there: -EISDIR for a path that only a folder can have */
};

/* What a path leads to. */
struct place {
    uint8_t type;     /* enum tree_type; TREE_FREE: the name is free, in a folder that is there */
    uint8_t is_plain; /* the path ends with a name, which is that of the place; not with "..", nothing, or an open file */
    uint8_t is_slash; /* the path ends with a slash */
    uint8_t dots;     /* it ends with "." or "..": how many */
    uint16_t name_size;
    uint32_t entry;  /* node that has the name; of another name of a file, its own */
    uint32_t node;   /* node of the object. Both are TREE_NONE where only the layers have it */
    uint32_t parent; /* node of the folder that it is in, or TREE_NONE likewise */
    uint16_t parent_layers;
    uint16_t layers; /* of a folder: those that show in it */
    uint32_t file;   /* index + 1 of the open file that /proc/self/fd/N named */
    struct layer_node below; /* where it has no node */
    size_t size;
    char path[PATH_BYTES]; /* absolute and normal; "" for the root */
};

/* A path in guest memory, from a folder's descriptor or AT_FDCWD. 0 or -errno; what is not there at the end is a place of
 * type TREE_FREE. */
int path__resolve(struct vm *vm, uint64_t folder, uint64_t address, uint32_t flags, struct place *place);
/* Likewise, for the engine's own. */
int path__find(struct vm *vm, const char *path, uint32_t flags, struct place *place);

/* Its last name. */
const char *place__name(const struct place *place);

/* A node for a place that is there, in `place->node`; and for the folder it is in, in `place->parent`. 0 or -errno. The
 * caller opens it, makes it its own, or calls tree__forget. */
int place__pin(struct vm *vm, struct place *place);
int place__pin_parent(struct vm *vm, struct place *place);

/* As place__pin_parent, when names in that folder are to be made or removed: -EACCES where they must not. */
int place__pin_for_change(struct vm *vm, struct place *place);

/* A link's target, without NUL: its length, at most `capacity`. */
int64_t place__target(struct vm *vm, const struct place *place, char *to, size_t capacity);

void place__stat(struct vm *vm, const struct place *place, struct stat *stat);
void place__stat_node(struct vm *vm, uint32_t node, struct stat *stat);

/*
 * An open file for a path, with open(2)'s flags: what open does but for the descriptor. -errno, or 0. For the engine's own
 * use it takes a place from path__find.
 */
int place__open(struct vm *vm, struct place *place, uint32_t flags, uint32_t mode, struct file **file);
/* A file without a name: O_TMPFILE's, memfd_create's, and what a file of /proc shows. */
int place__open_nameless(struct vm *vm, enum file_kind kind, uint32_t flags, uint32_t mode, struct file **file);

/* Changes of names (place_change.c). Places are as path__resolve made them. A failing one changes nothing. */
int place__make(struct vm *vm, struct place *place, enum tree_type type, uint32_t mode);
int place__make_link(struct vm *vm, struct place *place, const char *target, size_t size);
int place__unlink(struct vm *vm, struct place *place);
int place__remove_folder(struct vm *vm, struct place *place);
int place__rename(struct vm *vm, struct place *from, struct place *to, int may_replace);
int place__link(struct vm *vm, struct place *from, struct place *to);

#endif
