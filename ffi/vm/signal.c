#include "signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "internal.h"

#define HANDLER_DEFAULT 0u
#define HANDLER_IGNORE 1u
#define SYSCALL_BYTES 2u

enum signal_effect { EFFECT_NOTHING, EFFECT_ENDS, EFFECT_HANDLER };

/* What a default action ignores. A stop is among it: nobody could let a stopped guest go on. */
#define IGNORED_BY_DEFAULT                                                                                    \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) |                  \
     SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
/* What an instruction caused is handled before what came from elsewhere. */
#define SYNCHRONOUS                                                                                           \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |                    \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

static enum signal_effect signal__effect(struct vm *vm, int signal) {
    uint64_t handler = vm->kernel->signals.actions[signal - 1].handler;
    if (handler == HANDLER_IGNORE) return EFFECT_NOTHING;
    if (handler != HANDLER_DEFAULT) return EFFECT_HANDLER;
    return IGNORED_BY_DEFAULT & SIGNAL_BIT(signal) ? EFFECT_NOTHING : EFFECT_ENDS;
}

static uint64_t signal__pending_for(struct vm *vm, const struct thread *thread) {
    return thread->pending | vm->kernel->signals.pending;
}

uint64_t signal__pending(struct vm *vm) {
    return signal__pending_for(vm, thread__current(vm));
}

static int signal__has_work(struct vm *vm, const struct thread *thread) {
    uint64_t set = signal__pending_for(vm, thread) & ~thread->signal_mask;
    for (; set != 0; set &= set - 1) {
        if (signal__effect(vm, __builtin_ctzll(set) + 1) != EFFECT_NOTHING) return 1;
    }
    return 0;
}

/* ---- raising ----------------------------------------------------------------------------------------- */

static int signal__any_blocks(struct vm *vm, uint32_t target, int signal) {
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        const struct thread *thread = &threads->items[i];
        if (thread->state == THREAD_FREE || (target != 0 && target != i + 1)) continue;
        if (thread->signal_mask & SIGNAL_BIT(signal)) return 1;
    }
    return 0;
}

/* One thread is enough; one that runs anyway needs nothing. */
static void signal__interrupt(struct vm *vm, uint32_t target, int signal) {
    struct thread_table *threads = &vm->kernel->threads;
    struct thread *waiting = NULL;
    for (uint32_t i = 0; i < threads->used; i++) {
        struct thread *thread = &threads->items[i];
        if (thread->state == THREAD_FREE || (target != 0 && target != i + 1)) continue;
        if (thread->signal_mask & SIGNAL_BIT(signal)) continue;
        if (thread->state == THREAD_RUNS) return;
        if (waiting == NULL) waiting = thread;
    }
    if (waiting != NULL) waiting->interrupted = 1;
}

int signal__send(struct vm *vm, uint32_t target, uint32_t timer, const struct signal_info *info) {
    struct signal_table *signals = &vm->kernel->signals;
    int signal = info->signal;
    enum signal_effect effect = signal__effect(vm, signal);
    if (effect == EFFECT_NOTHING && !signal__any_blocks(vm, target, signal)) return 0;
    uint64_t *pending = target == 0 ? &signals->pending : &vm->kernel->threads.items[target - 1].pending;
    if (signal < SIGRTMIN_OF_KERNEL && (*pending & SIGNAL_BIT(signal))) return 0;
    if (signals->used < SIGNALS_QUEUED_MAX) {
        signals->items[signals->used++] = (struct queued_signal){target, timer, *info};
    } else if (signal >= SIGRTMIN_OF_KERNEL && info->code != SI_USER) {
        return -EAGAIN;
    }
    *pending |= SIGNAL_BIT(signal);
    if (effect != EFFECT_NOTHING) signal__interrupt(vm, target, signal);
    kernel__changed(vm);
    return 0;
}

/* As the kernel itself sends one. */
static void signal__raise(struct vm *vm, uint32_t target, int signal) {
    struct signal_info info = {.signal = signal, .code = SI_KERNEL};
    signal__send(vm, target, 0, &info);
}

void signal__raise_current(struct vm *vm, int signal) {
    signal__raise(vm, vm->kernel->threads.current + 1, signal);
}

void signal__raise_process(struct vm *vm, int signal) {
    signal__raise(vm, 0, signal);
}

/* ---- taking ------------------------------------------------------------------------------------------ */

static void signal__unqueue(struct signal_table *signals, uint32_t index) {
    signals->used--;
    memmove(signals->items + index, signals->items + index + 1, (signals->used - index) * sizeof *signals->items);
}

static void signal__timer_taken(struct signal_table *signals, const struct queued_signal *item,
                                struct signal_info *info) {
    if (item->timer == 0) return;
    struct signal_timer *timer = &signals->timers[item->timer - 1];
    timer->queued = 0;
    timer->last_overruns = timer->overruns;
    timer->overruns = 0;
    info->fields[0] |= (uint64_t)timer->last_overruns << 32;
}

static void signal__take_one(struct vm *vm, uint32_t target, uint64_t *pending, int signal, struct signal_info *info) {
    struct signal_table *signals = &vm->kernel->signals;
    uint32_t found = 0;
    *info = (struct signal_info){.signal = signal};
    *pending &= ~SIGNAL_BIT(signal);
    for (uint32_t i = 0; i < signals->used; i++) {
        struct queued_signal *item = &signals->items[i];
        if (item->target != target || item->info.signal != signal) continue;
        if (found++ > 0) {
            *pending |= SIGNAL_BIT(signal);
            return;
        }
        *info = item->info;
        signal__timer_taken(signals, item, info);
        signal__unqueue(signals, i--);
    }
}

int signal__take(struct vm *vm, uint64_t mask, struct signal_info *info) {
    struct thread *thread = thread__current(vm);
    struct signal_table *signals = &vm->kernel->signals;
    int own = (thread->pending & mask) != 0;
    uint64_t set = own ? thread->pending & mask : signals->pending & mask;
    if (set == 0) return 0;
    if (set & SYNCHRONOUS) set &= SYNCHRONOUS;
    int signal = __builtin_ctzll(set) + 1;
    if (own) signal__take_one(vm, vm->kernel->threads.current + 1, &thread->pending, signal, info);
    else signal__take_one(vm, 0, &signals->pending, signal, info);
    return signal;
}

static void signal__forget(struct vm *vm, uint32_t target, int any, uint64_t set) {
    struct signal_table *signals = &vm->kernel->signals;
    for (uint32_t i = 0; i < signals->used;) {
        const struct queued_signal *item = &signals->items[i];
        if ((any || item->target == target) && (set & SIGNAL_BIT(item->info.signal))) {
            if (item->timer != 0) signals->timers[item->timer - 1].queued = 0;
            signal__unqueue(signals, i);
        } else {
            i++;
        }
    }
}

static void signal__discard(struct vm *vm, int signal) {
    struct thread_table *threads = &vm->kernel->threads;
    signal__forget(vm, 0, 1, SIGNAL_BIT(signal));
    vm->kernel->signals.pending &= ~SIGNAL_BIT(signal);
    for (uint32_t i = 0; i < threads->used; i++) threads->items[i].pending &= ~SIGNAL_BIT(signal);
}

void signal__drop_ignored(struct vm *vm, int signal) {
    if (signal__effect(vm, signal) == EFFECT_NOTHING) signal__discard(vm, signal);
}

void signal__thread_ended(struct vm *vm, uint32_t thread) {
    signal__forget(vm, thread + 1, 0, UINT64_MAX);
    vm->kernel->threads.items[thread].pending = 0;
    signal_timer__thread_ended(vm, thread);
}

void signal__exec(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    for (uint32_t i = 0; i < SIGNALS; i++) {
        struct signal_action *action = &vm->kernel->signals.actions[i];
        uint64_t handler = action->handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
        *action = (struct signal_action){.handler = handler};
    }
    thread->alternate_stack = thread->alternate_stack_size = 0;
    thread->alternate_stack_flags = 0;
    signal_timer__exec(vm);
}

/* ---- delivering -------------------------------------------------------------------------------------- */

static enum signal_outcome signal__end(struct vm *vm, int signal) {
    vm->exit.reason = VM_SIGNALED;
    vm->exit.status = signal;
    return SIGNAL_ENDED;
}

static enum signal_outcome signal__run_handler(struct vm *vm, const struct signal_info *info, uint64_t error,
                                               uint64_t trap) {
    struct thread *thread = thread__current(vm);
    struct signal_action *action = &vm->kernel->signals.actions[info->signal - 1];
    uint64_t mask = thread->suspended ? thread->saved_mask : thread->signal_mask;
    if (signal_frame__push(vm, info, action, mask, error, trap) != 0) {
        if (info->signal == SIGSEGV) return signal__end(vm, SIGSEGV);
        return signal__fault(vm, SIGSEGV, SI_KERNEL, 0, 0, 0);
    }
    thread->suspended = 0;
    thread->signal_mask |= action->mask;
    if (!(action->flags & SA_NODEFER)) thread->signal_mask |= SIGNAL_BIT(info->signal);
    if (action->flags & SA_RESETHAND) action->handler = HANDLER_DEFAULT;
    vm->counters.signals++;
    return SIGNAL_DELIVERED;
}

enum signal_outcome signal__fault(struct vm *vm, int signal, int code, uint64_t address, uint64_t error,
                                  uint64_t trap) {
    const struct thread *thread = thread__current(vm);
    vm->exit.fault_address = address;
    vm->exit.fault_instruction = vm->context.rip;
    if (thread->signal_mask & SIGNAL_BIT(signal)) return signal__end(vm, signal);
    if (signal__effect(vm, signal) != EFFECT_HANDLER) return signal__end(vm, signal);
    struct signal_info info = {.signal = signal, .code = code, .fields = {address}};
    return signal__run_handler(vm, &info, error, trap);
}

/* Calls that Linux begins again after a handler with SA_RESTART: those that wait without a time. */
static int signal__may_restart(uint32_t call, const struct context *context) {
    switch (call) {
    case SYS_read: case SYS_write: case SYS_readv: case SYS_writev: case SYS_pread64: case SYS_pwrite64:
    case SYS_preadv: case SYS_pwritev: case SYS_preadv2: case SYS_pwritev2: case SYS_open: case SYS_openat:
    case SYS_ioctl: case SYS_fcntl: case SYS_flock: case SYS_getrandom: case SYS_sendfile: case SYS_splice:
    case SYS_accept: case SYS_accept4: case SYS_connect: case SYS_sendto: case SYS_recvfrom: case SYS_sendmsg:
    case SYS_recvmsg: case SYS_sendmmsg: case SYS_wait4: case SYS_waitid:
        return 1;
    case SYS_futex:
        return context->r10 == 0;
    default:
        return 0;
    }
}

static void signal__restart_call(struct vm *vm, uint32_t call) {
    vm->context.rax = call;
    vm->context.rip -= SYSCALL_BYTES;
}

static void signal__put_mask_back(struct thread *thread) {
    if (!thread->suspended) return;
    thread->signal_mask = thread->saved_mask;
    thread->suspended = 0;
}

enum signal_outcome signal__deliver_pending(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    if (vm->kernel->signals.armed > 0) signal__run_timers(vm);
    if (!thread->interrupted && !thread->suspended && !(signal__pending(vm) & ~thread->signal_mask)) return SIGNAL_NONE;

    int interrupted = thread->interrupted && (int64_t)vm->context.rax == -EINTR;
    thread->interrupted = 0;
    if (!interrupted) signal__put_mask_back(thread);
    struct signal_info info;
    int signal;
    while ((signal = signal__take(vm, ~thread->signal_mask, &info)) != 0) {
        switch (signal__effect(vm, signal)) {
        case EFFECT_NOTHING:
            continue;
        case EFFECT_ENDS:
            return signal__end(vm, signal);
        case EFFECT_HANDLER:
            if (interrupted && vm->kernel->signals.actions[signal - 1].flags & SA_RESTART &&
                signal__may_restart(thread->call, &vm->context)) {
                signal__restart_call(vm, thread->call);
            }
            return signal__run_handler(vm, &info, 0, 0);
        }
    }
    /* Another thread took what ended the wait: nobody is to notice. */
    if (interrupted) signal__restart_call(vm, thread->call);
    signal__put_mask_back(thread);
    return SIGNAL_NONE;
}

void signal__interrupt_current(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    if (signal__has_work(vm, thread)) thread->interrupted = 1;
}

void signal__wait_with_mask(struct vm *vm, uint64_t mask) {
    struct thread *thread = thread__current(vm);
    if (!thread->suspended) thread->saved_mask = thread->signal_mask;
    thread->suspended = 1;
    thread->signal_mask = mask & ~UNBLOCKABLE;
    signal__interrupt_current(vm);
}
