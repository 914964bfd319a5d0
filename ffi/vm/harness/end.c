/* What ended a guest, for people and as an exit status. */
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>

#include "harness.h"

/* Only a fault has an instruction and an address that mean something. */
static int end__is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

static int end__signal(const char *name, const struct vm_exit *exit) {
    const char *hint = "--trace, for what it did before";
    int status = 128 + exit->status;
    if (!end__is_fault(exit->status)) return harness_fail(status, hint, "%s: %s", name, strsignal(exit->status));
    return harness_fail(status, hint, "%s: %s (at 0x%" PRIx64 ", address 0x%" PRIx64 ")", name, strsignal(exit->status),
                        exit->fault_instruction, exit->fault_address);
}

int harness_end(const struct harness_options *options, const struct vm_exit *exit) {
    const char *name = basename(options->command[0]);
    switch ((enum vm_exit_reason)exit->reason) {
    case VM_EXITED:
        return exit->status;
    case VM_SIGNALED:
        return end__signal(name, exit);
    case VM_OUT_OF_MEMORY:
        return harness_fail(HARNESS_FAILED, "more --memory", "%s used up its %" PRIu64 " MB of memory", name,
                            options->memory_bytes >> 20);
    case VM_DEADLINE:
        return harness_fail(HARNESS_LATE, "more --deadline-ms", "%s took longer than its %" PRIu64 " ms", name,
                            options->deadline_ms);
    case VM_STUCK:
        return harness_fail(HARNESS_FAILED, "--trace, for what they wait for",
                            "%s can never go on: all its threads wait for one another", name);
    case VM_WAITS:
    case VM_WROTE:
    case VM_CPU_TIME:
    case VM_CANCELED:
    case VM_BROKEN:
        break;
    }
    return harness_fail(HARNESS_FAILED, "report it, with what --trace says", "The VM is broken: %d", exit->status);
}
