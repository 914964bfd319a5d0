/* Signals as what is read: signalfd(2). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "internal.h"

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "as the guest has it");

static struct signalfd_siginfo told(const struct signal_info *info) {
    struct signalfd_siginfo to = {
        .ssi_signo = (uint32_t)info->signal,
        .ssi_errno = info->error,
        .ssi_code = info->code,
    };
    uint32_t first = (uint32_t)info->fields[0], second = (uint32_t)(info->fields[0] >> 32);
    if (info->code == SI_TIMER) {
        to.ssi_tid = first;
        to.ssi_overrun = second;
    } else {
        to.ssi_pid = first;
        to.ssi_uid = second;
    }
    if (info->code == SI_TIMER || info->code == SI_QUEUE) {
        to.ssi_ptr = info->fields[1];
        to.ssi_int = (int32_t)info->fields[1];
    }
    return to;
}

static int64_t read_signals(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset) {
    const struct event *event = event__of(vm, file);
    if (offset >= 0) return -ESPIPE;
    if (size < sizeof(struct signalfd_siginfo)) return -EINVAL;
    uint64_t done = 0;
    while (size - done >= sizeof(struct signalfd_siginfo)) {
        struct signal_info info;
        if (signal__take(vm, event->mask, &info) == 0) break;
        struct signalfd_siginfo record = told(&info);
        /* As in Linux, a signal that cannot be told is lost. */
        if (access__write(vm, address + done, &record, sizeof record) != 0) return done > 0 ? (int64_t)done : -EFAULT;
        done += sizeof record;
    }
    if (done > 0) return (int64_t)done;
    if (file->flags & O_NONBLOCK) return -EAGAIN;
    return wait__input(vm, file, NO_DEADLINE);
}

static uint32_t ready_signals(struct vm *vm, struct file *file) {
    return (signal__pending(vm) & event__of(vm, file)->mask) != 0 ? READY_IN : 0;
}

/* Signals come without telling the descriptors that read them, but any new one changes this set. */
static uint64_t edge_signals(struct vm *vm, struct file *file) {
    return signal__pending(vm) & event__of(vm, file)->mask;
}

const struct file_functions file_signals = {
    .read = read_signals,
    .stat = event__stat,
    .ready = ready_signals,
    .edge = edge_signals,
    .release = event__release,
};
