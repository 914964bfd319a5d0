/* Views that come below a tree which is in use: what a guest had open or made before is above them. */
#include "internal.h"
#include "layers.h"
#include "path.h"
#include "tree.h"

static int is_named(const struct tree_node *node) {
    return node->type != TREE_FREE && !(node->flags & NODE_NAMELESS);
}

/* Does something of the layers show in it that is not the engine's own? */
static int shows_views(const struct tree_node *node) {
    return node->type == TREE_FOLDER && (node->layers & ~(1u << LAYER_PROC)) != 0;
}

static void show_in_folder(struct vm *vm, uint32_t index, uint16_t more) {
    struct tree_node *node = tree__node(vm, index);
    char path[PATH_BYTES];
    struct layer_node found;
    if (!is_named(node) || !shows_views(node) || tree__path(vm, index, path, sizeof path) < 0) return;
    if (layers__find(vm, path, node->layers | more, &found) && found.type == TREE_FOLDER) node->layers = found.layers;
}

/* A name that the guest made may have something below it from now on, which shows when neither the name nor the mark is there. */
static void mark_if_over(struct vm *vm, uint32_t index, uint16_t more) {
    struct tree_node *node = tree__node(vm, index);
    char path[PATH_BYTES];
    struct layer_node found;
    if (!is_named(node) || (node->flags & NODE_OVER)) return;
    uint16_t among = tree__node(vm, node->parent)->layers & more;
    if (among == 0 || tree__path(vm, index, path, sizeof path) < 0) return;
    if (layers__find(vm, path, among, &found)) node->flags |= NODE_OVER;
}

void tree__show_more(struct vm *vm, uint16_t more) {
    uint32_t used = vm->kernel->tree.used;
    tree__node(vm, TREE_ROOT)->layers |= more;
    for (uint32_t index = TREE_ROOT + 1; index < used; index++) show_in_folder(vm, index, more);
    for (uint32_t index = TREE_ROOT + 1; index < used; index++) mark_if_over(vm, index, more);
}
