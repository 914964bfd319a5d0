/*
 * The kernel's groups of processes. Deno lets no program that lacks a permission look at /proc and /sys, so a way there is
 * here, and leads to nothing else: a folder of another file system is refused.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "mayfly.h"
#include "os.h"

/* Of a name: in the folder, and not the folder or what it is in. */
static bool groups__is_name(const char *name) {
    return name[0] != 0 && name[0] != '.' && strchr(name, '/') == NULL;
}

static int groups__open_folder(const char *path) {
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -errno;
    struct statfs system;
    int rc = fstatfs(folder, &system) == 0 ? 0 : -errno;
    if (rc == 0 && system.f_type != CGROUP_SUPER_MAGIC && system.f_type != CGROUP2_SUPER_MAGIC) rc = -EXDEV;
    if (rc == 0) return folder;
    close(folder);
    return rc;
}

/* A file's descriptor, or -errno. */
static int groups__open_file(const char *path, const char *name, int flags) {
    if (!groups__is_name(name)) return -EINVAL;
    int folder = groups__open_folder(path);
    if (folder < 0) return folder;
    int file = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
    int rc = file < 0 ? -errno : file;
    close(folder);
    return rc;
}

static int64_t groups__read_all(int file, uint8_t *bytes, size_t capacity) {
    size_t length = 0;
    for (;;) {
        if (length == capacity) return -EFBIG;
        ssize_t count = read(file, bytes + length, capacity - length);
        if (count < 0) return -errno;
        if (count == 0) return (int64_t)length;
        length += (size_t)count;
    }
}

static int64_t groups__read(int file, uint8_t *bytes, size_t capacity) {
    if (file < 0) return file;
    int64_t length = groups__read_all(file, bytes, capacity);
    close(file);
    return length;
}

int64_t mf_groups_own(uint8_t *bytes, size_t capacity) {
    int file = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    return groups__read(file < 0 ? -errno : file, bytes, capacity);
}

int64_t mf_groups_mounts(uint8_t *bytes, size_t capacity) {
    int file = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    return groups__read(file < 0 ? -errno : file, bytes, capacity);
}

int64_t mf_group_read(const char *folder, const char *name, uint8_t *bytes, size_t capacity) {
    return groups__read(groups__open_file(folder, name, O_RDONLY), bytes, capacity);
}

int mf_group_write(const char *folder, const char *name, const char *text) {
    int file = groups__open_file(folder, name, O_WRONLY);
    if (file < 0) return file;
    int rc = write(file, text, strlen(text)) < 0 ? -errno : 0;
    close(file);
    return rc;
}

int mf_group_make(const char *folder, const char *name) {
    if (!groups__is_name(name)) return -EINVAL;
    int parent = groups__open_folder(folder);
    if (parent < 0) return parent;
    int rc = mkdirat(parent, name, 0755) == 0 ? 0 : -errno;
    close(parent);
    return rc;
}

int mf_group_remove(const char *folder, const char *name) {
    if (!groups__is_name(name)) return -EINVAL;
    int parent = groups__open_folder(folder);
    if (parent < 0) return parent;
    int rc = unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
    close(parent);
    return rc;
}

static int64_t groups__list(DIR *folder, uint8_t *bytes, size_t capacity) {
    size_t length = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t name = strlen(entry->d_name);
        if (entry->d_type != DT_DIR || !groups__is_name(entry->d_name)) continue;
        if (length + name + 1 > capacity) break;
        memcpy(bytes + length, entry->d_name, name);
        length += name;
        bytes[length++] = '\n';
    }
    return (int64_t)length;
}

int64_t mf_group_list(const char *path, uint8_t *bytes, size_t capacity) {
    int folder = groups__open_folder(path);
    if (folder < 0) return folder;
    int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t rc = readable < 0 ? -errno : 0;
    close(folder);
    DIR *entries = rc == 0 ? fdopendir(readable) : NULL;
    if (rc == 0 && entries == NULL) {
        rc = -errno;
        close(readable);
    }
    if (entries == NULL) return rc;
    rc = groups__list(entries, bytes, capacity);
    closedir(entries);
    return rc;
}
