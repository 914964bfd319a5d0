#include "file_regular.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "contents.h"
#include "internal.h"
#include "path.h"

/* What one call moves at most: more would outlast a deadline. */
#define MOVED_BYTES_MAX (UINT64_C(16) << 20)

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

int64_t regular__read(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    uint64_t start = offset < 0 ? file->position : (uint64_t)offset;
    const struct tree_node *node = tree__node(vm, file->object);
    if (start >= node->size) return 0;
    size = least(least(size, node->size - start), MOVED_BYTES_MAX);
    uint64_t done = 0;
    while (done < size) {
        size_t run;
        uint8_t *to = access__run_to_write(vm, address + done, size - done, &run);
        int64_t got = to == NULL ? -EFAULT : contents__read(vm, file->object, to, run, start + done);
        if (got < 0 && done == 0) return got;
        if (got <= 0) break;
        done += (uint64_t)got;
    }
    if (offset < 0) file->position += done;
    return (int64_t)done;
}

static int64_t regular__write(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    uint64_t start = offset < 0 ? file->position : (uint64_t)offset;
    if (file->flags & O_APPEND) start = tree__node(vm, file->object)->size;
    size = least(size, MOVED_BYTES_MAX);
    uint64_t done = 0;
    while (done < size) {
        size_t run;
        const uint8_t *from = access__run(vm, address + done, size - done, &run);
        int64_t got = from == NULL ? -EFAULT : tree__own(vm, file->object);
        if (got == 0) got = contents__write(vm, file->object, from, run, start + done);
        if (got < 0 && done == 0) return got;
        if (got <= 0) break;
        done += (uint64_t)got;
        if ((uint64_t)got < run) break;
    }
    if (offset < 0) file->position = start + done;
    return (int64_t)done;
}

int64_t regular__seek(struct vm *vm, struct file *file, int64_t offset, int whence) {
    uint64_t size = tree__node(vm, file->object)->size;
    int64_t base = 0;
    switch (whence) {
    case SEEK_SET: break;
    case SEEK_CUR: base = (int64_t)file->position; break;
    case SEEK_END: base = (int64_t)size; break;
    case SEEK_DATA:
    case SEEK_HOLE: {
        if (offset < 0 || (uint64_t)offset >= size) return -ENXIO;
        uint64_t found = contents__next(vm, file->object, (uint64_t)offset, whence == SEEK_HOLE);
        if (whence == SEEK_DATA && found == size) return -ENXIO;
        file->position = found;
        return (int64_t)found;
    }
    default: return -EINVAL;
    }
    if (offset > 0 && offset > INT64_MAX - base) return -EOVERFLOW;
    if (base + offset < 0) return -EINVAL;
    file->position = (uint64_t)(base + offset);
    return base + offset;
}

static int64_t regular__stat(struct vm *vm, struct file *file, struct stat *stat) {
    place__stat_node(vm, file->object, stat);
    return 0;
}

static int64_t regular__truncate(struct vm *vm, struct file *file, uint64_t size) {
    if (size > CONTENTS_BYTES_MAX) return -EFBIG;
    int error = tree__own(vm, file->object);
    return error != 0 ? error : contents__resize(vm, file->object, size);
}

void regular__release(struct vm *vm, struct file *file) {
    tree__release(vm, file->object);
}

const struct file_functions file_regular = {
    .read = regular__read,
    .write = regular__write,
    .seek = regular__seek,
    .stat = regular__stat,
    .truncate = regular__truncate,
    .release = regular__release,
};

/* Opened with O_PATH: it names something, and that is all. */
const struct file_functions file_path = {
    .stat = regular__stat,
    .release = regular__release,
};
