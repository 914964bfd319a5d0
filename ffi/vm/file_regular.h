/* Files with contents: what other kinds do like regular ones. */
#ifndef MAYFLY_VM_FILE_REGULAR_H
#define MAYFLY_VM_FILE_REGULAR_H

#include <stdint.h>

struct vm;
struct file;

int64_t regular__read(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset);
int64_t regular__seek(struct vm *vm, struct file *file, int64_t offset, int whence);
void regular__release(struct vm *vm, struct file *file);

#endif
