/* What this host's KVM is and can do: found out once per process, never taken from a snapshot. */
#ifndef MAYFLY_VM_MACHINE_H
#define MAYFLY_VM_MACHINE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "rooms.h"
#include "ticker.h"
#include "vm.h"

#define CPUID_ENTRIES_MAX 256u
#define SHELLS_MAX 4096u

struct shell;

/* As struct kvm_cpuid2 has it, with its entries. */
struct machine_cpuid {
    uint32_t count;
    uint32_t padding;
    struct kvm_cpuid_entry2 entries[CPUID_ENTRIES_MAX];
};
_Static_assert(offsetof(struct machine_cpuid, entries) == offsetof(struct kvm_cpuid2, entries), "KVM's own");

struct vm_machine {
    int kvm;
    int pagemap; /* of this process */
    uint32_t run_bytes; /* of a vCPU's shared page */
    /* A system call leaves the guest in ring 0 (KVM on real hardware), or in ring 3 (KVM in software, kvm_pvm). */
    int calls_enter_ring0;
    /*
     * Host writes to page tables go unnoticed, so that shadows of old entries have to be taken away page by page: in
     * software, and on hardware without nested paging.
     */
    int keeps_shadows;
    uint64_t cr4;
    uint64_t xcr0;       /* 0: no XSAVE */
    uint32_t fpu_bytes;  /* of the FPU state for xcr0 */
    uint64_t tsc_multiplier; /* of ticks to ns; 0: guests have no time stamps that are the host's */
    struct machine_cpuid cpuid;
    struct ticker ticker;

    struct rooms *rooms;

    pthread_mutex_t lock;
    struct vm *probe; /* closed late: KVM takes most of a millisecond for it, and a first request waits */
    struct shell *idle; /* made ahead, for vm_clone */
    uint32_t idle_count;
};

#endif
