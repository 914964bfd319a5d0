/*
 * What a folder's reader sees: first what the layers have there, in their order and unless it is gone, then what the guest
 * put there. A cursor says where in which of these it was, and not how many names came before: so names that come and
 * go make it neither skip nor repeat others.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "layers.h"
#include "process.h"
#include "tree.h"

/* A cursor: which part, and the part's own. */
#define PART_SHIFT 56
#define PART_MASK ((UINT64_C(1) << PART_SHIFT) - 1)
#define PART_DOTS 0u
#define PART_LAYERS 1u
#define PART_TREE (PART_LAYERS + LAYERS_MAX)

static uint64_t cursor_at(uint32_t part, uint64_t within) {
    return (uint64_t)part << PART_SHIFT | (within & PART_MASK);
}

static uint8_t shown_type(uint32_t type) {
    switch ((enum tree_type)type) {
    case TREE_FILE: return DT_REG;
    case TREE_FOLDER: return DT_DIR;
    case TREE_LINK: return DT_LNK;
    case TREE_SOCKET: return DT_SOCK;
    case TREE_SPECIAL:
    case TREE_FREE:
    case TREE_ALIAS:
    case TREE_GONE: break;
    }
    return DT_UNKNOWN;
}

static void show_node(struct vm *vm, uint32_t index, struct tree_entry *entry) {
    const struct tree_node *node = tree__node(vm, index);
    if (node->type == TREE_ALIAS) node = tree__node(vm, node->target);
    entry->inode = node->inode;
    entry->type = shown_type(node->type);
}

/* 1, or 0 when the parts of the layers come next. */
static int dots_entry(struct vm *vm, uint32_t folder, uint64_t *cursor, struct tree_entry *entry) {
    if (*cursor > 1) return 0;
    uint32_t parent = tree__node(vm, folder)->parent;
    entry->size = (uint16_t)(*cursor + 1);
    memcpy(entry->name, "..", entry->size);
    entry->name[entry->size] = 0;
    show_node(vm, *cursor == 0 || parent == TREE_NONE ? folder : parent, entry);
    *cursor = *cursor == 0 ? 1 : cursor_at(PART_LAYERS, 0);
    return 1;
}

/* `path` is the folder's, with room for a name. */
static int layer_entry(struct vm *vm, uint32_t folder, uint8_t layer, char *path, size_t size, uint64_t *within,
                       struct tree_entry *entry) {
    struct layer_node found, first;
    for (;;) {
        path[size] = 0;
        int got = layers__entry(vm, layer, path, within, entry->name, &found);
        if (got != 1) return got;
        entry->size = (uint16_t)strlen(entry->name);
        uint32_t child = tree__child(vm, folder, entry->name, entry->size);
        if (child != TREE_NONE && tree__node(vm, child)->type == TREE_GONE) continue;
        if (size + entry->size + 2 > PATH_BYTES) continue;
        path[size] = '/';
        memcpy(path + size + 1, entry->name, entry->size + 1u);
        /* Another layer, above this one, has shown the name or will. */
        if (!layers__find(vm, path, tree__node(vm, folder)->layers, &first) || first.layer != layer) continue;
        entry->inode = found.inode;
        entry->type = shown_type(found.type);
        if (child != TREE_NONE) show_node(vm, child, entry);
        return 1;
    }
}

static int layers_entry(struct vm *vm, uint32_t folder, uint64_t *cursor, struct tree_entry *entry) {
    char path[PATH_BYTES];
    int64_t size = tree__path(vm, folder, path, sizeof path);
    if (size < 0) return (int)size;
    uint32_t layer = (uint32_t)(*cursor >> PART_SHIFT) - PART_LAYERS;
    uint64_t within = *cursor & PART_MASK;
    for (; layer < LAYERS_MAX; layer++, within = 0) {
        if (!(tree__node(vm, folder)->layers & 1u << layer)) continue;
        int got = layer_entry(vm, folder, (uint8_t)layer, path, (size_t)size, &within, entry);
        if (got == 1) *cursor = cursor_at(PART_LAYERS + layer, within);
        if (got != 0) return got;
    }
    *cursor = cursor_at(PART_TREE, 0);
    return 0;
}

static int tree_entry(struct vm *vm, uint32_t folder, uint64_t *cursor, struct tree_entry *entry) {
    uint64_t serial = *cursor & PART_MASK;
    uint32_t index = tree__node(vm, folder)->first_child;
    for (; index != TREE_NONE; index = tree__node(vm, index)->next) {
        const struct tree_node *node = tree__node(vm, index);
        if (node->serial <= serial || node->type == TREE_GONE || (node->flags & NODE_OVER)) continue;
        entry->size = node->name_size;
        memcpy(entry->name, tree__name(vm, node), node->name_size);
        entry->name[entry->size] = 0;
        show_node(vm, index, entry);
        *cursor = cursor_at(PART_TREE, node->serial);
        return 1;
    }
    return 0;
}

int tree__entry(struct vm *vm, uint32_t folder, uint64_t *cursor, struct tree_entry *entry) {
    if (tree__node(vm, folder)->flags & NODE_NAMELESS) return 0;
    uint64_t part = *cursor >> PART_SHIFT;
    if (part == PART_DOTS && dots_entry(vm, folder, cursor, entry)) return 1;
    if (part < PART_TREE) {
        if (part == PART_DOTS) *cursor = cursor_at(PART_LAYERS, 0);
        int got = layers_entry(vm, folder, cursor, entry);
        if (got != 0) return got;
    }
    return *cursor >> PART_SHIFT == PART_TREE ? tree_entry(vm, folder, cursor, entry) : 0;
}

int tree__is_empty(struct vm *vm, uint32_t folder) {
    uint64_t cursor = cursor_at(PART_LAYERS, 0);
    struct tree_entry entry;
    int got = tree__entry(vm, folder, &cursor, &entry);
    return got < 0 ? got : !got;
}
