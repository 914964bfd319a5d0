#include "shell.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "system_pages.h"
#include "tables.h"

#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_SFMASK 0xc0000084u
/* A system call begins with these flags clear: trap, interrupt, direction, privilege, nesting, alignment. */
#define CALL_CLEARS_FLAGS 0x47700u
#define CR0 0x80050033u /* paging, write protection, alignment mask, numeric errors */
#define EFER 0xd01u     /* system calls, long mode, no-execute */
#define CR3_PWT (1u << 3)

/* As struct kvm_msrs has it, with its entries. */
struct call_msrs {
    uint32_t count;
    uint32_t padding;
    struct kvm_msr_entry entries[3];
};
_Static_assert(offsetof(struct call_msrs, entries) == offsetof(struct kvm_msrs, entries), "KVM's own");

static int shell__set_calls(struct shell *shell) {
    struct call_msrs msrs = {
        .count = 3,
        .entries =
            {
                {.index = MSR_STAR, .data = (uint64_t)SELECTOR_RETURN << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32},
                {.index = MSR_LSTAR, .data = SYSTEM_ADDRESS + SYSTEM_CALL_STUB},
                {.index = MSR_SFMASK, .data = CALL_CLEARS_FLAGS},
            },
    };
    return ioctl(shell->vcpu, KVM_SET_MSRS, &msrs) == (int)msrs.count ? 0 : -EIO;
}

static struct kvm_segment shell__segment(uint16_t selector, uint8_t type, int code) {
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type,
        .present = 1,
        .dpl = 3,
        .db = !code,
        .s = 1,
        .l = (uint8_t)code,
        .g = 1,
    };
}

static void shell__ring3(struct kvm_sregs *sregs, uint64_t fs_base, uint64_t gs_base) {
    sregs->cs = shell__segment(SELECTOR_USER_CODE, 11, 1);
    sregs->ss = shell__segment(SELECTOR_USER_DATA, 3, 0);
    /* As Linux has them for 64-bit programs: none. */
    sregs->ds = sregs->es = sregs->fs = sregs->gs = (struct kvm_segment){.unusable = 1};
    sregs->fs.base = fs_base;
    sregs->gs.base = gs_base;
}

int shell__set_ring3(struct shell *shell, uint64_t fs_base, uint64_t gs_base) {
    struct kvm_sregs sregs;
    if (ioctl(shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return -errno;
    shell__ring3(&sregs, fs_base, gs_base);
    /* Writing CR3 as it was does not flush; a bit that changes does. */
    sregs.cr3 ^= CR3_PWT;
    return ioctl(shell->vcpu, KVM_SET_SREGS, &sregs) == 0 ? 0 : -errno;
}

int shell__set_registers(struct shell *shell) {
    const struct vm_machine *machine = shell->machine;
    int error = shell__set_calls(shell);
    if (error != 0) return error;
    struct kvm_sregs sregs;
    if (ioctl(shell->vcpu, KVM_GET_SREGS, &sregs) != 0) return -errno;
    shell__ring3(&sregs, 0, 0);
    sregs.cr0 = CR0;
    sregs.cr3 = TABLE_ROOT;
    sregs.cr4 = machine->cr4;
    sregs.efer = EFER;
    sregs.gdt = (struct kvm_dtable){.base = SYSTEM_ADDRESS + SYSTEM_GDT, .limit = GDT_ENTRIES * 8 - 1};
    sregs.idt = (struct kvm_dtable){.base = SYSTEM_ADDRESS + SYSTEM_IDT, .limit = 256 * 16 - 1};
    sregs.tr = (struct kvm_segment){
        .base = SYSTEM_ADDRESS + SYSTEM_TSS,
        .limit = system_pages__tss_limit(machine),
        .selector = SELECTOR_TSS,
        .type = 11,
        .present = 1,
    };
    if (ioctl(shell->vcpu, KVM_SET_SREGS, &sregs) != 0) return -errno;
    if (machine->xcr0 != 0) {
        struct kvm_xcrs xcrs = {.nr_xcrs = 1};
        xcrs.xcrs[0].value = machine->xcr0;
        if (ioctl(shell->vcpu, KVM_SET_XCRS, &xcrs) != 0) return -errno;
    }
    return 0;
}

/* On real hardware a guest's time stamps begin at 0; the clocks in the vvar page count with the host's. */
static void shell__share_time(struct shell *shell) {
    uint64_t offset = 0;
    struct kvm_device_attr attribute = {
        .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uint64_t)(uintptr_t)&offset};
    ioctl(shell->vcpu, KVM_SET_DEVICE_ATTR, &attribute);
}

static int shell__make(struct shell *shell, uint64_t reserve_bytes) {
    const struct vm_machine *machine = shell->machine;
    shell->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
    if (shell->vm < 0) return -errno;
    struct kvm_enable_cap log = {.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                                 .args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE};
    if (ioctl(shell->vm, KVM_ENABLE_CAP, &log) != 0) return -errno;
    shell->vcpu = ioctl(shell->vm, KVM_CREATE_VCPU, 0);
    if (shell->vcpu < 0) return -errno;
    void *run = mmap(NULL, machine->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shell->vcpu, 0);
    if (run == MAP_FAILED) return -errno;
    shell->run = run;
    shell->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    if (ioctl(shell->vcpu, KVM_SET_CPUID2, &machine->cpuid) != 0) return -errno;
    int error = shell__set_registers(shell);
    if (error != 0) return error;
    shell__share_time(shell);
    if (reserve_bytes == 0) return 0;
    shell->reserve = rooms__take(machine->rooms, SYSTEM_MAX + reserve_bytes);
    shell->reserve_bytes = reserve_bytes;
    return shell->reserve == NULL ? -ENOMEM : 0;
}

int shell__new(const struct vm_machine *machine, uint64_t reserve_bytes, struct shell **result) {
    struct shell *shell = calloc(1, sizeof *shell);
    if (shell == NULL) return -ENOMEM;
    shell->machine = machine;
    shell->vm = shell->vcpu = -1;
    int error = shell__make(shell, reserve_bytes);
    if (error != 0) {
        shell__delete(shell);
        return error;
    }
    *result = shell;
    return 0;
}

void shell__delete(struct shell *shell) {
    if (shell->run != NULL) munmap(shell->run, shell->machine->run_bytes);
    if (shell->vcpu >= 0) close(shell->vcpu);
    if (shell->vm >= 0) close(shell->vm);
    if (shell->reserve != NULL) rooms__give(shell->machine->rooms, shell->reserve, SYSTEM_MAX + shell->reserve_bytes);
    if (shell->regions != NULL) regions__release(shell->regions);
    free(shell->slots);
    free(shell);
}

static int shell__is_data(const struct shell_slot *slot) {
    return slot->base >= DATA_BASE && slot->base < VIEW_BASE;
}

static int shell__set_slot(struct shell *shell, uint32_t index) {
    const struct shell_slot *slot = &shell->slots[index];
    struct kvm_userspace_memory_region region = {
        .slot = index,
        .flags = shell->logs_dirty && shell__is_data(slot) ? KVM_MEM_LOG_DIRTY_PAGES : 0,
        .guest_phys_addr = slot->base,
        .memory_size = slot->bytes,
        .userspace_addr = (uint64_t)(uintptr_t)slot->host,
    };
    return ioctl(shell->vm, KVM_SET_USER_MEMORY_REGION, &region) == 0 ? 0 : -errno;
}

static int shell__make_room(struct shell *shell) {
    uint32_t room = shell->slot_room == 0 ? 8 : 2 * shell->slot_room;
    if (room > SLOTS_MAX) return -ENOMEM;
    struct shell_slot *slots = realloc(shell->slots, room * sizeof *slots);
    if (slots == NULL) return -ENOMEM;
    shell->slots = slots;
    shell->slot_room = room;
    return 0;
}

int shell__attach(struct shell *shell, const struct memory_area *area, uint64_t bank) {
    uint64_t base = area->base + bank * area->bank_bytes;
    for (uint32_t i = 0; i < shell->slot_count; i++) {
        if (shell->slots[i].base == base) return 0;
    }
    if (shell->slot_count == shell->slot_room && shell__make_room(shell) != 0) return -ENOMEM;
    uint64_t left = area->bytes - bank * area->bank_bytes;
    shell->slots[shell->slot_count] = (struct shell_slot){
        .base = base,
        .bytes = page_up(left < area->bank_bytes ? left : area->bank_bytes),
        .host = area->host + bank * area->bank_bytes,
    };
    int error = shell__set_slot(shell, shell->slot_count);
    if (error == 0) shell->slot_count++;
    return error;
}

int shell__begin_log(struct shell *shell) {
    if (shell->logs_dirty) return 0;
    shell->logs_dirty = 1;
    int error = 0;
    for (uint32_t i = 0; i < shell->slot_count && error == 0; i++) {
        if (shell__is_data(&shell->slots[i])) error = shell__set_slot(shell, i);
    }
    return error;
}

int shell__keeps_shadows(const struct shell *shell) {
    return shell->machine->keeps_shadows;
}

int shell__clear_events(struct shell *shell) {
    struct kvm_vcpu_events events;
    if (ioctl(shell->vcpu, KVM_GET_VCPU_EVENTS, &events) != 0) return -errno;
    memset(&events.exception, 0, sizeof events.exception);
    memset(&events.interrupt, 0, sizeof events.interrupt);
    memset(&events.nmi, 0, sizeof events.nmi);
    return ioctl(shell->vcpu, KVM_SET_VCPU_EVENTS, &events) == 0 ? 0 : -errno;
}

void shell__interrupt(struct shell *shell) {
    __atomic_store_n(&shell->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

int shell__dirty(struct shell *shell, uint32_t slot, uint64_t *bitmap) {
    struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = bitmap};
    return ioctl(shell->vm, KVM_GET_DIRTY_LOG, &log) == 0 ? 0 : -errno;
}
