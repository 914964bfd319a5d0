/* System calls on descriptors themselves, whatever they name. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "internal.h"

static int64_t duplicate(struct vm *vm, struct file *file, uint64_t least, int close_on_exec) {
    if (file == NULL) return -EBADF;
    if (least > 0 && least >= descriptor__limit(vm)) return -EINVAL;
    file__keep(file);
    return descriptor__install(vm, file, (uint32_t)least, close_on_exec);
}

static int64_t call_dup(struct vm *vm, const uint64_t a[6]) {
    return duplicate(vm, file__of(vm, a[0]), 0, 0);
}

static int64_t call_dup2(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL) return -EBADF;
    if ((uint32_t)a[0] == (uint32_t)a[1]) return (uint32_t)a[1];
    return descriptor__replace(vm, file, (uint32_t)a[1], 0);
}

static int64_t call_dup3(struct vm *vm, const uint64_t a[6]) {
    uint32_t flags = (uint32_t)a[2];
    if (flags & ~(uint32_t)O_CLOEXEC || (uint32_t)a[0] == (uint32_t)a[1]) return -EINVAL;
    struct file *file = file__of(vm, a[0]);
    return file == NULL ? -EBADF : descriptor__replace(vm, file, (uint32_t)a[1], (flags & O_CLOEXEC) != 0);
}

static int64_t call_close(struct vm *vm, const uint64_t a[6]) {
    return descriptor__close(vm, a[0]);
}

static int64_t call_close_range(struct vm *vm, const uint64_t a[6]) {
    uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1], flags = (uint32_t)a[2];
    /* Threads share their descriptors here, always: nothing to unshare for the one process. */
    if (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE) || first > last) return -EINVAL;
    if (last >= DESCRIPTORS_MAX) last = DESCRIPTORS_MAX - 1;
    for (uint64_t i = first; i <= last; i++) {
        if (flags & CLOSE_RANGE_CLOEXEC) descriptor__set_close_on_exec(vm, i, 1);
        else descriptor__close(vm, i);
    }
    return 0;
}

/* ---- fcntl --------------------------------------------------------------------------------------------- */

/* What F_SETFL may change; it leaves the rest as it is without a word. */
#define SETTABLE_FLAGS (uint32_t)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static int64_t set_flags(struct vm *vm, struct file *file, uint64_t flags) {
    file->flags = (file->flags & ~SETTABLE_FLAGS) | ((uint32_t)flags & SETTABLE_FLAGS);
    kernel__changed(vm);
    return 0;
}

/* One process: nobody else can hold a lock, so each is granted and none is in the way. */
static int64_t lock(struct vm *vm, uint64_t command, uint64_t address) {
    struct flock lock;
    if (access__read(vm, &lock, address, sizeof lock) != 0) return -EFAULT;
    if (lock.l_type != F_RDLCK && lock.l_type != F_WRLCK && lock.l_type != F_UNLCK) return -EINVAL;
    if (lock.l_whence != SEEK_SET && lock.l_whence != SEEK_CUR && lock.l_whence != SEEK_END) return -EINVAL;
    if (command != F_GETLK && command != F_OFD_GETLK) return 0;
    lock.l_type = F_UNLCK;
    return access__write(vm, address, &lock, sizeof lock);
}

static int is_pipe(const struct file *file) {
    return file->kind == FILE_PIPE_READ || file->kind == FILE_PIPE_WRITE;
}

static int64_t call_fcntl(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    uint32_t command = (uint32_t)a[1];
    uint64_t value = a[2];
    if (file == NULL) return -EBADF;
    switch (command) {
    case F_DUPFD: return duplicate(vm, file, (uint32_t)value, 0);
    case F_DUPFD_CLOEXEC: return duplicate(vm, file, (uint32_t)value, 1);
    case F_GETFD: return descriptor__closes_on_exec(vm, a[0]) ? FD_CLOEXEC : 0;
    case F_SETFD: return descriptor__set_close_on_exec(vm, a[0], (value & FD_CLOEXEC) != 0);
    case F_GETFL: return file->flags;
    default: break;
    }
    if (file->flags & O_PATH) return -EBADF;
    switch (command) {
    case F_SETFL: return set_flags(vm, file, value);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return lock(vm, command, value);
    case F_GETPIPE_SZ: return is_pipe(file) ? pipe__capacity(vm, file) : -EBADF;
    case F_SETPIPE_SZ: return is_pipe(file) ? pipe__set_capacity(vm, file, (uint32_t)value) : -EBADF;
    /* Seals keep other processes off a file: there are none. */
    case F_ADD_SEALS: return file->kind == FILE_REGULAR ? 0 : -EINVAL;
    case F_GET_SEALS: return file->kind == FILE_REGULAR ? 0 : -EINVAL;
    case F_SETOWN: return 0;
    case F_GETOWN: return 0;
    default: return -EINVAL;
    }
}

static int64_t call_flock(struct vm *vm, const uint64_t a[6]) {
    const struct file *file = file__of(vm, a[0]);
    if (file == NULL || file->flags & O_PATH) return -EBADF;
    switch ((uint32_t)a[1] & ~(uint32_t)LOCK_NB) {
    case LOCK_SH:
    case LOCK_EX:
    case LOCK_UN: return 0;
    default: return -EINVAL;
    }
}

/* ---- ioctl --------------------------------------------------------------------------------------------- */

static int64_t set_nonblocking(struct vm *vm, struct file *file, uint64_t address) {
    int on;
    if (access__read(vm, &on, address, sizeof on) != 0) return -EFAULT;
    return set_flags(vm, file, on ? file->flags | O_NONBLOCK : file->flags & ~(uint32_t)O_NONBLOCK);
}

static int64_t call_ioctl(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    if (file == NULL || file->flags & O_PATH) return -EBADF;
    switch ((uint32_t)a[1]) {
    case FIOCLEX: return descriptor__set_close_on_exec(vm, a[0], 1);
    case FIONCLEX: return descriptor__set_close_on_exec(vm, a[0], 0);
    case FIONBIO: return set_nonblocking(vm, file, a[2]);
    default: break;
    }
    const struct file_functions *functions = file__functions(file);
    return functions->control == NULL ? -ENOTTY : functions->control(vm, file, (uint32_t)a[1], a[2]);
}

static const struct call calls[] = {
    {SYS_dup, "dup", call_dup, "d-----"},
    {SYS_dup2, "dup2", call_dup2, "dd----"},
    {SYS_dup3, "dup3", call_dup3, "ddx---"},
    {SYS_close, "close", call_close, "d-----"},
    {SYS_close_range, "close_range", call_close_range, "uux---"},
    {SYS_fcntl, "fcntl", call_fcntl, "dix---"},
    {SYS_flock, "flock", call_flock, "di----"},
    {SYS_ioctl, "ioctl", call_ioctl, "dxx---"},
};

const struct call_family calls_descriptors = {"descriptors", calls, sizeof calls / sizeof *calls};
