/*
 * A TLB that was not flushed: emulators do not show it. So what KVM flushes is counted, with probes in the kernel around it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ffi/vm/machine.h"
#include "suite.h"

#define TRACING "/sys/kernel/tracing/"
#define ROUNDS 8u

static int put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = write(file, text, strlen(text));
    close(file);
    return count < 0 ? -1 : 0;
}

static int has_nested_paging(void) {
    char value = 'N';
    int file = open("/sys/module/kvm_amd/parameters/npt", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, &value, 1) != 1) suite__not_here();
    close(file);
    return value == 'Y' || value == '1';
}

static void count_calls_of(const char *function) {
    char probe[128];
    snprintf(probe, sizeof probe, "p:counted %s", function);
    put(TRACING "events/kprobes/enable", "0");
    EXPECT(put(TRACING "kprobe_events", probe) == 0);
    EXPECT(put(TRACING "events/kprobes/enable", "1") == 0);
}

static unsigned long counted(void) {
    FILE *profile = fopen(TRACING "kprobe_profile", "re");
    EXPECT(profile != NULL);
    char name[64];
    unsigned long hits = 0;
    EXPECT(fscanf(profile, "%63s %lu", name, &hits) == 2);
    fclose(profile);
    return hits;
}

static void end_counting(void) {
    put(TRACING "events/kprobes/enable", "0");
    put(TRACING "kprobe_events", "-:counted");
}

static void resets(struct vm_machine *machine) {
    has_nested_paging();
    struct vm *vm = suite__boot(machine, "echo", NULL), *clone;
    struct outcome outcome;
    suite__run(vm, UINT64_MAX, &outcome);
    struct vm_snapshot *snapshot;
    struct vm_text why;
    const struct vm_snapshot_options options = {.file = memfd_create("snapshot", MFD_CLOEXEC)};
    EXPECT_NO_ERROR(vm_snapshot_take(vm, &options, &snapshot, &why));
    EXPECT_NO_ERROR(vm_clone(snapshot, &clone));
    suite__expect_answer(clone, "tell\n", "served 1, marked 1, ds 0 es 0 fs 0 gs 0, direction 0\n");
    EXPECT_NO_ERROR(vm_reset(clone));
    count_calls_of("svm_flush_tlb_current");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned long before = counted();
        suite__expect_answer(clone, "tell\n", "served 1, marked 1, ds 0 es 0 fs 0 gs 0, direction 0\n");
        EXPECT_NO_ERROR(vm_reset(clone));
        if (counted() == before) suite__fail("reset %u flushed nothing", round);
    }
    end_counting();
    vm_close(clone);
    vm_snapshot_close(snapshot);
    vm_close(vm);
}

/* The guest's own writes to CR3 are the flush. KVM sees them where it shadows the guest's page tables. */
static void downgrades(struct vm_machine *machine) {
    if (has_nested_paging()) suite__not_here();
    count_calls_of("kvm_set_cr3");
    unsigned long before = counted();
    suite__expect_exit(suite__boot(machine, "memory", "downgrades"), "done\n");
    unsigned long flushes = counted() - before;
    end_counting();
    if (flushes < ROUNDS) suite__fail("%u pages lost a right, and %lu flushes", ROUNDS, flushes);
}

static void shadows(struct vm_machine *machine) {
    EXPECT(machine->calls_enter_ring0 ? machine->keeps_shadows == !has_nested_paging() : machine->keeps_shadows);
}

const struct test flush_tests[] = {
    {"a KVM that keeps shadows of page tables is known", shadows},
    {"each reset flushes the TLB", resets},
    {"each loss of a right flushes the TLB", downgrades},
    {NULL, NULL},
};
