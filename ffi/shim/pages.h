/*
 * Which pages of an instance are private, that is: were written once since they were mapped, and so may differ from
 * the base image. The kernel knows (scan), the shim remembers (set).
 */
#ifndef MAYFLY_PAGES_H
#define MAYFLY_PAGES_H

#include <stdint.h>

struct pages {
    uint64_t *words;
    uint32_t word_count;
    uint32_t low, high; /* only words in [low, high) may have bits */
    uint32_t count;
};

int pages__init(struct pages *pages, uint32_t page_count);
void pages__fini(struct pages *pages);
void pages__clear(struct pages *pages);
/* Of sets for the same number of pages. */
void pages__copy(struct pages *to, const struct pages *from);

static inline void pages__add(struct pages *pages, uint32_t page) {
    uint32_t word = page / 64;
    uint64_t bit = UINT64_C(1) << (page % 64);
    if (pages->words[word] & bit) return;
    if (word < pages->low) pages->low = word;
    if (word >= pages->high) pages->high = word + 1;
    pages->words[word] |= bit;
    pages->count++;
}

static inline void pages__remove(struct pages *pages, uint32_t page) {
    pages->words[page / 64] &= ~(UINT64_C(1) << (page % 64));
    pages->count--;
}

/*
 * Walks the set in ascending order:  for (cursor = pages__first(..); pages__next(.., &page);)
 */
struct pages_cursor {
    uint32_t word;
    uint64_t bits;
};

static inline struct pages_cursor pages__first(const struct pages *pages) {
    struct pages_cursor cursor = {.word = pages->low};
    if (pages->low < pages->high) cursor.bits = pages->words[pages->low];
    return cursor;
}

static inline int pages__next(const struct pages *pages, struct pages_cursor *cursor, uint32_t *page) {
    while (cursor->bits == 0) {
        if (cursor->word + 1 >= pages->high) return 0;
        cursor->bits = pages->words[++cursor->word];
    }
    *page = cursor->word * 64 + (uint32_t)__builtin_ctzll(cursor->bits);
    cursor->bits &= cursor->bits - 1;
    return 1;
}

/* The process's page map, for scans; one file serves all threads. Returns a descriptor. */
int pagemap__open(void);
/*
 * Adds the private pages of [memory, memory + page_count pages) to the set. Stops, having added as many, when the set
 * has `limit` pages.
 */
int pagemap__scan(int pagemap, const uint8_t *memory, uint32_t page_count, uint32_t limit, struct pages *pages);
/* The same without PAGEMAP_SCAN, as on kernels before 6.7. Pages that were only read may be in the set as well. */
int pagemap__read(int pagemap, const uint8_t *memory, uint32_t page_count, uint32_t limit, struct pages *pages);

#endif
