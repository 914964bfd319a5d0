#include "image.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

static const uint8_t MAGIC[8] = {'m', 'a', 'y', 'f', 'l', 'y', 'i', 'm'};

_Static_assert(sizeof(struct image_header) == 56, "the header's size is part of the format");
_Static_assert(offsetof(struct image_header, hash) == 16, "the header's fields are part of the format");
_Static_assert(offsetof(struct image_header, page_count) == 40, "the header's fields are part of the format");

static size_t image__pages_offset(uint32_t page_count) {
    size_t index = sizeof(struct image_header) + (size_t)page_count * sizeof(uint32_t);
    return (index + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/*
 * Finds torn and rotten files, nothing more: an image from a stranger would need a signature, but there are none.
 * A word at a time, because loading a snapshot happens on the server's thread. All lengths are multiples of 8.
 */
static uint64_t image__mix(uint64_t hash, const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static uint64_t image__hash(const uint8_t *bytes, size_t length) {
    struct image_header header;
    memcpy(&header, bytes, sizeof header);
    header.hash = 0;
    uint64_t hash = image__mix(length, (const uint8_t *)&header, sizeof header);
    hash = image__mix(hash, bytes + sizeof header, length - sizeof header);
    return hash == 0 ? 1 : hash; /* 0 means "no base" */
}

static bool image__header_is_sound(const struct image_header *header) {
    uint64_t bytes = header->memory_bytes;
    return memcmp(header->magic, MAGIC, sizeof MAGIC) == 0 && header->image_abi == IMAGE_ABI &&
           header->guest_abi == MF_GUEST_ABI && header->reserved == 0 && bytes != 0 && bytes <= UINT32_MAX &&
           bytes % PAGE_BYTES == 0 && header->page_count <= bytes / PAGE_BYTES &&
           header->stack_pointer % 16 == 0 && header->stack_pointer <= bytes && header->io_address != 0 &&
           header->io_address % _Alignof(struct mf_guest_io) == 0 &&
           header->io_address + sizeof(struct mf_guest_io) <= bytes;
}

int image__parse(struct image *image, const uint8_t *bytes, size_t length) {
    if (length < sizeof(struct image_header)) return -EBADMSG;
    const struct image_header *header = (const struct image_header *)bytes;
    if (!image__header_is_sound(header)) return -EBADMSG;
    size_t pages_offset = image__pages_offset(header->page_count);
    if (length != pages_offset + (size_t)header->page_count * PAGE_BYTES) return -EBADMSG;
    if (header->hash != image__hash(bytes, length)) return -EBADMSG;

    const uint32_t *numbers = (const uint32_t *)(bytes + sizeof *header);
    for (uint32_t i = 0; i < header->page_count; i++) {
        if (numbers[i] >= header->memory_bytes / PAGE_BYTES) return -EBADMSG;
        if (i > 0 && numbers[i] <= numbers[i - 1]) return -EBADMSG;
    }
    *image = (struct image){.header = header, .numbers = numbers, .pages = bytes + pages_offset};
    return 0;
}

int image__make(const struct image_header *header, const uint32_t *numbers, const uint8_t *memory, uint8_t **out,
                size_t *out_length) {
    size_t pages_offset = image__pages_offset(header->page_count);
    size_t length = pages_offset + (size_t)header->page_count * PAGE_BYTES;
    uint8_t *bytes = calloc(1, length);
    if (bytes == NULL) return -ENOMEM;

    struct image_header *made = (struct image_header *)bytes;
    *made = *header;
    memcpy(made->magic, MAGIC, sizeof MAGIC);
    made->image_abi = IMAGE_ABI;
    made->guest_abi = MF_GUEST_ABI;
    memcpy(bytes + sizeof *made, numbers, (size_t)header->page_count * sizeof *numbers);
    for (uint32_t i = 0; i < header->page_count; i++) {
        memcpy(bytes + pages_offset + (size_t)i * PAGE_BYTES, memory + (size_t)numbers[i] * PAGE_BYTES, PAGE_BYTES);
    }
    made->hash = image__hash(bytes, length);
    *out = bytes;
    *out_length = length;
    return 0;
}
