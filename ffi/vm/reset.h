/* What reset and switch share. */
#ifndef MAYFLY_VM_RESET_H
#define MAYFLY_VM_RESET_H

#include <stdint.h>

struct vm;
struct vm_snapshot;

/* Of the system area what was written, page tables among it, becomes the snapshot's. */
int reset__system(struct vm *vm, const struct vm_snapshot *to);
/* Pages of the data area from there on are not there any more. */
int reset__drop_growth(struct vm *vm, uint64_t kept_bytes);
/* What is not in pages. */
int reset__state(struct vm *vm, const struct vm_snapshot *to);

#endif
