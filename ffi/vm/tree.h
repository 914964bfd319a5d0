/*
 * The guest's files: what it made or changed, in its own memory, on top of read-only layers (layers.h).
 *
 * A node stands for a name in a folder and for the object behind it. There are nodes only for what the guest made or
 * changed, for what it has open, and for the folders that lead there; a node that is none of these any more goes. So the
 * tree of a guest that only reads is small, whatever it has read.
 *
 * A second name of the same file is a node of its own that only refers to the first (TREE_ALIAS). A name of the layers
 * that the guest removed is a node that says so (TREE_GONE). Contents are pages in frames (contents.h), above what the
 * layer has.
 */
#ifndef MAYFLY_VM_TREE_H
#define MAYFLY_VM_TREE_H

#include <stddef.h>
#include <stdint.h>

struct vm;

#define TREE_NODES_MAX 65536u
#define TREE_NONE 0u
#define TREE_ROOT 1u
#define TREE_NAME_MAX 255u

/* Names are kept in units of this size, a few in a row for a long one. */
#define NAME_UNIT_BYTES 16u
#define NAME_UNITS_EACH 16u
#define NAME_UNITS_MAX 262144u

enum tree_type {
    TREE_FREE = 0,
    TREE_FILE,
    TREE_FOLDER,
    TREE_LINK,
    TREE_SPECIAL, /* of /proc, /dev or /sys; a node only when it was opened with O_PATH */
    TREE_SOCKET,  /* where a socket was bound */
    TREE_ALIAS,   /* another name of the file `target` */
    TREE_GONE,    /* hides a name of the layers below */
};

enum tree_flag {
    NODE_KEPT = 1,     /* made or changed by the guest: stays without being open */
    NODE_OVER = 2,     /* the layers below have something of this name in this folder */
    NODE_NAMELESS = 4, /* removed, or never had a name */
    NODE_CHANGED = 8,  /* contents differ from the layer's */
    NODE_MAPPED = 16,  /* the guest may have pages of it mapped for writing: they stay until the node goes */
    NODE_LINKABLE = 32, /* made by O_TMPFILE: may be given a name */
};

struct tree_node {
    uint8_t type; /* enum tree_type */
    uint8_t flags;
    uint16_t layers; /* of a folder: those that show in it, a bit each */
    uint32_t mode;   /* permission bits */

    uint32_t name; /* its first unit */
    uint16_t name_size;
    uint8_t layer;  /* of a file: where `handle` is */
    uint8_t height; /* of the tree of its pages */
    uint32_t hash;
    uint32_t bucket; /* first node whose hash leads to this index; has nothing to do with this node */
    uint32_t next_in_bucket;

    uint32_t parent, first_child, last_child, previous, next;
    uint32_t target; /* of an alias */
    uint32_t links;  /* names, its own and aliases */
    uint32_t opens;  /* open files */

    uint64_t inode;
    uint64_t serial; /* when it came into its folder: what a reader of the folder goes by */
    uint64_t handle; /* the layer's own */
    uint64_t below;  /* how much of the layer's contents still shows */
    uint64_t size;
    uint64_t pages;  /* the tree of its pages: a frame, or 0 */
    uint64_t blocks; /* pages that it has */
    int64_t accessed_ns, modified_ns, changed_ns;
};

struct tree {
    uint64_t next_serial;
    uint64_t key;     /* of the names' hashes */
    uint64_t bytes;   /* of frames that contents take */
    uint32_t made;    /* nodes that the guest made or changed */
    uint32_t buckets; /* a power of two, at most `used` */
    uint32_t free;    /* first free node, linked by `next` */
    uint32_t used;
    struct tree_node items[TREE_NODES_MAX];
};

struct name_unit {
    char bytes[NAME_UNIT_BYTES];
};

struct name_table {
    uint32_t free[NAME_UNITS_EACH + 1]; /* first free name of so many units: index + 1, as is the link in it */
    uint32_t used;
    struct name_unit items[NAME_UNITS_MAX];
};

/* The root, and a /tmp where no layer has one. 0 or -errno. */
int tree__init(struct vm *vm);
/* There are layers below that were not: they show as if they had always been there, but for what the guest made. */
void tree__show_more(struct vm *vm, uint16_t more);

/* The node of an index, which came from here. */
struct tree_node *tree__node(struct vm *vm, uint32_t index);
/* A node's name, without a NUL. */
const char *tree__name(struct vm *vm, const struct tree_node *node);

/* What has the name in a folder, gone names too; or TREE_NONE. */
uint32_t tree__child(struct vm *vm, uint32_t folder, const char *name, size_t size);

/* A node with a name in a folder, or with none (`folder` is TREE_NONE). TREE_NONE when there is no room. Adding one
 * does not move others. */
uint32_t tree__add(struct vm *vm, uint32_t folder, const char *name, size_t size, enum tree_type type);
/* Takes a node's name from it, not what refers to it. */
void tree__unname(struct vm *vm, uint32_t index);
/* Takes a name away for good, and the node with it unless something else refers to it. */
void tree__remove(struct vm *vm, uint32_t index);
/* Gives a nameless node a name. 0 or -ENOSPC, then it is nameless still. What just lost a name of that size gets it. */
int tree__rename(struct vm *vm, uint32_t index, uint32_t folder, const char *name, size_t size);

/* From now on it is the guest's own: -ENOSPC when it has as many as it may. */
int tree__own(struct vm *vm, uint32_t index);
/* One more who has it open, one less. The last one frees what nothing refers to. */
void tree__keep(struct vm *vm, uint32_t index);
void tree__release(struct vm *vm, uint32_t index);
/* Frees it, if nothing refers to it any more, and the folders that only led to it. */
void tree__forget(struct vm *vm, uint32_t index);

/* The path of a node with its NUL: its length, or -ENAMETOOLONG. "" for the root and for what has no name. */
int64_t tree__path(struct vm *vm, uint32_t index, char *to, size_t capacity);

/* CLOCK_REALTIME, as files show it. */
int64_t tree__now(struct vm *vm);

/* What a reader of a folder sees, one name at a time. */
struct tree_entry {
    uint64_t inode;
    uint8_t type; /* DT_... */
    uint16_t size;
    char name[TREE_NAME_MAX + 1];
};

/* The name after `cursor` (0: the first). 1, 0 at the end, or -errno. Cursors stay good while names come and go. */
int tree__entry(struct vm *vm, uint32_t folder, uint64_t *cursor, struct tree_entry *entry);
/* 1 or 0, or -errno. */
int tree__is_empty(struct vm *vm, uint32_t folder);

#endif
