/*
 * The one place where guest pointers are checked.
 *
 * Every address comes from the guest: it is walked through the guest's page tables page by page, must be user's, and
 * writable to be written. The guest's other threads cannot run meanwhile (one vCPU), but values are copied once all the
 * same and used from the copy. All return 0 or a count, or -EFAULT.
 */
#ifndef MAYFLY_VM_ACCESS_H
#define MAYFLY_VM_ACCESS_H

#include <stddef.h>
#include <stdint.h>

struct vm;

int access__read(struct vm *vm, void *to, uint64_t address, size_t size);
int access__write(struct vm *vm, uint64_t address, const void *from, size_t size);
int access__fill(struct vm *vm, uint64_t address, uint8_t value, size_t size);

/* A string with its NUL, of at most `capacity` bytes: its length, -EFAULT, or -ENAMETOOLONG. */
int64_t access__string(struct vm *vm, char *to, uint64_t address, size_t capacity);

/*
 * The longest run of host memory that stands for guest memory from `address`, at most `size` bytes: for moving data
 * without a copy of its own. Returns NULL where the first byte is no memory of the guest's. Valid until the address space
 * changes. A run to write counts as written, and is never a view's.
 */
const uint8_t *access__run(struct vm *vm, uint64_t address, size_t size, size_t *run);
uint8_t *access__run_to_write(struct vm *vm, uint64_t address, size_t size, size_t *run);

/* A list of struct iovec: at most `capacity` entries; lengths add up to at most INT64_MAX. */
struct guest_vector {
    uint64_t address;
    uint64_t size;
};
#define GUEST_VECTORS_MAX 1024u
int access__vectors(struct vm *vm, struct guest_vector *to, uint64_t address, uint64_t count);

#endif
