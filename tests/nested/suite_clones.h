/* Snapshots and clones of the suite's guests. */
#ifndef MAYFLY_TESTS_SUITE_CLONES_H
#define MAYFLY_TESTS_SUITE_CLONES_H

#include "../../ffi/vm/snapshot.h"
#include "suite.h"

/* The caller gets the file if it asks for it. */
struct vm_snapshot *suite__snapshot(struct vm *vm, const struct vm_snapshot *parent, int *file);
/* Of a guest that waits for its first line. */
struct vm_snapshot *suite__base(struct vm_machine *machine, const char *guest);
struct vm *suite__clone(struct vm_snapshot *snapshot);
/* Every page is the snapshot's, but for what is new in each clone. Wipes the guest's AT_RANDOM. */
void suite__expect_as_snapshot(struct vm *vm, const struct vm_snapshot *snapshot);

#endif
