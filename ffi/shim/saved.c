#include "saved.h"

#include <stdlib.h>
#include <string.h>

int saved__init(struct saved *saved) {
    saved->pages = malloc((size_t)SAVED_PAGES_MAX * PAGE_BYTES);
    return saved->pages == NULL ? -ENOMEM : 0;
}

void saved__fini(struct saved *saved) {
    free(saved->pages);
    saved->pages = NULL;
}

/* Pages that follow one another, by one copy. */
static void saved__add(struct saved *saved, struct instance *instance, uint32_t first, uint32_t end) {
    size_t length = (size_t)(end - first) * PAGE_BYTES;
    uint8_t *to = saved->pages + (size_t)saved->state.page_count * PAGE_BYTES;
    memcpy(to, instance->memory + (size_t)first * PAGE_BYTES, length);
    for (uint32_t page = first; page < end; page++) saved->numbers[saved->state.page_count++] = page;
}

int saved__take(struct saved *saved, struct instance *instance) {
    if (instance->is_unscanned) {
        int rc = instance__scan(instance, SAVED_PAGES_MAX);
        if (rc != 0) return rc;
    }
    if (instance->private_pages.count >= SAVED_PAGES_MAX) {
        /* A scan that was cut short has not seen all of them. */
        instance->is_unscanned = true;
        return -E2BIG;
    }
    saved->state = (struct snapshot){
        .below = instance->snapshot,
        .stack_pointer = instance__stack_pointer(instance),
        .numbers = saved->numbers,
        .pages = saved->pages,
    };
    struct pages_cursor cursor = pages__first(&instance->private_pages);
    uint32_t first = 0, end = 0, page;
    while (pages__next(&instance->private_pages, &cursor, &page)) {
        if (page != end) {
            saved__add(saved, instance, first, end);
            first = page;
        }
        end = page + 1;
    }
    saved__add(saved, instance, first, end);
    uint32_t last_page = instance->base->memory_pages - 1;
    saved__add(saved, instance, last_page, last_page + 1);
    return 0;
}
