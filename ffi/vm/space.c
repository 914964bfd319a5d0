#include "space.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "map.h"
#include "space_fill.h"

uint32_t space__first(const struct vm *vm, uint64_t address) {
    const struct area_table *areas = &vm->kernel->areas;
    uint32_t low = 0, high = areas->used;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (areas->items[middle].end <= address) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct area *space__area(struct vm *vm, uint64_t address) {
    struct area_table *areas = &vm->kernel->areas;
    uint32_t index = space__first(vm, address);
    if (index == areas->used || areas->items[index].start > address) return NULL;
    return &areas->items[index];
}

static int space__is_free(struct vm *vm, uint64_t start, uint64_t end) {
    const struct area_table *areas = &vm->kernel->areas;
    uint32_t index = space__first(vm, start);
    return index == areas->used || areas->items[index].start >= end;
}

struct file *space__file(struct vm *vm, const struct area *area) {
    return area->file == 0 ? NULL : &vm->kernel->files.items[area->file - 1];
}

static void space__remove_item(struct area_table *areas, uint32_t index) {
    areas->used--;
    memmove(areas->items + index, areas->items + index + 1, (areas->used - index) * sizeof *areas->items);
}

static int space__insert_item(struct area_table *areas, uint32_t index, const struct area *area) {
    if (areas->used == AREAS_MAX) return -ENOMEM;
    memmove(areas->items + index + 1, areas->items + index, (areas->used - index) * sizeof *areas->items);
    areas->items[index] = *area;
    areas->used++;
    return 0;
}

/* One follows the other and both are alike. */
static int space__joins(const struct area *left, const struct area *right) {
    return left->end == right->start && left->protection == right->protection && left->flags == right->flags &&
           left->file == right->file &&
           (left->file == 0 || left->file_offset + (left->end - left->start) == right->file_offset);
}

static void space__join_at(struct vm *vm, uint32_t index) {
    struct area_table *areas = &vm->kernel->areas;
    if (index == 0 || index >= areas->used) return;
    struct area *left = &areas->items[index - 1], *right = &areas->items[index];
    if (!space__joins(left, right)) return;
    left->end = right->end;
    if (right->file != 0) file__release(vm, space__file(vm, right));
    space__remove_item(areas, index);
}

static void space__join_around(struct vm *vm, uint64_t start, uint64_t end) {
    uint32_t index = space__first(vm, start);
    for (uint32_t i = index + 1; i > 0 && i + 1 > index; i--) space__join_at(vm, i);
    space__join_at(vm, space__first(vm, end));
}

/* Takes over a reference to the area's file. */
static int space__add(struct vm *vm, const struct area *area) {
    uint32_t index = space__first(vm, area->start);
    int error = space__insert_item(&vm->kernel->areas, index, area);
    if (error != 0) return error;
    space__join_at(vm, index + 1);
    space__join_at(vm, index);
    return 0;
}

/* So that an area begins at `address` if one holds it. */
static int space__split(struct vm *vm, uint64_t address) {
    struct area *area = space__area(vm, address);
    if (area == NULL || area->start == address) return 0;
    struct area right = *area;
    right.start = address;
    if (right.file != 0) right.file_offset += address - area->start;
    uint32_t index = (uint32_t)(area - vm->kernel->areas.items);
    int error = space__insert_item(&vm->kernel->areas, index + 1, &right);
    if (error != 0) return error;
    vm->kernel->areas.items[index].end = address;
    if (right.file != 0) file__keep(space__file(vm, &right));
    return 0;
}

static int space__split_at_both(struct vm *vm, uint64_t start, uint64_t end) {
    int error = space__split(vm, start);
    return error != 0 ? error : space__split(vm, end);
}

int space__has_fixed(struct vm *vm, uint64_t start, uint64_t end) {
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = space__first(vm, start); i < areas->used && areas->items[i].start < end; i++) {
        if (areas->items[i].flags & AREA_FIXED) return 1;
    }
    return 0;
}

static int space__bad_range(uint64_t address, uint64_t length) {
    return (address & PAGE_MASK) != 0 || length > USER_LAST || address > USER_LAST - length;
}

/* Page tables and areas of a range go. Its ends have to be areas' ends. */
static void space__remove(struct vm *vm, uint64_t start, uint64_t end) {
    struct area_table *areas = &vm->kernel->areas;
    fill__remove(vm, start, end);
    uint32_t index = space__first(vm, start);
    while (index < areas->used && areas->items[index].start < end) {
        struct file *file = space__file(vm, &areas->items[index]);
        space__remove_item(areas, index);
        if (file != NULL) file__release(vm, file);
    }
}

int64_t space__unmap(struct vm *vm, uint64_t address, uint64_t length) {
    if (length == 0 || space__bad_range(address, length)) return -EINVAL;
    uint64_t end = page_up(address + length);
    if (space__has_fixed(vm, address, end)) return -EPERM;
    int error = space__split_at_both(vm, address, end);
    if (error != 0) return error;
    space__remove(vm, address, end);
    return 0;
}

static uint64_t space__find_gap_in(struct vm *vm, uint64_t length, uint64_t start, uint64_t last) {
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = space__first(vm, start); i < areas->used; i++) {
        const struct area *area = &areas->items[i];
        if (area->start >= start && area->start - start >= length) break;
        if (area->end > start) start = area->end;
    }
    return start <= last && length <= last - start ? start : 0;
}

static uint64_t space__find_gap(struct vm *vm, uint64_t length) {
    uint64_t start = space__find_gap_in(vm, length, MMAP_FIRST, MMAP_LAST);
    return start != 0 ? start : space__find_gap_in(vm, length, MMAP_VAST_FIRST, PROGRAM_BASE);
}

static int64_t space__place(struct vm *vm, uint64_t address, uint64_t length, uint32_t flags) {
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (space__bad_range(address, length)) return -EINVAL;
        if (address < USER_FIRST) return -EPERM;
        if ((flags & MAP_FIXED_NOREPLACE) && !space__is_free(vm, address, address + length)) return -EEXIST;
        if (space__has_fixed(vm, address, address + length)) return -EPERM;
        return (int64_t)address;
    }
    address = page_down(address);
    if (address >= USER_FIRST && !space__bad_range(address, length) && space__is_free(vm, address, address + length)) {
        return (int64_t)address;
    }
    address = space__find_gap(vm, length);
    return address == 0 ? -ENOMEM : (int64_t)address;
}

int64_t space__map(struct vm *vm, uint64_t address, uint64_t length, uint32_t protection, uint32_t flags,
                   struct file *file, uint64_t offset) {
    if (length == 0 || (offset & PAGE_MASK) != 0) return -EINVAL;
    if (length > USER_LAST) return -ENOMEM;
    length = page_up(length);
    if (offset > INT64_MAX - length) return -EOVERFLOW;
    int64_t start = space__place(vm, address, length, flags);
    if (start < 0) return start;
    /* Splits below may need two more items, and the area itself one. */
    if (vm->kernel->areas.used + 3 > AREAS_MAX) return -ENOMEM;
    if (flags & MAP_FIXED) {
        int64_t error = space__unmap(vm, (uint64_t)start, length);
        if (error != 0) return error;
    }
    struct area area = {
        .start = (uint64_t)start,
        .end = (uint64_t)start + length,
        .protection = (uint8_t)protection,
        .flags = (flags & MAP_TYPE) == MAP_PRIVATE ? 0 : AREA_SHARED,
        .file = file == NULL ? 0 : file__index(vm, file) + 1,
        .file_offset = file == NULL ? 0 : offset,
    };
    if (file != NULL) file__keep(file);
    int error = space__add(vm, &area);
    if (error == 0) error = fill__new(vm, area.start, area.end, flags);
    if (error != 0) {
        space__unmap(vm, area.start, length);
        return error;
    }
    return start;
}

static int space__is_covered(struct vm *vm, uint64_t start, uint64_t end) {
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = space__first(vm, start); start < end; i++) {
        if (i == areas->used || areas->items[i].start > start) return 0;
        start = areas->items[i].end;
    }
    return 1;
}

int64_t space__protect(struct vm *vm, uint64_t address, uint64_t length, uint32_t protection) {
    if ((address & PAGE_MASK) != 0) return -EINVAL;
    if (length == 0) return 0;
    if (space__bad_range(address, length)) return -ENOMEM;
    uint64_t end = page_up(address + length);
    if (!space__is_covered(vm, address, end)) return -ENOMEM;
    if (space__has_fixed(vm, address, end)) return -EACCES;
    struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = space__first(vm, address); i < areas->used && areas->items[i].start < end; i++) {
        const struct area *area = &areas->items[i];
        if (area->file == 0) continue;
        int error = map__allowed(vm, space__file(vm, area), protection, area->flags & AREA_SHARED ? MAP_SHARED : MAP_PRIVATE);
        if (error != 0) return error;
    }
    int error = space__split_at_both(vm, address, end);
    if (error != 0) return error;
    for (uint32_t i = space__first(vm, address); i < areas->used && areas->items[i].start < end; i++) {
        areas->items[i].protection = (uint8_t)protection;
    }
    error = fill__protect(vm, address, end, protection);
    space__join_around(vm, address, end);
    return error;
}

/* Grows or moves; what lies beyond the old end is new. */
int64_t space__remap(struct vm *vm, uint64_t address, uint64_t old_length, uint64_t new_length, uint32_t flags,
                     uint64_t new_address) {
    if (space__bad_range(address, old_length) || new_length == 0 || new_length > USER_LAST) return -EINVAL;
    old_length = page_up(old_length);
    new_length = page_up(new_length);
    struct area *area = space__area(vm, address);
    if (area == NULL || old_length == 0) return area == NULL ? -EFAULT : -EINVAL;
    if (!(flags & MREMAP_FIXED) && new_length <= old_length) {
        if (new_length == old_length) return (int64_t)address;
        int64_t error = space__unmap(vm, address + new_length, old_length - new_length);
        return error < 0 ? error : (int64_t)address;
    }
    if (old_length > area->end - address) return -EFAULT;
    if (area->flags & AREA_FIXED) return -EPERM;
    if (vm->kernel->areas.used + 4 > AREAS_MAX) return -ENOMEM;
    struct area grown = *area;
    if (grown.file != 0) grown.file_offset += address - area->start;
    if (!(flags & MREMAP_FIXED) && area->end == address + old_length && !space__bad_range(address, new_length) &&
        space__is_free(vm, address + old_length, address + new_length)) {
        grown.start = address + old_length;
        grown.end = address + new_length;
        if (grown.file != 0) {
            grown.file_offset += old_length;
            file__keep(space__file(vm, &grown));
        }
        int error = space__add(vm, &grown);
        return error != 0 ? error : (int64_t)address;
    }
    if (!(flags & MREMAP_MAYMOVE)) return -ENOMEM;
    int64_t target = space__place(vm, new_address, new_length, flags & MREMAP_FIXED ? MAP_FIXED : 0);
    if (target < 0) return target;
    uint64_t to = (uint64_t)target;
    if ((flags & MREMAP_FIXED) && to < address + old_length && address < to + new_length) return -EINVAL;
    if (flags & MREMAP_FIXED) {
        int64_t error = space__unmap(vm, to, new_length);
        if (error < 0) return error;
    }
    int error = space__split_at_both(vm, address, address + old_length);
    if (error != 0) return error;
    grown.start = to;
    grown.end = to + new_length;
    if (grown.file != 0) file__keep(space__file(vm, &grown));
    error = fill__move(vm, address, to, old_length < new_length ? old_length : new_length);
    if (error != 0) {
        if (grown.file != 0) file__release(vm, space__file(vm, &grown));
        return error;
    }
    /* The new area may join what is beside it: the old one has gone by then. */
    space__remove(vm, address, address + old_length);
    error = space__add(vm, &grown);
    return error != 0 ? error : target;
}

void space__clear(struct vm *vm) {
    struct space *space = &vm->kernel->space;
    space__remove(vm, 0, VVAR_ADDRESS);
    space__remove(vm, page_up(VDSO_ADDRESS + vdso_image_size), USER_LAST);
    space->heap_start = space->heap_end = 0;
}
