/*
 * How the calls of descriptors wait: for anything to change, and saying which of the host's input it is about, so that
 * vm_run can tell the host what the guest needs.
 */
#ifndef MAYFLY_VM_WAIT_H
#define MAYFLY_VM_WAIT_H

#include <stdint.h>

struct vm;
struct file;

/* Bits of ports (port.h), and of listening sockets (socket.h). */
struct awaited {
    uint64_t ports;
    uint64_t listeners;
};

/* What a wait for the file's input needs from the host. */
void wait__add(struct vm *vm, struct file *file, struct awaited *awaited);

/* All return CALL_BLOCKS, or -EINTR when a signal ended the wait. The caller has looked at thread__timed_out. */
int64_t wait__change(struct vm *vm, struct awaited awaited, uint64_t deadline);
int64_t wait__input(struct vm *vm, struct file *file, uint64_t deadline);
int64_t wait__room(struct vm *vm, uint64_t deadline);

/*
 * The result of a call that moved so much before it got `result`: if that is to wait, it finds the progress at its next
 * try; an error is not told after progress.
 */
int64_t wait__moved(struct vm *vm, int64_t result, uint64_t progress);
/* Once for each try: what the last one left. */
uint64_t wait__take_progress(struct vm *vm);

/* CLOCK_MONOTONIC, `timeout` from now. Tried again, a call gets the first try's. */
uint64_t wait__deadline(struct vm *vm, uint64_t timeout_ns);

/* What all waiting threads together wait for. */
struct awaited wait__all(struct vm *vm);

#endif
