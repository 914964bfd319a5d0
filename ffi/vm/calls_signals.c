/* rt_sig... and the calls that send signals. A guest can send to itself and its threads only: it knows no one else. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "internal.h"
#include "wait.h"

#define MASK_BYTES 8u
#define ACTION_FLAGS                                                                                          \
    (UINT64_C(0x04000000) | SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
     (uint32_t)SA_RESETHAND)

static int is_signal(uint64_t number) {
    return number >= 1 && number <= SIGNALS;
}

/* ---- actions and masks ------------------------------------------------------------------------------- */

static int64_t call_rt_sigaction(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t number = (uint32_t)arguments[0];
    if (arguments[3] != MASK_BYTES || !is_signal(number)) return -EINVAL;
    struct signal_action *action = &vm->kernel->signals.actions[number - 1];
    struct signal_action old = *action, new = old;
    if (arguments[1] != 0) {
        if (access__read(vm, &new, arguments[1], sizeof new) != 0) return -EFAULT;
        if (UNBLOCKABLE & SIGNAL_BIT(number)) return -EINVAL;
        new.flags &= ACTION_FLAGS;
        new.mask &= ~UNBLOCKABLE;
    }
    if (arguments[2] != 0 && access__write(vm, arguments[2], &old, sizeof old) != 0) return -EFAULT;
    *action = new;
    if (arguments[1] != 0) signal__drop_ignored(vm, (int)number);
    return 0;
}

static int64_t call_rt_sigprocmask(struct vm *vm, const uint64_t arguments[6]) {
    struct thread *thread = thread__current(vm);
    uint64_t old = thread->signal_mask, new = old, set;
    if (arguments[3] != MASK_BYTES) return -EINVAL;
    if (arguments[1] != 0) {
        if (access__read(vm, &set, arguments[1], sizeof set) != 0) return -EFAULT;
        switch ((uint32_t)arguments[0]) {
        case SIG_BLOCK:
            new |= set;
            break;
        case SIG_UNBLOCK:
            new &= ~set;
            break;
        case SIG_SETMASK:
            new = set;
            break;
        default:
            return -EINVAL;
        }
    }
    if (arguments[2] != 0 && access__write(vm, arguments[2], &old, sizeof old) != 0) return -EFAULT;
    thread->signal_mask = new & ~UNBLOCKABLE;
    return 0;
}

static int64_t call_rt_sigpending(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t set = signal__pending(vm) & thread__current(vm)->signal_mask;
    if (arguments[1] > MASK_BYTES) return -EINVAL;
    return access__write(vm, arguments[0], &set, arguments[1]);
}

struct guest_stack {
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
    uint64_t size;
};

static int64_t call_sigaltstack(struct vm *vm, const uint64_t arguments[6]) {
    struct thread *thread = thread__current(vm);
    uint64_t stack = vm->context.rsp;
    struct guest_stack new, old = {thread->alternate_stack, thread->alternate_stack_flags & SS_AUTODISARM, 0,
                                   thread->alternate_stack_size};
    if (old.size == 0) old.flags |= SS_DISABLE;
    else if (signal_frame__on_alternate_stack(thread, stack)) old.flags |= SS_ONSTACK;
    if (arguments[0] != 0) {
        if (access__read(vm, &new, arguments[0], sizeof new) != 0) return -EFAULT;
        struct thread before = *thread;
        int rc = signal_frame__set_alternate_stack(thread, stack, new.address, new.flags, new.size);
        if (rc != 0) return rc;
        if (arguments[1] != 0 && access__write(vm, arguments[1], &old, sizeof old) != 0) {
            *thread = before;
            return -EFAULT;
        }
        return 0;
    }
    return arguments[1] == 0 ? 0 : access__write(vm, arguments[1], &old, sizeof old);
}

static int64_t call_rt_sigreturn(struct vm *vm, const uint64_t arguments[6]) {
    (void)arguments;
    if (signal_frame__pop(vm) != 0) signal__fault(vm, SIGSEGV, SI_KERNEL, 0, 0, 0);
    return CALL_SET_REGISTERS;
}

/* ---- waiting ----------------------------------------------------------------------------------------- */

static int64_t call_rt_sigsuspend(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t mask;
    if (arguments[1] != MASK_BYTES) return -EINVAL;
    if (access__read(vm, &mask, arguments[0], sizeof mask) != 0) return -EFAULT;
    signal__wait_with_mask(vm, mask);
    if (thread__interrupted(vm)) return -EINTR;
    return thread__wait(vm, WAIT_SIGNAL, NO_DEADLINE);
}

static int64_t call_pause(struct vm *vm, const uint64_t arguments[6]) {
    (void)arguments;
    if (thread__interrupted(vm)) return -EINTR;
    return thread__wait(vm, WAIT_SIGNAL, NO_DEADLINE);
}

struct guest_signal_info {
    struct signal_info info;
    uint8_t rest[128 - sizeof(struct signal_info)];
};

static int64_t call_rt_sigtimedwait(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t set, timeout = NO_DEADLINE;
    struct guest_signal_info full = {0};
    if (arguments[3] != MASK_BYTES) return -EINVAL;
    if (access__read(vm, &set, arguments[0], sizeof set) != 0) return -EFAULT;
    if (arguments[2] != 0) {
        int rc = clock__read_timespec(vm, arguments[2], &timeout);
        if (rc != 0) return rc;
    }
    int signal = signal__take(vm, set & ~UNBLOCKABLE, &full.info);
    if (signal != 0) {
        if (arguments[1] == 0) return signal;
        return access__write(vm, arguments[1], &full, sizeof full) == 0 ? signal : -EFAULT;
    }
    if (timeout == 0 || thread__timed_out(vm)) return -EAGAIN;
    return wait__change(vm, (struct awaited){0}, wait__deadline(vm, timeout));
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static int64_t send(struct vm *vm, uint32_t target, uint64_t number, int32_t code) {
    struct signal_info info = {.signal = (int32_t)number, .code = code};
    info.fields[0] = PROCESS_ID | (uint64_t)PROCESS_USER << 32;
    return number == 0 ? 0 : signal__send(vm, target, 0, &info);
}

static int64_t call_kill(struct vm *vm, const uint64_t arguments[6]) {
    int32_t process = (int32_t)arguments[0];
    uint64_t number = (uint32_t)arguments[1];
    if (number > SIGNALS) return -EINVAL;
    if (process == (int32_t)PROCESS_PARENT) return -EPERM;
    if (process != 0 && process != (int32_t)PROCESS_ID && process != -(int32_t)PROCESS_ID) return -ESRCH;
    return send(vm, 0, number, SI_USER);
}

static int64_t send_to_thread(struct vm *vm, uint64_t id, uint64_t number) {
    if ((int32_t)id <= 0 || number > SIGNALS) return -EINVAL;
    uint32_t target = thread__find(vm, id);
    return target == 0 ? -ESRCH : send(vm, target, number, SI_TKILL);
}

static int64_t call_tkill(struct vm *vm, const uint64_t arguments[6]) {
    return send_to_thread(vm, arguments[0], (uint32_t)arguments[1]);
}

static int64_t call_tgkill(struct vm *vm, const uint64_t arguments[6]) {
    if ((int32_t)arguments[0] <= 0) return -EINVAL;
    if ((uint32_t)arguments[0] != PROCESS_ID && (int32_t)arguments[1] > 0) return -ESRCH;
    return send_to_thread(vm, arguments[1], (uint32_t)arguments[2]);
}

static int64_t queue(struct vm *vm, uint32_t target, uint64_t number, uint64_t address) {
    struct signal_info info;
    if (access__read(vm, &info, address, sizeof info) != 0) return -EFAULT;
    if (number > SIGNALS) return -EINVAL;
    if (target == UINT32_MAX) return -ESRCH;
    info.signal = (int32_t)number;
    info.reserved = 0;
    return number == 0 ? 0 : signal__send(vm, target, 0, &info);
}

static int64_t call_rt_sigqueueinfo(struct vm *vm, const uint64_t arguments[6]) {
    uint32_t target = (uint32_t)arguments[0] == PROCESS_ID ? 0 : UINT32_MAX;
    return queue(vm, target, (uint32_t)arguments[1], arguments[2]);
}

static int64_t call_rt_tgsigqueueinfo(struct vm *vm, const uint64_t arguments[6]) {
    if ((int32_t)arguments[0] <= 0 || (int32_t)arguments[1] <= 0) return -EINVAL;
    uint32_t target = (uint32_t)arguments[0] == PROCESS_ID ? thread__find(vm, arguments[1]) : 0;
    return queue(vm, target == 0 ? UINT32_MAX : target, (uint32_t)arguments[2], arguments[3]);
}

/* Of what would be begun again in the middle nothing is: those calls keep their deadline while they wait. */
static int64_t call_restart_syscall(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return -EINTR;
}

static const struct call calls[] = {
    {SYS_rt_sigaction, "rt_sigaction", call_rt_sigaction, "ippu--"},
    {SYS_rt_sigprocmask, "rt_sigprocmask", call_rt_sigprocmask, "ippu--"},
    {SYS_rt_sigpending, "rt_sigpending", call_rt_sigpending, "pu----"},
    {SYS_rt_sigsuspend, "rt_sigsuspend", call_rt_sigsuspend, "pu----"},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", call_rt_sigtimedwait, "pppu--"},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo", call_rt_sigqueueinfo, "iip---"},
    {SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", call_rt_tgsigqueueinfo, "iiip--"},
    {SYS_rt_sigreturn, "rt_sigreturn", call_rt_sigreturn, "------"},
    {SYS_sigaltstack, "sigaltstack", call_sigaltstack, "pp----"},
    {SYS_pause, "pause", call_pause, "------"},
    {SYS_kill, "kill", call_kill, "ii----"},
    {SYS_tkill, "tkill", call_tkill, "ii----"},
    {SYS_tgkill, "tgkill", call_tgkill, "iii---"},
    {SYS_restart_syscall, "restart_syscall", call_restart_syscall, "------"},
};

const struct call_family calls_signals = {"signals", calls, sizeof calls / sizeof *calls};
