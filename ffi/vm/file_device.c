#include "file_device.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "internal.h"
#include "random.h"

/* What one read gives at most. */
#define ZEROS_MAX (UINT64_C(16) << 20)

static int64_t device_read(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    (void)offset;
    switch ((enum device)file->object) {
    case DEVICE_NULL: return 0;
    case DEVICE_ZERO:
    case DEVICE_FULL:
        if (size > ZEROS_MAX) size = ZEROS_MAX;
        return access__fill(vm, address, 0, size) != 0 ? -EFAULT : (int64_t)size;
    case DEVICE_RANDOM:
    case DEVICE_URANDOM: return random__give(vm, address, size);
    case DEVICE_TTY: break;
    }
    return -EINVAL;
}

static int64_t device_write(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    (void)vm;
    (void)address;
    (void)offset;
    return file->object == DEVICE_FULL && size > 0 ? -ENOSPC : (int64_t)(size & INT32_MAX);
}

static int64_t device_seek(struct vm *vm, struct file *file, int64_t offset, int whence) {
    (void)vm;
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

static int64_t device_stat(struct vm *vm, struct file *file, struct stat *stat) {
    (void)vm;
    memset(stat, 0, sizeof *stat);
    stat->st_mode = S_IFCHR | 0666;
    stat->st_nlink = 1;
    stat->st_ino = file->object;
    stat->st_rdev = makedev(DEVICE_MAJOR, file->object);
    stat->st_blksize = (blksize_t)PAGE_SIZE;
    return 0;
}

const struct file_functions file_device = {
    .read = device_read,
    .write = device_write,
    .seek = device_seek,
    .stat = device_stat,
};
