/*
 * Parts of a large guest that no request needs cost a clone nothing.
 *
 * KVM's price of a memory slot grows with its size. So a clone begins with the first bank of the data area; tables that lead
 * to others are folded, which is: their entry in the table above is not present. Whoever touches them faults once, their banks
 * are attached, and they are unfolded. What a request needs is learned, and done ahead for the next clones.
 */
#ifndef MAYFLY_VM_FOLD_H
#define MAYFLY_VM_FOLD_H

#include <stdint.h>

struct vm;
struct vm_snapshot;

/* Before a snapshot is written: folds what leads beyond the first bank. */
void fold__close_all(struct vm *vm);

/* Unfolds the table for an address: 1, 0 when it was not folded, -ENOMEM. */
int fold__open(struct vm *vm, uint64_t address);

/* Which tables a request unfolded: to be opened in clones from the start. */
int fold__learn(struct vm_snapshot *snapshot, struct vm *served);
int fold__apply(const struct vm_snapshot *snapshot, struct vm *vm);

#endif
