#include "base.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "image.h"

static const uint8_t ZEROS[PAGE_BYTES];

static int base__fill(struct base *base, const struct image *image) {
    for (uint32_t i = 0; i < image->header->page_count; i++) {
        const uint8_t *page = image->pages + (size_t)i * PAGE_BYTES;
        if (image->numbers[i] == base->memory_pages - 1) {
            memcpy(base->tail, page, PAGE_BYTES);
            continue;
        }
        ssize_t written = pwrite(base->memfd, page, PAGE_BYTES, (off_t)image->numbers[i] * PAGE_BYTES);
        if (written < 0) return -errno;
        if (written != PAGE_BYTES) return -EIO;
    }
    return 0;
}

static uint32_t base__pages_to_map(const struct image *image, uint32_t memory_pages) {
    for (uint32_t i = image->header->page_count; i > 0; i--) {
        if (image->numbers[i - 1] != memory_pages - 1) return image->numbers[i - 1] + 1;
    }
    return 0;
}

int base__init(struct base *base, const uint8_t *bytes, size_t length) {
    struct image image;
    int rc = image__parse(&image, bytes, length);
    if (rc != 0) return rc;
    uint32_t memory_pages = (uint32_t)(image.header->memory_bytes / PAGE_BYTES);
    uint32_t mapped_pages = base__pages_to_map(&image, memory_pages);
    if (image.header->base_hash != 0 || mapped_pages == 0) return -EBADMSG;

    *base = (struct base){
        .hash = image.header->hash,
        .memory_bytes = image.header->memory_bytes,
        .memory_pages = memory_pages,
        .mapped_pages = mapped_pages,
        .stack_pointer = image.header->stack_pointer,
        .io_address = image.header->io_address,
    };
    base->memfd = memfd_create("mayfly-base", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (base->memfd < 0) return -errno;
    size_t mapped_bytes = (size_t)mapped_pages * PAGE_BYTES;
    if (ftruncate(base->memfd, (off_t)mapped_bytes) != 0) {
        rc = -errno;
        goto close_memfd;
    }
    rc = base__fill(base, &image);
    if (rc != 0) goto close_memfd;
    if (fcntl(base->memfd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        rc = -errno;
        goto close_memfd;
    }
    void *mapped = mmap(NULL, mapped_bytes, PROT_READ, MAP_SHARED, base->memfd, 0);
    if (mapped == MAP_FAILED) {
        rc = -errno;
        goto close_memfd;
    }
    base->bytes = mapped;
    return 0;

close_memfd:
    close(base->memfd);
    return rc;
}

void base__fini(struct base *base) {
    munmap((void *)base->bytes, (size_t)base->mapped_pages * PAGE_BYTES);
    close(base->memfd);
}

const uint8_t *base__page(const struct base *base, uint32_t page) {
    if (page < base->mapped_pages) return base->bytes + (size_t)page * PAGE_BYTES;
    return page == base->memory_pages - 1 ? base->tail : ZEROS;
}
