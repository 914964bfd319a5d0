/* The base image in memory: a memfd that every instance maps privately, and the one page beyond it. */
#ifndef MAYFLY_BASE_H
#define MAYFLY_BASE_H

#include <stdint.h>

#include "os.h"

struct base {
    int memfd;
    const uint8_t *bytes; /* the memfd, read-only */
    uint64_t hash;
    uint64_t memory_bytes;
    uint32_t memory_pages;
    uint32_t mapped_pages; /* how many pages, from the first, the memfd has */
    uint32_t stack_pointer;
    uint32_t io_address;
    /*
     * An allocator's fencepost sits in the memory's last page, far from everything else: mapping the file up to
     * there would let a guest fill the shared holes between by reading them. So that page is copied instead.
     */
    uint8_t tail[PAGE_BYTES];
};

/* Takes what it needs from an image's bytes. -EBADMSG if they are none of a base. */
int base__init(struct base *base, const uint8_t *bytes, size_t length);
void base__fini(struct base *base);

/* What a page holds in the base image. */
const uint8_t *base__page(const struct base *base, uint32_t page);

#endif
