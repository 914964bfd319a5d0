#include "image_pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_format.h"
#include "layout.h"
#include "sha256.h"
#include "view.h"

#define SEEDS_MAX 64u
#define PATH_CAPACITY 4096u
#define PIECE_BYTES (1u << 20)

struct packed {
    char *path, *host; /* no host: a folder that leads to a source */
    uint32_t depth, order;
    struct image_entry entry;
};

struct pack {
    int file;
    struct packed *items;
    uint32_t count, capacity;
    struct image_header header;
    uint32_t *slots;
    char *text;
    struct vm_text *why;
};

static int refuse(struct pack *pack, int error, const char *what, const char *path) {
    snprintf(pack->why->bytes, sizeof pack->why->bytes, "Cannot pack %s: %s", path, what == NULL ? strerror(-error) : what);
    return error;
}

/* ---- collecting ---------------------------------------------------------------------------------------- */

static uint32_t depth_of(const char *path) {
    uint32_t depth = 0;
    for (; *path != 0; path++) depth += *path == '/';
    return depth;
}

static struct packed *add(struct pack *pack, const char *path, const char *host, uint32_t order) {
    if (pack->count == pack->capacity) {
        uint32_t capacity = pack->capacity == 0 ? 256 : 2 * pack->capacity;
        struct packed *items = capacity > IMAGE_ENTRIES_MAX ? NULL : realloc(pack->items, capacity * sizeof *items);
        if (items == NULL) return NULL;
        pack->items = items;
        pack->capacity = capacity;
    }
    struct packed *item = &pack->items[pack->count];
    *item = (struct packed){.path = strdup(path), .depth = depth_of(path), .order = order};
    if (host != NULL) item->host = strdup(host);
    if (item->path == NULL || (host != NULL && item->host == NULL)) {
        free(item->path);
        return NULL;
    }
    pack->count++;
    return item;
}

static int add_tree(struct pack *pack, const char *path, const char *host, uint32_t order);

static int add_children(struct pack *pack, const char *path, const char *host, uint32_t order) {
    DIR *stream = opendir(host);
    if (stream == NULL) return refuse(pack, -errno, NULL, host);
    int error = 0;
    for (struct dirent *item; error == 0 && (item = readdir(stream)) != NULL;) {
        char child_path[PATH_CAPACITY], child_host[PATH_CAPACITY];
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        int path_size = snprintf(child_path, sizeof child_path, "%s/%s", path, item->d_name);
        int host_size = snprintf(child_host, sizeof child_host, "%s/%s", host, item->d_name);
        if (path_size >= (int)sizeof child_path || host_size >= (int)sizeof child_host) {
            error = refuse(pack, -ENAMETOOLONG, NULL, host);
        } else {
            error = add_tree(pack, child_path, child_host, order);
        }
    }
    closedir(stream);
    return error;
}

static int add_tree(struct pack *pack, const char *path, const char *host, uint32_t order) {
    struct stat stat;
    if (lstat(host, &stat) != 0) return refuse(pack, -errno, NULL, host);
    uint8_t type = S_ISREG(stat.st_mode) ? VIEW_FILE : S_ISDIR(stat.st_mode) ? VIEW_FOLDER : VIEW_LINK;
    if (type == VIEW_LINK && !S_ISLNK(stat.st_mode)) return 0;
    struct packed *item = add(pack, path, host, order);
    if (item == NULL) return refuse(pack, -ENOMEM, NULL, host);
    item->entry.type = type;
    item->entry.mode = stat.st_mode & 07777;
    if (type == VIEW_FOLDER) return add_children(pack, path, host, order);
    item->entry.size = (uint64_t)stat.st_size;
    /* Interpreters compare it with what their caches say of a source file. */
    item->entry.modified_ns = (int64_t)stat.st_mtim.tv_sec * INT64_C(1000000000) + stat.st_mtim.tv_nsec;
    return 0;
}

/* The folders above a source, and the root. Any source's own come before them. */
static int add_leading(struct pack *pack, const char *path) {
    char leading[PATH_CAPACITY];
    size_t size = strlen(path);
    memcpy(leading, path, size + 1);
    for (;;) {
        struct packed *item = add(pack, leading, NULL, UINT32_MAX);
        if (item == NULL) return refuse(pack, -ENOMEM, NULL, path);
        item->entry.type = VIEW_FOLDER;
        item->entry.mode = 0755;
        if (size == 0) return 0;
        while (leading[size] != '/') size--;
        leading[size] = 0;
    }
}

static int add_source(struct pack *pack, const struct image_source *source, uint32_t order) {
    const char *path = source->path;
    size_t size = strlen(path);
    if (size == 1) size = 0;
    int is_normal = path[0] == '/' && size < PATH_CAPACITY && (size == 0 || path[size - 1] != '/') &&
                    strstr(path, "//") == NULL && strstr(path, "/./") == NULL && strstr(path, "/../") == NULL;
    if (!is_normal) return refuse(pack, -EINVAL, "its path is not absolute and normal", path);
    char normal[PATH_CAPACITY], above[PATH_CAPACITY];
    memcpy(normal, path, size);
    normal[size] = 0;
    memcpy(above, normal, size + 1);
    char *slash = strrchr(above, '/');
    if (slash != NULL) *slash = 0;
    int error = add_leading(pack, above);
    return error != 0 ? error : add_tree(pack, normal, source->host, order);
}

/* ---- ordering ------------------------------------------------------------------------------------------ */

/* By depth, then folder by folder, then by name: for that a slash comes before all that names have. */
static int compare_paths(const char *a, const char *b) {
    while (*a != 0 && *a == *b) a++, b++;
    int left = *a == '/' ? 1 : *a == 0 ? 0 : (uint8_t)*a + 1;
    int right = *b == '/' ? 1 : *b == 0 ? 0 : (uint8_t)*b + 1;
    return left - right;
}

static int compare_items(const void *left, const void *right) {
    const struct packed *a = left, *b = right;
    if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
    int order = compare_paths(a->path, b->path);
    if (order != 0) return order;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void free_item(struct packed *item) {
    free(item->path);
    free(item->host);
}

static void sort_items(struct pack *pack) {
    qsort(pack->items, pack->count, sizeof *pack->items, compare_items);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < pack->count; i++) {
        if (strcmp(pack->items[i].path, pack->items[kept - 1].path) == 0) free_item(&pack->items[i]);
        else pack->items[kept++] = pack->items[i];
    }
    pack->count = kept;
}

/* Parents come in the order of their children, so one step over the items finds all. */
static int find_parents(struct pack *pack) {
    uint32_t parent = 0;
    for (uint32_t i = 1; i < pack->count; i++) {
        struct packed *item = &pack->items[i];
        size_t size = (size_t)(strrchr(item->path, '/') - item->path);
        while (strlen(pack->items[parent].path) != size || memcmp(pack->items[parent].path, item->path, size) != 0) {
            if (++parent == i) return refuse(pack, -EINVAL, "it is in no folder", item->path);
        }
        struct image_entry *folder = &pack->items[parent].entry;
        if (folder->type != VIEW_FOLDER) return refuse(pack, -ENOTDIR, "another source has a file above it", item->path);
        if (folder->child_count++ == 0) folder->first_child = i;
        item->entry.parent = parent;
    }
    /* Folders without anything say where it would be. */
    uint32_t next = 1;
    for (uint32_t i = 0; i < pack->count; i++) {
        struct image_entry *entry = &pack->items[i].entry;
        if (entry->type != VIEW_FOLDER) continue;
        entry->first_child = next;
        next += entry->child_count;
    }
    return 0;
}

/* ---- the index ----------------------------------------------------------------------------------------- */

static int read_target(struct pack *pack, const struct packed *item) {
    char target[IMAGE_TARGET_MAX + 1];
    ssize_t size = readlink(item->host, target, sizeof target);
    if (size < 0) return refuse(pack, -errno, NULL, item->host);
    if ((uint64_t)size != item->entry.size) return refuse(pack, -EBUSY, "it changed meanwhile", item->host);
    memcpy(pack->text + item->entry.at, target, (size_t)size);
    return 0;
}

static int make_text(struct pack *pack) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < pack->count; i++) {
        struct packed *item = &pack->items[i];
        const char *slash = strrchr(item->path, '/');
        size_t size = slash == NULL ? 0 : strlen(slash + 1);
        if (size > IMAGE_NAME_MAX || bytes > IMAGE_TEXT_MAX) return refuse(pack, -ENAMETOOLONG, NULL, item->path);
        item->entry.name_at = (uint32_t)bytes;
        item->entry.name_size = (uint16_t)size;
        bytes += size;
        if (item->entry.type != VIEW_LINK) continue;
        if (item->entry.size > IMAGE_TARGET_MAX) return refuse(pack, -ENAMETOOLONG, NULL, item->path);
        item->entry.at = bytes;
        bytes += item->entry.size;
    }
    pack->header.text_bytes = (bytes + 7) / 8 * 8;
    pack->text = calloc(1, pack->header.text_bytes + 1);
    if (pack->text == NULL) return refuse(pack, -ENOMEM, NULL, "the names");
    int error = 0;
    for (uint32_t i = 0; error == 0 && i < pack->count; i++) {
        const struct packed *item = &pack->items[i];
        const char *name = item->path + strlen(item->path) - item->entry.name_size;
        memcpy(pack->text + item->entry.name_at, name, item->entry.name_size);
        if (item->entry.type == VIEW_LINK) error = read_target(pack, item);
    }
    return error;
}

/* Whether each entry found a slot near where its hash leads. */
static int fill_slots(struct pack *pack) {
    uint32_t mask = pack->header.slot_count - 1;
    memset(pack->slots, 0xff, pack->header.slot_count * sizeof *pack->slots);
    for (uint32_t i = 0; i < pack->count; i++) {
        uint32_t slot = image__hash(pack->header.seed, pack->items[i].path) & mask, probes = 1;
        for (; pack->slots[slot] != IMAGE_NO_ENTRY && probes < IMAGE_PROBES_MAX; probes++) slot = (slot + 1) & mask;
        if (pack->slots[slot] != IMAGE_NO_ENTRY) return 0;
        pack->slots[slot] = i;
    }
    return 1;
}

static int make_slots(struct pack *pack) {
    uint32_t count = 2;
    while (count < 2 * pack->count) count *= 2;
    pack->header.slot_count = count;
    pack->slots = malloc(count * sizeof *pack->slots);
    if (pack->slots == NULL) return refuse(pack, -ENOMEM, NULL, "the names");
    for (uint32_t seed = 0; seed < SEEDS_MAX; seed++) {
        pack->header.seed = seed;
        if (fill_slots(pack)) return 0;
    }
    return refuse(pack, -EINVAL, NULL, "the names");
}

static int place_contents(struct pack *pack) {
    struct image_header *header = &pack->header;
    uint64_t at = page_up(sizeof *header + image__entries_bytes(header) + image__slots_bytes(header) + header->text_bytes);
    header->contents_at = at;
    for (uint32_t i = 0; i < pack->count; i++) {
        struct image_entry *entry = &pack->items[i].entry;
        if (entry->type != VIEW_FILE) continue;
        if (entry->size > IMAGE_BYTES_MAX - at) return refuse(pack, -EFBIG, "the image becomes too large", pack->items[i].path);
        entry->at = at;
        at += page_up(entry->size);
    }
    header->image_bytes = at;
    return at <= IMAGE_BYTES_MAX ? 0 : refuse(pack, -EFBIG, "the image becomes too large", "the files");
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static int write_at(struct pack *pack, const void *bytes, size_t size, uint64_t at) {
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(pack->file, (const uint8_t *)bytes + done, size - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse(pack, -errno, NULL, "into the image");
        done += (size_t)put;
    }
    return 0;
}

static int copy_contents(struct pack *pack, const struct packed *item, int from, uint8_t *piece, struct sha256 *sha) {
    uint64_t done = 0;
    while (done < item->entry.size) {
        uint64_t left = item->entry.size - done;
        ssize_t got = read(from, piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(pack, -errno, NULL, item->host);
        if (got == 0) return refuse(pack, -EBUSY, "it changed meanwhile", item->host);
        int error = write_at(pack, piece, (size_t)got, item->entry.at + done);
        if (error != 0) return error;
        sha256__add(sha, piece, (size_t)got);
        done += (uint64_t)got;
    }
    return 0;
}

static int write_contents(struct pack *pack, struct sha256 *sha) {
    uint8_t *piece = malloc(PIECE_BYTES);
    if (piece == NULL) return refuse(pack, -ENOMEM, NULL, "the files");
    int error = ftruncate(pack->file, (off_t)pack->header.image_bytes) != 0 ? refuse(pack, -errno, NULL, "the files") : 0;
    for (uint32_t i = 0; error == 0 && i < pack->count; i++) {
        const struct packed *item = &pack->items[i];
        if (item->entry.type != VIEW_FILE) continue;
        int from = open(item->host, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (from < 0) {
            error = refuse(pack, -errno, NULL, item->host);
            break;
        }
        error = copy_contents(pack, item, from, piece, sha);
        close(from);
    }
    free(piece);
    return error;
}

static int write_index(struct pack *pack, struct sha256 *sha) {
    struct image_header *header = &pack->header;
    size_t entries = image__entries_bytes(header), slots = image__slots_bytes(header);
    size_t bytes = entries + slots + header->text_bytes;
    uint8_t *index = malloc(bytes);
    if (index == NULL) return refuse(pack, -ENOMEM, NULL, "the names");
    for (uint32_t i = 0; i < pack->count; i++) {
        memcpy(index + i * sizeof(struct image_entry), &pack->items[i].entry, sizeof(struct image_entry));
    }
    memcpy(index + entries, pack->slots, slots);
    memcpy(index + entries + slots, pack->text, header->text_bytes);
    sha256__add(sha, index, bytes);
    sha256__end(sha, header->identity);
    uint64_t checksum = image__checksum(0, header, offsetof(struct image_header, checksum));
    header->checksum = image__checksum(checksum, index, bytes);
    int error = write_at(pack, index, bytes, sizeof *header);
    if (error == 0) error = write_at(pack, header, sizeof *header, 0);
    free(index);
    return error;
}

static int pack_all(struct pack *pack, const struct image_source *sources, size_t count) {
    int error = add_leading(pack, "");
    for (size_t i = 0; error == 0 && i < count; i++) error = add_source(pack, &sources[i], (uint32_t)i);
    if (error != 0) return error;
    sort_items(pack);
    error = find_parents(pack);
    if (error != 0) return error;
    memcpy(pack->header.magic, IMAGE_MAGIC, sizeof pack->header.magic);
    pack->header.version = IMAGE_VERSION;
    pack->header.entry_count = pack->count;
    struct sha256 sha;
    sha256__begin(&sha);
    error = make_text(pack);
    if (error == 0) error = make_slots(pack);
    if (error == 0) error = place_contents(pack);
    if (error == 0) error = write_contents(pack, &sha);
    return error != 0 ? error : write_index(pack, &sha);
}

int image__pack(int file, const struct image_source *sources, size_t count, struct vm_text *why) {
    struct pack pack = {.file = file, .why = why};
    why->bytes[0] = 0;
    int error = pack_all(&pack, sources, count);
    for (uint32_t i = 0; i < pack.count; i++) free_item(&pack.items[i]);
    free(pack.items);
    free(pack.slots);
    free(pack.text);
    return error;
}
