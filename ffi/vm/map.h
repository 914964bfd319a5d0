/*
 * What a mapping of a regular file asks of it. The file stays open for as long as an area keeps it.
 */
#ifndef MAYFLY_VM_MAP_H
#define MAYFLY_VM_MAP_H

#include <stddef.h>
#include <stdint.h>

struct vm;
struct file;

/* May it be mapped so? 0, -ENODEV for what has no pages, -EACCES for a right that its open mode lacks. */
int map__allowed(struct vm *vm, struct file *file, uint32_t protection, uint32_t flags);

/*
 * Pages of a file that lies in a view, unchanged: the view, the offset in its region, and how many follow without a gap.
 * -ENOENT for a file of the guest's own, whose bytes are copied with map__read.
 */
int map__view_pages(struct vm *vm, struct file *file, uint64_t offset, uint32_t pages, uint8_t *view,
                    uint64_t *region_offset, uint32_t *count);

/* Bytes of the file into host memory: how many there were. */
int64_t map__read(struct vm *vm, struct file *file, void *to, size_t size, uint64_t offset);

/* For a shared mapping of a file of the guest's own: the page itself, which the file keeps from then on. -errno or 0. */
int map__own_page(struct vm *vm, struct file *file, uint64_t offset, uint64_t *physical);

#endif
