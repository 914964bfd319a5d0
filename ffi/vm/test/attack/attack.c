#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../shim/os.h"
#include "../../internal.h"
#include "../../port.h"
#include "../../shell.h"
#include "../../snapshot.h"
#include "../../system_pages.h"
#include "../../tables.h"

/*
 * attack GUEST ATTACK...
 *
 * Boots the guest (tests/attacks), takes a snapshot where it waits for its first request, and asks for one attack after
 * the other. Each has to end in a way that an exit record can say, in time; after a reset (or in a clone, where the VM
 * cannot be reset) memory, kernel and registers have to be the snapshot's to the byte, and what the guest sees of
 * itself as it was.
 */

#define MEGABYTE (UINT64_C(1) << 20)
#define ATTACK_NS UINT64_C(1500000000)
/* What ends at a limit of memory has to get there, on a machine that others use too. */
#define MEMORY_NS UINT64_C(30000000000)
#define LONG_NS UINT64_C(100000000)
/* No time is promised on a machine that others use too; but a deadline that does not hold would be far from this. */
#define LATE_NS UINT64_C(5000000000)
#define ANSWER_BYTES 32768u

static struct vm_machine *machine;
static struct vm_snapshot *snapshot;
static struct view *view;
static char expected[ANSWER_BYTES];
static char why[512];

static const char *const reasons[] = {"?",        "waits",    "wrote",    "exited", "signaled", "out of memory",
                                      "deadline", "CPU time", "canceled", "stuck",  "broken"};

static _Noreturn void fail(const char *what, int error) {
    printf("not ok %s: %s\n", what, strerror(-error));
    exit(1);
}

/* ---- the guest ----------------------------------------------------------------------------------------- */

static void run(struct vm *vm, uint64_t deadline_ns, struct vm_exit *exit) {
    const struct vm_run options = {.deadline_ns = deadline_ns, .cpu_ns = UINT64_MAX, .stop_for_output = 1};
    int error = vm_run(vm, &options, exit);
    if (error != 0) fail("a VM runs", error);
}

static struct vm *boot(const char *guest, const char *folder) {
    char program[PATH_MAX];
    if (realpath(guest, program) == NULL) fail("the guest is there", -errno);
    const char *const paths[] = {program, folder};
    int error = view_folder__open(paths, 2, &view);
    if (error != 0) fail("the view opens", error);
    const char *const arguments[] = {program, NULL}, *const environment[] = {NULL};
    const struct vm_program options = {.arguments = arguments,
                                       .environment = environment,
                                       .folder = folder,
                                       .views = &view,
                                       .view_count = 1,
                                       .limits = {.memory_bytes = 160 * MEGABYTE,
                                                  .dirty_bytes = 150 * MEGABYTE,
                                                  .file_bytes = 40 * MEGABYTE,
                                                  .files = 1000,
                                                  .descriptors = 256,
                                                  .threads = 64,
                                                  .log_bytes = MEGABYTE}};
    struct vm_text text;
    struct vm *vm;
    error = vm_boot(machine, &options, &vm, &text);
    if (error != 0) fail(text.bytes, error);
    struct vm_exit exit;
    run(vm, UINT64_MAX, &exit);
    if (exit.reason != VM_WAITS) fail("the guest waits for its first request", -EPROTO);
    return vm;
}

/* Until it answered, or ended. The CPU time past the deadline is returned. */
static uint64_t request(struct vm *vm, const char *text, uint64_t patience_ns, char *answer, struct vm_exit *exit) {
    uint64_t deadline = os__clock_ns(CLOCK_MONOTONIC) + patience_ns;
    size_t size = 0;
    vm_feed(vm, PORT_STDIO, text, strlen(text), 0);
    for (;;) {
        run(vm, deadline, exit);
        size += vm_take(vm, PORT_STDIO, answer + size, ANSWER_BYTES - 1 - size);
        answer[size] = 0;
        if (exit->reason == VM_WROTE && strcmp(answer, "ready\n") == 0) {
            deadline = os__clock_ns(CLOCK_MONOTONIC) + LONG_NS;
            size = 0;
            vm_feed(vm, PORT_STDIO, "go", 2, 0);
            continue;
        }
        if (exit->reason == VM_WROTE && strchr(answer, '\n') == NULL) continue;
        int is_later = exit->reason == VM_WAITS && exit->until_ns < deadline;
        if (!is_later || os__clock_ns(CLOCK_MONOTONIC) >= deadline) break;
        usleep(200);
    }
    uint64_t now = os__clock_ns(CLOCK_MONOTONIC);
    return now > deadline ? now - deadline : 0;
}

/* ---- is it as it was? ---------------------------------------------------------------------------------- */

static int is_volatile(struct vm *vm, int of_data, uint64_t page, uint64_t at) {
    uint64_t address = (of_data ? DATA_BASE : SYSTEM_BASE) + page * PAGE_SIZE + at;
    if (page_down(address) == vm->kernel->clock.vvar_page) return 1;
    /* What a stub leaves on its stack is the CPU's. */
    if (!of_data && page == SYSTEM_STACK / PAGE_SIZE) return 1;
    const uint64_t *entry = table__entry(vm, vm->kernel->process.random_address);
    uint64_t random = entry == NULL ? 0 : (*entry & PTE_ADDRESS) | (vm->kernel->process.random_address & PAGE_MASK);
    return address >= random && address < random + 16;
}

/* The CPU says in a page table what it looked at. */
static int is_same_table(uint64_t page, const uint8_t *now, const uint8_t *then) {
    const uint64_t *first = (const uint64_t *)(const void *)now, *second = (const uint64_t *)(const void *)then;
    if (page < TABLE_ROOT / PAGE_SIZE) return 0;
    for (uint32_t i = 0; i < PAGE_SIZE / sizeof *first; i++) {
        if (((first[i] ^ second[i]) & ~PTE_ACCESSED) != 0) return 0;
    }
    return 1;
}

static int compare_area(struct vm *vm, int of_data) {
    static const uint8_t zeros[4096];
    const struct memory_area *area = of_data ? &vm->memory.data : &vm->memory.system;
    const struct snapshot_part *part = of_data ? &snapshot->data : &snapshot->system;
    for (uint64_t page = 0; page < part->bytes / PAGE_SIZE; page++) {
        const uint8_t *then = snapshot__page(snapshot, of_data, page), *now = area->host + page * PAGE_SIZE;
        if (then == NULL) then = zeros;
        if (memcmp(now, then, PAGE_SIZE) == 0 || (!of_data && is_same_table(page, now, then))) continue;
        for (uint64_t at = 0; at < PAGE_SIZE; at++) {
            if (now[at] == then[at] || is_volatile(vm, of_data, page, at)) continue;
            snprintf(why, sizeof why, "%s page 0x%lx differs at 0x%lx: %02x instead of %02x",
                     of_data ? "data" : "system", page, at, now[at], then[at]);
            return 0;
        }
    }
    return 1;
}

static int compare_kernel(struct vm *vm) {
    static struct kernel now, then;
    kernel__copy(&now, vm->kernel);
    kernel__copy(&then, snapshot->kernel);
    memset(&now.clock, 0, sizeof now.clock);
    memset(&then.clock, 0, sizeof then.clock);
    uint64_t size = kernel__packed_size(&now);
    if (kernel__packed_size(&then) != size) {
        snprintf(why, sizeof why, "the kernel has other tables");
        return 0;
    }
    uint8_t *first = malloc(size), *second = malloc(size);
    kernel__pack(&now, first);
    kernel__pack(&then, second);
    uint64_t at = 0;
    while (at < size && first[at] == second[at]) at++;
    free(first);
    free(second);
    if (at < size) snprintf(why, sizeof why, "the kernel differs at byte %lu of %lu", at, size);
    return at == size;
}

static int compare(struct vm *vm) {
    if (memcmp(&vm->context, &snapshot->context, sizeof vm->context) != 0) {
        snprintf(why, sizeof why, "registers differ");
        return 0;
    }
    return compare_area(vm, 0) && compare_area(vm, 1) && compare_kernel(vm);
}

static int check(struct vm *vm) {
    static char answer[ANSWER_BYTES];
    struct vm_exit exit;
    request(vm, "check 0\n", ATTACK_NS, answer, &exit);
    if (exit.reason == VM_WROTE && strcmp(answer, expected) == 0) return 1;
    snprintf(why, sizeof why, "it sees of itself (%s): %.200s", reasons[exit.reason], answer);
    return 0;
}

/* ---- attacks ------------------------------------------------------------------------------------------- */

/* A VM that is as new: reset, or where that cannot be, another. */
static int renew(struct vm **vm, const char **how) {
    *how = "reset";
    int error = vm_reset(*vm);
    if (error != 0) {
        *how = strerrorname_np(-error);
        vm_close(*vm);
        error = vm_clone(snapshot, vm);
    }
    return error;
}

/* How some have to end. */
static const struct {
    const char *name;
    enum vm_exit_reason reason;
} ends[] = {
    {"memory-touched", VM_OUT_OF_MEMORY}, {"changes-too-much", VM_OUT_OF_MEMORY}, {"long-spin", VM_DEADLINE},
    {"long-calls", VM_DEADLINE},          {"long-faults", VM_DEADLINE},           {"long-exceptions", VM_DEADLINE},
    {"first-thread-ends", VM_DEADLINE},   {"stuck", VM_STUCK},                    {"long-wait", VM_STUCK},
    {"unmaps-all", VM_SIGNALED},
};

static int is_sane(const char *name, const struct vm_exit *exit, uint64_t late) {
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(name, ends[i].name) != 0 || exit->reason == ends[i].reason) continue;
        snprintf(why, sizeof why, "it did not end as %s", reasons[ends[i].reason]);
    }
    if (exit->reason == 0 || exit->reason > VM_BROKEN)
        snprintf(why, sizeof why, "its exit record says %u", exit->reason);
    /* Ring 3 used the port of system calls: that VM is given up, on purpose. */
    else if (exit->reason == VM_BROKEN && exit->status != -EPROTO)
        snprintf(why, sizeof why, "the VM broke: %d", exit->status);
    else if (late > LATE_NS) snprintf(why, sizeof why, "it ended %lu ms late", late / 1000000);
    return why[0] == 0;
}

static uint64_t patience(const char *name) {
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(name, ends[i].name) == 0 && ends[i].reason == VM_OUT_OF_MEMORY) return MEMORY_NS;
    }
    return ATTACK_NS;
}

static int attack(struct vm **vm, const char *name, unsigned seed) {
    static char answer[ANSWER_BYTES];
    char text[128];
    struct vm_exit exit;
    snprintf(text, sizeof text, "%s %u\n", name, seed);
    why[0] = 0;
    uint64_t late = request(*vm, text, patience(name), answer, &exit);
    int is_fine = is_sane(name, &exit, late);
    const char *how;
    int error = renew(vm, &how);
    if (error != 0) fail("a clone is made", error);
    is_fine = is_fine && compare(*vm) && check(*vm);
    error = renew(vm, &(const char *){""});
    if (error != 0) fail("a clone is made", error);
    if (is_fine)
        printf("ok %s %u: %s %d, %s, %.1f ms late\n", name, seed, reasons[exit.reason], exit.status, how,
               (double)late / 1e6);
    else printf("not ok %s %u: %s (%s %d, %s)\n", name, seed, why, reasons[exit.reason], exit.status, how);
    fflush(stdout);
    return !is_fine;
}

static void make_view(char *folder) {
    static const char *const folders[] = {"view", "view/folder"}, *const files[] = {"view/file", "view/folder/file"};
    char path[PATH_MAX];
    if (mkdtemp(folder) == NULL) fail("a folder is made", -errno);
    for (size_t i = 0; i < 2; i++) snprintf(path, sizeof path, "%s/%s", folder, folders[i]), mkdir(path, 0755);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (file < 0 || write(file, "unchanged\n", 10) != 10) fail("a file is made", -errno);
        close(file);
    }
    snprintf(path, sizeof path, "%s/view/link", folder);
    if (symlink("/etc", path) != 0) fail("a link is made", -errno);
    snprintf(path, sizeof path, "%s/view/up", folder);
    if (symlink("../../..", path) != 0) fail("a link is made", -errno);
}

/* The host's folder is as it was. */
static int check_view(const char *folder) {
    char command[PATH_MAX + 200];
    snprintf(command, sizeof command,
             "cd %s && test \"$(find . | sort | tr '\\n' ' ')\" = './view ./view/file ./view/folder ./view/folder/file "
             "./view/link ./view/up ' "
             "-o \"$(find . | sort | tr '\\n' ' ')\" = '. ./view ./view/file ./view/folder ./view/folder/file "
             "./view/link ./view/up ' && grep -q unchanged view/file && rm -r %s",
             folder, folder);
    return system(command) == 0;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    struct vm_text text;
    char folder[] = "/tmp/attackXXXXXX";
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), failed = 0;
    int error = kvm < 0 ? -errno : vm_machine_open(kvm, -1, &machine, &text);
    if (error != 0) fail("the machine opens", error);
    make_view(folder);
    struct vm *vm = boot(arguments[1], folder);
    const struct vm_snapshot_options options = {.file = memfd_create("snapshot", MFD_CLOEXEC)};
    error = vm_snapshot_take(vm, &options, &snapshot, &text);
    if (error != 0) fail(text.bytes, error);
    vm_close(vm);
    struct vm_exit exit;
    if ((error = vm_clone(snapshot, &vm)) != 0) fail("a clone is made", error);
    if (!compare(vm)) printf("not ok a clone is its snapshot: %s\n", why), failed++;
    request(vm, "check 0\n", ATTACK_NS, expected, &exit);
    if (exit.reason != VM_WROTE) fail("the guest answers", -EPROTO);
    if ((error = renew(&vm, &(const char *){""})) != 0) fail("a clone is made", error);
    for (int i = 2; i < count; i++) {
        for (unsigned seed = 1; seed <= 2; seed++) failed += attack(&vm, arguments[i], seed);
    }
    vm_close(vm);
    vm_snapshot_close(snapshot);
    view__close(view);
    vm_machine_close(machine);
    if (!check_view(folder)) printf("not ok the host's files are as they were\n"), failed++;
    else printf("ok the host's files are as they were\n");
    return failed > 0;
}
