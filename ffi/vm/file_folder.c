#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_regular.h"
#include "internal.h"
#include "path.h"

/* What one getdents64 gives at most. */
#define ENTRIES_BYTES_MAX (UINT64_C(128) << 10)

/* struct linux_dirent64, but for the name behind it. */
struct entry_header {
    uint64_t inode;
    uint64_t cursor;
    uint16_t size;
    uint8_t type;
    char name[TREE_NAME_MAX + 1 + 8];
};
#define NAME_AT offsetof(struct entry_header, name)

static int64_t put_entry(struct vm *vm, uint64_t address, uint64_t room, const struct tree_entry *entry,
                         uint64_t cursor) {
    struct entry_header header = {.inode = entry->inode, .cursor = cursor, .type = entry->type};
    memcpy(header.name, entry->name, entry->size);
    header.size = (uint16_t)((NAME_AT + entry->size + 1 + 7) & ~(size_t)7);
    if (header.size > room) return 0;
    return access__write(vm, address, &header, header.size) != 0 ? -EFAULT : header.size;
}

static int64_t folder_entries(struct vm *vm, struct file *file, uint64_t address, uint64_t size) {
    if (tree__node(vm, file->object)->flags & NODE_NAMELESS) return -ENOENT;
    if (size > ENTRIES_BYTES_MAX) size = ENTRIES_BYTES_MAX;
    uint64_t done = 0;
    for (;;) {
        struct tree_entry entry;
        uint64_t cursor = file->position;
        int got = tree__entry(vm, file->object, &cursor, &entry);
        if (got == 0) return (int64_t)done;
        int64_t put = got < 0 ? got : put_entry(vm, address + done, size - done, &entry, cursor);
        if (put == 0 && done == 0) return -EINVAL;
        if (put <= 0) return done > 0 ? (int64_t)done : put;
        file->position = cursor;
        done += (uint64_t)put;
    }
}

/* A position is a cursor that getdents64 gave: there is no reckoning with them. */
static int64_t folder_seek(struct vm *vm, struct file *file, int64_t offset, int whence) {
    (void)vm;
    if (whence == SEEK_CUR && offset == 0) return (int64_t)file->position;
    if (whence != SEEK_SET || offset < 0) return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static int64_t folder_stat(struct vm *vm, struct file *file, struct stat *stat) {
    place__stat_node(vm, file->object, stat);
    return 0;
}

const struct file_functions file_folder = {
    .seek = folder_seek,
    .stat = folder_stat,
    .entries = folder_entries,
    .release = regular__release,
};
