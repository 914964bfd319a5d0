#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"
#include "proc.h"

/* What is still to be walked, at the end of `text`, so that a link's target can be put before it. */
struct walk {
    uint32_t flags;
    uint32_t links;
    size_t at;
    char text[2 * PATH_BYTES];
};

/* ---- where a walk stands ------------------------------------------------------------------------------- */

static int enter_node(struct vm *vm, struct place *place, uint32_t index) {
    const struct tree_node *node = tree__node(vm, index);
    int64_t size = tree__path(vm, index, place->path, sizeof place->path);
    if (size < 0) return (int)size;
    place->type = node->type;
    place->is_plain = 0;
    place->entry = place->node = index;
    place->parent = node->parent;
    place->parent_layers = 0;
    place->layers = node->layers;
    place->file = 0;
    place->size = (size_t)size;
    return 0;
}

static void trim_name(struct place *place) {
    while (place->size > 0 && place->path[place->size - 1] != '/') place->size--;
    if (place->size > 0) place->size--;
    place->path[place->size] = 0;
}

static void look_up(struct vm *vm, struct place *place) {
    uint32_t entry = TREE_NONE;
    if (place->parent != TREE_NONE) entry = tree__child(vm, place->parent, place__name(place), place->name_size);
    place->entry = entry;
    place->node = TREE_NONE;
    place->layers = 0;
    place->type = TREE_FREE;
    if (entry == TREE_NONE) {
        if (place->parent_layers == 0) return;
        if (!layers__find(vm, place->path, place->parent_layers, &place->below)) return;
        place->type = place->below.type;
        if (place->type == TREE_FOLDER) place->layers = place->below.layers;
        return;
    }
    const struct tree_node *node = tree__node(vm, entry);
    if (node->type == TREE_GONE) return;
    place->node = node->type == TREE_ALIAS ? node->target : entry;
    node = tree__node(vm, place->node);
    place->type = node->type;
    place->layers = node->layers;
}

static int enter_name(struct vm *vm, struct place *place, const char *name, size_t size) {
    if (size > TREE_NAME_MAX || place->size + size + 2 > sizeof place->path) return -ENAMETOOLONG;
    place->parent = place->node;
    place->parent_layers = place->layers;
    place->path[place->size] = '/';
    memcpy(place->path + place->size + 1, name, size);
    place->size += size + 1;
    place->path[place->size] = 0;
    place->name_size = (uint16_t)size;
    place->is_plain = 1;
    place->file = 0;
    look_up(vm, place);
    return 0;
}

/* A folder by a path that is normal and goes through no link. */
static int enter_folder(struct vm *vm, struct place *place, const char *path) {
    int error = enter_node(vm, place, TREE_ROOT);
    while (error == 0 && *path == '/') {
        const char *name = ++path;
        path = strchrnul(path, '/');
        if (path == name) break;
        error = enter_name(vm, place, name, (size_t)(path - name));
        if (error == 0 && place->type != TREE_FOLDER) error = -ENOENT;
    }
    place->is_plain = 0;
    return error;
}

static int enter_parent(struct vm *vm, struct place *place) {
    if (place->size == 0 && place->node == TREE_ROOT) return 0;
    if (place->node != TREE_NONE) {
        uint32_t parent = tree__node(vm, place->node)->parent;
        return parent == TREE_NONE ? -ENOENT : enter_node(vm, place, parent);
    }
    char path[PATH_BYTES];
    trim_name(place);
    memcpy(path, place->path, place->size + 1);
    return enter_folder(vm, place, path);
}

/* What an open file stands for: what is in the tree goes on as a place there. */
static int enter_file(struct vm *vm, struct place *place, uint32_t file) {
    const struct file *opened = &vm->kernel->files.items[file - 1];
    int is_node = opened->kind == FILE_REGULAR || opened->kind == FILE_FOLDER || opened->kind == FILE_PATH ||
                  opened->kind == FILE_TEXT;
    int error = 0;
    if (is_node) {
        error = enter_node(vm, place, opened->object);
    } else {
        place->type = TREE_SPECIAL;
        place->entry = place->node = place->parent = TREE_NONE;
        place->layers = place->parent_layers = 0;
        place->is_plain = 0;
    }
    place->file = file;
    return error;
}

/* ---- walking ------------------------------------------------------------------------------------------- */

static int follow_link(struct vm *vm, struct walk *walk, struct place *place) {
    if (++walk->links > LINKS_MAX) return -ELOOP;
    if (place->node == TREE_NONE && place->below.layer == LAYER_PROC) {
        uint32_t file = proc__linked_file(vm, place->below.node.handle);
        if (file != 0) return enter_file(vm, place, file);
    }
    char target[PATH_BYTES];
    int64_t size = place__target(vm, place, target, sizeof target);
    if (size < 0) return (int)size;
    if (size == 0) return -ENOENT;
    if ((size_t)size > walk->at) return -ENAMETOOLONG;
    walk->at -= (size_t)size;
    memcpy(walk->text + walk->at, target, (size_t)size);
    if (target[0] == '/') return enter_node(vm, place, TREE_ROOT);
    trim_name(place);
    place->type = TREE_FOLDER;
    place->entry = place->node = place->parent;
    place->layers = place->parent_layers;
    place->is_plain = 0;
    return 0;
}

/* One name of the path. */
static int walk_name(struct vm *vm, struct walk *walk, struct place *place, const char *name, size_t size) {
    if (place->type == TREE_FREE) return -ENOENT;
    if (place->type != TREE_FOLDER) return -ENOTDIR;
    if (size <= 2 && memcmp(name, "..", size) == 0) {
        int error = size == 2 ? enter_parent(vm, place) : 0;
        place->is_plain = 0;
        place->dots = (uint8_t)size;
        return error;
    }
    place->dots = 0;
    const char *rest = walk->text + walk->at;
    int is_last = rest[strspn(rest, "/")] == 0, is_slash = *rest == '/';
    if (is_last && is_slash && (walk->flags & PATH_CREATES)) return -EISDIR;
    int error = enter_name(vm, place, name, size);
    if (error != 0 || place->type != TREE_LINK) return error;
    int stays = (walk->flags & PATH_NAME) || (!is_slash && (walk->flags & PATH_NO_FOLLOW));
    return is_last && stays ? 0 : follow_link(vm, walk, place);
}

/* May names be looked up in it? */
static int may_search(struct vm *vm, const struct place *place) {
    if (place->type != TREE_FOLDER) return 1;
    uint32_t mode = place->node != TREE_NONE ? tree__node(vm, place->node)->mode : place->below.node.mode;
    return (mode & S_IXUSR) != 0;
}

static int walk_all(struct vm *vm, struct walk *walk, struct place *place) {
    place->is_slash = 0;
    place->dots = 0;
    for (;;) {
        size_t start = walk->at;
        while (walk->text[walk->at] == '/') walk->at++;
        if (walk->text[walk->at] == 0) {
            place->is_slash = walk->at > start;
            break;
        }
        if (!may_search(vm, place)) return -EACCES;
        const char *name = walk->text + walk->at;
        size_t size = (size_t)(strchrnul(name, '/') - name);
        walk->at += size;
        int error = walk_name(vm, walk, place, name, size);
        if (error != 0) return error;
    }
    int is_something_else = place->type != TREE_FREE && place->type != TREE_FOLDER;
    return place->is_slash && is_something_else && !(walk->flags & PATH_NAME) ? -ENOTDIR : 0;
}

static int start_at(struct vm *vm, struct place *place, uint64_t folder, int is_empty) {
    if ((uint32_t)folder == (uint32_t)AT_FDCWD) return enter_folder(vm, place, vm->kernel->process.folder);
    struct file *file = file__of(vm, folder);
    if (file == NULL) return -EBADF;
    int error = enter_file(vm, place, file__index(vm, file) + 1);
    if (error == 0 && !is_empty && place->type != TREE_FOLDER) error = -ENOTDIR;
    return error;
}

/* The path lies in walk->text as a string of `size` bytes, from its start. */
static int resolve(struct vm *vm, uint64_t folder, struct walk *walk, size_t size, struct place *place) {
    if (size == 0 && !(walk->flags & PATH_MAY_BE_EMPTY)) return -ENOENT;
    walk->at = sizeof walk->text - size - 1;
    memmove(walk->text + walk->at, walk->text, size + 1);
    walk->links = 0;
    int error = walk->text[walk->at] == '/' ? enter_node(vm, place, TREE_ROOT) : start_at(vm, place, folder, size == 0);
    return error != 0 ? error : walk_all(vm, walk, place);
}

int path__resolve(struct vm *vm, uint64_t folder, uint64_t address, uint32_t flags, struct place *place) {
    struct walk walk;
    int64_t size = access__string(vm, walk.text, address, PATH_BYTES);
    if (size < 0) return (int)size;
    walk.flags = flags;
    return resolve(vm, folder, &walk, (size_t)size, place);
}

int path__find(struct vm *vm, const char *path, uint32_t flags, struct place *place) {
    struct walk walk;
    size_t size = strlen(path);
    if (size >= PATH_BYTES) return -ENAMETOOLONG;
    memcpy(walk.text, path, size + 1);
    walk.flags = flags;
    return resolve(vm, (uint64_t)AT_FDCWD, &walk, size, place);
}
