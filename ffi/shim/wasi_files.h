/*
 * The files of a function that is a folder, as they were at deploy: one packed file, written by src/state/file_pack.ts.
 * A guest's path is looked up in its index; no path of the host is ever opened for a guest.
 */
#ifndef MAYFLY_WASI_FILES_H
#define MAYFLY_WASI_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WASI_PATH_MAX 1024u

struct wasi_file {
    const char *name; /* relative to the folder, without a NUL at its end */
    uint32_t name_length;
    uint64_t at, length;
};

struct wasi_files {
    int descriptor; /* -1: there are none, not even an empty folder */
    struct wasi_file *files; /* by name, in the order of its bytes */
    uint32_t count;
    char *names;
};

/* An empty path: there are none. -EBADMSG if the file is damaged. */
int wasi_files__open(struct wasi_files *files, const char *path);
void wasi_files__close(struct wasi_files *files);

/* What a path leads to: a file, or the files below a folder, which are next to each other. */
struct wasi_place {
    bool is_folder;
    uint32_t first, end;    /* the file, or the files below the folder */
    uint32_t prefix_length; /* of their names, up to what is in the folder */
};

/* The folder that holds all of them. */
struct wasi_place wasi_files__top(const struct wasi_files *files);
/*
 * Follows a path, as a guest wrote it, from a folder. An enum wasi_errno: WASI_NOTCAPABLE for one that leads out of the
 * top, or begins with a slash.
 */
uint32_t wasi_files__find(const struct wasi_files *files, const struct wasi_place *folder, const uint8_t *path,
                          uint32_t length, struct wasi_place *out);

/* What is directly in a folder. */
struct wasi_entry {
    const char *name;
    uint32_t name_length;
    bool is_folder;
    uint32_t first; /* a number of its own among all files and folders of one depth */
};

/* The entry at or after a file's number, and where the next one is looked for. False: there is none. */
bool wasi_files__next(const struct wasi_files *files, const struct wasi_place *folder, uint32_t *at,
                      struct wasi_entry *entry);

/* At most so many bytes from a place in a file; how many there were, or -errno. */
int64_t wasi_files__read(const struct wasi_files *files, uint32_t file, uint64_t from, uint8_t *bytes, uint64_t length);

#endif
