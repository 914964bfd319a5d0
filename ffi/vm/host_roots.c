#include "host_roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What follows `above` in a path below it, "" when it is the path itself; NULL when it is not above. */
static const char *rest_below(const char *path, const char *above) {
    size_t size = strlen(above);
    if (strncmp(path, above, size) != 0) return NULL;
    if (path[size] == 0) return path + size;
    return path[size] == '/' ? path + size + 1 : NULL;
}

static const struct host_root *root_of(const struct host_roots *roots, const char *path, const char **rest) {
    const struct host_root *longest = NULL;
    for (size_t i = 0; i < roots->count; i++) {
        const struct host_root *root = &roots->items[i];
        const char *below = rest_below(path, root->path);
        if (below == NULL || (longest != NULL && strlen(root->path) < strlen(longest->path))) continue;
        longest = root;
        *rest = below;
    }
    return longest;
}

int host_roots__open(const struct host_roots *roots, const char *path, uint64_t flags) {
    const char *rest;
    const struct host_root *root = root_of(roots, path, &rest);
    if (root == NULL) return -ENOENT;
    if (*rest == 0 && (flags & O_PATH)) {
        int copy = fcntl(root->descriptor, F_DUPFD_CLOEXEC, 0);
        return copy < 0 ? -errno : copy;
    }
    if (*rest == 0) {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", root->descriptor);
        int descriptor = open(name, (int)flags | O_CLOEXEC);
        return descriptor < 0 ? -errno : descriptor;
    }
    struct open_how how = {
        .flags = flags | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };
    long descriptor = syscall(SYS_openat2, root->descriptor, rest, &how, sizeof how);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int host_roots__lead_below(const struct host_roots *roots, const char *path) {
    for (size_t i = 0; i < roots->count; i++) {
        if (rest_below(roots->items[i].path, path) != NULL) return 1;
    }
    return 0;
}

/* ---- names in a folder --------------------------------------------------------------------------------- */

static int add_name(struct host_names *names, const char *name, size_t size) {
    if (size == 0 || size > 255) return 0;
    if ((names->count & (names->count - 1)) == 0) {
        char **items = realloc(names->items, (names->count == 0 ? 1 : names->count * 2) * sizeof *items);
        if (items == NULL) return -ENOMEM;
        names->items = items;
    }
    names->items[names->count] = strndup(name, size);
    return names->items[names->count++] == NULL ? -ENOMEM : 0;
}

static int add_host_names(const struct host_roots *roots, const char *path, struct host_names *names) {
    int descriptor = host_roots__open(roots, path, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return 0;
    DIR *stream = fdopendir(descriptor);
    if (stream == NULL) {
        close(descriptor);
        return -ENOMEM;
    }
    int error = 0;
    for (struct dirent *item; error == 0 && (item = readdir(stream)) != NULL;) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        error = add_name(names, item->d_name, strlen(item->d_name));
    }
    closedir(stream);
    return error;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct host_names *names) {
    if (names->count == 0) return;
    qsort(names->items, names->count, sizeof *names->items, compare_names);
    size_t kept = 1;
    for (size_t i = 1; i < names->count; i++) {
        if (strcmp(names->items[i], names->items[kept - 1]) == 0) free(names->items[i]);
        else names->items[kept++] = names->items[i];
    }
    names->count = kept;
}

void host_names__free(struct host_names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->items[i]);
    free(names->items);
    free(names);
}

struct host_names *host_roots__names(const struct host_roots *roots, const char *path) {
    struct host_names *names = calloc(1, sizeof *names);
    if (names == NULL) return NULL;
    int error = add_host_names(roots, path, names);
    for (size_t i = 0; error == 0 && i < roots->count; i++) {
        const char *rest = rest_below(roots->items[i].path, path);
        if (rest != NULL) error = add_name(names, rest, (size_t)(strchrnul(rest, '/') - rest));
    }
    if (error == 0) {
        sort_names(names);
        return names;
    }
    host_names__free(names);
    return NULL;
}

/* ---- the roots ------------------------------------------------------------------------------------------ */

int host_roots__add(struct host_roots *roots, const char *path) {
    size_t size = strlen(path);
    while (size > 0 && path[size - 1] == '/') size--;
    int is_normal = path[0] == '/' && size < HOST_PATH_CAPACITY && strstr(path, "//") == NULL;
    if (!is_normal || strstr(path, "/./") != NULL || strstr(path, "/../") != NULL) return -EINVAL;
    if (roots->count == HOST_ROOTS_MAX) return -E2BIG;
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    /* What this host does not have is not shown. */
    if (descriptor < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    char *copy = strndup(path, size);
    if (copy == NULL) {
        close(descriptor);
        return -ENOMEM;
    }
    roots->items[roots->count++] = (struct host_root){.path = copy, .descriptor = descriptor};
    return 0;
}

void host_roots__close(struct host_roots *roots) {
    for (size_t i = 0; i < roots->count; i++) {
        free(roots->items[i].path);
        close(roots->items[i].descriptor);
    }
    roots->count = 0;
}
