/* What a file of /proc shows: made when it was opened, and read like any file. */
#include <sys/stat.h>

#include "file_regular.h"
#include "internal.h"
#include "path.h"

static int64_t text_stat(struct vm *vm, struct file *file, struct stat *stat) {
    place__stat_node(vm, file->object, stat);
    stat->st_size = 0;
    stat->st_blocks = 0;
    stat->st_nlink = 1;
    return 0;
}

const struct file_functions file_text = {
    .read = regular__read,
    .seek = regular__seek,
    .stat = text_stat,
    .release = regular__release,
};
