#include "layers.h"

#include <string.h>

#include "internal.h"
#include "proc.h"
#include "tree.h"

/* Inodes of the tree count from 1; each layer's have a range of their own. */
#define LAYER_INODES (UINT64_C(1) << 40)

static struct view *view_of(struct vm *vm, uint32_t layer) {
    return vm->views->items[layer];
}

uint16_t layers__all(struct vm *vm) {
    return (uint16_t)((1u << vm->views->count) - 1) | 1u << LAYER_PROC;
}

static uint8_t type_of(const struct view_node *node) {
    switch ((enum view_node_type)node->type) {
    case VIEW_FILE: return TREE_FILE;
    case VIEW_FOLDER: return TREE_FOLDER;
    case VIEW_LINK: return TREE_LINK;
    case VIEW_SPECIAL: return TREE_SPECIAL;
    }
    return TREE_FREE;
}

static void describe(struct layer_node *found, uint32_t layer) {
    found->layer = (uint8_t)layer;
    found->type = type_of(&found->node);
    found->layers = (uint16_t)(1u << layer);
    found->inode = (layer + 1) * LAYER_INODES + found->node.inode % LAYER_INODES;
}

static int find_in(struct vm *vm, uint32_t layer, const char *path, struct layer_node *found) {
    int error = layer == LAYER_PROC ? proc__find(vm, path, &found->node)
                                    : view_of(vm, layer)->functions->find(view_of(vm, layer), path, &found->node);
    if (error == 0) describe(found, layer);
    return error == 0;
}

/* /proc and its like are the engine's alone, whatever a view has there. */
static int is_proc(const char *path) {
    return strcmp(path, "/proc") == 0 || strcmp(path, "/dev") == 0 || strcmp(path, "/sys") == 0;
}

/* A view may have these itself, and has more beside them. */
static int is_shared(const char *path) {
    return strncmp(path, "/etc", 4) == 0 && (path[4] == 0 || path[4] == '/');
}

int layers__find(struct vm *vm, const char *path, uint16_t among, struct layer_node *found) {
    if ((among & 1u << LAYER_PROC) && (among == 1u << LAYER_PROC || is_proc(path))) {
        return find_in(vm, LAYER_PROC, path, found);
    }
    int count = 0;
    for (uint32_t layer = 0; layer < vm->views->count; layer++) {
        struct layer_node other;
        if (!(among & 1u << layer) || !find_in(vm, layer, path, count == 0 ? found : &other)) continue;
        if (count++ == 0) {
            if (found->type != TREE_FOLDER) return 1;
        } else {
            if (other.type != TREE_FOLDER) break;
            found->layers |= other.layers;
        }
    }
    struct layer_node own;
    if (!(among & 1u << LAYER_PROC) || !is_shared(path)) return count > 0;
    if (!find_in(vm, LAYER_PROC, path, count == 0 ? found : &own)) return count > 0;
    if (count > 0 && own.type == TREE_FOLDER) found->layers |= own.layers;
    return 1;
}

int64_t layers__read(struct vm *vm, uint8_t layer, uint64_t handle, void *to, size_t size, uint64_t offset) {
    if (layer == LAYER_PROC) return 0;
    struct view *view = view_of(vm, layer);
    struct view_node node = {.type = VIEW_FILE, .handle = handle};
    return view->functions->read(view, &node, to, size, offset);
}

int64_t layers__target(struct vm *vm, uint8_t layer, uint64_t handle, char *to, size_t capacity) {
    if (layer == LAYER_PROC) return proc__target(vm, handle, to, capacity);
    struct view *view = view_of(vm, layer);
    struct view_node node = {.type = VIEW_LINK, .handle = handle};
    return view->functions->target(view, &node, to, capacity);
}

int layers__map(struct vm *vm, uint8_t layer, uint64_t handle, uint64_t offset, uint32_t pages,
                uint64_t *region_offset, uint32_t *count) {
    struct view *view = view_of(vm, layer);
    struct view_node node = {.type = VIEW_FILE, .handle = handle};
    return view->functions->map(view, &node, offset, pages, region_offset, count);
}

int layers__entry(struct vm *vm, uint8_t layer, const char *path, uint64_t *cursor, char name[256],
                  struct layer_node *found) {
    struct layer_node folder;
    if (!find_in(vm, layer, path, &folder) || folder.type != TREE_FOLDER) return 0;
    int got;
    if (layer == LAYER_PROC) got = proc__entry(vm, folder.node.handle, cursor, name, &found->node);
    else got = view_of(vm, layer)->functions->entry(view_of(vm, layer), &folder.node, cursor, name, &found->node);
    if (got == 1) describe(found, layer);
    return got;
}
