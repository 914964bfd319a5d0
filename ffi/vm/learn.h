/*
 * What a request touches: learned from the first clone of a snapshot, made ready in those that follow.
 *
 * A page that a clone touches costs a fault in KVM, 3 to 5 us. Pages that it will write are copied ahead, many at once; and
 * KVM maps up to eight neighbours with a fault, where the host could write them.
 */
#ifndef MAYFLY_VM_LEARN_H
#define MAYFLY_VM_LEARN_H

struct vm;
struct vm_snapshot;

/* Forgets which pages were touched, so that learning sees those of the next request. */
void learn__begin(struct vm *vm);
/* Before a snapshot: tables are again as if all was touched, or CPUs would write to those of its clones. */
void learn__end(struct vm *vm);
/* Makes ready what was learned. */
void learn__apply(const struct vm_snapshot *snapshot, struct vm *vm);

#endif
