#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "contents.h"
#include "internal.h"
#include "path.h"
#include "proc.h"

#define DEVICE_OF_FILES makedev(0, 26)

const char *place__name(const struct place *place) {
    return place->path + place->size - place->name_size;
}

/* ---- nodes for what the layers have -------------------------------------------------------------------- */

static uint32_t add_below(struct vm *vm, uint32_t folder, const char *name, size_t size,
                          const struct layer_node *below) {
    uint32_t index = tree__add(vm, folder, name, size, (enum tree_type)below->type);
    if (index == TREE_NONE) return TREE_NONE;
    struct tree_node *node = tree__node(vm, index);
    node->flags |= NODE_OVER;
    node->mode = below->node.mode;
    node->inode = below->inode;
    node->layer = below->layer;
    node->handle = below->node.handle;
    node->accessed_ns = node->modified_ns = node->changed_ns = below->node.modified_ns;
    if (node->type == TREE_FOLDER) node->layers = below->layers;
    else node->below = node->size = below->node.size;
    return index;
}

static int pin_folder(struct vm *vm, struct place *place, size_t path_size, uint32_t *pinned) {
    uint32_t folder = TREE_ROOT;
    char path[PATH_BYTES];
    memcpy(path, place->path, path_size);
    for (size_t at = 0; at < path_size;) {
        size_t end = ++at;
        while (end < path_size && path[end] != '/') end++;
        path[end] = 0;
        uint32_t child = tree__child(vm, folder, path + at, end - at);
        if (child == TREE_NONE) {
            struct layer_node below;
            int is_there = layers__find(vm, path, tree__node(vm, folder)->layers, &below);
            if (is_there) child = add_below(vm, folder, path + at, end - at, &below);
            if (child == TREE_NONE) {
                tree__forget(vm, folder);
                return is_there ? -ENOMEM : -ENOENT;
            }
        }
        folder = child;
        path[end] = '/';
        at = end;
    }
    *pinned = folder;
    return 0;
}

int place__pin_parent(struct vm *vm, struct place *place) {
    if (place->parent != TREE_NONE) return tree__node(vm, place->parent)->flags & NODE_NAMELESS ? -ENOENT : 0;
    return pin_folder(vm, place, place->size - place->name_size - 1, &place->parent);
}

int place__pin(struct vm *vm, struct place *place) {
    if (place->node != TREE_NONE) return 0;
    int error = place__pin_parent(vm, place);
    if (error != 0) return error;
    uint32_t index = add_below(vm, place->parent, place__name(place), place->name_size, &place->below);
    if (index == TREE_NONE) {
        tree__forget(vm, place->parent);
        return -ENOMEM;
    }
    place->entry = place->node = index;
    return 0;
}

static int may_change_names(struct vm *vm, const struct place *place) {
    if (place->type == TREE_SPECIAL) return -EACCES;
    if (place->parent_layers != 1u << LAYER_PROC) return 0;
    struct layer_node below;
    char path[PATH_BYTES];
    size_t size = place->size - place->name_size - 1;
    memcpy(path, place->path, size);
    path[size] = 0;
    if (!layers__find(vm, path, place->parent_layers, &below)) return 0;
    return proc__is_writable(below.node.handle) ? 0 : -EACCES;
}

int place__pin_for_change(struct vm *vm, struct place *place) {
    int error = may_change_names(vm, place);
    if (error == 0) error = place__pin_parent(vm, place);
    if (error != 0) return error;
    if (tree__node(vm, place->parent)->mode & S_IWUSR) return 0;
    tree__forget(vm, place->parent);
    return -EACCES;
}

/* ---- what is known of a place -------------------------------------------------------------------------- */

int64_t place__target(struct vm *vm, const struct place *place, char *to, size_t capacity) {
    if (place->type != TREE_LINK) return -EINVAL;
    if (place->node == TREE_NONE) {
        return layers__target(vm, place->below.layer, place->below.node.handle, to, capacity);
    }
    const struct tree_node *node = tree__node(vm, place->node);
    if (node->pages == 0) return layers__target(vm, node->layer, node->handle, to, capacity);
    return contents__read(vm, place->node, to, capacity, 0);
}

static uint32_t mode_of_type(uint32_t type, uint64_t handle) {
    switch ((enum tree_type)type) {
    case TREE_FOLDER: return S_IFDIR;
    case TREE_LINK: return S_IFLNK;
    case TREE_SOCKET: return S_IFSOCK;
    case TREE_SPECIAL: return proc__device(handle) != 0 ? S_IFCHR : S_IFREG;
    case TREE_FREE:
    case TREE_FILE:
    case TREE_ALIAS:
    case TREE_GONE: break;
    }
    return S_IFREG;
}

static struct timespec time_of(int64_t ns) {
    int64_t seconds = ns / INT64_C(1000000000), rest = ns % INT64_C(1000000000);
    if (rest < 0) return (struct timespec){seconds - 1, rest + INT64_C(1000000000)};
    return (struct timespec){seconds, rest};
}

static void stat_common(struct stat *stat, uint32_t type, uint32_t mode, uint64_t handle) {
    memset(stat, 0, sizeof *stat);
    stat->st_dev = DEVICE_OF_FILES;
    stat->st_mode = mode_of_type(type, handle) | mode;
    stat->st_uid = PROCESS_USER;
    stat->st_gid = PROCESS_GROUP;
    stat->st_blksize = (blksize_t)PAGE_SIZE;
    if (type == TREE_SPECIAL) stat->st_rdev = proc__device(handle);
}

void place__stat_node(struct vm *vm, uint32_t index, struct stat *stat) {
    const struct tree_node *node = tree__node(vm, index);
    stat_common(stat, node->type, node->mode, node->handle);
    stat->st_ino = node->inode;
    stat->st_nlink = node->type == TREE_FOLDER && node->links > 0 ? 2 : node->links;
    stat->st_size = node->type == TREE_FOLDER ? (off_t)PAGE_SIZE : (off_t)node->size;
    stat->st_blocks = (blkcnt_t)((page_up(node->below) / PAGE_SIZE + node->blocks) * 8);
    stat->st_atim = time_of(node->accessed_ns);
    stat->st_mtim = time_of(node->modified_ns);
    stat->st_ctim = time_of(node->changed_ns);
}

void place__stat(struct vm *vm, const struct place *place, struct stat *stat) {
    if (place->node != TREE_NONE) {
        place__stat_node(vm, place->node, stat);
        return;
    }
    const struct layer_node *below = &place->below;
    stat_common(stat, below->type, below->node.mode, below->node.handle);
    stat->st_ino = below->inode;
    stat->st_nlink = below->type == TREE_FOLDER ? 2 : 1;
    stat->st_size = below->type == TREE_FOLDER ? (off_t)PAGE_SIZE : (off_t)below->node.size;
    stat->st_blocks = (blkcnt_t)(page_up(below->node.size) / PAGE_SIZE * 8);
    stat->st_atim = stat->st_mtim = stat->st_ctim = time_of(below->node.modified_ns);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

#define OPEN_FLAGS_KEPT ((uint32_t)(O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY | O_PATH | O_SYNC | O_NOATIME))

static int open_node(struct vm *vm, enum file_kind kind, uint32_t index, uint32_t flags, struct file **file) {
    *file = file__open(vm, kind, flags & OPEN_FLAGS_KEPT, index);
    if (*file == NULL) {
        tree__forget(vm, index);
        return -ENFILE;
    }
    tree__keep(vm, index);
    return 0;
}

static int may_write(uint32_t flags) {
    return (flags & O_ACCMODE) != O_RDONLY;
}

static int create(struct vm *vm, struct place *place, uint32_t flags, uint32_t mode, struct file **file) {
    if (flags & O_DIRECTORY) return -EINVAL;
    int error = place__make(vm, place, TREE_FILE, mode);
    if (error != 0) return error;
    error = open_node(vm, FILE_REGULAR, place->node, flags, file);
    if (error != 0) place__unlink(vm, place);
    return error;
}

int place__open_nameless(struct vm *vm, enum file_kind kind, uint32_t flags, uint32_t mode, struct file **file) {
    uint32_t index = tree__add(vm, TREE_NONE, NULL, 0, TREE_FILE);
    if (index == TREE_NONE) return -ENOSPC;
    tree__node(vm, index)->mode = mode & 07777;
    int error = tree__own(vm, index);
    if (error == 0) return open_node(vm, kind, index, flags, file);
    tree__forget(vm, index);
    return error;
}

static int open_temporary(struct vm *vm, struct place *place, uint32_t flags, uint32_t mode, struct file **file) {
    if (place->type != TREE_FOLDER) return -ENOTDIR;
    if (!may_write(flags)) return -EINVAL;
    if (place->layers == 1u << LAYER_PROC) return -EOPNOTSUPP;
    mode &= ~vm->kernel->process.mask;
    int error = place__open_nameless(vm, FILE_REGULAR, flags & ~(uint32_t)O_TMPFILE, mode, file);
    if (error == 0 && !(flags & O_EXCL)) tree__node(vm, (*file)->object)->flags |= NODE_LINKABLE;
    return error;
}

static int has_rights(uint32_t mode, uint32_t flags) {
    uint32_t access = flags & O_ACCMODE;
    if (access != O_WRONLY && !(mode & S_IRUSR)) return 0;
    return access == O_RDONLY || (mode & S_IWUSR);
}

static int open_regular(struct vm *vm, struct place *place, uint32_t flags, struct file **file) {
    uint32_t mode = place->node != TREE_NONE ? tree__node(vm, place->node)->mode : place->below.node.mode;
    if (!has_rights(mode, flags)) return -EACCES;
    int error = place__pin(vm, place);
    if (error != 0) return error;
    error = open_node(vm, FILE_REGULAR, place->node, flags, file);
    if (error != 0 || !(flags & O_TRUNC) || !may_write(flags)) return error;
    error = tree__own(vm, place->node);
    if (error == 0) error = contents__resize(vm, place->node, 0);
    if (error != 0) file__release(vm, *file);
    return error;
}

static int open_special(struct vm *vm, const struct place *place, uint32_t flags, struct file **file) {
    if (place->file == 0) {
        uint64_t handle = place->node != TREE_NONE ? tree__node(vm, place->node)->handle : place->below.node.handle;
        return proc__open(vm, handle, flags, file);
    }
    /* A pipe or a socket by /proc/self/fd/N, /dev/stdin: the very same, for there is nothing to open anew. */
    *file = &vm->kernel->files.items[place->file - 1];
    uint32_t has = (*file)->flags & O_ACCMODE, wants = flags & O_ACCMODE;
    if (has != O_RDWR && has != wants) return -EACCES;
    file__keep(*file);
    return 0;
}

static int open_folder(struct vm *vm, struct place *place, uint32_t flags, struct file **file) {
    if (may_write(flags) || (flags & O_CREAT)) return -EISDIR;
    uint32_t mode = place->node != TREE_NONE ? tree__node(vm, place->node)->mode : place->below.node.mode;
    if (!has_rights(mode, flags)) return -EACCES;
    int error = place__pin(vm, place);
    return error != 0 ? error : open_node(vm, FILE_FOLDER, place->node, flags, file);
}

static int open_path(struct vm *vm, struct place *place, uint32_t flags, struct file **file) {
    if (place->type == TREE_SPECIAL && place->file != 0) return -EOPNOTSUPP;
    if ((flags & O_DIRECTORY) && place->type != TREE_FOLDER) return -ENOTDIR;
    int error = place__pin(vm, place);
    return error != 0 ? error : open_node(vm, FILE_PATH, place->node, (flags & O_DIRECTORY) | O_PATH, file);
}

int place__open(struct vm *vm, struct place *place, uint32_t flags, uint32_t mode, struct file **file) {
    if (flags & O_PATH) return place->type == TREE_FREE ? -ENOENT : open_path(vm, place, flags, file);
    if ((flags & O_TMPFILE) == O_TMPFILE) return open_temporary(vm, place, flags, mode, file);
    if (place->type == TREE_FREE) {
        return flags & O_CREAT ? create(vm, place, flags, mode & ~vm->kernel->process.mask, file) : -ENOENT;
    }
    if ((flags & O_CREAT) && (flags & O_EXCL)) return -EEXIST;
    if (place->type == TREE_FOLDER) return open_folder(vm, place, flags, file);
    if (flags & O_DIRECTORY) return -ENOTDIR;
    if (place->type == TREE_LINK) return -ELOOP;
    if (place->type == TREE_SOCKET) return -ENXIO;
    return place->type == TREE_SPECIAL ? open_special(vm, place, flags, file) : open_regular(vm, place, flags, file);
}
