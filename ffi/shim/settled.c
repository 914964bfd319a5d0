#include "settled.h"

#include <sys/mman.h>
#include <sys/syscall.h>

/* Enough that a function which is called now and then, among many others, does not get here. */
#define RUNS_BEFORE 64u
#define PIECES_MAX 256u
/* The file is memory beside the snapshot itself: 4 MB each, for so many. */
#define PAGES_MAX 1024u
#define SETTLED_MAX 32u

static atomic_uint settled_count;

/* From the place of a page in the snapshot to behind the last one of those that follow in memory and are mapped. */
static uint32_t snapshot__piece_end(const struct snapshot *snapshot, uint32_t place, uint32_t last_page) {
    uint32_t end = place;
    do end++;
    while (end < snapshot->page_count && snapshot->numbers[end] == snapshot->numbers[end - 1] + 1 &&
           snapshot->numbers[end] != last_page);
    return end;
}

/* The last page is always copied. */
static bool snapshot__is_over(const struct snapshot *snapshot, uint32_t place, uint32_t last_page) {
    return place == snapshot->page_count || snapshot->numbers[place] == last_page;
}

bool instance__may_settle(const struct instance *instance, const struct snapshot *snapshot) {
    uint32_t last_page = instance->base->memory_pages - 1, pieces = 0;
    if (instance->settled != 0 || instance->runs_in_a_row != RUNS_BEFORE) return false;
    if (snapshot->page_count > PAGES_MAX || atomic_load(&settled_count) >= SETTLED_MAX) return false;
    for (uint32_t place = 0; !snapshot__is_over(snapshot, place, last_page); pieces++) {
        place = snapshot__piece_end(snapshot, place, last_page);
    }
    return pieces > 0 && pieces <= PIECES_MAX;
}

/* A file of the pages, one behind the other; a mapping keeps it. */
static int snapshot__file(const struct snapshot *snapshot) {
    int fd = (int)syscall(SYS_memfd_create, "mayfly-function", 1u /* MFD_CLOEXEC */);
    if (fd < 0) return -errno;
    size_t length = (size_t)snapshot->page_count * PAGE_BYTES;
    for (size_t done = 0; done < length;) {
        ssize_t written = write(fd, snapshot->pages + done, length - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            int rc = written < 0 ? -errno : -EIO;
            close(fd);
            return rc;
        }
        done += (size_t)written;
    }
    return fd;
}

static int instance__map(struct instance *instance, size_t offset, size_t length, int flags, int fd, off_t at) {
    void *mapped = mmap(instance->memory + offset, length, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | flags, fd, at);
    return mapped == MAP_FAILED ? -errno : 0;
}

int instance__settle(struct instance *instance, const struct snapshot *snapshot) {
    uint32_t last_page = instance->base->memory_pages - 1;
    int fd = snapshot__file(snapshot), rc = 0;
    if (fd < 0) return fd;
    atomic_fetch_add(&settled_count, 1);
    instance->settled = snapshot->serial;
    for (uint32_t place = 0; rc == 0 && !snapshot__is_over(snapshot, place, last_page);) {
        uint32_t end = snapshot__piece_end(snapshot, place, last_page);
        size_t length = (size_t)(end - place) * PAGE_BYTES;
        rc = instance__map(instance, (size_t)snapshot->numbers[place] * PAGE_BYTES, length, 0, fd,
                           (off_t)place * (off_t)PAGE_BYTES);
        place = end;
    }
    close(fd);
    if (rc == 0) rc = instance__advise(instance);
    return rc == 0 ? instance__drop_pages(instance) : rc;
}

int instance__unsettle(struct instance *instance) {
    const struct base *base = instance->base;
    size_t base_bytes = (size_t)base->mapped_pages * PAGE_BYTES;
    atomic_fetch_sub(&settled_count, 1);
    instance->settled = 0;
    int rc = instance__map(instance, 0, base_bytes, 0, base->memfd, 0);
    if (rc == 0) rc = instance__map(instance, base_bytes, base->memory_bytes - base_bytes, MAP_ANONYMOUS, -1, 0);
    if (rc == 0) rc = instance__advise(instance);
    return rc == 0 ? instance__drop_pages(instance) : rc;
}
