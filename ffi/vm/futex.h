/* Futexes: threads that sleep until another one wakes them by an address. */
#ifndef MAYFLY_VM_FUTEX_H
#define MAYFLY_VM_FUTEX_H

#include <stdint.h>

struct vm;

int64_t futex__call(struct vm *vm, const uint64_t arguments[6]);
/* How many of those that wait at an address were woken, at most `count`. */
uint32_t futex__wake(struct vm *vm, uint64_t address, uint32_t mask, uint32_t count);
/* What a thread that ends leaves to others: its robust list, and the word that says that it is gone. */
void futex__thread_ended(struct vm *vm);

#endif
