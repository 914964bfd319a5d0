/* What takes a path and changes something: names, rights, times, size. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#include "contents.h"
#include "internal.h"
#include "path.h"

#define HERE ((uint64_t)AT_FDCWD)
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* ---- names --------------------------------------------------------------------------------------------- */

/* Regular files only. Of devices and of what joins processes Linux says so where a file system does not have them. */
static int64_t mknod_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t mode) {
    struct place place;
    uint32_t type = (uint32_t)mode & S_IFMT;
    if (type == S_IFDIR || type == S_IFLNK) return type == S_IFDIR ? -EPERM : -EINVAL;
    int error = path__resolve(vm, folder, path, PATH_NAME, &place);
    if (error != 0) return error;
    if (place.type != TREE_FREE) return -EEXIST;
    if (place.is_slash) return -ENOENT;
    if (type != 0 && type != S_IFREG) return -EPERM;
    return place__make(vm, &place, TREE_FILE, (uint32_t)mode & 07777 & ~vm->kernel->process.mask);
}

static int64_t call_mknod(struct vm *vm, const uint64_t a[6]) {
    return mknod_at(vm, HERE, a[0], a[1]);
}

static int64_t call_mknodat(struct vm *vm, const uint64_t a[6]) {
    return mknod_at(vm, a[0], a[1], a[2]);
}

static int64_t mkdir_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t mode) {
    struct place place;
    int error = path__resolve(vm, folder, path, PATH_NAME, &place);
    if (error != 0) return error;
    uint32_t allowed = (uint32_t)mode & 01777 & ~vm->kernel->process.mask;
    return place__make(vm, &place, TREE_FOLDER, allowed);
}

static int64_t call_mkdir(struct vm *vm, const uint64_t a[6]) {
    return mkdir_at(vm, HERE, a[0], a[1]);
}

static int64_t call_mkdirat(struct vm *vm, const uint64_t a[6]) {
    return mkdir_at(vm, a[0], a[1], a[2]);
}

static int64_t unlink_at(struct vm *vm, uint64_t folder, uint64_t path, int is_folder) {
    struct place place;
    int error = path__resolve(vm, folder, path, PATH_NAME, &place);
    if (error != 0) return error;
    return is_folder ? place__remove_folder(vm, &place) : place__unlink(vm, &place);
}

static int64_t call_unlink(struct vm *vm, const uint64_t a[6]) {
    return unlink_at(vm, HERE, a[0], 0);
}

static int64_t call_rmdir(struct vm *vm, const uint64_t a[6]) {
    return unlink_at(vm, HERE, a[0], 1);
}

static int64_t call_unlinkat(struct vm *vm, const uint64_t a[6]) {
    if ((uint32_t)a[2] & ~(uint32_t)AT_REMOVEDIR) return -EINVAL;
    return unlink_at(vm, a[0], a[1], (a[2] & AT_REMOVEDIR) != 0);
}

static int64_t rename_at(struct vm *vm, uint64_t from_folder, uint64_t from_path, uint64_t to_folder, uint64_t to_path,
                         int may_replace) {
    struct place from, to;
    int error = path__resolve(vm, from_folder, from_path, PATH_NAME, &from);
    if (error == 0) error = path__resolve(vm, to_folder, to_path, PATH_NAME, &to);
    return error != 0 ? error : place__rename(vm, &from, &to, may_replace);
}

static int64_t call_rename(struct vm *vm, const uint64_t a[6]) {
    return rename_at(vm, HERE, a[0], HERE, a[1], 1);
}

static int64_t call_renameat(struct vm *vm, const uint64_t a[6]) {
    return rename_at(vm, a[0], a[1], a[2], a[3], 1);
}

static int64_t call_renameat2(struct vm *vm, const uint64_t a[6]) {
    if ((uint32_t)a[4] & ~(uint32_t)RENAME_NOREPLACE) return -EINVAL;
    return rename_at(vm, a[0], a[1], a[2], a[3], (a[4] & RENAME_NOREPLACE) == 0);
}

static int64_t link_at(struct vm *vm, uint64_t from_folder, uint64_t from_path, uint64_t to_folder, uint64_t to_path,
                       uint32_t flags) {
    struct place from, to;
    int error = path__resolve(vm, from_folder, from_path, flags, &from);
    if (error == 0 && from.type == TREE_FREE) error = -ENOENT;
    if (error == 0) error = path__resolve(vm, to_folder, to_path, PATH_NAME, &to);
    return error != 0 ? error : place__link(vm, &from, &to);
}

static int64_t call_link(struct vm *vm, const uint64_t a[6]) {
    return link_at(vm, HERE, a[0], HERE, a[1], PATH_NO_FOLLOW);
}

static int64_t call_linkat(struct vm *vm, const uint64_t a[6]) {
    uint32_t flags = (uint32_t)a[4];
    if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    uint32_t how = flags & AT_SYMLINK_FOLLOW ? 0 : PATH_NO_FOLLOW;
    if (flags & AT_EMPTY_PATH) how |= PATH_MAY_BE_EMPTY;
    return link_at(vm, a[0], a[1], a[2], a[3], how);
}

static int64_t symlink_at(struct vm *vm, uint64_t target_address, uint64_t folder, uint64_t path) {
    struct place place;
    char target[PATH_BYTES];
    int64_t size = access__string(vm, target, target_address, sizeof target);
    if (size <= 0) return size == 0 ? -ENOENT : size;
    int error = path__resolve(vm, folder, path, PATH_NAME, &place);
    if (error == 0 && place.type == TREE_FREE && place.is_slash) error = -ENOENT;
    return error != 0 ? error : place__make_link(vm, &place, target, (size_t)size);
}

static int64_t call_symlink(struct vm *vm, const uint64_t a[6]) {
    return symlink_at(vm, a[0], HERE, a[1]);
}

static int64_t call_symlinkat(struct vm *vm, const uint64_t a[6]) {
    return symlink_at(vm, a[0], a[1], a[2]);
}

static int64_t call_umask(struct vm *vm, const uint64_t a[6]) {
    uint32_t old = vm->kernel->process.mask;
    vm->kernel->process.mask = (uint32_t)a[0] & 0777;
    return old;
}

/* ---- what is known of a file --------------------------------------------------------------------------- */

/* The node of a place, to be changed: the guest's own from now on. */
static int own(struct vm *vm, struct place *place, struct tree_node **node) {
    if (place->type == TREE_FREE) return -ENOENT;
    int is_proc = place->node == TREE_NONE && place->below.layer == LAYER_PROC;
    if (place->type == TREE_SPECIAL || is_proc) return -EPERM;
    int error = place__pin(vm, place);
    if (error == 0) error = tree__own(vm, place->node);
    if (error != 0 && place->node != TREE_NONE) tree__forget(vm, place->node);
    if (error != 0) return error;
    *node = tree__node(vm, place->node);
    return 0;
}

static int own_of_file(struct vm *vm, uint64_t descriptor, struct tree_node **node) {
    const struct file *file = file__of(vm, descriptor);
    if (file == NULL || file->kind == FILE_PATH) return -EBADF;
    if (file->kind != FILE_REGULAR && file->kind != FILE_FOLDER) return -EPERM;
    *node = tree__node(vm, file->object);
    return tree__own(vm, file->object);
}

static int64_t set_mode(struct vm *vm, struct tree_node *node, uint64_t mode) {
    if (node->type == TREE_LINK) return -EOPNOTSUPP;
    node->mode = (uint32_t)mode & 07777;
    node->changed_ns = tree__now(vm);
    return 0;
}

static int64_t chmod_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t mode, uint32_t flags) {
    struct place place;
    struct tree_node *node;
    int error = path__resolve(vm, folder, path, flags, &place);
    if (error == 0) error = own(vm, &place, &node);
    return error != 0 ? error : set_mode(vm, node, mode);
}

static int64_t call_chmod(struct vm *vm, const uint64_t a[6]) {
    return chmod_at(vm, HERE, a[0], a[1], 0);
}

static int64_t call_fchmodat(struct vm *vm, const uint64_t a[6]) {
    return chmod_at(vm, a[0], a[1], a[2], 0);
}

static int64_t call_fchmodat2(struct vm *vm, const uint64_t a[6]) {
    uint32_t flags = (uint32_t)a[3];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    uint32_t how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NO_FOLLOW : 0;
    return chmod_at(vm, a[0], a[1], a[2], how | (flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : 0));
}

static int64_t call_fchmod(struct vm *vm, const uint64_t a[6]) {
    struct tree_node *node;
    int error = own_of_file(vm, a[0], &node);
    return error != 0 ? error : set_mode(vm, node, a[1]);
}

/* All files are the one user's, and can be given to no other. */
static int64_t check_owner(uint64_t user, uint64_t group) {
    int is_user = (uint32_t)user == UINT32_MAX || (uint32_t)user == PROCESS_USER;
    int is_group = (uint32_t)group == UINT32_MAX || (uint32_t)group == PROCESS_GROUP;
    return is_user && is_group ? 0 : -EPERM;
}

static int64_t chown_at(struct vm *vm, uint64_t folder, uint64_t path, uint64_t user, uint64_t group, uint32_t flags) {
    struct place place;
    int error = path__resolve(vm, folder, path, flags, &place);
    if (error == 0 && place.type == TREE_FREE) error = -ENOENT;
    return error != 0 ? error : check_owner(user, group);
}

static int64_t call_chown(struct vm *vm, const uint64_t a[6]) {
    return chown_at(vm, HERE, a[0], a[1], a[2], 0);
}

static int64_t call_lchown(struct vm *vm, const uint64_t a[6]) {
    return chown_at(vm, HERE, a[0], a[1], a[2], PATH_NO_FOLLOW);
}

static int64_t call_fchownat(struct vm *vm, const uint64_t a[6]) {
    uint32_t flags = (uint32_t)a[4];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    uint32_t how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NO_FOLLOW : 0;
    return chown_at(vm, a[0], a[1], a[2], a[3], how | (flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : 0));
}

static int64_t call_fchown(struct vm *vm, const uint64_t a[6]) {
    const struct file *file = file__of(vm, a[0]);
    return file == NULL || file->kind == FILE_PATH ? -EBADF : check_owner(a[1], a[2]);
}

static int64_t call_truncate(struct vm *vm, const uint64_t a[6]) {
    struct place place;
    struct tree_node *node;
    if ((int64_t)a[1] < 0) return -EINVAL;
    int error = path__resolve(vm, HERE, a[0], 0, &place);
    if (error == 0 && place.type == TREE_FOLDER) error = -EISDIR;
    if (error == 0 && a[1] > CONTENTS_BYTES_MAX) error = -EFBIG;
    if (error == 0 && place.type == TREE_SOCKET) error = -EINVAL;
    if (error == 0) error = own(vm, &place, &node);
    if (error == 0 && (node->type != TREE_FILE || !(node->mode & S_IWUSR))) error = -EACCES;
    return error != 0 ? error : contents__resize(vm, place.node, a[1]);
}

/* ---- times --------------------------------------------------------------------------------------------- */

#define TIME_KEPT INT64_MIN

struct file_times {
    int64_t accessed, modified; /* ns, or TIME_KEPT */
};

/* A time that a file can have: about 292 years around 1970. */
static int64_t from_parts(int64_t seconds, int64_t rest_ns, int64_t *ns) {
    const int64_t most = INT64_MAX / (int64_t)NANOSECONDS - 1;
    if (rest_ns < 0 || rest_ns >= (int64_t)NANOSECONDS) return -EINVAL;
    if (seconds > most) seconds = most;
    if (seconds < -most) seconds = -most;
    *ns = seconds * (int64_t)NANOSECONDS + rest_ns;
    return 0;
}

static int64_t from_timespec(struct vm *vm, struct timespec time, int64_t *ns) {
    *ns = time.tv_nsec == UTIME_NOW ? tree__now(vm) : TIME_KEPT;
    if (time.tv_nsec == UTIME_NOW || time.tv_nsec == UTIME_OMIT) return 0;
    return from_parts(time.tv_sec, time.tv_nsec, ns);
}

static int64_t read_timespecs(struct vm *vm, uint64_t address, struct file_times *times) {
    struct timespec parts[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    if (address != 0 && access__read(vm, parts, address, sizeof parts) != 0) return -EFAULT;
    int64_t error = from_timespec(vm, parts[0], &times->accessed);
    return error != 0 ? error : from_timespec(vm, parts[1], &times->modified);
}

static int64_t read_timevals(struct vm *vm, uint64_t address, struct file_times *times) {
    struct timeval parts[2];
    if (address == 0) return read_timespecs(vm, 0, times);
    if (access__read(vm, parts, address, sizeof parts) != 0) return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (parts[i].tv_usec < 0 || parts[i].tv_usec >= 1000000) return -EINVAL;
    }
    int64_t error = from_parts(parts[0].tv_sec, parts[0].tv_usec * 1000, &times->accessed);
    return error != 0 ? error : from_parts(parts[1].tv_sec, parts[1].tv_usec * 1000, &times->modified);
}

static int64_t set_times(struct vm *vm, struct tree_node *node, const struct file_times *times) {
    if (times->accessed != TIME_KEPT) node->accessed_ns = times->accessed;
    if (times->modified != TIME_KEPT) node->modified_ns = times->modified;
    node->changed_ns = tree__now(vm);
    return 0;
}

static int64_t set_times_at(struct vm *vm, uint64_t folder, uint64_t path, uint32_t flags,
                            const struct file_times *times) {
    struct place place;
    struct tree_node *node;
    int error = path__resolve(vm, folder, path, flags, &place);
    if (error == 0) error = own(vm, &place, &node);
    return error != 0 ? error : set_times(vm, node, times);
}

static int64_t call_utimensat(struct vm *vm, const uint64_t a[6]) {
    struct file_times times;
    struct tree_node *node;
    uint32_t flags = (uint32_t)a[3];
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    int64_t error = read_timespecs(vm, a[2], &times);
    if (error != 0) return error;
    if (a[1] == 0) {
        error = own_of_file(vm, a[0], &node);
        return error != 0 ? error : set_times(vm, node, &times);
    }
    uint32_t how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NO_FOLLOW : 0;
    return set_times_at(vm, a[0], a[1], how | (flags & AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : 0), &times);
}

static int64_t call_utimes(struct vm *vm, const uint64_t a[6]) {
    struct file_times times;
    int64_t error = read_timevals(vm, a[1], &times);
    return error != 0 ? error : set_times_at(vm, HERE, a[0], 0, &times);
}

static int64_t call_futimesat(struct vm *vm, const uint64_t a[6]) {
    struct file_times times;
    int64_t error = read_timevals(vm, a[2], &times);
    return error != 0 ? error : set_times_at(vm, a[0], a[1], 0, &times);
}

static int64_t call_utime(struct vm *vm, const uint64_t a[6]) {
    struct file_times times;
    struct utimbuf parts;
    int64_t error = 0;
    if (a[1] == 0) {
        error = read_timespecs(vm, 0, &times);
    } else {
        if (access__read(vm, &parts, a[1], sizeof parts) != 0) return -EFAULT;
        from_parts(parts.actime, 0, &times.accessed);
        from_parts(parts.modtime, 0, &times.modified);
    }
    return error != 0 ? error : set_times_at(vm, HERE, a[0], 0, &times);
}

static const struct call calls[] = {
    {SYS_mkdir, "mkdir", call_mkdir, "sx----"},
    {SYS_mknod, "mknod", call_mknod, "sxx---"},
    {SYS_mknodat, "mknodat", call_mknodat, "dsxx--"},
    {SYS_mkdirat, "mkdirat", call_mkdirat, "dsx---"},
    {SYS_unlink, "unlink", call_unlink, "s-----"},
    {SYS_unlinkat, "unlinkat", call_unlinkat, "dsx---"},
    {SYS_rmdir, "rmdir", call_rmdir, "s-----"},
    {SYS_rename, "rename", call_rename, "ss----"},
    {SYS_renameat, "renameat", call_renameat, "dsds--"},
    {SYS_renameat2, "renameat2", call_renameat2, "dsdsx-"},
    {SYS_link, "link", call_link, "ss----"},
    {SYS_linkat, "linkat", call_linkat, "dsdsx-"},
    {SYS_symlink, "symlink", call_symlink, "ss----"},
    {SYS_symlinkat, "symlinkat", call_symlinkat, "sds---"},
    {SYS_umask, "umask", call_umask, "x-----"},
    {SYS_chmod, "chmod", call_chmod, "sx----"},
    {SYS_fchmod, "fchmod", call_fchmod, "dx----"},
    {SYS_fchmodat, "fchmodat", call_fchmodat, "dsx---"},
    {SYS_fchmodat2, "fchmodat2", call_fchmodat2, "dsxx--"},
    {SYS_chown, "chown", call_chown, "suu---"},
    {SYS_lchown, "lchown", call_lchown, "suu---"},
    {SYS_fchown, "fchown", call_fchown, "duu---"},
    {SYS_fchownat, "fchownat", call_fchownat, "dsuux-"},
    {SYS_truncate, "truncate", call_truncate, "si----"},
    {SYS_utimensat, "utimensat", call_utimensat, "dspx--"},
    {SYS_utimes, "utimes", call_utimes, "sp----"},
    {SYS_futimesat, "futimesat", call_futimesat, "dsp---"},
    {SYS_utime, "utime", call_utime, "sp----"},
};

const struct call_family calls_names = {"names", calls, sizeof calls / sizeof *calls};
