#include "ring3.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"
#include "shell.h"
#include "system_pages.h"

#ifdef VM_ASSERT_RING3

static int ring3__is_user(const struct kvm_sregs *sregs) {
    return sregs->cs.selector == SELECTOR_USER_CODE && sregs->cs.dpl == 3 && sregs->ss.dpl == 3;
}

/* Within a stub: where in the system pages rip is. */
static int ring3__is_at(const struct kvm_regs *regs, uint32_t stub, uint32_t bytes) {
    return regs->rip - (SYSTEM_ADDRESS + stub) < bytes;
}

/* What iretq is about to load. */
static int ring3__returns_to_user(struct vm *vm, const struct kvm_regs *regs) {
    uint64_t at = regs->rsp + (ring3__is_at(regs, SYSTEM_RETURN_FLUSH_STUB, 1) ? sizeof(uint64_t) : 0);
    uint64_t frame[5];
    if (at - (SYSTEM_ADDRESS + SYSTEM_STACK) > PAGE_SIZE - sizeof frame) return 0;
    memcpy(frame, vm->memory.system.host + (at - SYSTEM_ADDRESS), sizeof frame);
    return frame[0] < USER_LAST && frame[1] == SELECTOR_USER_CODE && frame[4] == SELECTOR_USER_DATA &&
           (frame[2] & ~(USER_FLAGS | FIXED_FLAGS)) == 0;
}

int ring3__before(struct vm *vm) {
    struct kvm_sregs sregs;
    if (ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return -errno;
    const struct kvm_regs *regs = &vm->shell->run->s.regs.regs;
    int holds = 0;
    switch ((enum entry_place)vm->entry.place) {
    case ENTRY_RING3:
        holds = ring3__is_user(&sregs) && (regs->rip < USER_LAST || ring3__is_at(regs, SYSTEM_RESTORE_STUB, 1) ||
                                           ring3__is_at(regs, SYSTEM_RESTORE_SEGMENTS, 1));
        break;
    case ENTRY_RING0:
        holds = (ring3__is_at(regs, SYSTEM_RETURN_STUB, 1) || ring3__is_at(regs, SYSTEM_RETURN_FLUSH_STUB, 1)) &&
                ring3__returns_to_user(vm, regs);
        break;
    case ENTRY_IN_STUB:
        holds = ring3__is_user(&sregs) || regs->rip - SYSTEM_ADDRESS < SYSTEM_PAGES_END;
        break;
    }
    return holds ? 0 : -EPERM;
}

int ring3__after(struct vm *vm) {
    struct kvm_sregs sregs;
    if (ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return -errno;
    /* In ring 0 there is nothing but the stubs. */
    int in_stubs = vm->shell->run->s.regs.regs.rip - SYSTEM_ADDRESS < SYSTEM_PAGES_END;
    return ring3__is_user(&sregs) || in_stubs ? 0 : -EPERM;
}

#endif
