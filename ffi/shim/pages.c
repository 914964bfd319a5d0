#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os.h"

int pages__init(struct pages *pages, uint32_t page_count) {
    uint32_t word_count = (page_count + 63) / 64;
    uint64_t *words = calloc(word_count, sizeof *words);
    if (words == NULL) return -ENOMEM;
    *pages = (struct pages){.words = words, .word_count = word_count, .low = word_count};
    return 0;
}

void pages__fini(struct pages *pages) {
    free(pages->words);
}

void pages__clear(struct pages *pages) {
    if (pages->low < pages->high) memset(pages->words + pages->low, 0, (pages->high - pages->low) * sizeof(uint64_t));
    pages->low = pages->word_count;
    pages->high = 0;
    pages->count = 0;
}

void pages__copy(struct pages *to, const struct pages *from) {
    pages__clear(to);
    if (from->low >= from->high) return;
    memcpy(to->words + from->low, from->words + from->low, (from->high - from->low) * sizeof(uint64_t));
    to->low = from->low;
    to->high = from->high;
    to->count = from->count;
}

/* From linux/fs.h of Linux 6.7, by hand: the headers of the machine that compiles may be older than its kernel. */
struct scan_region {
    uint64_t start, end, categories;
};

struct scan_arguments {
    uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

_Static_assert(sizeof(struct scan_region) == 24, "struct page_region");
_Static_assert(sizeof(struct scan_arguments) == 96, "struct pm_scan_arg");

#define SCAN_REQUEST _IOWR('f', 16, struct scan_arguments)
#define SCAN_IS_FILE (1u << 2)
#define SCAN_IS_PRESENT (1u << 3)
#define SCAN_IS_SWAPPED (1u << 4)
#define SCAN_IS_ZERO_PAGE (1u << 5)

/* Bits of an entry of /proc/self/pagemap. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_FILE (UINT64_C(1) << 61)

int pagemap__open(void) {
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int pagemap__scan(int pagemap, const uint8_t *memory, uint32_t page_count, uint32_t limit, struct pages *pages) {
    struct scan_region regions[128];
    struct scan_arguments arguments = {
        .size = sizeof arguments,
        .start = (uintptr_t)memory,
        .end = (uintptr_t)memory + (uint64_t)page_count * PAGE_BYTES,
        .regions = (uintptr_t)regions,
        .region_count = sizeof regions / sizeof *regions,
        .category_mask = SCAN_IS_FILE | SCAN_IS_ZERO_PAGE,
        .category_inverted = SCAN_IS_FILE | SCAN_IS_ZERO_PAGE,
        .category_anyof_mask = SCAN_IS_PRESENT | SCAN_IS_SWAPPED,
        .return_mask = SCAN_IS_PRESENT,
    };
    while (arguments.start < arguments.end && pages->count < limit) {
        int found = ioctl(pagemap, SCAN_REQUEST, &arguments);
        if (found < 0 && errno == EINTR) continue;
        if (found < 0 && (errno == ENOTTY || errno == EINVAL)) {
            return pagemap__read(pagemap, memory, page_count, limit, pages);
        }
        if (found < 0) return -errno;
        for (int i = 0; i < found; i++) {
            uint32_t first = (uint32_t)((regions[i].start - (uintptr_t)memory) / PAGE_BYTES);
            uint32_t end = (uint32_t)((regions[i].end - (uintptr_t)memory) / PAGE_BYTES);
            for (uint32_t page = first; page < end && pages->count < limit; page++) pages__add(pages, page);
        }
        arguments.start = arguments.walk_end;
    }
    return 0;
}

int pagemap__read(int pagemap, const uint8_t *memory, uint32_t page_count, uint32_t limit, struct pages *pages) {
    uint64_t entries[512];
    uint64_t first = (uintptr_t)memory / PAGE_BYTES;
    for (uint32_t done = 0; done < page_count && pages->count < limit;) {
        uint32_t wanted = page_count - done < 512 ? page_count - done : 512;
        ssize_t bytes = pread(pagemap, entries, wanted * sizeof *entries, (off_t)((first + done) * sizeof *entries));
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0) return -errno;
        if (bytes < (ssize_t)sizeof *entries) return -EIO;
        uint32_t got = (uint32_t)((size_t)bytes / sizeof *entries);
        for (uint32_t i = 0; i < got && pages->count < limit; i++) {
            int exists = (entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED)) != 0;
            if (exists && !(entries[i] & ENTRY_FILE)) pages__add(pages, done + i);
        }
        done += got;
    }
    return 0;
}
