/*
 * What is in a file of the tree: pages of its own in frames, above what the layer below has of it.
 *
 * The pages form a tree of 512 entries a page, as high as the file needs it; its inner pages are frames, too. Bytes that
 * neither have are zero. All frames count against the limit for files.
 */
#ifndef MAYFLY_VM_CONTENTS_H
#define MAYFLY_VM_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

struct vm;

#define CONTENTS_HEIGHT_MAX 3u
#define CONTENTS_BYTES_MAX (UINT64_C(1) << (12 + 9 * CONTENTS_HEIGHT_MAX))

/* Host memory to and from a file. How many bytes there were; or -EFBIG, -ENOSPC, an error of the layer. A write that
 * does not fit writes what does. */
int64_t contents__read(struct vm *vm, uint32_t index, void *to, size_t size, uint64_t offset);
int64_t contents__write(struct vm *vm, uint32_t index, const void *from, size_t size, uint64_t offset);
/* Cut, or longer by zeros. */
int contents__resize(struct vm *vm, uint32_t index, uint64_t size);
/* Makes sure that a later write of this range fits. */
int contents__reserve(struct vm *vm, uint32_t index, uint64_t offset, uint64_t size);
/* The frame of a page of its own, made when it has none: or -errno. */
int contents__own_page(struct vm *vm, uint32_t index, uint64_t page, uint64_t *physical);
/* Where the next byte of data (or of a hole) is from `offset`. The file's end is a hole. */
uint64_t contents__next(struct vm *vm, uint32_t index, uint64_t offset, int hole);
/* Everything goes. */
void contents__clear(struct vm *vm, uint32_t index);

#endif
