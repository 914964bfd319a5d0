/*
 * A read-only view of files, below all that the guest writes. Two kinds: a packed image (view_image.c), which is what
 * cells use, and, for the harness, folders of the host (view_folder.c). Views lie on top of one another: the first that
 * has a name wins, folders of all are merged.
 *
 * Paths here are absolute, normal (no "." or "..", no double or trailing slash) and come from the tree, never from the
 * guest as they are.
 */
#ifndef MAYFLY_VM_VIEW_H
#define MAYFLY_VM_VIEW_H

#include <stddef.h>
#include <stdint.h>

/* Special are only files of the engine's own (proc.h). */
enum view_node_type { VIEW_FILE = 1, VIEW_FOLDER, VIEW_LINK, VIEW_SPECIAL };

struct view_node {
    uint8_t type;
    uint32_t mode; /* permission bits */
    uint64_t inode;
    uint64_t size;
    int64_t modified_ns;
    uint64_t handle; /* the view's own: how it finds the node again */
};

struct view;

struct view_functions {
    /* Looks one path up, following no link. 0, -ENOENT, -ENOTDIR. */
    int (*find)(struct view *view, const char *path, struct view_node *node);
    /* Up to `size` bytes of a file from `offset`. */
    int64_t (*read)(struct view *view, const struct view_node *node, void *to, size_t size, uint64_t offset);
    /* A link's target, without NUL: its length. */
    int64_t (*target)(struct view *view, const struct view_node *node, char *to, size_t capacity);
    /* The name after `cursor` (0 first) in a folder, with its node; sets the next cursor. 1, or 0 at the end. */
    int (*entry)(struct view *view, const struct view_node *folder, uint64_t *cursor, char name[256],
                 struct view_node *node);
    /*
     * Pages of a file as pages of the view's region: the offset in the region of the page that holds `offset` (which is
     * a multiple of a page), and how many pages follow it there without a gap, at most `pages`. Bytes beyond the file's
     * end in its last page are zero. -errno, or 0.
     */
    int (*map)(struct view *view, const struct view_node *node, uint64_t offset, uint32_t pages,
               uint64_t *region_offset, uint32_t *count);
    void (*close)(struct view *view);
};

/* What every kind begins with. */
struct view {
    const struct view_functions *functions;
    /* The region's contents: a file, mapped read-only into every guest at VIEW_BASE + index * VIEW_STRIDE. */
    int region;
    uint64_t region_size; /* grows for a folder view, never shrinks */
    uint8_t identity[32]; /* names the contents: a snapshot is bound to it */
};

/* Takes a descriptor of its own of the image. The image is checked: a damaged one is refused with -EBADMSG. */
int view_image__open(int image, struct view **view);

/* Folders and files of the host, each at the path it has there, read without following links; those that are not there
 * are left out. */
int view_folder__open(const char *const *paths, size_t count, struct view **view);

static inline void view__close(struct view *view) {
    view->functions->close(view);
}

#endif
