/*
 * The folders and files of the host that a view shows (view_folder.c): each at the path it has there, and never left by a
 * link, by "..", or by what became of a folder meanwhile.
 */
#ifndef MAYFLY_VM_HOST_ROOTS_H
#define MAYFLY_VM_HOST_ROOTS_H

#include <stddef.h>
#include <stdint.h>

#define HOST_ROOTS_MAX 256u
#define HOST_PATH_CAPACITY 4096u

struct host_root {
    char *path;
    int descriptor; /* O_PATH */
};

struct host_roots {
    size_t count;
    struct host_root items[HOST_ROOTS_MAX];
};

struct host_names {
    char **items; /* sorted, each once */
    size_t count;
};

/* What this host does not have is left out. 0, or -errno. */
int host_roots__add(struct host_roots *roots, const char *path);
void host_roots__close(struct host_roots *roots);

/* A descriptor of what has the path, a link standing for itself: or -errno. */
int host_roots__open(const struct host_roots *roots, const char *path, uint64_t flags);
/* Is the path a root's, or that of a folder above one? */
int host_roots__lead_below(const struct host_roots *roots, const char *path);

/* The names in a folder, those of folders that lead to roots as well. NULL without memory. */
struct host_names *host_roots__names(const struct host_roots *roots, const char *path);
void host_names__free(struct host_names *names);

#endif
