#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "internal.h"
#include "shell.h"
#include "system_pages.h"
#include "tables.h"
#include "vm_new.h"

#define PROBE_ADDRESS USER_FIRST

static int probe__program(struct vm *vm) {
    static const uint8_t program[] = {0x0f, 0x05}; /* syscall */
    uint64_t page = frames__take(vm, 1);
    if (page == 0) return -ENOMEM;
    memcpy(memory__at(vm, page), program, sizeof program);
    memory__wrote(vm, page, sizeof program);
    int error = table__map(vm, PROBE_ADDRESS, 1, page, PROT_READ | PROT_EXEC);
    if (error != 0) return error;
    vm->context.rip = PROBE_ADDRESS;
    return entry__begin(vm);
}

static int probe__look(struct vm_machine *machine, struct vm *vm, struct vm_text *why) {
    if (entry__run(vm) != ENTRY_CALL) {
        snprintf(why->bytes, sizeof why->bytes, "a system call does not leave this KVM (it says %d)", vm->entry.failure);
        return -ENOTSUP;
    }
    struct kvm_sregs sregs;
    if (ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return -errno;
    machine->calls_enter_ring0 = sregs.cs.dpl == 0;
    return 0;
}

int probe__calls(struct vm_machine *machine, struct vm_text *why) {
    /* With an I/O bitmap and the stub where ring 3 reaches it, the call comes out of either kind. */
    machine->calls_enter_ring0 = 0;
    struct vm *vm;
    const struct vm_limits limits = {.memory_bytes = UINT64_C(1) << 20, .threads = 1};
    int error = vm__new(machine, &limits, &vm);
    if (error != 0) {
        snprintf(why->bytes, sizeof why->bytes, "cannot make a VM: %s", strerror(-error));
        return error;
    }
    error = probe__program(vm);
    if (error == 0) error = probe__look(machine, vm, why);
    vm_close(vm);
    return error;
}
