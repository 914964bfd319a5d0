/*
 * Images: memory of a guest as a file, as a list of pages. The base image lists the pages that are not zero, a
 * function's image those that differ from the base.
 */
#ifndef MAYFLY_IMAGE_H
#define MAYFLY_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "os.h"

#define IMAGE_ABI 1u

/* An image is this header, `page_count` ascending page numbers, zeros up to a whole page, then the pages. */
struct image_header {
    uint8_t magic[8];
    uint32_t image_abi;
    uint32_t guest_abi;
    uint64_t hash;          /* of all bytes with this field zero */
    uint64_t base_hash;     /* `hash` of the base image; 0 in a base image */
    uint64_t memory_bytes;
    uint32_t page_count;
    uint32_t stack_pointer;
    uint32_t io_address;
    uint32_t reserved;
};

/* Checked, and pointing into the bytes it was parsed from. */
struct image {
    const struct image_header *header;
    const uint32_t *numbers;
    const uint8_t *pages;
};

/* -EBADMSG if anything about it is not as it must be. The bytes are aligned as malloc aligns. */
int image__parse(struct image *image, const uint8_t *bytes, size_t length);

/* Makes an image in one buffer for the caller to free. `header` has all but magic, ABIs and hash. */
int image__make(const struct image_header *header, const uint32_t *numbers, const uint8_t *memory, uint8_t **out,
                size_t *out_length);

#endif
