/* What a guest changed since its snapshot. KVM does not say when it writes a page, so it is looked at now and then. */
#ifndef MAYFLY_VM_DIRTY_H
#define MAYFLY_VM_DIRTY_H

struct vm;

/* Marks the pages that it wrote in memory.data.written. 0 or -errno. */
int dirty__collect(struct vm *vm);

/* From here on it counts: after a reset. */
void dirty__begin(struct vm *vm);
/* 1 when it changed more than vm_limits.dirty_bytes, 0, or -errno. */
int dirty__is_over(struct vm *vm);
/* Is there anything to look at? */
int dirty__has_limit(const struct vm *vm);

#endif
