/* What clone, reset and switch share. */
#ifndef MAYFLY_VM_CLONE_H
#define MAYFLY_VM_CLONE_H

#include <stdint.h>

struct regions;
struct vm;
struct vm_limits;
struct vm_machine;
struct vm_snapshot;

/* How much room for the data area a clone with these limits has. */
uint64_t clone__room(const struct vm_snapshot *snapshot, const struct vm_limits *limits);

/* Shells that fit nothing once the last snapshot with these regions is gone. */
void clone__drop_shells(struct vm_machine *machine, const struct regions *regions);

/* Before a clone runs for the first time: a clone that only waits for its request takes little memory. */
int clone__first_run(struct vm *vm);

/* Kernel state and registers become the snapshot's; what may not be the same twice is made anew. */
int clone__state(struct vm *vm, const struct vm_snapshot *snapshot);

#endif
