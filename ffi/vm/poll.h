/* What poll, select and epoll have in common: how long they wait, and with which signals blocked. */
#ifndef MAYFLY_VM_POLL_H
#define MAYFLY_VM_POLL_H

#include <stdint.h>

#include "call.h"
#include "wait.h"

enum patience_form { PATIENCE_TIMESPEC, PATIENCE_TIMEVAL };

/* When a call stops waiting, and where the guest wants to be told how much time was left (0: nowhere). */
struct patience {
    uint64_t deadline; /* 0 is not to wait at all */
    uint64_t left_address;
    enum patience_form form;
};

struct patience patience__of_ms(struct vm *vm, int32_t ms);
/* From a time of the guest's; address 0 is for ever. -EFAULT, -EINVAL. */
int64_t patience__read(struct vm *vm, uint64_t address, enum patience_form form, struct patience *patience);
void patience__tell_left(struct vm *vm, const struct patience *patience);

/* Nothing was ready: 0 when it is too late to wait, else as wait__change. */
int64_t patience__wait(struct vm *vm, const struct patience *patience, struct awaited awaited);

/* A signal mask of the guest's for the time of the wait; address 0 is none. -EFAULT, -EINVAL. */
int64_t patience__use_mask(struct vm *vm, uint64_t address, uint64_t size);

call_function poll__call_poll, poll__call_ppoll;
call_function select__call_select, select__call_pselect6;

#endif
