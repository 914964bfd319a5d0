/*
 * A view of a packed image (image_format.h).
 *
 * The index is copied and checked once: whatever it says afterwards lies within the index and the image. So a damaged or
 * hostile image is refused, or shows wrong files, but reaches nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_format.h"
#include "layout.h"
#include "view.h"

_Static_assert(IMAGE_BYTES_MAX <= VIEW_STRIDE, "an image fits a view's region");

struct view_image {
    struct view view;
    struct image_header header;
    uint8_t *index; /* what the three below point into */
    const struct image_entry *entries;
    const uint32_t *slots;
    const char *text;
};

static struct view_image *image_of(struct view *view) {
    return (struct view_image *)view;
}

/* ---- checking ------------------------------------------------------------------------------------------ */

static int header_is_sound(const struct image_header *header, uint64_t file_bytes) {
    if (memcmp(header->magic, IMAGE_MAGIC, sizeof header->magic) != 0 || header->version != IMAGE_VERSION) return 0;
    if (header->entry_count == 0 || header->entry_count > IMAGE_ENTRIES_MAX) return 0;
    if (header->slot_count <= header->entry_count || header->slot_count > 4 * IMAGE_ENTRIES_MAX) return 0;
    if ((header->slot_count & (header->slot_count - 1)) != 0) return 0;
    if (header->text_bytes > IMAGE_TEXT_MAX || header->text_bytes % 8 != 0) return 0;
    if (header->image_bytes > IMAGE_BYTES_MAX || header->image_bytes > file_bytes) return 0;
    uint64_t index_bytes = image__entries_bytes(header) + image__slots_bytes(header) + header->text_bytes;
    return header->contents_at >= sizeof *header + index_bytes && header->contents_at <= header->image_bytes &&
           header->contents_at % PAGE_SIZE == 0 && header->image_bytes % PAGE_SIZE == 0;
}

static int name_is_sound(const struct view_image *image, const struct image_entry *entry) {
    uint64_t size = entry->name_size;
    if (size == 0 || size > IMAGE_NAME_MAX) return 0;
    if (entry->name_at > image->header.text_bytes || size > image->header.text_bytes - entry->name_at) return 0;
    const char *name = image->text + entry->name_at;
    if (memchr(name, 0, size) != NULL || memchr(name, '/', size) != NULL) return 0;
    return size > 2 || memcmp(name, "..", size) != 0;
}

static int name_order(const struct view_image *image, const struct image_entry *a, const struct image_entry *b) {
    size_t least = a->name_size < b->name_size ? a->name_size : b->name_size;
    int order = memcmp(image->text + a->name_at, image->text + b->name_at, least);
    return order != 0 ? order : (int)a->name_size - (int)b->name_size;
}

static int target_is_sound(const struct view_image *image, const struct image_entry *entry) {
    if (entry->size == 0 || entry->size > IMAGE_TARGET_MAX) return 0;
    if (entry->at > image->header.text_bytes || entry->size > image->header.text_bytes - entry->at) return 0;
    return memchr(image->text + entry->at, 0, entry->size) == NULL;
}

static int contents_are_sound(const struct view_image *image, const struct image_entry *entry) {
    const struct image_header *header = &image->header;
    return entry->at >= header->contents_at && entry->at <= header->image_bytes && entry->at % PAGE_SIZE == 0 &&
           entry->size <= header->image_bytes - entry->at;
}

/* Is it among its parent's, under a name that comes after the one before it? Parents were looked at before. */
static int place_is_sound(const struct view_image *image, uint32_t index) {
    const struct image_entry *entry = &image->entries[index];
    if (entry->parent >= index || !name_is_sound(image, entry)) return 0;
    const struct image_entry *parent = &image->entries[entry->parent];
    if (parent->type != VIEW_FOLDER || index < parent->first_child) return 0;
    if (index - parent->first_child >= parent->child_count) return 0;
    return index == parent->first_child || name_order(image, entry - 1, entry) < 0;
}

/* Children lie one folder's after another's, from `next` on: so nothing is in two folders, or in none. */
static int entry_is_sound(const struct view_image *image, uint32_t index, uint32_t *next) {
    const struct image_entry *entry = &image->entries[index];
    if (entry->mode > 07777 || entry->reserved != 0) return 0;
    if (index == 0 ? entry->type != VIEW_FOLDER || entry->parent != 0 || entry->name_size != 0
                   : !place_is_sound(image, index)) {
        return 0;
    }
    if (entry->type == VIEW_FOLDER) {
        if (entry->size != 0 || entry->first_child != *next) return 0;
        if (entry->child_count > image->header.entry_count - *next) return 0;
        *next += entry->child_count;
        return 1;
    }
    if (entry->child_count != 0) return 0;
    if (entry->type == VIEW_FILE) return contents_are_sound(image, entry);
    return entry->type == VIEW_LINK && target_is_sound(image, entry);
}

static int index_is_sound(const struct view_image *image) {
    uint32_t next = 1;
    for (uint32_t i = 0; i < image->header.entry_count; i++) {
        if (!entry_is_sound(image, i, &next)) return 0;
    }
    return next == image->header.entry_count;
}

/* From where the path's hash leads there is no gap, or nobody would find it; and it is not far, or all would look long. */
static int slot_is_sound(const struct view_image *image, uint32_t slot, uint64_t hash) {
    uint32_t mask = image->header.slot_count - 1, home = image__hash_end(hash) & mask;
    if (((slot - home) & mask) >= IMAGE_PROBES_MAX) return 0;
    for (; home != slot; home = (home + 1) & mask) {
        if (image->slots[home] == IMAGE_NO_ENTRY) return 0;
    }
    return 1;
}

/* Each entry is in one slot. */
static int slots_are_sound(const struct view_image *image, uint64_t *hashes, uint8_t *seen) {
    hashes[0] = image__hash_begin(image->header.seed);
    for (uint32_t i = 1; i < image->header.entry_count; i++) {
        const struct image_entry *entry = &image->entries[i];
        uint64_t folder = image__hash_more(hashes[entry->parent], "/", 1);
        hashes[i] = image__hash_more(folder, image->text + entry->name_at, entry->name_size);
    }
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < image->header.slot_count; slot++) {
        uint32_t index = image->slots[slot];
        if (index == IMAGE_NO_ENTRY) continue;
        if (index >= image->header.entry_count || seen[index]++ || !slot_is_sound(image, slot, hashes[index])) return 0;
        found++;
    }
    return found == image->header.entry_count;
}

static int check_slots(const struct view_image *image) {
    uint64_t *hashes = malloc(image->header.entry_count * sizeof *hashes);
    uint8_t *seen = calloc(image->header.entry_count, sizeof *seen);
    int error = hashes == NULL || seen == NULL ? -ENOMEM : slots_are_sound(image, hashes, seen) ? 0 : -EBADMSG;
    free(hashes);
    free(seen);
    return error;
}

/* ---- finding ------------------------------------------------------------------------------------------- */

static const struct image_entry *entry_at(const struct view_image *image, const struct view_node *node, uint8_t type) {
    if (node->handle >= image->header.entry_count) return NULL;
    const struct image_entry *entry = &image->entries[node->handle];
    return entry->type == type ? entry : NULL;
}

static void describe(const struct view_image *image, uint32_t index, struct view_node *node) {
    const struct image_entry *entry = &image->entries[index];
    *node = (struct view_node){
        .type = entry->type,
        .mode = entry->mode,
        .inode = (uint64_t)index + 1,
        .size = entry->size,
        .modified_ns = entry->modified_ns,
        .handle = index,
    };
}

/* Compared from its end: each entry knows its own name and its folder. */
static int has_path(const struct view_image *image, uint32_t index, const char *path, size_t size) {
    while (index != 0) {
        const struct image_entry *entry = &image->entries[index];
        if (size < entry->name_size + 1u) return 0;
        size -= entry->name_size;
        if (memcmp(path + size, image->text + entry->name_at, entry->name_size) != 0) return 0;
        if (path[--size] != '/') return 0;
        index = entry->parent;
    }
    return size == 0;
}

static int image_find(struct view *view, const char *path, struct view_node *node) {
    const struct view_image *image = image_of(view);
    uint32_t mask = image->header.slot_count - 1, slot = image__hash(image->header.seed, path) & mask;
    size_t size = strlen(path);
    for (uint32_t probes = 0; probes < IMAGE_PROBES_MAX && image->slots[slot] != IMAGE_NO_ENTRY; probes++) {
        uint32_t index = image->slots[slot];
        if (has_path(image, index, path, size)) {
            describe(image, index, node);
            return 0;
        }
        slot = (slot + 1) & mask;
    }
    return -ENOENT;
}

static int image_entry(struct view *view, const struct view_node *folder, uint64_t *cursor, char name[256],
                       struct view_node *node) {
    const struct view_image *image = image_of(view);
    const struct image_entry *entry = entry_at(image, folder, VIEW_FOLDER);
    if (entry == NULL || *cursor >= entry->child_count) return 0;
    uint32_t index = entry->first_child + (uint32_t)(*cursor)++;
    const struct image_entry *child = &image->entries[index];
    memcpy(name, image->text + child->name_at, child->name_size);
    name[child->name_size] = 0;
    describe(image, index, node);
    return 1;
}

/* ---- contents ------------------------------------------------------------------------------------------ */

static int64_t image_target(struct view *view, const struct view_node *node, char *to, size_t capacity) {
    const struct view_image *image = image_of(view);
    const struct image_entry *entry = entry_at(image, node, VIEW_LINK);
    if (entry == NULL) return -EINVAL;
    size_t size = entry->size < capacity ? (size_t)entry->size : capacity;
    memcpy(to, image->text + entry->at, size);
    return (int64_t)size;
}

static int64_t image_read(struct view *view, const struct view_node *node, void *to, size_t size, uint64_t offset) {
    const struct image_entry *entry = entry_at(image_of(view), node, VIEW_FILE);
    if (entry == NULL) return -EIO;
    if (offset >= entry->size) return 0;
    if (size > entry->size - offset) size = (size_t)(entry->size - offset);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(view->region, (uint8_t *)to + done, size - done, (off_t)(entry->at + offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -EIO;
        done += (size_t)got;
    }
    return (int64_t)size;
}

static int image_map(struct view *view, const struct view_node *node, uint64_t offset, uint32_t pages,
                     uint64_t *region_offset, uint32_t *count) {
    const struct image_entry *entry = entry_at(image_of(view), node, VIEW_FILE);
    if (entry == NULL) return -EIO;
    if (offset >= entry->size || offset % PAGE_SIZE != 0) return -ENXIO;
    uint64_t left = (page_up(entry->size) - offset) / PAGE_SIZE;
    *region_offset = entry->at + offset;
    *count = left < pages ? (uint32_t)left : pages;
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static void image_close(struct view *view) {
    struct view_image *image = image_of(view);
    if (view->region >= 0) close(view->region);
    free(image->index);
    free(image);
}

static int read_exactly(int file, void *to, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file, (uint8_t *)to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) return -EBADMSG;
        done += (size_t)got;
    }
    return 0;
}

static int load(struct view_image *image) {
    struct stat stat;
    struct image_header *header = &image->header;
    if (fstat(image->view.region, &stat) != 0) return -errno;
    if (!S_ISREG(stat.st_mode)) return -EBADMSG;
    int error = read_exactly(image->view.region, header, sizeof *header, 0);
    if (error != 0) return error;
    if (!header_is_sound(header, (uint64_t)stat.st_size)) return -EBADMSG;
    size_t entries = image__entries_bytes(header), slots = image__slots_bytes(header);
    size_t bytes = entries + slots + header->text_bytes;
    image->index = malloc(bytes);
    if (image->index == NULL) return -ENOMEM;
    error = read_exactly(image->view.region, image->index, bytes, sizeof *header);
    if (error != 0) return error;
    uint64_t checksum = image__checksum(0, header, offsetof(struct image_header, checksum));
    if (image__checksum(checksum, image->index, bytes) != header->checksum) return -EBADMSG;
    image->entries = (const struct image_entry *)(const void *)image->index;
    image->slots = (const uint32_t *)(const void *)(image->index + entries);
    image->text = (const char *)image->index + entries + slots;
    return index_is_sound(image) ? check_slots(image) : -EBADMSG;
}

static const struct view_functions functions = {
    .find = image_find,
    .read = image_read,
    .target = image_target,
    .entry = image_entry,
    .map = image_map,
    .close = image_close,
};

int view_image__open(int file, struct view **view) {
    struct view_image *image = calloc(1, sizeof *image);
    if (image == NULL) return -ENOMEM;
    image->view.functions = &functions;
    image->view.region = fcntl(file, F_DUPFD_CLOEXEC, 0);
    int error = image->view.region < 0 ? -errno : load(image);
    if (error != 0) {
        image_close(&image->view);
        return error;
    }
    image->view.region_size = image->header.image_bytes;
    memcpy(image->view.identity, image->header.identity, sizeof image->view.identity);
    *view = &image->view;
    return 0;
}
