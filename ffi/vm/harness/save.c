/* A snapshot in a file: there whole or not at all, and in place of nothing but another snapshot. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../snapshot_file.h"
#include "harness.h"

static int save__cannot(const char *path, const char *why) {
    return harness_fail(HARNESS_FAILED, "a new file in a folder of yours", "Cannot write %s: %s", path, why);
}

/* What nothing is lost with. */
static int save__is_snapshot(const char *path, const struct stat *there) {
    if (!S_ISREG(there->st_mode)) return 0;
    if (there->st_size == 0) return 1;
    uint64_t magic = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, &magic, sizeof magic);
    if (file >= 0) close(file);
    return size == sizeof magic && magic == SNAPSHOT_MAGIC;
}

int harness_save_check(const char *path) {
    struct stat there;
    if (lstat(path, &there) == 0 && !save__is_snapshot(path, &there)) return save__cannot(path, "it is no snapshot");
    char *copy = strdup(path);
    if (copy == NULL) return save__cannot(path, strerror(ENOMEM));
    int error = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
    free(copy);
    return error == 0 ? 0 : save__cannot(path, strerror(error));
}

static int save__take(struct vm *vm, int file, const char *beside, const char *path) {
    const struct vm_snapshot_options options = {.file = file};
    struct vm_snapshot *snapshot;
    struct vm_text why;
    if (vm_snapshot_take(vm, &options, &snapshot, &why) != 0) {
        return harness_fail(HARNESS_FAILED, "--trace, for what it does", "Cannot snapshot it: %s", why.bytes);
    }
    vm_snapshot_close(snapshot);
    return rename(beside, path) == 0 ? 0 : save__cannot(path, strerror(errno));
}

int harness_save(struct vm *vm, const char *path) {
    char *beside = harness_text("%s.XXXXXX", path);
    int file = beside == NULL ? -1 : mkostemp(beside, O_CLOEXEC);
    int status = file < 0 ? save__cannot(path, strerror(errno)) : save__take(vm, file, beside, path);
    if (file >= 0) close(file);
    if (file >= 0 && status != 0) unlink(beside);
    free(beside);
    return status;
}
