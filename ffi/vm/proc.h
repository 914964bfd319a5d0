/*
 * The engine's own files: /proc, /dev and /sys, as runtimes read them, and who is who in /etc. True of the guest,
 * silent about the host.
 *
 * A layer like a view (view.h), but that its files know the VM. A handle names a row of a table and, for what there is
 * many of, a number.
 */
#ifndef MAYFLY_VM_PROC_H
#define MAYFLY_VM_PROC_H

#include <stddef.h>
#include <stdint.h>

struct vm;
struct view_node;
struct file;

int proc__find(struct vm *vm, const char *path, struct view_node *node);
int proc__entry(struct vm *vm, uint64_t folder, uint64_t *cursor, char name[256], struct view_node *node);
int64_t proc__target(struct vm *vm, uint64_t handle, char *to, size_t capacity);

/* The open file that a link of /proc/self/fd stands for: its index + 1, or 0 for another kind of link. */
uint32_t proc__linked_file(struct vm *vm, uint64_t handle);
/* Of a special file: the device number, 0 for a text. */
uint64_t proc__device(uint64_t handle);
/* May files be made in the folder? */
int proc__is_writable(uint64_t folder);

/* Opens a special file. 0 or -errno. */
int proc__open(struct vm *vm, uint64_t handle, uint32_t flags, struct file **file);

#endif
