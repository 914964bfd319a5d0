/*
 * Pages that several differences have in common. A runtime that loads and warms a small function writes the same bytes for
 * each: of 334 pages two such functions have 307 in common. These are kept once. So they stay in the CPU's cache, whichever
 * function is called, and where two snapshots have a page in one place, both are known to be the same without a look at it.
 */
#ifndef MAYFLY_VM_SHARE_H
#define MAYFLY_VM_SHARE_H

struct vm_snapshot;

/* Finds what a difference has in common with those of its parent that were loaded before it. */
void share__join(struct vm_snapshot *snapshot);
/* Nobody uses its pages any more. */
void share__leave(struct vm_snapshot *snapshot);

#endif
