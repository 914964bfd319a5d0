/* Frames of signals on the guest's stack, as Linux lays them out on x86-64: pushed, and taken back. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "internal.h"

#define RED_ZONE 128u
#define FPU_ALIGNMENT 64u
#define FRAME_ALIGNMENT 16u
#define USER_CODE 0x33u
#define USER_STACK 0x2bu

/* Bits of EFLAGS: what a frame may bring (no I/O rights, no virtual mode), and what a handler begins without. */
#define FLAGS_FROM_FRAME UINT64_C(0x40dd5) /* AC OF DF TF SF ZF AF PF CF */
#define FLAGS_CLEARED UINT64_C(0x10500)    /* RF DF TF */
#define FLAGS_ALWAYS UINT64_C(0x202)       /* IF, and bit 1 */

#define UC_FP_XSTATE 1u
#define UC_SIGCONTEXT_SS 2u
#define UC_STRICT_RESTORE_SS 4u

#define XSTATE_MAGIC1 UINT32_C(0x46505853)
#define XSTATE_MAGIC2 UINT32_C(0x46505845)
#define FX_BYTES 512u
#define XSTATE_BYTES_MIN 576u
#define FX_CONTROL 0u
#define FX_TAGS 4u
#define FX_MXCSR 24u
#define FX_SOFTWARE 464u
#define XSTATE_PARTS 512u /* XSTATE_BV, the first word of the header */
#define X87_AND_SSE UINT64_C(3)
#define CONTROL_DEFAULT 0x37fu
#define MXCSR_DEFAULT 0x1f80u
/* Every CPU that runs 64-bit code has these bits. */
#define MXCSR_VALID 0xffffu

#define SA_RESTORER_FLAG UINT64_C(0x04000000)

struct frame_stack {
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
    uint64_t size;
};

struct frame_registers {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, address;
    uint64_t fpu;
    uint64_t reserved[8];
};

struct frame {
    uint64_t return_address;
    uint64_t flags, link;
    struct frame_stack stack;
    struct frame_registers registers;
    uint64_t mask;
    struct signal_info info;
    uint8_t info_rest[128 - sizeof(struct signal_info)];
};

_Static_assert(sizeof(struct frame) == 440 && offsetof(struct frame, info) == 312, "as Linux has it");

/* What XSAVE leaves for software, in its bytes 464 to 511. */
struct frame_fpu_note {
    uint32_t magic;
    uint32_t extended_bytes; /* with the second magic number behind it */
    uint64_t parts;
    uint32_t bytes;
    uint32_t reserved[7];
};

static int frame__has_xsave(const struct vm *vm) {
    return vm->machine != NULL && vm->machine->xcr0 != 0;
}

static uint64_t frame__parts(const struct vm *vm) {
    return frame__has_xsave(vm) ? vm->machine->xcr0 : X87_AND_SSE;
}

static uint32_t frame__fpu_bytes(const struct vm *vm) {
    return frame__has_xsave(vm) ? vm->machine->fpu_bytes : FX_BYTES;
}

/* ---- the FPU's state --------------------------------------------------------------------------------- */

void signal_frame__clean_fpu(struct fpu_state *fpu, uint64_t features) {
    uint64_t parts;
    uint32_t mxcsr;
    memcpy(&parts, fpu->bytes + XSTATE_PARTS, sizeof parts);
    memcpy(&mxcsr, fpu->bytes + FX_MXCSR, sizeof mxcsr);
    parts &= features;
    mxcsr &= MXCSR_VALID;
    memset(fpu->bytes + FX_SOFTWARE, 0, XSTATE_BYTES_MIN - FX_SOFTWARE);
    memcpy(fpu->bytes + XSTATE_PARTS, &parts, sizeof parts);
    memcpy(fpu->bytes + FX_MXCSR, &mxcsr, sizeof mxcsr);
}

void signal_frame__initial_fpu(struct fpu_state *fpu) {
    uint16_t control = CONTROL_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT;
    memset(fpu, 0, sizeof *fpu);
    memcpy(fpu->bytes + FX_CONTROL, &control, sizeof control);
    memcpy(fpu->bytes + FX_MXCSR, &mxcsr, sizeof mxcsr);
    memcpy(fpu->bytes + XSTATE_PARTS, &(uint64_t){X87_AND_SSE}, sizeof(uint64_t));
}

/* Compiled code relies on the control words and an empty x87 stack, and on nothing else of the FPU's. */
static int frame__fpu_is_usable(const struct fpu_state *fpu) {
    uint16_t control;
    uint32_t mxcsr;
    memcpy(&control, fpu->bytes + FX_CONTROL, sizeof control);
    memcpy(&mxcsr, fpu->bytes + FX_MXCSR, sizeof mxcsr);
    return control == CONTROL_DEFAULT && mxcsr == MXCSR_DEFAULT && fpu->bytes[FX_TAGS] == 0;
}

static int frame__store_fpu(struct vm *vm, uint64_t address, struct fpu_state *fpu) {
    uint32_t bytes = frame__fpu_bytes(vm);
    struct frame_fpu_note note = {0};
    if (bytes > FX_BYTES) {
        note = (struct frame_fpu_note){XSTATE_MAGIC1, bytes + sizeof XSTATE_MAGIC2, frame__parts(vm), bytes, {0}};
    }
    memcpy(fpu->bytes + FX_SOFTWARE, &note, sizeof note);
    int rc = access__write(vm, address, fpu->bytes, bytes);
    if (rc != 0 || bytes == FX_BYTES) return rc;
    return access__write(vm, address + bytes, &(uint32_t){XSTATE_MAGIC2}, sizeof(uint32_t));
}

/* Does more than the oldest part lie there? Where the notes do not fit one another Linux takes that part only. */
static uint32_t frame__noted_bytes(struct vm *vm, uint64_t address, const struct frame_fpu_note *note) {
    uint32_t magic;
    if (note->magic != XSTATE_MAGIC1) return FX_BYTES;
    if (note->bytes < XSTATE_BYTES_MIN || note->bytes > frame__fpu_bytes(vm)) return FX_BYTES;
    if (note->bytes > note->extended_bytes) return FX_BYTES;
    if (access__read(vm, &magic, address + note->bytes, sizeof magic) != 0) return FX_BYTES;
    return magic == XSTATE_MAGIC2 ? note->bytes : FX_BYTES;
}

static int frame__load_fpu(struct vm *vm, uint64_t address) {
    struct fpu_state fpu;
    struct frame_fpu_note note;
    signal_frame__initial_fpu(&fpu);
    if (address != 0) {
        if (access__read(vm, fpu.bytes, address, FX_BYTES) != 0) return -EFAULT;
        memcpy(&note, fpu.bytes + FX_SOFTWARE, sizeof note);
        uint32_t bytes = frame__noted_bytes(vm, address, &note);
        uint64_t parts = X87_AND_SSE;
        if (bytes > FX_BYTES) {
            if (access__read(vm, fpu.bytes, address, bytes) != 0) return -EFAULT;
            memcpy(&parts, fpu.bytes + XSTATE_PARTS, sizeof parts);
            parts &= note.parts;
        }
        memcpy(fpu.bytes + XSTATE_PARTS, &parts, sizeof parts);
        signal_frame__clean_fpu(&fpu, frame__parts(vm));
    }
    return entry__fpu_load(vm, &fpu) == 0 ? 0 : -EFAULT;
}

/* ---- where it goes ----------------------------------------------------------------------------------- */

static int frame__within_alternate(const struct thread *thread, uint64_t stack) {
    return stack > thread->alternate_stack && stack - thread->alternate_stack <= thread->alternate_stack_size;
}

int signal_frame__on_alternate_stack(const struct thread *thread, uint64_t stack) {
    if (thread->alternate_stack_flags & SS_AUTODISARM) return 0;
    return frame__within_alternate(thread, stack);
}

struct frame_place {
    uint64_t frame, fpu;
};

static int frame__find_place(struct vm *vm, const struct signal_action *action, struct frame_place *place) {
    const struct thread *thread = thread__current(vm);
    int on_alternate = signal_frame__on_alternate_stack(thread, vm->context.rsp);
    uint64_t stack = vm->context.rsp - RED_ZONE;
    if (action->flags & SA_ONSTACK && !on_alternate && thread->alternate_stack_size > 0) {
        stack = thread->alternate_stack + thread->alternate_stack_size;
        on_alternate = 1;
    }
    uint32_t bytes = frame__fpu_bytes(vm);
    uint64_t room = bytes + (bytes > FX_BYTES ? sizeof XSTATE_MAGIC2 : 0);
    if (stack >= USER_LAST || stack < USER_FIRST) return -EFAULT;
    place->fpu = (stack - room) & ~(uint64_t)(FPU_ALIGNMENT - 1);
    place->frame = ((place->fpu - sizeof(struct frame)) & ~(uint64_t)(FRAME_ALIGNMENT - 1)) - sizeof(uint64_t);
    if (on_alternate && !frame__within_alternate(thread, place->frame)) return -EFAULT;
    return 0;
}

uint64_t signal_frame__bytes(const struct vm *vm) {
    uint64_t bytes = sizeof(struct frame) + frame__fpu_bytes(vm) + sizeof XSTATE_MAGIC2;
    return (bytes + FPU_ALIGNMENT + 2 * FRAME_ALIGNMENT) & ~(uint64_t)(FRAME_ALIGNMENT - 1);
}

/* ---- the registers ----------------------------------------------------------------------------------- */

static struct frame_registers frame__registers(const struct context *from) {
    return (struct frame_registers){
        .r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11,
        .r12 = from->r12, .r13 = from->r13, .r14 = from->r14, .r15 = from->r15,
        .rdi = from->rdi, .rsi = from->rsi, .rbp = from->rbp, .rbx = from->rbx,
        .rdx = from->rdx, .rax = from->rax, .rcx = from->rcx, .rsp = from->rsp,
        .rip = from->rip, .rflags = from->rflags, .cs = USER_CODE, .ss = USER_STACK,
    };
}

static struct context frame__context(const struct frame_registers *from, const struct context *now) {
    return (struct context){
        .r8 = from->r8, .r9 = from->r9, .r10 = from->r10, .r11 = from->r11,
        .r12 = from->r12, .r13 = from->r13, .r14 = from->r14, .r15 = from->r15,
        .rdi = from->rdi, .rsi = from->rsi, .rbp = from->rbp, .rbx = from->rbx,
        .rdx = from->rdx, .rax = from->rax, .rcx = from->rcx, .rsp = from->rsp,
        .rip = from->rip, .rflags = (from->rflags & FLAGS_FROM_FRAME) | FLAGS_ALWAYS,
        .fs_base = now->fs_base, .gs_base = now->gs_base,
    };
}

int signal_frame__push(struct vm *vm, const struct signal_info *info, const struct signal_action *action,
                       uint64_t mask, uint64_t error, uint64_t trap) {
    struct thread *thread = thread__current(vm);
    struct context *context = &vm->context;
    struct frame_place place;
    struct fpu_state fpu;
    if (!(action->flags & SA_RESTORER_FLAG) || action->handler >= USER_LAST) return -EFAULT;
    if (frame__find_place(vm, action, &place) != 0 || entry__fpu_save(vm, &fpu) != 0) return -EFAULT;

    struct frame frame = {
        .return_address = action->restorer,
        .flags = (frame__has_xsave(vm) ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
        .stack = {thread->alternate_stack, thread->alternate_stack_flags, 0, thread->alternate_stack_size},
        .registers = frame__registers(context),
        .mask = mask,
        .info = *info,
    };
    frame.registers.error = error;
    frame.registers.trap = trap;
    frame.registers.old_mask = mask;
    frame.registers.address = trap != 0 ? info->fields[0] : 0;
    frame.registers.fpu = place.fpu;
    int usable = frame__fpu_is_usable(&fpu);
    if (frame__store_fpu(vm, place.fpu, &fpu) != 0) return -EFAULT;
    if (access__write(vm, place.frame, &frame, sizeof frame) != 0) return -EFAULT;
    if (!usable) {
        signal_frame__initial_fpu(&fpu);
        if (entry__fpu_load(vm, &fpu) != 0) return -EFAULT;
    }
    if (thread->alternate_stack_flags & SS_AUTODISARM) {
        thread->alternate_stack = thread->alternate_stack_size = 0;
        thread->alternate_stack_flags = SS_DISABLE;
    }
    context->rdi = (uint64_t)info->signal;
    context->rsi = place.frame + offsetof(struct frame, info);
    context->rdx = place.frame + offsetof(struct frame, flags);
    context->rax = 0;
    context->rsp = place.frame;
    context->rip = action->handler;
    context->rflags = (context->rflags & ~FLAGS_CLEARED) | FLAGS_ALWAYS;
    return 0;
}

int signal_frame__pop(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    struct frame frame;
    /* The handler's return took the address from the stack. */
    uint64_t address = vm->context.rsp - sizeof frame.return_address;
    if (access__read(vm, &frame, address, sizeof frame) != 0) return -EFAULT;
    if (frame.registers.rip >= USER_LAST) return -EFAULT;
    if (frame__load_fpu(vm, frame.registers.fpu) != 0) return -EFAULT;
    vm->context = frame__context(&frame.registers, &vm->context);
    thread->signal_mask = frame.mask & ~UNBLOCKABLE;
    /* As Linux: what the frame says of the alternate stack counts if sigaltstack would take it. */
    signal_frame__set_alternate_stack(thread, frame.registers.rsp, frame.stack.address, frame.stack.flags,
                                      frame.stack.size);
    return 0;
}

int signal_frame__set_alternate_stack(struct thread *thread, uint64_t stack, uint64_t address, uint32_t flags,
                                      uint64_t size) {
    uint32_t mode = flags & ~SS_AUTODISARM;
    if (signal_frame__on_alternate_stack(thread, stack)) return -EPERM;
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE) return -EINVAL;
    if (mode == SS_DISABLE) {
        address = size = 0;
    } else if (size < MINIMUM_ALTERNATE_STACK) {
        return -ENOMEM;
    } else if (address >= USER_LAST || size > USER_LAST - address) {
        return -ENOMEM;
    }
    thread->alternate_stack = address;
    thread->alternate_stack_size = size;
    thread->alternate_stack_flags = flags;
    return 0;
}
