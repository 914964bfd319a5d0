/* Names that are made, removed and moved. */
#include <errno.h>
#include <string.h>

#include "contents.h"
#include "internal.h"
#include "path.h"

static void touch(struct vm *vm, uint32_t folder) {
    struct tree_node *node = tree__node(vm, folder);
    node->modified_ns = node->changed_ns = tree__now(vm);
}

/* Does the name hide, or is it itself, a name of the layers? */
static int is_over(struct vm *vm, const struct place *place) {
    if (place->entry == TREE_NONE) return place->type != TREE_FREE;
    return (tree__node(vm, place->entry)->flags & NODE_OVER) != 0;
}

/* The name of a place that is free, for a node that has none. */
static int put(struct vm *vm, struct place *place, uint32_t index) {
    int over = is_over(vm, place);
    tree__keep(vm, place->parent);
    if (place->entry != TREE_NONE) tree__remove(vm, place->entry);
    int error = tree__rename(vm, index, place->parent, place__name(place), place->name_size);
    tree__node(vm, place->parent)->opens--;
    if (error != 0) return error;
    struct tree_node *node = tree__node(vm, index);
    node->links++;
    if (over) node->flags |= NODE_OVER;
    touch(vm, place->parent);
    return 0;
}

int place__make(struct vm *vm, struct place *place, enum tree_type type, uint32_t mode) {
    if (place->type != TREE_FREE) return -EEXIST;
    int error = place__pin_for_change(vm, place);
    if (error != 0) return error;
    uint32_t index = tree__add(vm, TREE_NONE, NULL, 0, type);
    error = index == TREE_NONE ? -ENOSPC : tree__own(vm, index);
    if (error == 0) error = put(vm, place, index);
    if (error != 0) {
        if (index != TREE_NONE) tree__forget(vm, index);
        tree__forget(vm, place->parent);
        return error;
    }
    tree__node(vm, index)->mode = mode & 07777;
    place->type = (uint8_t)type;
    place->entry = place->node = index;
    return 0;
}

int place__make_link(struct vm *vm, struct place *place, const char *target, size_t size) {
    int error = place__make(vm, place, TREE_LINK, 0777);
    if (error != 0) return error;
    int64_t written = contents__write(vm, place->node, target, size, 0);
    if (written == (int64_t)size) return 0;
    place__unlink(vm, place);
    return written < 0 ? (int)written : -ENOSPC;
}

/* A nameless node that is going to hide a name. */
static int make_gone(struct vm *vm, uint32_t *gone) {
    *gone = tree__add(vm, TREE_NONE, NULL, 0, TREE_GONE);
    if (*gone == TREE_NONE) return -ENOSPC;
    tree__node(vm, *gone)->flags |= NODE_OVER;
    return 0;
}

static int name_gone(struct vm *vm, uint32_t gone, const struct place *place) {
    int error = tree__rename(vm, gone, place->parent, place__name(place), place->name_size);
    if (error == 0) tree__node(vm, gone)->links = 1;
    if (error == 0) tree__node(vm, gone)->flags |= NODE_OVER;
    return error;
}

/* The place's name goes, and its parent has a node. */
static int remove_name(struct vm *vm, struct place *place) {
    uint32_t gone = TREE_NONE;
    if (is_over(vm, place)) {
        int error = make_gone(vm, &gone);
        if (error == 0 && place->entry == TREE_NONE) error = name_gone(vm, gone, place);
        if (error != 0) {
            if (gone != TREE_NONE) tree__forget(vm, gone);
            return error;
        }
    }
    tree__keep(vm, place->parent);
    if (place->entry != TREE_NONE) {
        tree__remove(vm, place->entry);
        if (gone != TREE_NONE) name_gone(vm, gone, place);
    }
    touch(vm, place->parent);
    tree__release(vm, place->parent);
    return 0;
}

int place__unlink(struct vm *vm, struct place *place) {
    if (place->type == TREE_FREE) return -ENOENT;
    if (place->type == TREE_FOLDER) return -EISDIR;
    if (place->is_slash) return -ENOTDIR;
    if (!place->is_plain) return -EPERM;
    int error = place__pin_for_change(vm, place);
    if (error != 0) return error;
    error = remove_name(vm, place);
    if (error != 0) tree__forget(vm, place->parent);
    return error;
}

static int check_empty(struct vm *vm, struct place *place) {
    int error = place__pin(vm, place);
    if (error != 0) return error;
    int is_empty = tree__is_empty(vm, place->node);
    if (is_empty == 1) return 0;
    tree__forget(vm, place->node);
    return is_empty == 0 ? -ENOTEMPTY : is_empty;
}

/* Names that hide something in a folder that is going away. */
static void clear_gone(struct vm *vm, uint32_t folder) {
    struct tree_node *node = tree__node(vm, folder);
    tree__keep(vm, folder);
    while (node->first_child != TREE_NONE) tree__remove(vm, node->first_child);
    node->layers = 0;
    node->opens--;
}

int place__remove_folder(struct vm *vm, struct place *place) {
    if (place->type == TREE_FREE) return -ENOENT;
    if (place->type != TREE_FOLDER) return -ENOTDIR;
    if (place->dots != 0) return place->dots == 1 ? -EINVAL : -ENOTEMPTY;
    if (!place->is_plain) return -EBUSY;
    int error = place__pin_for_change(vm, place);
    if (error == 0) error = check_empty(vm, place);
    if (error != 0) return error;
    tree__keep(vm, place->node);
    error = remove_name(vm, place);
    if (error == 0) clear_gone(vm, place->node);
    tree__release(vm, place->node);
    return error;
}

/* ---- moving -------------------------------------------------------------------------------------------- */

static int is_below(const struct place *place, const struct place *folder) {
    return place->size > folder->size && place->path[folder->size] == '/' &&
           memcmp(place->path, folder->path, folder->size) == 0;
}

/* The working folder is known by its path: it moves along. */
static void move_working_folder(struct vm *vm, const struct place *from, const struct place *to) {
    char *folder = vm->kernel->process.folder;
    size_t size = strlen(folder);
    if (size < from->size || memcmp(folder, from->path, from->size) != 0) return;
    if (folder[from->size] != 0 && folder[from->size] != '/') return;
    if (size - from->size + to->size >= PATH_BYTES) return;
    memmove(folder + to->size, folder + from->size, size - from->size + 1);
    memcpy(folder, to->path, to->size);
}

static int may_rename(struct vm *vm, struct place *from, struct place *to, int may_replace) {
    if (!from->is_plain || !to->is_plain) return -EBUSY;
    if (from->type == TREE_FREE) return -ENOENT;
    if (!may_replace && to->type != TREE_FREE) return -EEXIST;
    if (from->type != TREE_FOLDER && (from->is_slash || to->is_slash)) return -ENOTDIR;
    if (is_below(from, to)) return -ENOTEMPTY;
    if (from->type == TREE_FOLDER) {
        if (is_below(to, from)) return -EINVAL;
        /* What the layers have stays where it is: mv copies then. */
        if (from->layers != 0) return -EXDEV;
    }
    if (to->type == TREE_FREE) return 0;
    if (from->type == TREE_FOLDER && to->type != TREE_FOLDER) return -ENOTDIR;
    if (from->type != TREE_FOLDER && to->type == TREE_FOLDER) return -EISDIR;
    return to->type == TREE_FOLDER ? check_empty(vm, to) : 0;
}

/* Both folders have nodes, and so has what moves. */
static int move(struct vm *vm, struct place *from, struct place *to) {
    int hides = is_over(vm, from), over = is_over(vm, to);
    uint32_t gone = TREE_NONE;
    if (hides) {
        int error = make_gone(vm, &gone);
        if (error != 0) return error;
    }
    tree__unname(vm, from->entry);
    if (hides) name_gone(vm, gone, from);
    if (to->entry != TREE_NONE) {
        if (to->type == TREE_FOLDER) clear_gone(vm, to->node);
        tree__remove(vm, to->entry);
    }
    int error = tree__rename(vm, from->entry, to->parent, place__name(to), to->name_size);
    if (error != 0) {
        if (hides) tree__remove(vm, gone);
        tree__rename(vm, from->entry, from->parent, place__name(from), from->name_size);
        if (hides) tree__node(vm, from->entry)->flags |= NODE_OVER;
        return error;
    }
    struct tree_node *node = tree__node(vm, from->entry);
    node->changed_ns = tree__now(vm);
    if (over) node->flags |= NODE_OVER;
    touch(vm, from->parent);
    touch(vm, to->parent);
    if (from->type == TREE_FOLDER) move_working_folder(vm, from, to);
    return 0;
}

int place__rename(struct vm *vm, struct place *from, struct place *to, int may_replace) {
    int is_same = from->type != TREE_FREE && from->is_plain && to->is_plain && from->size == to->size &&
                  memcmp(from->path, to->path, from->size) == 0;
    int are_one = from->node != TREE_NONE && from->node == to->node && from->entry != to->entry;
    int error = is_same ? 0 : may_rename(vm, from, to, may_replace);
    if (is_same && from->type != TREE_FOLDER && (from->is_slash || to->is_slash)) error = -ENOTDIR;
    if (is_same && !may_replace) error = -EEXIST;
    if (error != 0 || is_same || are_one) return error;
    error = place__pin_for_change(vm, from);
    if (error == 0) error = place__pin(vm, from);
    if (error != 0) return error;
    tree__keep(vm, from->node);
    tree__keep(vm, from->parent);
    error = place__pin_for_change(vm, to);
    if (error == 0) {
        tree__keep(vm, to->parent);
        error = tree__own(vm, from->node);
        if (error == 0) error = move(vm, from, to);
        tree__release(vm, to->parent);
    }
    tree__release(vm, from->parent);
    tree__release(vm, from->node);
    return error;
}

int place__link(struct vm *vm, struct place *from, struct place *to) {
    if (from->type == TREE_FREE) return -ENOENT;
    if (to->type != TREE_FREE) return -EEXIST;
    if (to->is_slash) return -ENOENT;
    if (from->type != TREE_FILE && from->type != TREE_LINK) return -EPERM;
    int error = place__pin(vm, from);
    if (error != 0) return error;
    tree__keep(vm, from->node);
    struct tree_node *node = tree__node(vm, from->node);
    int is_first = node->links == 0;
    if (is_first && !(node->flags & NODE_LINKABLE)) error = -ENOENT;
    if (error == 0) error = place__pin_for_change(vm, to);
    if (error == 0) {
        uint32_t index = is_first ? from->node : tree__add(vm, TREE_NONE, NULL, 0, TREE_ALIAS);
        error = index == TREE_NONE ? -ENOSPC : tree__own(vm, index);
        if (error == 0) error = tree__own(vm, from->node);
        if (error == 0 && !is_first) tree__node(vm, index)->target = from->node;
        if (error == 0) error = put(vm, to, index);
        if (error == 0 && !is_first) node->links++;
        if (error != 0 && !is_first && index != TREE_NONE) tree__forget(vm, index);
        if (error != 0) tree__forget(vm, to->parent);
    }
    tree__release(vm, from->node);
    return error;
}
