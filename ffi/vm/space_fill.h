/* The pages behind the areas: when they are made, and what becomes of them. */
#ifndef MAYFLY_VM_SPACE_FILL_H
#define MAYFLY_VM_SPACE_FILL_H

#include <stdint.h>

struct vm;

/* For a new area: small ones are filled at once, since a fault costs as much as filling 40 pages. */
int fill__new(struct vm *vm, uint64_t start, uint64_t end, uint32_t flags);
void fill__remove(struct vm *vm, uint64_t start, uint64_t end);
int fill__protect(struct vm *vm, uint64_t start, uint64_t end, uint32_t protection);
int fill__move(struct vm *vm, uint64_t from, uint64_t to, uint64_t bytes);
/* Pages of the guest's own become what they were when the area was new. */
int fill__forget(struct vm *vm, uint64_t start, uint64_t end);

#endif
