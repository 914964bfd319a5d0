#include "contents.h"

#include <errno.h>
#include <string.h>

#include "internal.h"
#include "layers.h"
#include "tree.h"

#define ENTRIES 512u
#define ENTRY_BITS 9u

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* ---- the tree of pages --------------------------------------------------------------------------------- */

static uint64_t take_frame(struct vm *vm) {
    struct tree *tree = &vm->kernel->tree;
    uint64_t limit = vm->limits.file_bytes;
    if (tree->bytes > limit || limit - tree->bytes < PAGE_SIZE) return 0;
    uint64_t frame = frames__take(vm, 1);
    if (frame != 0) tree->bytes += PAGE_SIZE;
    return frame;
}

static uint64_t pages_at(uint32_t height) {
    return UINT64_C(1) << (ENTRY_BITS * height);
}

/* The frame of a page, or 0. */
static uint64_t find_page(struct vm *vm, const struct tree_node *node, uint64_t page) {
    if (page >= pages_at(node->height)) return 0;
    uint64_t frame = node->pages;
    for (uint32_t height = node->height; height > 0 && frame != 0; height--) {
        const uint64_t *entries = (const uint64_t *)frames__at(vm, frame);
        frame = frames__checked(vm, entries[(page >> (ENTRY_BITS * (height - 1))) % ENTRIES]);
    }
    return frame;
}

/* The first page from `page` on that has a frame, or one that is at or beyond `end`: large holes are one step each. */
static uint64_t next_page(struct vm *vm, const struct tree_node *node, uint64_t page, uint64_t end) {
    while (page < end && page < pages_at(node->height)) {
        uint64_t frame = node->pages;
        uint32_t height = node->height;
        for (; height > 0 && frame != 0; height--) {
            const uint64_t *entries = (const uint64_t *)frames__at(vm, frame);
            frame = frames__checked(vm, entries[(page >> (ENTRY_BITS * (height - 1))) % ENTRIES]);
        }
        if (frame != 0) return page;
        page = (page / pages_at(height) + 1) * pages_at(height);
    }
    return end;
}

static int set_entry(struct vm *vm, uint64_t frame, uint64_t entry, uint64_t value) {
    uint64_t *entries = (uint64_t *)frames__at(vm, frame);
    entries[entry] = value;
    frames__wrote(vm, frame + entry * sizeof *entries, sizeof *entries);
    return 0;
}

static int grow_to(struct vm *vm, struct tree_node *node, uint64_t page) {
    while (page >= pages_at(node->height)) {
        if (node->pages != 0) {
            uint64_t top = take_frame(vm);
            if (top == 0) return -ENOSPC;
            set_entry(vm, top, 0, node->pages);
            node->pages = top;
        }
        node->height++;
    }
    return 0;
}

/* The frame of a page that has none yet, all zero. */
static int make_page(struct vm *vm, struct tree_node *node, uint64_t page, uint64_t *made) {
    int error = grow_to(vm, node, page);
    if (error != 0) return error;
    if (node->pages == 0) node->pages = take_frame(vm);
    uint64_t frame = node->pages;
    for (uint32_t height = node->height; height > 0 && frame != 0; height--) {
        uint64_t entry = (page >> (ENTRY_BITS * (height - 1))) % ENTRIES;
        uint64_t next = frames__checked(vm, ((const uint64_t *)frames__at(vm, frame))[entry]);
        if (next == 0) {
            next = take_frame(vm);
            if (next != 0) set_entry(vm, frame, entry, next);
        }
        frame = next;
    }
    if (frame == 0) return -ENOSPC;
    node->blocks++;
    *made = frame;
    return 0;
}

/* Frames that are being given back, in runs. */
struct frame_run {
    uint64_t first;
    uint32_t count;
};

static void give_run(struct vm *vm, struct frame_run *run) {
    if (run->count == 0) return;
    frames__give(vm, run->first, run->count);
    vm->kernel->tree.bytes -= run->count * PAGE_SIZE;
    run->count = 0;
}

static void give_frame(struct vm *vm, struct frame_run *run, uint64_t frame) {
    if (run->count > 0 && run->first + run->count * PAGE_SIZE == frame) {
        run->count++;
        return;
    }
    give_run(vm, run);
    *run = (struct frame_run){frame, 1};
}

/* Gives back what lies from page `from` on below a frame whose first page is `base`. Whether the frame went as well. */
static int cut_below(struct vm *vm, struct tree_node *node, struct frame_run *run, uint64_t frame, uint32_t height,
                     uint64_t base, uint64_t from) {
    uint64_t each = height == 0 ? 0 : pages_at(height - 1);
    for (uint64_t i = 0; height > 0 && i < ENTRIES; i++) {
        uint64_t next = frames__checked(vm, ((const uint64_t *)frames__at(vm, frame))[i]);
        if (next == 0 || base + (i + 1) * each <= from) continue;
        if (cut_below(vm, node, run, next, height - 1, base + i * each, from)) set_entry(vm, frame, i, 0);
    }
    if (base < from) return 0;
    if (height == 0) node->blocks--;
    give_frame(vm, run, frame);
    return 1;
}

static void cut(struct vm *vm, struct tree_node *node, uint64_t from) {
    struct frame_run run = {0, 0};
    if (node->pages == 0 || from >= pages_at(node->height)) return;
    if (cut_below(vm, node, &run, node->pages, node->height, 0, from)) {
        node->pages = 0;
        node->height = 0;
    }
    give_run(vm, &run);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static int64_t read_below(struct vm *vm, const struct tree_node *node, uint8_t *to, size_t size, uint64_t offset) {
    size_t shown = offset < node->below ? (size_t)least(size, node->below - offset) : 0;
    if (shown > 0) {
        int64_t got = layers__read(vm, node->layer, node->handle, to, shown, offset);
        if (got < 0) return got;
        shown = (size_t)got;
    }
    memset(to + shown, 0, size - shown);
    return 0;
}

/* How far bytes from `offset` come from the layer below or are zero, at most `size`. */
static size_t run_without_page(struct vm *vm, const struct tree_node *node, uint64_t offset, size_t size) {
    if (node->pages == 0) return size;
    uint64_t end = page_down(offset) + PAGE_SIZE;
    while (end < offset + size && find_page(vm, node, end >> PAGE_SHIFT) == 0) end += PAGE_SIZE;
    return (size_t)least(size, end - offset);
}

int64_t contents__read(struct vm *vm, uint32_t index, void *to, size_t size, uint64_t offset) {
    const struct tree_node *node = tree__node(vm, index);
    if (offset >= node->size) return 0;
    size = (size_t)least(size, node->size - offset);
    uint8_t *out = to;
    for (size_t done = 0; done < size;) {
        uint64_t at = offset + done;
        uint64_t frame = find_page(vm, node, at >> PAGE_SHIFT);
        size_t count = (size_t)least(size - done, PAGE_SIZE - (at & PAGE_MASK));
        if (frame != 0) {
            memmove(out + done, frames__at(vm, frame) + (at & PAGE_MASK), count);
        } else {
            count = run_without_page(vm, node, at, size - done);
            int64_t error = read_below(vm, node, out + done, count, at);
            if (error != 0) return error;
        }
        done += count;
    }
    return (int64_t)size;
}

static uint64_t next_hole(struct vm *vm, const struct tree_node *node, uint64_t offset) {
    if (offset < page_up(node->below)) offset = page_up(node->below);
    while (offset < node->size && find_page(vm, node, offset >> PAGE_SHIFT) != 0) offset = page_down(offset) + PAGE_SIZE;
    return least(offset, node->size);
}

static uint64_t next_data(struct vm *vm, const struct tree_node *node, uint64_t offset) {
    if (offset < page_up(node->below)) return offset;
    uint64_t page = offset >> PAGE_SHIFT, found = next_page(vm, node, page, page_up(node->size) >> PAGE_SHIFT);
    return least(found == page ? offset : found << PAGE_SHIFT, node->size);
}

uint64_t contents__next(struct vm *vm, uint32_t index, uint64_t offset, int hole) {
    const struct tree_node *node = tree__node(vm, index);
    if (offset >= node->size) return node->size;
    return hole ? next_hole(vm, node, offset) : next_data(vm, node, offset);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

int contents__own_page(struct vm *vm, uint32_t index, uint64_t page, uint64_t *physical) {
    struct tree_node *node = tree__node(vm, index);
    *physical = find_page(vm, node, page);
    if (*physical != 0) return 0;
    int error = make_page(vm, node, page, physical);
    if (error != 0) return error;
    uint64_t offset = page << PAGE_SHIFT;
    if (offset < node->below) {
        int64_t failed = read_below(vm, node, frames__at(vm, *physical), PAGE_SIZE, offset);
        if (failed != 0) return (int)failed;
        frames__wrote(vm, *physical, PAGE_SIZE);
    }
    node->flags |= NODE_CHANGED;
    return 0;
}

int64_t contents__write(struct vm *vm, uint32_t index, const void *from, size_t size, uint64_t offset) {
    struct tree_node *node = tree__node(vm, index);
    if (size == 0) return 0;
    if (offset >= CONTENTS_BYTES_MAX) return -EFBIG;
    size = (size_t)least(size, CONTENTS_BYTES_MAX - offset);
    size_t done = 0;
    while (done < size) {
        uint64_t at = offset + done, frame;
        int error = contents__own_page(vm, index, at >> PAGE_SHIFT, &frame);
        if (error != 0 && done == 0) return error;
        if (error != 0) break;
        size_t count = (size_t)least(size - done, PAGE_SIZE - (at & PAGE_MASK));
        /* The guest may have the very page mapped, and write it to its own file. */
        memmove(frames__at(vm, frame) + (at & PAGE_MASK), (const uint8_t *)from + done, count);
        frames__wrote(vm, frame + (at & PAGE_MASK), count);
        done += count;
        if (at + count > node->size) node->size = at + count;
    }
    node->modified_ns = node->changed_ns = tree__now(vm);
    return (int64_t)done;
}

int contents__reserve(struct vm *vm, uint32_t index, uint64_t offset, uint64_t size) {
    if (offset > CONTENTS_BYTES_MAX || size > CONTENTS_BYTES_MAX - offset) return -EFBIG;
    uint64_t pages = (page_up(offset + size) - page_down(offset)) / PAGE_SIZE;
    if (pages > vm->limits.file_bytes / PAGE_SIZE) return -ENOSPC;
    for (uint64_t at = page_down(offset); at < offset + size; at += PAGE_SIZE) {
        uint64_t frame;
        int error = contents__own_page(vm, index, at >> PAGE_SHIFT, &frame);
        if (error != 0) return error;
    }
    return 0;
}

/* ---- cutting ------------------------------------------------------------------------------------------- */

static void zero_page(struct vm *vm, uint64_t frame, uint64_t from) {
    memset(frames__at(vm, frame) + from, 0, PAGE_SIZE - from);
    frames__wrote(vm, frame + from, PAGE_SIZE - from);
}

/* Pages that the guest may have mapped cannot be given back: somebody else's would show there. */
static void zero_from(struct vm *vm, const struct tree_node *node, uint64_t page) {
    uint64_t end = page_up(node->size) >> PAGE_SHIFT;
    while ((page = next_page(vm, node, page, end)) < end) zero_page(vm, find_page(vm, node, page++), 0);
}

int contents__resize(struct vm *vm, uint32_t index, uint64_t size) {
    struct tree_node *node = tree__node(vm, index);
    if (size > CONTENTS_BYTES_MAX) return -EFBIG;
    if (size < node->size) {
        uint64_t kept = page_up(size) >> PAGE_SHIFT;
        if (node->flags & NODE_MAPPED) zero_from(vm, node, kept);
        else cut(vm, node, kept);
        uint64_t last = size & PAGE_MASK ? find_page(vm, node, size >> PAGE_SHIFT) : 0;
        if (last != 0) zero_page(vm, last, size & PAGE_MASK);
        node->below = least(node->below, size);
    }
    if (size != node->size) node->flags |= NODE_CHANGED;
    node->size = size;
    node->modified_ns = node->changed_ns = tree__now(vm);
    return 0;
}

void contents__clear(struct vm *vm, uint32_t index) {
    struct tree_node *node = tree__node(vm, index);
    cut(vm, node, 0);
    node->below = node->size = 0;
}
