/* Copying files out of folders that somebody may be changing, or filling with traps. */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mayfly.h"
#include "os.h"

int mf_root_open(const char *path) {
    int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? -errno : root;
}

int mf_root_close(int root) {
    return close(root) == 0 ? 0 : -errno;
}

static int mirror__open(int root, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    return fd < 0 ? -errno : (int)fd;
}

static int mirror__check(const struct stat *status, uint64_t limit) {
    if (S_ISLNK(status->st_mode)) return -ELOOP;
    if (!S_ISREG(status->st_mode)) return -EINVAL;
    if (status->st_nlink != 1) return -EMLINK;
    if ((uint64_t)status->st_size > limit) return -EFBIG;
    return 0;
}

/*
 * Looks before it opens: opening a device can do something, opening a FIFO can wait. Between the two the file can be
 * exchanged, so what was opened is looked at again.
 */
static int mirror__open_file(int root, const char *path, uint64_t limit, struct stat *status) {
    int place = mirror__open(root, path, O_PATH | O_NOFOLLOW);
    if (place < 0) return place;
    int rc = fstat(place, status) == 0 ? mirror__check(status, limit) : -errno;
    close(place);
    if (rc != 0) return rc;
    int file = mirror__open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (file < 0) return file;
    rc = fstat(file, status) == 0 ? mirror__check(status, limit) : -errno;
    if (rc == 0) return file;
    close(file);
    return rc;
}

static bool mirror__is_unsupported(int error) {
    return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

/* One piece; 0 at the end of the file. */
static ssize_t mirror__copy_some(int from, int to, size_t length, bool *by_hand) {
    if (!*by_hand) {
        ssize_t copied = copy_file_range(from, NULL, to, NULL, length, 0);
        if (copied >= 0) return copied;
        if (!mirror__is_unsupported(errno)) return -errno;
        *by_hand = true;
    }
    uint8_t bytes[32768];
    ssize_t got = read(from, bytes, length < sizeof bytes ? length : sizeof bytes);
    if (got < 0) return errno == EINTR ? -EAGAIN : -errno;
    for (ssize_t done = 0; done < got;) {
        ssize_t written = write(to, bytes + done, (size_t)(got - done));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        done += written;
    }
    return got;
}

/* Exactly the bytes that it had when it was opened, or -EAGAIN. */
static int mirror__copy(int from, int to, const struct stat *before) {
    bool by_hand = false;
    for (uint64_t left = (uint64_t)before->st_size; left > 0;) {
        ssize_t copied = mirror__copy_some(from, to, left, &by_hand);
        if (copied < 0) return (int)copied;
        if (copied == 0) return -EAGAIN;
        left -= (uint64_t)copied;
    }
    struct stat after;
    if (fstat(from, &after) != 0) return -errno;
    bool is_same = after.st_size == before->st_size && after.st_nlink == before->st_nlink &&
                   after.st_mtim.tv_sec == before->st_mtim.tv_sec && after.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
                   after.st_ctim.tv_sec == before->st_ctim.tv_sec && after.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
    return is_same ? 0 : -EAGAIN;
}

int mf_mirror_file(int root, const char *path, const char *to, uint64_t limit, uint64_t info[4]) {
    static atomic_uint copies;
    char temporary[PATH_MAX];
    unsigned number = atomic_fetch_add(&copies, 1);
    int length = snprintf(temporary, sizeof temporary, "%s.%d.%u.part", to, (int)getpid(), number);
    if (length < 0 || (size_t)length >= sizeof temporary) return -ENAMETOOLONG;

    struct stat status;
    int from = mirror__open_file(root, path, limit, &status);
    if (from < 0) return from;
    int rc;
    int copy = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (copy < 0) {
        rc = -errno;
        goto close_from;
    }
    rc = mirror__copy(from, copy, &status);
    if (close(copy) != 0 && rc == 0) rc = -errno;
    if (rc == 0 && rename(temporary, to) != 0) rc = -errno;
    if (rc != 0) {
        unlink(temporary);
        goto close_from;
    }
    info[0] = (uint64_t)status.st_size;
    info[1] = (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
    info[2] = status.st_ino;
    info[3] = status.st_mode;

close_from:
    close(from);
    return rc;
}
