#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../port.h"
#include "harness.h"

#define PIECE 65536u

struct session {
    struct vm *vm;
    const struct harness_options *options;
    uint64_t deadline_ns;
    int input_ended; /* and the guest was told */
    int snapshot_taken;
    size_t waiting, fed; /* of `piece`: what was read from stdin, and what of it fitted into the guest's queue */
    char piece[PIECE];
};

static const char *const ends[] = {
    [VM_OUT_OF_MEMORY] = "It used up its memory", [VM_DEADLINE] = "Its deadline passed",
    [VM_CPU_TIME] = "It used up its CPU time",    [VM_CANCELED] = "It was canceled",
    [VM_STUCK] = "All its threads wait for one another",
};

static const char *const hints[] = {
    [VM_OUT_OF_MEMORY] = "more --memory", [VM_DEADLINE] = "more --deadline-ms",
    [VM_CPU_TIME] = "a longer limit",     [VM_CANCELED] = "again",
    [VM_STUCK] = "--trace, for what they wait for",
};

/* ---- what goes out --------------------------------------------------------------------------------------- */

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

/* Whatever the guest wrote: how many bytes, or -errno. */
static int64_t run__pass_port(struct vm *vm, uint32_t port, int descriptor) {
    static char piece[PIECE];
    int64_t total = 0;
    for (size_t size; (size = vm_take(vm, port, piece, sizeof piece)) > 0; total += (int64_t)size) {
        int error = run__write(descriptor, piece, size);
        if (error != 0) return error;
    }
    return total;
}

static int64_t run__pass_on(struct vm *vm) {
    int64_t output = run__pass_port(vm, PORT_STDIO, STDOUT_FILENO);
    int64_t log = run__pass_port(vm, PORT_LOG, STDERR_FILENO);
    if (output < 0) return output;
    return log < 0 ? log : output + log;
}

/* ---- what comes in ----------------------------------------------------------------------------------------- */

static void run__feed(struct session *session) {
    if (session->fed == session->waiting) return;
    const char *rest = session->piece + session->fed;
    session->fed += vm_feed(session->vm, PORT_STDIO, rest, session->waiting - session->fed, 0);
}

/* Waits until there is input that the guest asked for, or its time has come. */
static void run__wait(struct session *session, const struct vm_exit *exit) {
    int wants = !session->input_ended && session->fed == session->waiting && (exit->waits_for_input >> PORT_STDIO & 1);
    struct pollfd input = {.fd = wants ? STDIN_FILENO : -1, .events = POLLIN};
    uint64_t until_ns = exit->until_ns < session->deadline_ns ? exit->until_ns : session->deadline_ns;
    uint64_t now_ns = harness_now_ns(), left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    const struct timespec left = {(time_t)(left_ns / 1000000000u), (long)(left_ns % 1000000000u)};
    if (ppoll(&input, 1, until_ns == UINT64_MAX ? NULL : &left, NULL) <= 0 || input.revents == 0) return;
    ssize_t count = read(STDIN_FILENO, session->piece, sizeof session->piece);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    session->waiting = count > 0 ? (size_t)count : 0;
    session->fed = 0;
    if (count > 0) return;
    session->input_ended = 1;
    vm_feed(session->vm, PORT_STDIO, NULL, 0, 1);
}

/* ---- its life ---------------------------------------------------------------------------------------------- */

static int run__snapshot(struct session *session) {
    const char *path = session->options->snapshot;
    const struct vm_snapshot_options options = {.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (options.file < 0) {
        return harness_fail(HARNESS_FAILED, "a file in a folder of yours", "Cannot write %s: %s", path, strerror(errno));
    }
    struct vm_snapshot *snapshot;
    struct vm_text why;
    int error = vm_snapshot_take(session->vm, &options, &snapshot, &why);
    close(options.file);
    if (error != 0) return harness_fail(HARNESS_FAILED, "--trace, for what it does", "Cannot snapshot it: %s", why.bytes);
    vm_snapshot_close(snapshot);
    return 0;
}

static int run__status(const struct vm_exit *exit) {
    if (exit->reason == VM_EXITED) return exit->status;
    if (exit->reason == VM_SIGNALED) {
        harness_fail(0, "--trace, for what it did before", "%s ended it (at 0x%" PRIx64 ", address 0x%" PRIx64 ")",
                     strsignal(exit->status), exit->fault_instruction, exit->fault_address);
        return 128 + exit->status;
    }
    if (exit->reason == VM_BROKEN) {
        return harness_fail(HARNESS_FAILED, "report it, with what --trace says", "The VM is broken: %d", exit->status);
    }
    return harness_fail(exit->reason == VM_DEADLINE ? HARNESS_LATE : HARNESS_FAILED, hints[exit->reason], "%s",
                        ends[exit->reason]);
}

static int run__to_the_end(struct session *session) {
    /* Both, for what a program writes to either has to come out in the order in which it wrote it. */
    const struct vm_run run = {
        .deadline_ns = session->deadline_ns, .cpu_ns = UINT64_MAX, .stop_for_output = 1, .stop_for_log = 1};
    struct vm_exit exit;
    for (;;) {
        int error = vm_run(session->vm, &run, &exit);
        if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot run it: %s", strerror(-error));
        int64_t passed = run__pass_on(session->vm);
        if (passed < 0) {
            return harness_fail(HARNESS_FAILED, "another output", "Cannot write its output: %s", strerror((int)-passed));
        }
        if (exit.reason != VM_WAITS && exit.reason != VM_WROTE) return run__status(&exit);
        if (exit.reason == VM_WROTE || passed > 0) continue;
        if (session->options->snapshot != NULL && !session->snapshot_taken && (exit.waits_for_input >> PORT_STDIO & 1)) {
            session->snapshot_taken = 1;
            int status = run__snapshot(session);
            if (status != 0) return status;
        }
        run__wait(session, &exit);
        run__feed(session);
    }
}

static void run__summary(const struct vm *vm, uint64_t begun) {
    struct vm_counters counters;
    vm_count(vm, &counters);
    fprintf(stderr,
            "-- %.1f ms, CPU %.1f ms, calls %" PRIu64 " (unknown %" PRIu64 "), faults %" PRIu64 ", switches %" PRIu64
            ", ticks %" PRIu64 ", zaps %" PRIu64 ", pages %" PRIu64 "\n",
            (double)(harness_now_ns() - begun) / 1e6, (double)counters.cpu_ns / 1e6, counters.calls,
            counters.unknown_calls, counters.faults, counters.switches, counters.ticks, counters.zaps,
            counters.pages_in_use);
}

int harness_run(int count, char **arguments) {
    struct harness_options options;
    struct harness harness;
    int status = harness_parse(count, arguments, &options);
    if (status != 0) return status;
    uint64_t begun = harness_now_ns();
    status = harness_open(&harness, &options);
    if (status != 0) return status;
    if (options.trace) vm_trace(harness.vm, harness_trace, harness.vm);
    static struct session session;
    session.vm = harness.vm;
    session.options = &options;
    session.deadline_ns = options.deadline_ms == 0 ? UINT64_MAX : begun + options.deadline_ms * 1000000u;
    status = run__to_the_end(&session);
    if (options.trace) run__summary(harness.vm, begun);
    harness_close(&harness);
    return status;
}
