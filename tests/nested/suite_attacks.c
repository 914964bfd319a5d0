/* Guests that try to get out, and VMs that are lost. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../ffi/vm/internal.h"
#include "../../ffi/vm/ring3.h"
#include "../../ffi/vm/shell.h"
#include "../../ffi/vm/tables.h"
#include "suite.h"

static void hostile(struct vm_machine *machine) {
    suite__expect_exit(suite__boot(machine, "hostile", NULL), "done\n");
}

/* On real hardware ring 3 has no port; where it has the one of system calls, using it elsewhere ends the VM. */
static void ports(struct vm_machine *machine) {
    static const char *const attacks[] = {"out_call", "out_call_elsewhere", "out_call_far", "out_call_hole", "out_wide",
                                          "in_byte",  "outs",               "ins"};
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        struct vm *vm = suite__boot(machine, "hostile", attacks[i]);
        struct outcome outcome;
        suite__run(vm, UINT64_MAX, &outcome);
        int faulted = outcome.exit.reason == VM_EXITED && strcmp(outcome.output, "done\n") == 0;
        int ended = outcome.exit.reason == VM_BROKEN && !machine->calls_enter_ring0;
        if (!faulted && !ended) suite__fail("%s: reason %u: %s", attacks[i], outcome.exit.reason, outcome.output);
        vm_close(vm);
    }
}

/* A fault without a table of its handlers: the CPU gives up, and KVM forgets its registers. */
static void shutdown(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "echo", NULL);
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    struct kvm_sregs sregs;
    EXPECT_NO_ERROR(ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs));
    sregs.idt.limit = 0;
    EXPECT_NO_ERROR(ioctl(vm->shell->vcpu, KVM_SET_SREGS, &sregs));
    EXPECT(vm_feed(vm, 0, "crash\n", 6, 0) == 6);
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_BROKEN);
    const struct vm_run run = {.deadline_ns = UINT64_MAX, .cpu_ns = UINT64_MAX};
    EXPECT(vm_run(vm, &run, &outcome.exit) == -EIO);
    vm_close(vm);
}

/* The watch on ring 3 that this build has: a vCPU put in ring 0 is not entered. */
static void watched(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "echo", NULL);
    struct kvm_sregs sregs;
    EXPECT_NO_ERROR(ioctl(vm->shell->vcpu, KVM_GET_SREGS, &sregs));
    EXPECT(sregs.cs.dpl == 3);
    sregs.cs.dpl = sregs.ss.dpl = 0;
    sregs.cs.selector = 0x10;
    sregs.ss.selector = 0x18;
    EXPECT_NO_ERROR(ioctl(vm->shell->vcpu, KVM_SET_SREGS, &sregs));
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_BROKEN && outcome.exit.status == -EPERM);
    vm_close(vm);
}

/* A page of a view that is mapped, where a forged snapshot says that it may be written. */
static uint64_t forge_writable(struct vm *vm) {
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = 0; i < areas->used; i++) {
        uint64_t at = areas->items[i].start, *entry;
        for (; table__next(vm, &at, areas->items[i].end, &entry); at += PAGE_SIZE) {
            if (!(*entry & PTE_PRESENT) || (*entry & PTE_ADDRESS) < VIEW_BASE) continue;
            table__store(vm, entry, *entry | PTE_WRITE);
            return at;
        }
    }
    suite__fail("no page is a view's");
}

static void views(struct vm_machine *machine) {
    struct vm *vm = suite__boot(machine, "echo", NULL);
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    uint64_t at = forge_writable(vm), physical = *table__entry(vm, at) & PTE_ADDRESS;
    uint8_t before;
    EXPECT_NO_ERROR(access__read(vm, &before, at, 1));
    uint8_t other = before ^ 1;
    EXPECT(access__write(vm, at, &other, 1) == -EFAULT);
    EXPECT(memory__at(vm, physical) == NULL && *memory__seen(vm, physical) == before);
    vm_close(vm);
}

const struct test attack_tests[] = {
    {"no instruction gets a guest out of ring 3", hostile},
    {"no port is used but by the stub of system calls", ports},
    {"a VM that shut down is broken, and stays so", shutdown},
    {"a guest is not entered in ring 0", watched},
    {"what all VMs see is not written for a guest, whatever its tables say", views},
    {NULL, NULL},
};
