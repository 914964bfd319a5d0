/* What takes the descriptor of a file: reading, writing, moving, its size and its entries. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "contents.h"
#include "internal.h"
#include "path.h"

/* As Linux has it: what one call moves at most. */
#define TRANSFER_MAX UINT64_C(0x7ffff000)
/* What one copy between files moves at most: more would outlast a deadline. */
#define COPY_MAX (UINT64_C(16) << 20)
#define COPY_PIECE 16384u
#define NAME_OF_MEMFD_MAX 249u
#define RWF_ALLOWED (RWF_HIPRI | RWF_DSYNC | RWF_SYNC)

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int is_path(const struct file *file) {
    return (file->flags & O_PATH) != 0;
}

static int may_read(const struct file *file) {
    return !is_path(file) && (file->flags & O_ACCMODE) != O_WRONLY;
}

static int may_write(const struct file *file) {
    return !is_path(file) && (file->flags & O_ACCMODE) != O_RDONLY;
}

/* ---- at the file's position ---------------------------------------------------------------------------- */

static int64_t call_read(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    struct guest_vector part = {a[1], least(a[2], TRANSFER_MAX)};
    return file__read(vm, file, &part, 1);
}

static int64_t call_write(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    struct guest_vector part = {a[1], least(a[2], TRANSFER_MAX)};
    return file__write(vm, file, &part, 1);
}

static int64_t call_readv(struct vm *vm, const uint64_t a[6]) {
    struct guest_vector parts[GUEST_VECTORS_MAX];
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    int error = access__vectors(vm, parts, a[1], a[2]);
    return error != 0 ? error : file__read(vm, file, parts, (uint32_t)a[2]);
}

static int64_t call_writev(struct vm *vm, const uint64_t a[6]) {
    struct guest_vector parts[GUEST_VECTORS_MAX];
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    int error = access__vectors(vm, parts, a[1], a[2]);
    return error != 0 ? error : file__write(vm, file, parts, (uint32_t)a[2]);
}

/* ---- at a position of the call's ----------------------------------------------------------------------- */

/* May it be read, or written, anywhere? 0 or -errno. */
static int64_t check_position(struct vm *vm, uint64_t descriptor, int64_t offset, int writes, struct file **file) {
    *file = file__of(vm, descriptor);
    if (offset < 0) return -EINVAL;
    if (*file == NULL || !(writes ? may_write(*file) : may_read(*file))) return -EBADF;
    if ((*file)->kind == FILE_FOLDER) return -EISDIR;
    const struct file_functions *functions = file__functions(*file);
    if (functions->seek == NULL) return -ESPIPE;
    return (writes ? functions->write : functions->read) == NULL ? -EINVAL : 0;
}

static int64_t move_at(struct vm *vm, struct file *file, const struct guest_vector *parts, uint64_t count,
                       int64_t offset, int writes) {
    const struct file_functions *functions = file__functions(file);
    int64_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size = least(parts[i].size, TRANSFER_MAX - (uint64_t)total);
        if (offset > INT64_MAX - total - (int64_t)size) return total > 0 ? total : -EFBIG;
        int64_t moved = (writes ? functions->write : functions->read)(vm, file, parts[i].address, size, offset + total);
        if (moved < 0) return total > 0 ? total : moved;
        total += moved;
        if ((uint64_t)moved < parts[i].size) break;
    }
    return total;
}

static int64_t move_one(struct vm *vm, const uint64_t a[6], int writes) {
    struct file *file;
    int64_t error = check_position(vm, a[0], (int64_t)a[3], writes, &file);
    struct guest_vector part = {a[1], a[2]};
    return error != 0 ? error : move_at(vm, file, &part, 1, (int64_t)a[3], writes);
}

static int64_t move_many(struct vm *vm, const uint64_t a[6], int writes) {
    struct guest_vector parts[GUEST_VECTORS_MAX];
    struct file *file;
    int64_t error = check_position(vm, a[0], (int64_t)a[3], writes, &file);
    if (error == 0) error = access__vectors(vm, parts, a[1], a[2]);
    return error != 0 ? error : move_at(vm, file, parts, a[2], (int64_t)a[3], writes);
}

static int64_t call_pread64(struct vm *vm, const uint64_t a[6]) {
    return move_one(vm, a, 0);
}

static int64_t call_pwrite64(struct vm *vm, const uint64_t a[6]) {
    return move_one(vm, a, 1);
}

static int64_t call_preadv(struct vm *vm, const uint64_t a[6]) {
    return move_many(vm, a, 0);
}

static int64_t call_pwritev(struct vm *vm, const uint64_t a[6]) {
    return move_many(vm, a, 1);
}

static int64_t call_preadv2(struct vm *vm, const uint64_t a[6]) {
    if (a[5] & ~(uint64_t)RWF_ALLOWED) return -EOPNOTSUPP;
    return a[3] == UINT64_MAX ? call_readv(vm, a) : move_many(vm, a, 0);
}

static int64_t call_pwritev2(struct vm *vm, const uint64_t a[6]) {
    if (a[5] & ~(uint64_t)RWF_ALLOWED) return -EOPNOTSUPP;
    return a[3] == UINT64_MAX ? call_writev(vm, a) : move_many(vm, a, 1);
}

static int64_t call_lseek(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL || is_path(file)) return -EBADF;
    const struct file_functions *functions = file__functions(file);
    return functions->seek == NULL ? -ESPIPE : functions->seek(vm, file, (int64_t)a[1], (int)a[2]);
}

/* ---- size ---------------------------------------------------------------------------------------------- */

static int64_t call_ftruncate(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL || is_path(file)) return -EBADF;
    const struct file_functions *functions = file__functions(file);
    if ((int64_t)a[1] < 0 || functions->truncate == NULL || !may_write(file)) return -EINVAL;
    return functions->truncate(vm, file, a[1]);
}

static int64_t call_fallocate(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL || !may_write(file)) return -EBADF;
    if ((int64_t)a[2] < 0 || (int64_t)a[3] <= 0) return -EINVAL;
    if (a[1] & ~(uint64_t)FALLOC_FL_KEEP_SIZE) return -EOPNOTSUPP;
    if (file->kind != FILE_REGULAR) return file__functions(file)->seek == NULL ? -ESPIPE : -ENODEV;
    int error = tree__own(vm, file->object);
    if (error == 0) error = contents__reserve(vm, file->object, a[2], a[3]);
    if (error != 0 || (a[1] & FALLOC_FL_KEEP_SIZE) || a[2] + a[3] <= tree__node(vm, file->object)->size) return error;
    return contents__resize(vm, file->object, a[2] + a[3]);
}

/* What is in memory alone needs no writing back. */
static int64_t call_fsync(struct vm *vm, const uint64_t a[6]) {
    const struct file *file = file__of(vm, a[0]);
    if (file == NULL || is_path(file)) return -EBADF;
    int is_file = file->kind == FILE_REGULAR || file->kind == FILE_FOLDER;
    return is_file ? 0 : -EINVAL;
}

static int64_t call_advise(struct vm *vm, const uint64_t a[6]) {
    const struct file *file = file__of(vm, a[0]);
    if (file == NULL || is_path(file)) return -EBADF;
    return file__functions(file)->seek == NULL ? -ESPIPE : 0;
}

static int64_t call_sync(struct vm *vm, const uint64_t a[6]) {
    (void)vm;
    (void)a;
    return 0;
}

static int64_t call_getdents64(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL || is_path(file)) return -EBADF;
    const struct file_functions *functions = file__functions(file);
    return functions->entries == NULL ? -ENOTDIR : functions->entries(vm, file, a[1], (uint32_t)a[2]);
}

/* ---- from file to file --------------------------------------------------------------------------------- */

struct copy {
    struct file *from, *to;
    uint64_t from_offset, to_offset;
};

static int64_t copy_bytes(struct vm *vm, const struct copy *copy, uint64_t size) {
    uint8_t piece[COPY_PIECE];
    size = least(size, COPY_MAX);
    int64_t error = tree__own(vm, copy->to->object);
    uint64_t done = 0;
    while (error == 0 && done < size) {
        size_t wanted = (size_t)least(sizeof piece, size - done);
        int64_t got = contents__read(vm, copy->from->object, piece, wanted, copy->from_offset + done);
        if (got > 0) got = contents__write(vm, copy->to->object, piece, (size_t)got, copy->to_offset + done);
        if (got == 0) break;
        if (got < 0) error = got;
        else done += (uint64_t)got;
    }
    return done > 0 ? (int64_t)done : error;
}

/* An offset in guest memory, or the file's position. */
static int64_t read_offset(struct vm *vm, const struct file *file, uint64_t address, uint64_t *offset) {
    *offset = file->position;
    if (address != 0 && access__read(vm, offset, address, sizeof *offset) != 0) return -EFAULT;
    return (int64_t)*offset < 0 ? -EINVAL : 0;
}

static int64_t write_offset(struct vm *vm, struct file *file, uint64_t address, uint64_t offset) {
    if (address != 0) return access__write(vm, address, &offset, sizeof offset);
    file->position = offset;
    return 0;
}

/* Only between files: all that uses it for a pipe or a socket reads and writes when it is refused. */
static int64_t check_copy(const struct file *from, const struct file *to) {
    if (from == NULL || to == NULL || !may_read(from) || !may_write(to)) return -EBADF;
    if (from->kind == FILE_FOLDER || to->kind == FILE_FOLDER) return -EISDIR;
    int are_files = (from->kind == FILE_REGULAR || from->kind == FILE_TEXT) && to->kind == FILE_REGULAR;
    return are_files ? 0 : -EINVAL;
}

static int64_t call_sendfile(struct vm *vm, const uint64_t a[6]) {
    struct copy copy = {.from = file__of(vm, a[1]), .to = file__of(vm, a[0])};
    int64_t error = check_copy(copy.from, copy.to);
    if (error == 0 && (copy.to->flags & O_APPEND)) error = -EINVAL;
    if (error == 0) error = read_offset(vm, copy.from, a[2], &copy.from_offset);
    if (error != 0) return error;
    copy.to_offset = copy.to->position;
    int64_t done = copy_bytes(vm, &copy, a[3]);
    if (done <= 0) return done;
    copy.to->position += (uint64_t)done;
    error = write_offset(vm, copy.from, a[2], copy.from_offset + (uint64_t)done);
    return error != 0 ? error : done;
}

static int64_t call_copy_file_range(struct vm *vm, const uint64_t a[6]) {
    struct copy copy = {.from = file__of(vm, a[0]), .to = file__of(vm, a[2])};
    int64_t error = check_copy(copy.from, copy.to);
    if (error == 0 && a[5] != 0) error = -EINVAL;
    if (error == 0 && (copy.to->flags & O_APPEND)) error = -EBADF;
    if (error == 0) error = read_offset(vm, copy.from, a[1], &copy.from_offset);
    if (error == 0) error = read_offset(vm, copy.to, a[3], &copy.to_offset);
    if (error != 0) return error;
    uint64_t size = least(a[4], COPY_MAX);
    uint64_t apart = copy.from_offset < copy.to_offset ? copy.to_offset - copy.from_offset
                                                       : copy.from_offset - copy.to_offset;
    if (copy.from->object == copy.to->object && apart < size) return -EINVAL;
    int64_t done = copy_bytes(vm, &copy, size);
    if (done <= 0) return done;
    error = write_offset(vm, copy.from, a[1], copy.from_offset + (uint64_t)done);
    if (error == 0) error = write_offset(vm, copy.to, a[3], copy.to_offset + (uint64_t)done);
    return error != 0 ? error : done;
}

static int64_t call_memfd_create(struct vm *vm, const uint64_t a[6]) {
    char name[NAME_OF_MEMFD_MAX + 1];
    struct file *file;
    if (a[1] & ~(uint64_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING)) return -EINVAL;
    int64_t size = access__string(vm, name, a[0], sizeof name);
    if (size < 0) return size == -ENAMETOOLONG ? -EINVAL : size;
    int error = place__open_nameless(vm, FILE_REGULAR, O_RDWR, 0777, &file);
    return error != 0 ? error : descriptor__install(vm, file, 0, (a[1] & MFD_CLOEXEC) != 0);
}

static const struct call calls[] = {
    {SYS_read, "read", call_read, "dpz---"},
    {SYS_write, "write", call_write, "dpz---"},
    {SYS_readv, "readv", call_readv, "dpu---"},
    {SYS_writev, "writev", call_writev, "dpu---"},
    {SYS_pread64, "pread64", call_pread64, "dpzi--"},
    {SYS_pwrite64, "pwrite64", call_pwrite64, "dpzi--"},
    {SYS_preadv, "preadv", call_preadv, "dpui--"},
    {SYS_pwritev, "pwritev", call_pwritev, "dpui--"},
    {SYS_preadv2, "preadv2", call_preadv2, "dpui-x"},
    {SYS_pwritev2, "pwritev2", call_pwritev2, "dpui-x"},
    {SYS_lseek, "lseek", call_lseek, "dii---"},
    {SYS_ftruncate, "ftruncate", call_ftruncate, "di----"},
    {SYS_fallocate, "fallocate", call_fallocate, "dxii--"},
    {SYS_fsync, "fsync", call_fsync, "d-----"},
    {SYS_fdatasync, "fdatasync", call_fsync, "d-----"},
    {SYS_syncfs, "syncfs", call_fsync, "d-----"},
    {SYS_sync, "sync", call_sync, "------"},
    {SYS_sync_file_range, "sync_file_range", call_advise, "diix--"},
    {SYS_fadvise64, "fadvise64", call_advise, "diii--"},
    {SYS_readahead, "readahead", call_advise, "diz---"},
    {SYS_getdents64, "getdents64", call_getdents64, "dpz---"},
    {SYS_sendfile, "sendfile", call_sendfile, "ddpz--"},
    {SYS_copy_file_range, "copy_file_range", call_copy_file_range, "dpdpzx"},
    {SYS_memfd_create, "memfd_create", call_memfd_create, "sx----"},
};

const struct call_family calls_files = {"files", calls, sizeof calls / sizeof *calls};
