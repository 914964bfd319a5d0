#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "internal.h"
#include "shell.h"
#include "system_pages.h"
#include "tables.h"
#include "vm_new.h"

#define PROBE_ADDRESS USER_FIRST
#define PROBE_DATA (PROBE_ADDRESS + PAGE_SIZE) /* behind the program's page, as the program has it */
#define TSC_NOISE UINT64_C(1000000)            /* CPUs' counters may differ a little */
#define EXCEPTION_PAGE_FAULT 14u

/* Tells its time stamp in rdx and what it finds at PROBE_DATA in rbx, again and again. */
static const uint8_t program[] = {
    0x0f, 0x31,                               /* rdtsc */
    0x48, 0xc1, 0xe2, 0x20,                   /* shl rdx, 32 */
    0x48, 0x09, 0xc2,                         /* or rdx, rax */
    0x48, 0x8b, 0x1d, 0xf0, 0x0f, 0x00, 0x00, /* mov rbx, [rip + 0xff0] */
    0x0f, 0x05,                               /* syscall */
    0xeb, 0xec,                               /* jmp to the beginning */
};

static uint64_t probe__page(struct vm *vm, const void *bytes, size_t size) {
    uint64_t page = frames__take(vm, 1);
    if (page == 0) return 0;
    memcpy(memory__at(vm, page), bytes, size);
    memory__wrote(vm, page, size);
    return page;
}

static int probe__program(struct vm *vm, const uint64_t pages[2]) {
    uint64_t page = probe__page(vm, program, sizeof program);
    if (page == 0 || pages[0] == 0 || pages[1] == 0) return -ENOMEM;
    int error = table__map(vm, PROBE_ADDRESS, 1, page, PROT_READ | PROT_EXEC);
    if (error == 0) error = table__map(vm, PROBE_DATA, 1, pages[0], PROT_READ);
    if (error != 0) return error;
    vm->context.rip = PROBE_ADDRESS;
    return entry__begin(vm);
}

/*
 * Until the program's next system call. The stub of system calls is for ring 0 only here: where KVM leaves the guest in
 * ring 3 it faults there, which says so just as well.
 */
static int probe__leave(struct vm *vm, int *enters_ring0) {
    enum entry_event event = entry__run(vm);
    *enters_ring0 = event == ENTRY_CALL;
    if (event == ENTRY_CALL) return 0;
    if (event != ENTRY_EXCEPTION || vm->entry.vector != EXCEPTION_PAGE_FAULT ||
        vm->entry.address != SYSTEM_ADDRESS + SYSTEM_CALL_STUB) {
        return -ENOTSUP;
    }
    vm->context.rip = vm->context.rcx;
    vm->context.rflags = vm->context.r11;
    return 0;
}

static int probe__look(struct vm_machine *machine, struct vm *vm, int *shares_time) {
    const uint64_t marks[2] = {1, 2};
    const uint64_t pages[2] = {probe__page(vm, &marks[0], sizeof marks[0]), probe__page(vm, &marks[1], sizeof marks[1])};
    int error = probe__program(vm, pages), first, second;
    uint64_t before = __rdtsc();
    if (error == 0) error = probe__leave(vm, &first);
    uint64_t after = __rdtsc(), shown = vm->context.rdx;
    if (error != 0) return error;
    *shares_time = shown + TSC_NOISE >= before && shown <= after + TSC_NOISE;

    error = table__map(vm, PROBE_DATA, 1, pages[1], PROT_READ);
    vm->memory.translations_stale = 1;
    if (error == 0) error = probe__leave(vm, &second);
    if (error != 0) return error;
    if (first != second || (vm->context.rbx != marks[0] && vm->context.rbx != marks[1])) return -ENOTSUP;
    machine->calls_enter_ring0 = first;
    /* In software it always does, even if this one happened to be lost. */
    machine->keeps_shadows = !first || vm->context.rbx == marks[0];
    return 0;
}

int probe__machine(struct vm_machine *machine, int *shares_time, struct vm_text *why) {
    machine->calls_enter_ring0 = 1;
    const struct vm_limits limits = {.memory_bytes = UINT64_C(1) << 20, .threads = 1};
    int error = vm__new(machine, &limits, &machine->probe);
    if (error != 0) {
        snprintf(why->bytes, sizeof why->bytes, "cannot make a VM: %s", strerror(-error));
        return error;
    }
    error = probe__look(machine, machine->probe, shares_time);
    if (error == -ENOTSUP) {
        int says = machine->probe->entry.failure;
        snprintf(why->bytes, sizeof why->bytes, "a system call does not leave this KVM (it says %d)", says);
    }
    return error;
}
