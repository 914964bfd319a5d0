#include "map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "contents.h"
#include "internal.h"
#include "layers.h"

int map__allowed(struct vm *vm, struct file *file, uint32_t protection, uint32_t flags) {
    (void)vm;
    if (file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_REGULAR) return -ENODEV;
    uint32_t access = file->flags & O_ACCMODE;
    if (access == O_WRONLY) return -EACCES;
    int is_private = (flags & MAP_TYPE) == MAP_PRIVATE;
    return !is_private && (protection & PROT_WRITE) && access != O_RDWR ? -EACCES : 0;
}

/*
 * A page of a file that was changed is not the view's, whatever page it is; and one that may yet be changed through a
 * shared mapping must be the file's own from the start.
 */
int map__view_pages(struct vm *vm, struct file *file, uint64_t offset, uint32_t pages, uint8_t *view,
                    uint64_t *region_offset, uint32_t *count) {
    const struct tree_node *node = tree__node(vm, file->object);
    if (offset >= page_up(node->size)) return -ENXIO;
    if ((node->flags & NODE_CHANGED) || (file->flags & O_ACCMODE) != O_RDONLY) return -ENOENT;
    *view = node->layer;
    return layers__map(vm, node->layer, node->handle, offset, pages, region_offset, count);
}

int64_t map__read(struct vm *vm, struct file *file, void *to, size_t size, uint64_t offset) {
    return contents__read(vm, file->object, to, size, offset);
}

int map__own_page(struct vm *vm, struct file *file, uint64_t offset, uint64_t *physical) {
    struct tree_node *node = tree__node(vm, file->object);
    if (offset >= page_up(node->size)) return -ENXIO;
    int error = tree__own(vm, file->object);
    if (error == 0) error = contents__own_page(vm, file->object, offset >> PAGE_SHIFT, physical);
    if (error == 0) node->flags |= NODE_MAPPED;
    return error;
}
