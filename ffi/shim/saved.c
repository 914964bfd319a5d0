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

static void saved__add(struct saved *saved, struct instance *instance, uint32_t page) {
    uint32_t place = saved->state.page_count++;
    saved->numbers[place] = page;
    memcpy(saved->pages + (size_t)place * PAGE_BYTES, instance->memory + (size_t)page * PAGE_BYTES, PAGE_BYTES);
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
        .stack_pointer = instance__stack_pointer(instance),
        .numbers = saved->numbers,
        .pages = saved->pages,
    };
    struct pages_cursor cursor = pages__first(&instance->private_pages);
    uint32_t page;
    while (pages__next(&instance->private_pages, &cursor, &page)) saved__add(saved, instance, page);
    saved__add(saved, instance, instance->base->memory_pages - 1);
    return 0;
}
