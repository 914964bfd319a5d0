#include "entry.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"
#include "ring3.h"
#include "shell.h"
#include "system_pages.h"

#define EXCEPTION_GENERAL 13u
#define EXCEPTION_PAGE_FAULT 14u
#define FAULT_OF_USER 4u
#define OUT_BYTES 2u /* KVM tells rip before the instruction or behind it */
#define HAS_ERROR_CODE ((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | (1u << 13) | (1u << 14) | (1u << 17) | (1u << 21))

int entry__may_go_on(uint64_t rip) {
    return rip < USER_LAST;
}

static void entry__load(struct kvm_regs *to, const struct context *from) {
    *to = (struct kvm_regs){
        .rax = from->rax, .rbx = from->rbx, .rcx = from->rcx, .rdx = from->rdx, .rsi = from->rsi, .rdi = from->rdi,
        .rsp = from->rsp, .rbp = from->rbp, .r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11,
        .r12 = from->r12, .r13 = from->r13, .r14 = from->r14, .r15 = from->r15,
        .rip = from->rip, .rflags = (from->rflags & USER_FLAGS) | FIXED_FLAGS,
    };
}

static void entry__store(struct context *to, const struct kvm_regs *from) {
    to->rax = from->rax, to->rbx = from->rbx, to->rcx = from->rcx, to->rdx = from->rdx;
    to->rsi = from->rsi, to->rdi = from->rdi, to->rsp = from->rsp, to->rbp = from->rbp;
    to->r8 = from->r8, to->r9 = from->r9, to->r10 = from->r10, to->r11 = from->r11;
    to->r12 = from->r12, to->r13 = from->r13, to->r14 = from->r14, to->r15 = from->r15;
    to->rip = from->rip, to->rflags = from->rflags;
}

/* ---- the FPU ------------------------------------------------------------------------------------------- */

static int entry__fpu_get(struct vm *vm, struct fpu_state *fpu) {
    _Static_assert(sizeof(struct kvm_xsave) <= sizeof(struct fpu_state), "KVM's state fits");
    return ioctl(vm->shell->vcpu, KVM_GET_XSAVE, fpu) == 0 ? 0 : -errno;
}

static int entry__fpu_set(struct vm *vm, const struct fpu_state *fpu) {
    return ioctl(vm->shell->vcpu, KVM_SET_XSAVE, fpu) == 0 ? 0 : -errno;
}

/* The state of the current thread comes into the vCPU, another's that is there to its place. */
static int entry__own_fpu(struct vm *vm) {
    struct entry_state *entry = &vm->entry;
    struct kernel *kernel = vm->kernel;
    uint32_t current = kernel->threads.current;
    if (entry->has_fpu_owner && entry->fpu_owner == current) return 0;
    int error = 0;
    if (entry->has_fpu_owner && kernel->threads.items[entry->fpu_owner].state != THREAD_FREE) {
        if (kernel->fpus.used <= entry->fpu_owner) kernel->fpus.used = entry->fpu_owner + 1;
        error = entry__fpu_get(vm, &kernel->fpus.items[entry->fpu_owner]);
        kernel->threads.items[entry->fpu_owner].has_fpu = 1;
    }
    struct thread *thread = &kernel->threads.items[current];
    if (error == 0 && thread->has_fpu) error = entry__fpu_set(vm, &kernel->fpus.items[current]);
    thread->has_fpu = 0;
    entry->has_fpu_owner = 1;
    entry->fpu_owner = current;
    return error;
}

int entry__fpu_save(struct vm *vm, struct fpu_state *fpu) {
    if (vm->shell == NULL) {
        memset(fpu, 0, sizeof *fpu);
        return 0;
    }
    int error = entry__own_fpu(vm);
    return error != 0 ? error : entry__fpu_get(vm, fpu);
}

int entry__fpu_load(struct vm *vm, const struct fpu_state *fpu) {
    if (vm->shell == NULL) return 0;
    int error = entry__own_fpu(vm);
    return error != 0 ? error : entry__fpu_set(vm, fpu);
}

/* ---- in ------------------------------------------------------------------------------------------------ */

static int entry__set_ring3(struct vm *vm) {
    struct entry_state *entry = &vm->entry;
    int error = shell__set_ring3(vm->shell, vm->context.fs_base, vm->context.gs_base);
    if (error != 0) return error;
    entry->place = ENTRY_RING3;
    entry->fs_base = vm->context.fs_base;
    entry->gs_base = vm->context.gs_base;
    vm->memory.translations_stale = 0;
    return 0;
}

int entry__begin(struct vm *vm) {
    int error = shell__set_registers(vm->shell);
    return error != 0 ? error : entry__set_ring3(vm);
}

/* An iretq takes the guest back to ring 3: rip, cs, rflags, rsp, ss on the stack; rax before them when the TLB is flushed. */
static void entry__by_iret(struct vm *vm, struct kvm_regs *regs) {
    uint64_t frame[6] = {regs->rax,    regs->rip, SELECTOR_USER_CODE, regs->rflags,
                         regs->rsp, SELECTOR_USER_DATA};
    uint32_t at = SYSTEM_STACK + (uint32_t)PAGE_SIZE - (uint32_t)sizeof frame;
    memcpy(vm->memory.system.host + at, frame, sizeof frame);
    memory__wrote(vm, at, sizeof frame);
    int flush = vm->memory.translations_stale;
    regs->rip = SYSTEM_ADDRESS + (flush ? SYSTEM_RETURN_FLUSH_STUB : SYSTEM_RETURN_STUB);
    regs->rsp = SYSTEM_ADDRESS + at + (flush ? 0 : sizeof frame[0]);
    regs->rflags = FIXED_FLAGS & ~UINT64_C(0x200);
    vm->memory.translations_stale = 0;
}

/*
 * After a reset the guest restores its segments itself, for KVM in software sets no selectors, and with them FS, GS and, if
 * it is the thread whose state the restore page has, the FPU. rcx is where it goes on, as after any call.
 */
static int entry__may_restore(const struct vm *vm) {
    const struct entry_state *entry = &vm->entry;
    return entry->restores && entry->place == ENTRY_RING3 && vm->context.rip == vm->context.rcx;
}

static int entry__restores_fpu(const struct vm *vm) {
    return !vm->entry.has_fpu_owner && vm->kernel->threads.current == vm->entry.restored_thread;
}

static void entry__by_restore(struct vm *vm, struct kvm_regs *regs, int with_fpu) {
    struct entry_state *entry = &vm->entry;
    const uint64_t values[3] = {vm->context.fs_base, vm->context.gs_base, vm->context.rdx};
    uint8_t *page = vm->memory.system.host + SYSTEM_RESTORE;
    if (memcmp(page + RESTORE_FS, values, sizeof values) != 0) {
        memcpy(page + RESTORE_FS, values, sizeof values);
        memory__wrote(vm, SYSTEM_RESTORE, PAGE_SIZE);
    }
    regs->r11 = regs->rax;
    regs->rip = SYSTEM_ADDRESS + (with_fpu ? SYSTEM_RESTORE_STUB : SYSTEM_RESTORE_SEGMENTS);
    entry->restores = 0;
    entry->fs_base = vm->context.fs_base;
    entry->gs_base = vm->context.gs_base;
    if (!with_fpu) return;
    entry->has_fpu_owner = 1;
    entry->fpu_owner = entry->restored_thread;
    thread__current(vm)->has_fpu = 0;
}

static int entry__prepare(struct vm *vm) {
    struct entry_state *entry = &vm->entry;
    struct kvm_run *run = vm->shell->run;
    if (entry->place == ENTRY_IN_STUB) return 0;
    if (!entry__may_go_on(vm->context.rip)) return -EFAULT;
    int restore = entry__may_restore(vm), with_fpu = restore && entry__restores_fpu(vm);
    int error = with_fpu ? 0 : entry__own_fpu(vm);
    if (error != 0) return error;
    int bases = !restore && (vm->context.fs_base != entry->fs_base || vm->context.gs_base != entry->gs_base);
    int flush = vm->memory.translations_stale && vm->machine->calls_enter_ring0 && entry->place == ENTRY_RING3;
    if (bases || flush) error = entry__set_ring3(vm);
    if (error != 0) return error;
    struct kvm_regs *regs = &run->s.regs.regs;
    entry__load(regs, &vm->context);
    if (restore) entry__by_restore(vm, regs, with_fpu);
    else if (entry->place == ENTRY_RING0) entry__by_iret(vm, regs);
    run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
    return 0;
}

/* ---- out ----------------------------------------------------------------------------------------------- */

static enum entry_event entry__break(struct vm *vm, int failure) {
    vm->entry.failure = failure;
    return ENTRY_BROKEN;
}

static enum entry_event entry__kicked(struct vm *vm) {
    struct kvm_sregs sregs;
    struct kvm_vcpu_events events;
    if (ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return entry__break(vm, -errno);
    if (ioctl(vm->shell->vcpu, KVM_GET_VCPU_EVENTS, &events) != 0) return entry__break(vm, -errno);
    const struct kvm_regs *regs = &vm->shell->run->s.regs.regs;
    /* An exception on its way to its stub is this thread's, and would become that of another one. */
    if (sregs.cs.dpl != 3 || regs->rip >= USER_LAST || events.exception.injected) {
        memory__wrote(vm, SYSTEM_STACK, PAGE_SIZE);
        vm->entry.place = ENTRY_IN_STUB;
        return ENTRY_KICKED;
    }
    vm->entry.place = ENTRY_RING3;
    entry__store(&vm->context, regs);
    vm->context.fs_base = vm->entry.fs_base = sregs.fs.base;
    vm->context.gs_base = vm->entry.gs_base = sregs.gs.base;
    return ENTRY_KICKED;
}

/*
 * Where ring 3 may use the port it can do so anywhere, and with a string instruction, which KVM completes when the guest
 * runs on: wherever that is by then, be it after a reset. So only the stub's own `out` is a call.
 */
static enum entry_event entry__called(struct vm *vm) {
    const struct kvm_run *run = vm->shell->run;
    struct context *context = &vm->context;
    uint64_t in_stub = run->s.regs.regs.rip - (SYSTEM_ADDRESS + SYSTEM_CALL_STUB);
    if (in_stub != 0 && in_stub != OUT_BYTES) return entry__break(vm, -EPROTO);
    entry__store(context, &run->s.regs.regs);
    vm->entry.place = vm->machine->calls_enter_ring0 ? ENTRY_RING0 : ENTRY_RING3;
    context->rip = context->rcx;
    context->rflags = context->r11;
    return ENTRY_CALL;
}

/* The CPU pushed [error] rip cs rflags rsp ss at the top of the interrupt stack. */
static enum entry_event entry__exception(struct vm *vm, uint32_t vector) {
    struct entry_state *entry = &vm->entry;
    const struct kvm_regs *regs = &vm->shell->run->s.regs.regs;
    uint64_t frame[6] = {0};
    int has_error = (HAS_ERROR_CODE >> vector & 1) != 0;
    size_t size = has_error ? sizeof frame : sizeof frame - sizeof frame[0];
    uint64_t stack = SYSTEM_ADDRESS + SYSTEM_STACK;
    if (regs->rsp < stack || regs->rsp > stack + PAGE_SIZE - size) return entry__break(vm, -EIO);
    memcpy(has_error ? frame : frame + 1, vm->memory.system.host + (regs->rsp - SYSTEM_ADDRESS), size);
    memory__wrote(vm, SYSTEM_STACK, PAGE_SIZE);
    if ((frame[2] & 3) != 3) return entry__break(vm, -EIO);
    entry__store(&vm->context, regs);
    vm->context.rip = frame[1];
    vm->context.rflags = frame[3];
    vm->context.rsp = frame[4];
    entry->place = ENTRY_RING0;
    entry->vector = vector;
    entry->error = frame[0];
    entry->address = 0;
    /* The CPU's own look at the stack or a table for an instruction of the guest's: no page of the guest's is amiss. */
    if (vector == EXCEPTION_PAGE_FAULT && !(entry->error & FAULT_OF_USER)) entry->vector = EXCEPTION_GENERAL;
    if (entry->vector == EXCEPTION_PAGE_FAULT) {
        struct kvm_sregs sregs;
        if (ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return entry__break(vm, -errno);
        entry->address = sregs.cr2;
    }
    return ENTRY_EXCEPTION;
}

enum entry_event entry__run(struct vm *vm) {
    struct kvm_run *run = vm->shell->run;
    int error = memory__zap_due(vm);
    if (error == 0) error = entry__prepare(vm);
    if (error == 0) error = ring3__before(vm);
    if (error != 0) return entry__break(vm, error);
    if (ioctl(vm->shell->vcpu, KVM_RUN, 0) != 0) {
        error = errno;
        run->kvm_dirty_regs = 0;
        __atomic_store_n(&run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        return error == EINTR || error == EAGAIN ? entry__kicked(vm) : entry__break(vm, -error);
    }
    run->kvm_dirty_regs = 0;
    if (ring3__after(vm) != 0) return entry__break(vm, -EPERM);
    if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT) {
        return entry__break(vm, (int)run->exit_reason);
    }
    if (run->io.port == CALL_PORT) return entry__called(vm);
    if (run->io.port < EXCEPTIONS) return entry__exception(vm, run->io.port);
    return entry__break(vm, -EIO);
}
