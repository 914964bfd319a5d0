/* What takes a path and changes no name: opening, looking, going there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "internal.h"
#include "path.h"

#define HERE ((uint64_t)AT_FDCWD)

/* Flags of *at calls that choose the place; others, where they are allowed, change nothing here. */
static uint32_t path_flags(uint64_t flags) {
    uint32_t found = flags & AT_SYMLINK_NOFOLLOW ? PATH_NO_FOLLOW : 0;
    return found | (flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : 0);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static int64_t open_at(struct vm *vm, uint64_t folder, uint64_t path, uint32_t flags, uint32_t mode) {
    struct place place;
    struct file *file;
    int is_exclusive = (flags & O_CREAT) && (flags & O_EXCL);
    uint32_t how = (flags & O_NOFOLLOW) || is_exclusive ? PATH_NO_FOLLOW : 0;
    if (flags & O_CREAT) how |= PATH_CREATES;
    if ((flags & O_ACCMODE) == O_ACCMODE) return -EINVAL;
    int error = path__resolve(vm, folder, path, how, &place);
    if (error == 0) error = place__open(vm, &place, flags, mode & 07777, &file);
    return error != 0 ? error : descriptor__install(vm, file, 0, (flags & O_CLOEXEC) != 0);
}

static int64_t call_open(struct vm *vm, const uint64_t a[6]) {
    return open_at(vm, HERE, a[0], (uint32_t)a[1], (uint32_t)a[2]);
}

static int64_t call_openat(struct vm *vm, const uint64_t a[6]) {
    return open_at(vm, a[0], a[1], (uint32_t)a[2], (uint32_t)a[3]);
}

static int64_t call_creat(struct vm *vm, const uint64_t a[6]) {
    return open_at(vm, HERE, a[0], O_CREAT | O_WRONLY | O_TRUNC, (uint32_t)a[1]);
}

static int64_t call_openat2(struct vm *vm, const uint64_t a[6]) {
    struct open_how how;
    if (a[3] != sizeof how) return a[3] < sizeof how ? -EINVAL : -E2BIG;
    if (access__read(vm, &how, a[2], sizeof how) != 0) return -EFAULT;
    int makes = (how.flags & O_CREAT) || (how.flags & O_TMPFILE) == O_TMPFILE;
    if (how.flags > UINT32_MAX || how.mode > 07777 || (how.mode != 0 && !makes)) return -EINVAL;
    /* Callers that want it then use openat. */
    if (how.resolve != 0) return -ENOSYS;
    return open_at(vm, a[0], a[1], (uint32_t)how.flags, (uint32_t)how.mode);
}

/* ---- stat ---------------------------------------------------------------------------------------------- */

static int stat_file(struct vm *vm, struct file *file, struct stat *stat) {
    const struct file_functions *functions = file__functions(file);
    memset(stat, 0, sizeof *stat);
    return functions->stat == NULL ? 0 : (int)functions->stat(vm, file, stat);
}

static int stat_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t flags, struct stat *stat) {
    struct place place;
    int error = path__resolve(vm, folder, path, path_flags(flags), &place);
    if (error != 0) return error;
    if (place.type == TREE_FREE) return -ENOENT;
    if (place.file != 0) return stat_file(vm, &vm->kernel->files.items[place.file - 1], stat);
    place__stat(vm, &place, stat);
    return 0;
}

static int64_t give_stat(struct vm *vm, int error, uint64_t address, const struct stat *stat) {
    return error != 0 ? error : access__write(vm, address, stat, sizeof *stat);
}

static int64_t call_stat(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    return give_stat(vm, stat_at(vm, HERE, a[0], 0, &stat), a[1], &stat);
}

static int64_t call_lstat(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    return give_stat(vm, stat_at(vm, HERE, a[0], AT_SYMLINK_NOFOLLOW, &stat), a[1], &stat);
}

static int64_t call_fstat(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    return give_stat(vm, stat_file(vm, file, &stat), a[1], &stat);
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)

static int64_t call_newfstatat(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    if ((uint32_t)a[3] & ~(uint32_t)STAT_FLAGS) return -EINVAL;
    return give_stat(vm, stat_at(vm, a[0], a[1], a[3], &stat), a[2], &stat);
}

static struct statx_timestamp statx_time(struct timespec time) {
    return (struct statx_timestamp){.tv_sec = time.tv_sec, .tv_nsec = (uint32_t)time.tv_nsec};
}

static int64_t call_statx(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    uint32_t flags = (uint32_t)a[2], wanted = (uint32_t)a[3];
    if (flags & ~(uint32_t)(STAT_FLAGS | AT_STATX_SYNC_TYPE) || wanted & STATX__RESERVED) return -EINVAL;
    int error = stat_at(vm, a[0], a[1], flags, &stat);
    if (error != 0) return error;
    struct statx statx = {
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = (uint32_t)stat.st_blksize,
        .stx_nlink = (uint32_t)stat.st_nlink,
        .stx_uid = stat.st_uid,
        .stx_gid = stat.st_gid,
        .stx_mode = (uint16_t)stat.st_mode,
        .stx_ino = stat.st_ino,
        .stx_size = (uint64_t)stat.st_size,
        .stx_blocks = (uint64_t)stat.st_blocks,
        .stx_atime = statx_time(stat.st_atim),
        .stx_mtime = statx_time(stat.st_mtim),
        .stx_ctime = statx_time(stat.st_ctim),
        .stx_rdev_major = major(stat.st_rdev),
        .stx_rdev_minor = minor(stat.st_rdev),
        .stx_dev_major = major(stat.st_dev),
        .stx_dev_minor = minor(stat.st_dev),
    };
    return access__write(vm, a[4], &statx, sizeof statx);
}

/* ---- the file system ----------------------------------------------------------------------------------- */

static int64_t give_statfs(struct vm *vm, uint64_t address) {
    const struct tree *tree = &vm->kernel->tree;
    uint64_t free = vm->limits.file_bytes > tree->bytes ? vm->limits.file_bytes - tree->bytes : 0;
    struct statfs statfs = {
        .f_type = OVERLAYFS_SUPER_MAGIC,
        .f_bsize = (long)PAGE_SIZE,
        .f_frsize = (long)PAGE_SIZE,
        /* One for the root: no file system in use is empty, and programs divide by what is used. */
        .f_blocks = vm->limits.file_bytes / PAGE_SIZE + 1,
        .f_bfree = free / PAGE_SIZE,
        .f_bavail = free / PAGE_SIZE,
        .f_files = vm->limits.files,
        .f_ffree = vm->limits.files > tree->made ? vm->limits.files - tree->made : 0,
        .f_namelen = TREE_NAME_MAX,
    };
    return access__write(vm, address, &statfs, sizeof statfs);
}

static int64_t call_statfs(struct vm *vm, const uint64_t a[6]) {
    struct stat stat;
    int error = stat_at(vm, HERE, a[0], 0, &stat);
    return error != 0 ? error : give_statfs(vm, a[1]);
}

static int64_t call_fstatfs(struct vm *vm, const uint64_t a[6]) {
    return file__of(vm, a[0]) == NULL ? -EBADF : give_statfs(vm, a[1]);
}

/* ---- access -------------------------------------------------------------------------------------------- */

static int64_t access_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t mode, uint64_t flags) {
    struct stat stat;
    if (mode & ~(uint64_t)(R_OK | W_OK | X_OK)) return -EINVAL;
    int error = stat_at(vm, folder, path, flags, &stat);
    if (error != 0) return error;
    /* What R_OK, W_OK and X_OK ask is how the owner's bits are written. */
    return (stat.st_mode >> 6 & mode) == mode ? 0 : -EACCES;
}

static int64_t call_access(struct vm *vm, const uint64_t a[6]) {
    return access_at(vm, HERE, a[0], (uint32_t)a[1], 0);
}

static int64_t call_faccessat(struct vm *vm, const uint64_t a[6]) {
    return access_at(vm, a[0], a[1], (uint32_t)a[2], 0);
}

static int64_t call_faccessat2(struct vm *vm, const uint64_t a[6]) {
    if ((uint32_t)a[3] & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    return access_at(vm, a[0], a[1], (uint32_t)a[2], a[3]);
}

static int64_t readlink_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t to, uint64_t capacity) {
    struct place place;
    char target[PATH_BYTES];
    if ((int32_t)capacity <= 0) return -EINVAL;
    int error = path__resolve(vm, folder, path, PATH_NO_FOLLOW | PATH_MAY_BE_EMPTY, &place);
    if (error != 0) return error;
    if (place.type == TREE_FREE) return -ENOENT;
    int64_t size = place__target(vm, &place, target, sizeof target);
    if (size < 0) return size;
    if ((uint64_t)size > (uint32_t)capacity) size = (int64_t)(uint32_t)capacity;
    return access__write(vm, to, target, (size_t)size) != 0 ? -EFAULT : size;
}

static int64_t call_readlink(struct vm *vm, const uint64_t a[6]) {
    return readlink_at(vm, HERE, a[0], a[1], a[2]);
}

static int64_t call_readlinkat(struct vm *vm, const uint64_t a[6]) {
    return readlink_at(vm, a[0], a[1], a[2], a[3]);
}

/* ---- the working folder -------------------------------------------------------------------------------- */

static int64_t call_getcwd(struct vm *vm, const uint64_t a[6]) {
    struct place place;
    int error = path__find(vm, ".", 0, &place);
    if (error != 0) return error;
    const char *path = place.size == 0 ? "/" : place.path;
    size_t size = strlen(path) + 1;
    if (size > a[1]) return -ERANGE;
    return access__write(vm, a[0], path, size) != 0 ? -EFAULT : (int64_t)size;
}

static int64_t go_to(struct vm *vm, const struct place *place) {
    if (place->type == TREE_FREE) return -ENOENT;
    if (place->type != TREE_FOLDER) return -ENOTDIR;
    if (place->size == 0 && place->node != TREE_ROOT) return -ENOENT;
    struct stat stat;
    place__stat(vm, place, &stat);
    if (!(stat.st_mode & S_IXUSR)) return -EACCES;
    struct process *process = &vm->kernel->process;
    memcpy(process->folder, place->path, place->size + 1);
    if (place->size == 0) strcpy(process->folder, "/");
    return 0;
}

static int64_t call_chdir(struct vm *vm, const uint64_t a[6]) {
    struct place place;
    int error = path__resolve(vm, HERE, a[0], 0, &place);
    return error != 0 ? error : go_to(vm, &place);
}

static int64_t call_fchdir(struct vm *vm, const uint64_t a[6]) {
    const struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    if (file->kind != FILE_FOLDER && file->kind != FILE_PATH) return -ENOTDIR;
    struct place place = {.type = tree__node(vm, file->object)->type, .node = file->object};
    int64_t size = tree__path(vm, file->object, place.path, sizeof place.path);
    if (size < 0) return size;
    place.size = (size_t)size;
    return go_to(vm, &place);
}

static int64_t call_no_attributes(struct vm *vm, const uint64_t a[6]) {
    (void)vm;
    (void)a;
    return -EOPNOTSUPP;
}

static const struct call calls[] = {
    {SYS_open, "open", call_open, "sxx---"},
    {SYS_openat, "openat", call_openat, "dsxx--"},
    {SYS_openat2, "openat2", call_openat2, "dspz--"},
    {SYS_creat, "creat", call_creat, "sx----"},
    {SYS_stat, "stat", call_stat, "sp----"},
    {SYS_lstat, "lstat", call_lstat, "sp----"},
    {SYS_fstat, "fstat", call_fstat, "dp----"},
    {SYS_newfstatat, "newfstatat", call_newfstatat, "dspx--"},
    {SYS_statx, "statx", call_statx, "dsxxp-"},
    {SYS_statfs, "statfs", call_statfs, "sp----"},
    {SYS_fstatfs, "fstatfs", call_fstatfs, "dp----"},
    {SYS_access, "access", call_access, "sx----"},
    {SYS_faccessat, "faccessat", call_faccessat, "dsx---"},
    {SYS_faccessat2, "faccessat2", call_faccessat2, "dsxx--"},
    {SYS_readlink, "readlink", call_readlink, "spz---"},
    {SYS_readlinkat, "readlinkat", call_readlinkat, "dspz--"},
    {SYS_getcwd, "getcwd", call_getcwd, "pz----"},
    {SYS_chdir, "chdir", call_chdir, "s-----"},
    {SYS_fchdir, "fchdir", call_fchdir, "d-----"},
    {SYS_getxattr, "getxattr", call_no_attributes, "sspz--"},
    {SYS_lgetxattr, "lgetxattr", call_no_attributes, "sspz--"},
    {SYS_fgetxattr, "fgetxattr", call_no_attributes, "dspz--"},
    {SYS_listxattr, "listxattr", call_no_attributes, "spz---"},
    {SYS_llistxattr, "llistxattr", call_no_attributes, "spz---"},
    {SYS_flistxattr, "flistxattr", call_no_attributes, "dpz---"},
    {SYS_setxattr, "setxattr", call_no_attributes, "sspzx-"},
    {SYS_lsetxattr, "lsetxattr", call_no_attributes, "sspzx-"},
    {SYS_fsetxattr, "fsetxattr", call_no_attributes, "dspzx-"},
    {SYS_removexattr, "removexattr", call_no_attributes, "ss----"},
    {SYS_lremovexattr, "lremovexattr", call_no_attributes, "ss----"},
    {SYS_fremovexattr, "fremovexattr", call_no_attributes, "ds----"},
};

const struct call_family calls_paths = {"paths", calls, sizeof calls / sizeof *calls};
