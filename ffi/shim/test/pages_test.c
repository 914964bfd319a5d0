#include <sys/mman.h>

#include "../pages.h"
#include "test.h"

enum { PAGES = 5000, PAGE = 4096 };

static void a_set_has_what_was_added_in_order(void) {
    struct pages pages, copy;
    CHECK(pages__init(&pages, PAGES) == 0 && pages__init(&copy, PAGES) == 0);
    static bool wanted[PAGES];
    for (int round = 0; round < 50; round++) {
        uint32_t count = 0, page, before = UINT32_MAX;
        memset(wanted, 0, sizeof wanted);
        pages__clear(&pages);
        for (uint32_t i = 0; i < test__random() % 200; i++) {
            page = test__random() % PAGES;
            count += !wanted[page];
            wanted[page] = true;
            pages__add(&pages, page);
        }
        for (uint32_t i = 0; i < PAGES; i++) {
            if (!wanted[i] || test__random() % 4 != 0) continue;
            wanted[i] = false;
            pages__remove(&pages, i);
            count--;
        }
        pages__copy(&copy, &pages);
        CHECK(pages.count == count && copy.count == count);
        struct pages_cursor cursor = pages__first(&copy);
        while (pages__next(&copy, &cursor, &page)) {
            CHECK(wanted[page] && (before == UINT32_MAX || page > before));
            before = page;
            count--;
        }
        CHECK(count == 0);
    }
    pages__fini(&pages);
    pages__fini(&copy);
}

/* A file mapped privately, some of it read and some written, with untouched and read-only-touched memory behind it. */
static void both_ways_to_ask_the_kernel_find_every_private_page(void) {
    int file = memfd_create("test", 0), pagemap = pagemap__open();
    CHECK(file >= 0 && ftruncate(file, PAGES / 2 * PAGE) == 0 && pagemap >= 0);
    uint8_t *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE) == 0);
    CHECK(mmap(memory, PAGES / 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == memory);
    struct pages written, scanned, read;
    CHECK(pages__init(&written, PAGES) == 0 && pages__init(&scanned, PAGES) == 0 && pages__init(&read, PAGES) == 0);
    volatile uint8_t sum = 0;
    for (uint32_t i = 0; i < 700; i++) {
        uint32_t page = test__random() % PAGES;
        sum += memory[page * PAGE];
        page = test__random() % PAGES;
        memory[page * PAGE]++;
        pages__add(&written, page);
    }
    CHECK(pagemap__scan(pagemap, memory, PAGES, UINT32_MAX, &scanned) == 0);
    CHECK(pagemap__read(pagemap, memory, PAGES, UINT32_MAX, &read) == 0);
    CHECK(scanned.count == written.count && read.count >= written.count);
    struct pages_cursor cursor = pages__first(&written);
    for (uint32_t page; pages__next(&written, &cursor, &page);) {
        uint32_t count = scanned.count, read_count = read.count;
        pages__add(&scanned, page);
        pages__add(&read, page);
        CHECK(scanned.count == count && read.count == read_count);
    }

    pages__clear(&scanned);
    CHECK(pagemap__scan(pagemap, memory, PAGES, 100, &scanned) == 0 && scanned.count == 100);
    pages__clear(&read);
    CHECK(pagemap__read(pagemap, memory, PAGES, 100, &read) == 0 && read.count == 100);
    CHECK(munmap(memory, PAGES * PAGE) == 0 && close(file) == 0 && close(pagemap) == 0);
    pages__fini(&written);
    pages__fini(&scanned);
    pages__fini(&read);
}

const struct test pages_tests[] = {
    {"a set of pages has what was added, in order", a_set_has_what_was_added_in_order},
    {"both ways to ask the kernel find every private page", both_ways_to_ask_the_kernel_find_every_private_page},
    {NULL, NULL},
};
