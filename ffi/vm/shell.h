/*
 * A shell: a KVM VM with its one vCPU, set up and without content. It knows KVM and nothing of guests.
 */
#ifndef MAYFLY_VM_SHELL_H
#define MAYFLY_VM_SHELL_H

#include <linux/kvm.h>
#include <stdint.h>

struct vm_machine;
struct memory_area;
struct regions;

#define SLOTS_MAX 4096u

struct shell_slot {
    uint64_t base; /* guest-physical */
    uint64_t bytes;
    uint8_t *host;
};

struct shell {
    const struct vm_machine *machine;
    struct shell *next;      /* among idle ones */
    struct regions *regions; /* whose banks it has; kept. NULL for none */
    int vm, vcpu;
    struct kvm_run *run;
    int logs_dirty; /* slots of the data area keep a log of what the guest writes */
    uint8_t *reserve;   /* a room of SYSTEM_MAX + reserve_bytes, where its content will be mapped */
    uint64_t reserve_bytes;
    uint32_t slot_count, slot_room;
    struct shell_slot *slots;
};

int shell__new(const struct vm_machine *machine, uint64_t reserve_bytes, struct shell **shell);
void shell__delete(struct shell *shell);

/* Makes KVM know a bank of an area; nothing if it does. */
int shell__attach(struct shell *shell, const struct memory_area *area, uint64_t bank);

/* KVM keeps shadows of page-table entries that no flush of the guest's takes away. */
int shell__keeps_shadows(const struct shell *shell);

/* Special registers for ring 3 at a known place, with these bases of FS and GS. Flushes the TLB. */
int shell__set_ring3(struct shell *shell, uint64_t fs_base, uint64_t gs_base);
int shell__set_registers(struct shell *shell);

/* What was on its way into the guest when it left is forgotten. */
int shell__clear_events(struct shell *shell);

/* From any thread: the next or the current entry ends at once (with a signal to the thread, if it is inside). */
void shell__interrupt(struct shell *shell);

/*
 * From now on. Not from the start, for KVM maps writable pages ahead of faults only where it keeps no log: a clone's first
 * request is faster without.
 */
int shell__begin_log(struct shell *shell);
/* Pages of a slot that the guest wrote since the log began, as a bitmap. */
int shell__dirty(struct shell *shell, uint32_t slot, uint64_t *bitmap);

#endif
