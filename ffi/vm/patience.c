#include "poll.h"

#include <errno.h>

#include "internal.h"

struct patience patience__of_ms(struct vm *vm, int32_t ms) {
    if (ms < 0) return (struct patience){.deadline = NO_DEADLINE};
    if (ms == 0) return (struct patience){0};
    return (struct patience){.deadline = wait__deadline(vm, (uint64_t)ms * (NANOSECONDS / 1000))};
}

int64_t patience__read(struct vm *vm, uint64_t address, enum patience_form form, struct patience *patience) {
    *patience = (struct patience){.deadline = NO_DEADLINE, .left_address = address, .form = form};
    if (address == 0) return 0;
    uint64_t ns;
    int status = form == PATIENCE_TIMEVAL ? clock__read_timeval(vm, address, &ns)
                                          : clock__read_timespec(vm, address, &ns);
    if (status == 0) patience->deadline = ns == 0 ? 0 : wait__deadline(vm, ns);
    return status;
}

void patience__tell_left(struct vm *vm, const struct patience *patience) {
    if (patience->left_address == 0 || patience->deadline == 0) return;
    uint64_t now = clock__monotonic_ns(vm);
    uint64_t left = patience->deadline > now ? patience->deadline - now : 0;
    /* As Linux, which says nothing when the time lies in memory that cannot be written. */
    if (patience->form == PATIENCE_TIMEVAL) (void)clock__write_timeval(vm, patience->left_address, left);
    else (void)clock__write_timespec(vm, patience->left_address, left);
}

int64_t patience__wait(struct vm *vm, const struct patience *patience, struct awaited awaited) {
    if (patience->deadline == 0 || thread__timed_out(vm)) return 0;
    return wait__change(vm, awaited, patience->deadline);
}

int64_t patience__use_mask(struct vm *vm, uint64_t address, uint64_t size) {
    uint64_t mask;
    if (address == 0) return 0;
    if (size != sizeof mask) return -EINVAL;
    if (access__read(vm, &mask, address, sizeof mask) != 0) return -EFAULT;
    signal__wait_with_mask(vm, mask);
    return 0;
}
