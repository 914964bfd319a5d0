/*
 * A view of folders and files of the host, for the harness: `mayfly vm run` shows a program the libraries that it needs.
 *
 * What was looked up once is remembered, what is not there as well: a view does not change under a guest. Contents that are
 * mapped are copied into the region once, some pages at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host_roots.h"
#include "layout.h"
#include "view.h"

#define CLUSTER_PAGES 64u
#define CLUSTER_BYTES (CLUSTER_PAGES * PAGE_SIZE)
#define ENTRIES_MAX (1u << 20)
#define REGION_STEP (UINT64_C(64) << 20)

struct folder_entry {
    char *path;
    struct view_node node; /* of type 0: nothing is there */
    uint32_t next;         /* in its bucket: index + 1 */
    uint64_t *clusters;    /* of a file: where they are in the region, + 1; NULL before the first */
    struct host_names *names; /* of a folder; NULL before it was read */
};

struct view_folder {
    struct view view;
    pthread_mutex_t lock;
    struct host_roots roots;
    struct folder_entry *entries;
    uint32_t entry_count, entry_capacity;
    uint32_t *buckets;
    uint32_t bucket_count; /* a power of two */
    uint64_t region_used;
    uint32_t opened; /* index + 1 of the entry that `file` is open for */
    int file;
};

static struct view_folder *folder_of(struct view *view) {
    return (struct view_folder *)view;
}

/* ---- the host's files ---------------------------------------------------------------------------------- */

static uint8_t type_of(mode_t mode) {
    if (S_ISREG(mode)) return VIEW_FILE;
    if (S_ISDIR(mode)) return VIEW_FOLDER;
    return S_ISLNK(mode) ? VIEW_LINK : 0;
}

static void look_at_host(const struct view_folder *folder, struct folder_entry *entry) {
    struct stat stat;
    int descriptor = host_roots__open(&folder->roots, entry->path, O_PATH);
    if (descriptor >= 0 && fstat(descriptor, &stat) == 0) {
        entry->node.type = type_of(stat.st_mode);
        entry->node.mode = stat.st_mode & 07777;
        entry->node.size = S_ISDIR(stat.st_mode) ? 0 : (uint64_t)stat.st_size;
        entry->node.modified_ns = (int64_t)stat.st_mtim.tv_sec * INT64_C(1000000000) + stat.st_mtim.tv_nsec;
    } else if (host_roots__lead_below(&folder->roots, entry->path)) {
        entry->node.type = VIEW_FOLDER;
        entry->node.mode = 0755;
    }
    if (descriptor >= 0) close(descriptor);
}

/* ---- what was looked up -------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *path) {
    uint32_t hash = 2166136261u;
    for (; *path != 0; path++) hash = (hash ^ (uint8_t)*path) * 16777619u;
    return hash ^ hash >> 15;
}

static int grow_entries(struct view_folder *folder) {
    uint32_t capacity = folder->entry_capacity == 0 ? 1024 : folder->entry_capacity * 2;
    if (capacity > ENTRIES_MAX) return -ENOMEM;
    struct folder_entry *entries = realloc(folder->entries, capacity * sizeof *entries);
    if (entries == NULL) return -ENOMEM;
    folder->entries = entries;
    uint32_t *buckets = calloc(capacity, sizeof *buckets);
    if (buckets == NULL) return -ENOMEM;
    free(folder->buckets);
    folder->buckets = buckets;
    folder->bucket_count = folder->entry_capacity = capacity;
    for (uint32_t i = 0; i < folder->entry_count; i++) {
        uint32_t *bucket = &buckets[hash_of(entries[i].path) & (capacity - 1)];
        entries[i].next = *bucket;
        *bucket = i + 1;
    }
    return 0;
}

/* The entry of a path, whether something is there or not. NULL without memory. */
static struct folder_entry *entry_of(struct view_folder *folder, const char *path) {
    uint32_t hash = hash_of(path);
    uint32_t index = folder->bucket_count == 0 ? 0 : folder->buckets[hash & (folder->bucket_count - 1)];
    for (; index != 0; index = folder->entries[index - 1].next) {
        if (strcmp(folder->entries[index - 1].path, path) == 0) return &folder->entries[index - 1];
    }
    if (folder->entry_count == folder->entry_capacity && grow_entries(folder) != 0) return NULL;
    struct folder_entry *entry = &folder->entries[folder->entry_count];
    *entry = (struct folder_entry){.path = strdup(path)};
    if (entry->path == NULL) return NULL;
    entry->node.handle = folder->entry_count;
    entry->node.inode = folder->entry_count + 1u;
    look_at_host(folder, entry);
    uint32_t *bucket = &folder->buckets[hash & (folder->bucket_count - 1)];
    entry->next = *bucket;
    *bucket = ++folder->entry_count;
    return entry;
}

static struct folder_entry *entry_at(struct view_folder *folder, const struct view_node *node, uint8_t type) {
    if (node->handle >= folder->entry_count) return NULL;
    struct folder_entry *entry = &folder->entries[node->handle];
    return entry->node.type == type ? entry : NULL;
}

static int folder_find(struct view *view, const char *path, struct view_node *node) {
    struct view_folder *folder = folder_of(view);
    pthread_mutex_lock(&folder->lock);
    const struct folder_entry *entry = entry_of(folder, path);
    if (entry != NULL) *node = entry->node;
    pthread_mutex_unlock(&folder->lock);
    return entry == NULL || node->type == 0 ? -ENOENT : 0;
}

static int64_t read_link(const struct view_folder *folder, const struct folder_entry *entry, char *to,
                         size_t capacity) {
    int descriptor = host_roots__open(&folder->roots, entry->path, O_PATH);
    if (descriptor < 0) return descriptor;
    ssize_t size = readlinkat(descriptor, "", to, capacity);
    int64_t result = size < 0 ? -errno : size;
    close(descriptor);
    return result;
}

static int64_t folder_target(struct view *view, const struct view_node *node, char *to, size_t capacity) {
    struct view_folder *folder = folder_of(view);
    pthread_mutex_lock(&folder->lock);
    const struct folder_entry *entry = entry_at(folder, node, VIEW_LINK);
    int64_t size = entry == NULL ? -EINVAL : read_link(folder, entry, to, capacity);
    pthread_mutex_unlock(&folder->lock);
    return size;
}

/* ---- contents ------------------------------------------------------------------------------------------ */

static int open_file(struct view_folder *folder, const struct folder_entry *entry) {
    uint32_t index = (uint32_t)(entry - folder->entries) + 1;
    if (folder->opened == index) return folder->file;
    if (folder->opened != 0) close(folder->file);
    folder->opened = 0;
    folder->file = host_roots__open(&folder->roots, entry->path, O_RDONLY | O_NONBLOCK);
    if (folder->file >= 0) folder->opened = index;
    return folder->file;
}

/* A file that became shorter since reads as zeros, for its size is what the guest was told. */
static int64_t read_file(struct view_folder *folder, const struct folder_entry *entry, void *to, size_t size,
                         uint64_t offset) {
    if (offset >= entry->node.size) return 0;
    if (size > entry->node.size - offset) size = (size_t)(entry->node.size - offset);
    int file = open_file(folder, entry);
    if (file < 0) return file;
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(file, (uint8_t *)to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -EIO;
        if (got == 0) break;
        done += (size_t)got;
    }
    memset((uint8_t *)to + done, 0, size - done);
    return (int64_t)size;
}

static int64_t folder_read(struct view *view, const struct view_node *node, void *to, size_t size, uint64_t offset) {
    struct view_folder *folder = folder_of(view);
    pthread_mutex_lock(&folder->lock);
    const struct folder_entry *entry = entry_at(folder, node, VIEW_FILE);
    int64_t got = entry == NULL ? -EIO : read_file(folder, entry, to, size, offset);
    pthread_mutex_unlock(&folder->lock);
    return got;
}

static int reserve_region(struct view_folder *folder, uint64_t bytes) {
    uint64_t end = folder->region_used + bytes;
    if (end > VIEW_STRIDE) return -ENOSPC;
    if (end <= folder->view.region_size) return 0;
    uint64_t size = (end + REGION_STEP - 1) / REGION_STEP * REGION_STEP;
    if (ftruncate(folder->view.region, (off_t)size) != 0) return -errno;
    folder->view.region_size = size;
    return 0;
}

/* Copies a cluster of a file into the region. */
static int fill_cluster(struct view_folder *folder, struct folder_entry *entry, uint64_t cluster) {
    uint64_t offset = cluster * CLUSTER_BYTES, left = entry->node.size - offset;
    size_t size = (size_t)(left < CLUSTER_BYTES ? left : CLUSTER_BYTES);
    int error = reserve_region(folder, page_up(size));
    if (error != 0) return error;
    uint64_t at = folder->region_used;
    void *mapped = mmap(NULL, page_up(size), PROT_READ | PROT_WRITE, MAP_SHARED, folder->view.region, (off_t)at);
    if (mapped == MAP_FAILED) return -errno;
    int64_t got = read_file(folder, entry, mapped, size, offset);
    munmap(mapped, page_up(size));
    if (got < 0) return (int)got;
    folder->region_used += page_up(size);
    entry->clusters[cluster] = at + 1;
    return 0;
}

static int map_file(struct view_folder *folder, struct folder_entry *entry, uint64_t offset, uint32_t pages,
                    uint64_t *region_offset, uint32_t *count) {
    if (offset >= entry->node.size || (offset & PAGE_MASK) != 0) return -ENXIO;
    if (entry->clusters == NULL) {
        entry->clusters = calloc(entry->node.size / CLUSTER_BYTES + 1, sizeof *entry->clusters);
        if (entry->clusters == NULL) return -ENOMEM;
    }
    uint64_t cluster = offset / CLUSTER_BYTES;
    int error = entry->clusters[cluster] == 0 ? fill_cluster(folder, entry, cluster) : 0;
    if (error != 0) return error;
    uint64_t end = (cluster + 1) * CLUSTER_BYTES;
    if (end > page_up(entry->node.size)) end = page_up(entry->node.size);
    uint64_t left = (end - offset) / PAGE_SIZE;
    *region_offset = entry->clusters[cluster] - 1 + offset % CLUSTER_BYTES;
    *count = left < pages ? (uint32_t)left : pages;
    return 0;
}

static int folder_map(struct view *view, const struct view_node *node, uint64_t offset, uint32_t pages,
                      uint64_t *region_offset, uint32_t *count) {
    struct view_folder *folder = folder_of(view);
    pthread_mutex_lock(&folder->lock);
    struct folder_entry *entry = entry_at(folder, node, VIEW_FILE);
    int error = entry == NULL ? -EIO : map_file(folder, entry, offset, pages, region_offset, count);
    pthread_mutex_unlock(&folder->lock);
    return error;
}

/* ---- reading folders ----------------------------------------------------------------------------------- */

/* The entry moves when the table grows: so it is looked up again after each name. */
static int next_entry(struct view_folder *folder, const struct view_node *node, uint64_t *cursor, char name[256],
                      struct view_node *found) {
    for (;;) {
        struct folder_entry *entry = entry_at(folder, node, VIEW_FOLDER);
        if (entry == NULL) return 0;
        if (entry->names == NULL) entry->names = host_roots__names(&folder->roots, entry->path);
        if (entry->names == NULL) return -ENOMEM;
        if (*cursor >= entry->names->count) return 0;
        const char *item = entry->names->items[(*cursor)++];
        char path[HOST_PATH_CAPACITY];
        int size = snprintf(path, sizeof path, "%s/%s", entry->path, item);
        if (size >= (int)sizeof path) continue;
        memcpy(name, item, strlen(item) + 1);
        const struct folder_entry *child = entry_of(folder, path);
        if (child == NULL) return -ENOMEM;
        *found = child->node;
        if (found->type != 0) return 1;
    }
}

static int folder_entry(struct view *view, const struct view_node *node, uint64_t *cursor, char name[256],
                        struct view_node *found) {
    struct view_folder *folder = folder_of(view);
    pthread_mutex_lock(&folder->lock);
    int got = next_entry(folder, node, cursor, name, found);
    pthread_mutex_unlock(&folder->lock);
    return got;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static void folder_close(struct view *view) {
    struct view_folder *folder = folder_of(view);
    host_roots__close(&folder->roots);
    for (uint32_t i = 0; i < folder->entry_count; i++) {
        free(folder->entries[i].path);
        free(folder->entries[i].clusters);
        if (folder->entries[i].names != NULL) host_names__free(folder->entries[i].names);
    }
    if (folder->opened != 0) close(folder->file);
    if (view->region >= 0) close(view->region);
    pthread_mutex_destroy(&folder->lock);
    free(folder->buckets);
    free(folder->entries);
    free(folder);
}

static const struct view_functions functions = {
    .find = folder_find,
    .read = folder_read,
    .target = folder_target,
    .entry = folder_entry,
    .map = folder_map,
    .close = folder_close,
};

int view_folder__open(const char *const *paths, size_t count, struct view **view) {
    struct view_folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL) return -ENOMEM;
    folder->view.functions = &functions;
    pthread_mutex_init(&folder->lock, NULL);
    folder->view.region = memfd_create("mayfly-view", MFD_CLOEXEC);
    int error = folder->view.region < 0 ? -errno : 0;
    /* The region is this process's: so is a snapshot that maps it. */
    uint8_t *identity = folder->view.identity;
    if (error == 0 && getrandom(identity, sizeof folder->view.identity, 0) != sizeof folder->view.identity) error = -EIO;
    for (size_t i = 0; error == 0 && i < count; i++) error = host_roots__add(&folder->roots, paths[i]);
    if (error != 0) {
        folder_close(&folder->view);
        return error;
    }
    *view = &folder->view;
    return 0;
}
