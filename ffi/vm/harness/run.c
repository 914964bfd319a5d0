#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../port.h"
#include "harness.h"

#define PIECE 65536

static const char *const ends[] = {
    [VM_OUT_OF_MEMORY] = "it used up its memory", [VM_DEADLINE] = "its deadline passed",
    [VM_CPU_TIME] = "it used up its CPU time",    [VM_CANCELED] = "it was canceled",
    [VM_STUCK] = "all its threads wait for one another",
};

static int run__write(int descriptor, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(descriptor, bytes, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        bytes += count;
        size -= (size_t)count;
    }
    return 0;
}

/* Whatever the guest wrote: 1 when there was something. */
static int run__pass_on(struct vm *vm) {
    static char piece[PIECE];
    int any = 0;
    size_t size;
    while ((size = vm_take(vm, PORT_STDIO, piece, sizeof piece)) > 0) any = 1, run__write(STDOUT_FILENO, piece, size);
    while ((size = vm_take(vm, PORT_LOG, piece, sizeof piece)) > 0) any = 1, run__write(STDERR_FILENO, piece, size);
    return any;
}

/* Waits for what the guest waits for. */
static void run__wait(struct vm *vm, const struct vm_exit *exit, int *input_open) {
    static char piece[PIECE];
    int wants = *input_open && (exit->waits_for_input >> PORT_STDIO & 1);
    struct pollfd input = {.fd = wants ? STDIN_FILENO : -1, .events = POLLIN};
    uint64_t now = harness_now_ns();
    struct timespec left = {0, 0};
    if (exit->until_ns > now && exit->until_ns != UINT64_MAX) {
        left.tv_sec = (time_t)((exit->until_ns - now) / 1000000000u);
        left.tv_nsec = (long)((exit->until_ns - now) % 1000000000u);
    }
    if (ppoll(&input, 1, exit->until_ns == UINT64_MAX ? NULL : &left, NULL) <= 0 || input.revents == 0) return;
    ssize_t count = read(STDIN_FILENO, piece, sizeof piece / 2);
    if (count <= 0) *input_open = 0;
    vm_feed(vm, PORT_STDIO, piece, count > 0 ? (size_t)count : 0, count <= 0);
}

static int run__status(const struct vm_exit *exit) {
    if (exit->reason == VM_EXITED) return exit->status;
    if (exit->reason == VM_SIGNALED) {
        fprintf(stderr, "Error: %s ended it (at 0x%lx, address 0x%lx)\n", strsignal(exit->status),
                exit->fault_instruction, exit->fault_address);
        return 128 + exit->status;
    }
    if (exit->reason == VM_BROKEN) fprintf(stderr, "Error: the VM is broken: %d\n", exit->status);
    else fprintf(stderr, "Error: %s\n", ends[exit->reason]);
    return 125;
}

static void run__summary(const struct vm *vm, uint64_t begun) {
    struct vm_counters counters;
    vm_count(vm, &counters);
    fprintf(stderr, "-- %.1f ms, CPU %.1f ms, %lu calls, %lu faults, %lu switches, %lu ticks, %lu zaps, %lu pages\n",
            (double)(harness_now_ns() - begun) / 1e6, (double)counters.cpu_ns / 1e6, counters.calls, counters.faults,
            counters.switches, counters.ticks, counters.zaps, counters.pages_in_use);
}

int harness_run(int count, char **arguments) {
    struct harness_options options;
    struct harness harness;
    int status = harness_parse(count, arguments, &options);
    if (status != 0) return status;
    uint64_t begun = harness_now_ns();
    status = harness_open(&harness, &options);
    if (status != 0) return status;
    if (options.trace) vm_trace(harness.vm, harness_trace, NULL);
    const struct vm_run run = {
        .deadline_ns = options.deadline_ms == 0 ? UINT64_MAX : begun + options.deadline_ms * 1000000u,
        .cpu_ns = UINT64_MAX,
        .stop_for_output = 1,
    };
    struct vm_exit exit;
    int input_open = 1, error;
    while ((error = vm_run(harness.vm, &run, &exit)) == 0) {
        int any = run__pass_on(harness.vm);
        if (exit.reason != VM_WAITS && exit.reason != VM_WROTE) break;
        if (exit.reason == VM_WAITS && !any) run__wait(harness.vm, &exit, &input_open);
    }
    run__pass_on(harness.vm);
    if (error == 0) status = run__status(&exit);
    else fprintf(stderr, "Error: cannot run it: %s\n", strerror(-error)), status = 125;
    if (options.trace) run__summary(harness.vm, begun);
    harness_close(&harness);
    return status;
}
