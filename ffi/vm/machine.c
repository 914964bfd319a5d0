#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../shim/pages.h"
#include "clock.h"
#include "entry.h"
#include "internal.h"
#include "probe.h"
#include "shell.h"

#define KVM_VERSION 12
#define RATE_TRIES 3u
/* x87, SSE, AVX, AVX-512. What needs more room or permission (AMX) the guest does not get. */
#define FPU_PARTS UINT64_C(0xe7)
#define CR4_BASE ((1u << 5) | (1u << 9) | (1u << 10)) /* PAE, OSFXSR, OSXMMEXCPT */
#define CR4_UMIP (1u << 11)
#define CR4_OSXSAVE (1u << 18)
#define CR4_SMEP (1u << 20)
#define CR4_SMAP (1u << 21)
#define CPUID_1_ECX_OSXSAVE (1u << 27)
#define CPUID_7_EBX_SMEP (1u << 7)
#define CPUID_7_EBX_SMAP (1u << 20)
#define CPUID_7_ECX_UMIP (1u << 2)
#define CPUID_7_ECX_OSPKE (1u << 4)
#define CPUID_7_ECX_PKU (1u << 3)

static struct kvm_cpuid_entry2 *machine__leaf(struct vm_machine *machine, uint32_t function, uint32_t index) {
    for (uint32_t i = 0; i < machine->cpuid.count; i++) {
        struct kvm_cpuid_entry2 *entry = &machine->cpuid.entries[i];
        if (entry->function == function && entry->index == index) return entry;
    }
    return NULL;
}

/* SET_SREGS refuses bits of CR4 that the CPUID does not show. */
static void machine__features(struct vm_machine *machine) {
    struct kvm_cpuid_entry2 *one = machine__leaf(machine, 1, 0), *seven = machine__leaf(machine, 7, 0),
                            *state = machine__leaf(machine, 0xd, 0);
    machine->cr4 = CR4_BASE;
    /* KVM in software does not show the bit for XSAVE, while its guests have what the host's CPU has: leaf 13 knows. */
    if (one != NULL && state != NULL && state->eax != 0) {
        one->ecx |= CPUID_1_ECX_OSXSAVE;
        machine->cr4 |= CR4_OSXSAVE;
        machine->xcr0 = (state->eax | (uint64_t)state->edx << 32) & FPU_PARTS;
        state->eax &= (uint32_t)FPU_PARTS;
        state->edx = 0;
    }
    if (seven != NULL) {
        if (seven->ebx & CPUID_7_EBX_SMEP) machine->cr4 |= CR4_SMEP;
        if (seven->ebx & CPUID_7_EBX_SMAP) machine->cr4 |= CR4_SMAP;
        if (seven->ecx & CPUID_7_ECX_UMIP) machine->cr4 |= CR4_UMIP;
        seven->ecx &= ~(CPUID_7_ECX_PKU | CPUID_7_ECX_OSPKE);
    }
    for (uint32_t i = 0; i < machine->cpuid.count; i++) {
        struct kvm_cpuid_entry2 *entry = &machine->cpuid.entries[i];
        if (entry->function == 0xd && entry->index > 1 && !(FPU_PARTS >> entry->index & 1)) {
            entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
        }
    }
    machine->fpu_bytes = 512;
    if (machine->xcr0 != 0) {
        uint32_t end = 512 + 64;
        for (uint32_t part = 2; part < 63; part++) {
            struct kvm_cpuid_entry2 *entry = machine__leaf(machine, 0xd, part);
            if (entry == NULL || !(machine->xcr0 >> part & 1)) continue;
            if (entry->ebx + entry->eax > end) end = entry->ebx + entry->eax;
        }
        machine->fpu_bytes = end;
    }
}

static int machine__find_out(struct vm_machine *machine, struct vm_text *why) {
    int version = ioctl(machine->kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_VERSION) {
        snprintf(why->bytes, sizeof why->bytes, "/dev/kvm is no KVM: its version is %d, not %d", version, KVM_VERSION);
        return -ENODEV;
    }
    int sync = ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    if ((sync & KVM_SYNC_X86_REGS) == 0 || ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) == 0 ||
        ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) == 0) {
        snprintf(why->bytes, sizeof why->bytes, "this KVM lacks what the engine needs (Linux 5.0 has it)");
        return -ENOTSUP;
    }
    int bytes = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    machine->cpuid.count = CPUID_ENTRIES_MAX;
    if (bytes <= 0 || ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, &machine->cpuid) != 0) {
        snprintf(why->bytes, sizeof why->bytes, "KVM does not say what CPU it has: %s", strerror(errno));
        return -errno;
    }
    machine->run_bytes = (uint32_t)bytes;
    machine__features(machine);
    return 0;
}

/* What has to be done anyhow lies between the moments that tell the rate; who was disturbed looks again. */
static int machine__try(struct vm_machine *machine, struct vm_text *why) {
    struct clock_moment moments[CLOCK_MOMENTS] = {clock__moment()};
    int error = machine__find_out(machine, why), shares_time;
    if (error == 0) error = ticker__open(&machine->ticker);
    moments[1] = clock__moment_after(&moments[0]);
    if (error == 0) error = probe__machine(machine, &shares_time, why);
    if (error != 0 || !shares_time) return error;
    for (uint32_t i = 0; i < RATE_TRIES && machine->tsc_multiplier == 0; i++) {
        if (i > 0) moments[0] = clock__moment(), moments[1] = clock__moment_after(&moments[0]);
        moments[2] = clock__moment_after(&moments[1]);
        machine->tsc_multiplier = clock__multiplier(moments);
    }
    return 0;
}

static int machine__pagemap(int given) {
    if (given < 0) return pagemap__open();
    int copy = fcntl(given, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

int vm_machine_open(int kvm, int pagemap, struct vm_machine **result, struct vm_text *why) {
    why->bytes[0] = 0;
    struct vm_machine *machine = calloc(1, sizeof *machine);
    if (machine == NULL) return -ENOMEM;
    pthread_mutex_init(&machine->lock, NULL);
    machine->rooms = malloc(sizeof *machine->rooms);
    if (machine->rooms != NULL) rooms__init(machine->rooms);
    machine->pagemap = machine__pagemap(pagemap);
    machine->kvm = fcntl(kvm, F_DUPFD_CLOEXEC, 3);
    int error = machine->kvm < 0 ? -errno : 0;
    if (machine->rooms == NULL) error = -ENOMEM;
    if (error == 0 && machine->pagemap < 0) {
        error = machine->pagemap;
        snprintf(why->bytes, sizeof why->bytes, "cannot open the process's page map: %s", strerror(-error));
    }
    if (error == 0) error = machine__try(machine, why);
    if (error != 0) {
        if (why->bytes[0] == 0) snprintf(why->bytes, sizeof why->bytes, "cannot use KVM: %s", strerror(-error));
        vm_machine_close(machine);
        return error;
    }
    *result = machine;
    return 0;
}

void vm_machine_settle(struct vm_machine *machine) {
    if (machine->probe != NULL) vm_close(machine->probe);
    machine->probe = NULL;
}

void vm_machine_close(struct vm_machine *machine) {
    while (machine->idle != NULL) {
        struct shell *shell = machine->idle;
        machine->idle = shell->next;
        shell__delete(shell);
    }
    vm_machine_settle(machine);
    ticker__close(&machine->ticker);
    if (machine->kvm >= 0) close(machine->kvm);
    if (machine->pagemap >= 0) close(machine->pagemap);
    pthread_mutex_destroy(&machine->lock);
    if (machine->rooms != NULL) pthread_mutex_destroy(&machine->rooms->lock);
    free(machine->rooms);
    free(machine);
}

const char *vm_machine_kind(const struct vm_machine *machine) {
    return machine->calls_enter_ring0 ? "hardware" : "software";
}
