/* Which guest thread goes on. */
#ifndef MAYFLY_VM_SCHEDULE_H
#define MAYFLY_VM_SCHEDULE_H

#include <stdint.h>

struct vm;

enum schedule_result {
    SCHEDULE_RUNS = 1, /* the current thread does */
    SCHEDULE_WAITS,    /* none can, before the host does something or vm->exit.until_ns */
    SCHEDULE_KICKED,   /* somebody wants the VM to stop */
    SCHEDULE_ENDED,    /* a call that was tried again ended the process: vm->exit */
};

/*
 * When the host lets the guest go on: a thread that it woke goes before those whose time came meanwhile. In a clone these
 * are all that slept when its snapshot was taken, and most requests are answered before they have to look around.
 */
void schedule__begin(struct vm *vm);
enum schedule_result schedule__pick(struct vm *vm);
void schedule__take_turns(struct vm *vm);
void schedule__switch(struct vm *vm, uint32_t thread);

/* run.c: the current thread's call, with its result put into rax: or CALL_BLOCKS. */
int64_t run__call(struct vm *vm, uint32_t number);

#endif
