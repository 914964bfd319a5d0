/*
 * A packed image: a tree of files as one file, for a view (view_image.c) that maps it straight into guests.
 *
 * A header, then the index: entries, slots, text. Then contents, each file's at a page of its own, the rest of its last page
 * zero. Entries come in the order of their depth, and those of a folder one after another in the order of their names; the
 * first one is the root. Slots are a hash table of whole paths, with open addressing: each entry is in one of them, not far
 * from where its hash leads. Whoever chooses names may choose such that fall together; the seed is one with which they do not.
 */
#ifndef MAYFLY_VM_IMAGE_FORMAT_H
#define MAYFLY_VM_IMAGE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC "mayflyvi"
#define IMAGE_VERSION 1u
#define IMAGE_ENTRIES_MAX (1u << 22)
#define IMAGE_TEXT_MAX (UINT64_C(1) << 30)
#define IMAGE_BYTES_MAX (UINT64_C(8) << 30)
#define IMAGE_NAME_MAX 255u
#define IMAGE_TARGET_MAX 4095u
#define IMAGE_NO_ENTRY UINT32_MAX
#define IMAGE_PROBES_MAX 64u /* slots to look at for a path */

struct image_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t entry_count;
    uint32_t slot_count; /* a power of two, more than there are entries */
    uint32_t seed; /* of the hashes */
    uint64_t text_bytes;  /* a multiple of 8 */
    uint64_t contents_at; /* a page */
    uint64_t image_bytes; /* a multiple of a page */
    uint8_t identity[32]; /* SHA-256 of the index and the contents */
    uint64_t checksum;    /* of the header before it and the index */
};

struct image_entry {
    uint32_t name_at; /* in the text */
    uint16_t name_size;
    uint8_t type; /* enum view_node_type */
    uint8_t reserved;
    uint32_t mode;   /* permission bits */
    uint32_t parent; /* the root's is itself */
    uint32_t first_child, child_count;
    uint64_t at;   /* of a file: in the image; of a link: its target in the text */
    uint64_t size; /* of contents or target */
    int64_t modified_ns;
};

_Static_assert(sizeof(struct image_header) == 88, "the header is part of the format");
_Static_assert(sizeof(struct image_entry) == 48, "the entries are part of the format");

/* Of whole words. `from` is that of what came before, 0 at first. No change of a single word leaves it as it was. */
uint64_t image__checksum(uint64_t from, const void *words, size_t bytes);
/* Of a path as view_functions.find gets it; or part by part. */
uint32_t image__hash(uint32_t seed, const char *path);
uint64_t image__hash_begin(uint32_t seed);
uint64_t image__hash_more(uint64_t hash, const char *part, size_t size);
uint32_t image__hash_end(uint64_t hash);

/* Where the index's parts are, after the header; all are multiples of 8. */
static inline uint64_t image__entries_bytes(const struct image_header *header) {
    return (uint64_t)header->entry_count * sizeof(struct image_entry);
}
static inline uint64_t image__slots_bytes(const struct image_header *header) {
    return (uint64_t)header->slot_count * sizeof(uint32_t);
}

#endif
