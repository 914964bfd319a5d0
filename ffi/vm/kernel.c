#include "kernel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* A part of the kernel that is copied whole. */
#define WHOLE(field)                                                                                                   \
    { offsetof(struct kernel, field), sizeof(((struct kernel *)0)->field), 0, 0, 0 }
/* A table: its head, and as many items as are used. */
#define TABLE(field)                                                                                                   \
    {                                                                                                                  \
        offsetof(struct kernel, field), offsetof(__typeof__(((struct kernel *)0)->field), items),                      \
            sizeof(((struct kernel *)0)->field.items[0]), offsetof(struct kernel, field.used),                         \
            sizeof(((struct kernel *)0)->field.items) / sizeof(((struct kernel *)0)->field.items[0])                   \
    }

struct kernel_part {
    size_t at, head;
    size_t item; /* 0: copied whole */
    size_t used_at;
    size_t most;
};

static const struct kernel_part kernel_tables[] = {
    WHOLE(changes),       WHOLE(process),     WHOLE(clock),  TABLE(host),    TABLE(signals), WHOLE(space),
    TABLE(threads),       TABLE(descriptors), TABLE(files),  TABLE(ports),   TABLE(pipes),   TABLE(events),
    TABLE(epolls),        TABLE(sockets),     TABLE(tree),   TABLE(frames),  TABLE(areas),   TABLE(names),
    TABLE(fpus),
};
#define PARTS (sizeof kernel_tables / sizeof *kernel_tables)

static uint32_t kernel__used(const struct kernel *kernel, const struct kernel_part *part) {
    uint32_t used = 0;
    if (part->item != 0) memcpy(&used, (const uint8_t *)kernel + part->used_at, sizeof used);
    return used;
}

static size_t kernel__size(const struct kernel *kernel, const struct kernel_part *part) {
    return part->head + kernel__used(kernel, part) * part->item;
}

void kernel__copy_new(struct kernel *to, const struct kernel *from) {
    for (size_t i = 0; i < PARTS; i++) {
        const struct kernel_part *part = &kernel_tables[i];
        memcpy((uint8_t *)to + part->at, (const uint8_t *)from + part->at, kernel__size(from, part));
    }
}

void kernel__copy(struct kernel *to, const struct kernel *from) {
    for (size_t i = 0; i < PARTS; i++) {
        const struct kernel_part *part = &kernel_tables[i];
        /* What `to` used beyond is cleared: a table may count on unused items being zero. */
        size_t size = kernel__size(from, part), old = kernel__size(to, part);
        memcpy((uint8_t *)to + part->at, (const uint8_t *)from + part->at, size);
        if (old > size) memset((uint8_t *)to + part->at + size, 0, old - size);
    }
}

uint64_t kernel__packed_size(const struct kernel *kernel) {
    uint64_t size = 0;
    for (size_t i = 0; i < PARTS; i++) size += sizeof(uint64_t) + kernel__size(kernel, &kernel_tables[i]);
    return size;
}

void kernel__pack(const struct kernel *kernel, uint8_t *to) {
    for (size_t i = 0; i < PARTS; i++) {
        uint64_t size = kernel__size(kernel, &kernel_tables[i]);
        memcpy(to, &size, sizeof size);
        memcpy(to + sizeof size, (const uint8_t *)kernel + kernel_tables[i].at, size);
        to += sizeof size + size;
    }
}

int kernel__unpack(struct kernel *kernel, const uint8_t *from, uint64_t size) {
    for (size_t i = 0; i < PARTS; i++) {
        const struct kernel_part *part = &kernel_tables[i];
        uint64_t bytes;
        if (size < sizeof bytes) return -EBADMSG;
        memcpy(&bytes, from, sizeof bytes);
        from += sizeof bytes;
        size -= sizeof bytes;
        if (bytes > size || bytes < part->head || bytes > part->head + part->most * part->item) return -EBADMSG;
        memcpy((uint8_t *)kernel + part->at, from, bytes);
        if (kernel__size(kernel, part) != bytes) return -EBADMSG;
        from += bytes;
        size -= bytes;
    }
    return size == 0 ? 0 : -EBADMSG;
}
