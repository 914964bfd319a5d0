#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
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
    int told_of_argument, told_of_fork, told_of_listener;
    size_t waiting, fed; /* of `piece`: what was read from stdin, and what of it fitted into the guest's queue */
    char piece[PIECE];
};

/* ---- what people are told, once -------------------------------------------------------------------------- */

/* A program that did not find a file says so on stderr, or fails. */
static void run__note_argument(struct session *session) {
    const char *hidden = session->options->hidden_argument;
    if (hidden == NULL || session->told_of_argument) return;
    session->told_of_argument = 1;
    harness_note("%s is not shown to the program (--view %s shows it)", hidden, hidden);
}

static void run__note(struct session *session, const struct vm_exit *exit) {
    struct vm_counters counters;
    vm_count(session->vm, &counters);
    if (counters.refused_forks > 0 && !session->told_of_fork) {
        session->told_of_fork = 1;
        harness_note("a microVM runs one process; it was refused another");
    }
    if (exit->tcp_port != 0 && !session->told_of_listener) {
        session->told_of_listener = 1;
        harness_note("it listens on port %u, which nothing outside of the VM can reach", exit->tcp_port);
    }
}

/* ---- what goes out --------------------------------------------------------------------------------------- */

/* How many bytes, or -errno. */
static int64_t run__pass_on(struct session *session) {
    int64_t output = harness_pass(session->vm, PORT_STDIO, STDOUT_FILENO, session->deadline_ns);
    if (output < 0) return output;
    if (vm_has_output(session->vm, PORT_LOG)) run__note_argument(session);
    int64_t log = harness_pass(session->vm, PORT_LOG, STDERR_FILENO, session->deadline_ns);
    return log < 0 ? log : output + log;
}

/* As a shell has it for a program whose reader left. */
#define PIPE_IS_CLOSED (128 + SIGPIPE)

static int run__not_passed(const struct session *session, int error) {
    if (error == EPIPE) return PIPE_IS_CLOSED;
    const struct vm_exit late = {.reason = VM_DEADLINE};
    if (error == ETIMEDOUT) return harness_end(session->options, &late);
    return harness_fail(HARNESS_FAILED, "another output", "Cannot write its output: %s", strerror(error));
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

static int run__to_the_end(struct session *session) {
    /* Both, for what a program writes to either has to come out in the order in which it wrote it. */
    const struct vm_run run = {
        .deadline_ns = session->deadline_ns, .cpu_ns = UINT64_MAX, .stop_for_output = 1, .stop_for_log = 1};
    struct vm_exit exit;
    for (;;) {
        int error = vm_run(session->vm, &run, &exit);
        if (error != 0) return harness_fail(HARNESS_FAILED, "mayfly doctor", "Cannot run it: %s", strerror(-error));
        run__note(session, &exit);
        int64_t passed = run__pass_on(session);
        if (passed < 0) return run__not_passed(session, (int)-passed);
        if (exit.reason != VM_WAITS && exit.reason != VM_WROTE) return harness_end(session->options, &exit);
        if (exit.reason == VM_WROTE || passed > 0) continue;
        if (session->options->snapshot != NULL && !session->snapshot_taken && (exit.waits_for_input >> PORT_STDIO & 1)) {
            session->snapshot_taken = 1;
            int status = harness_save(session->vm, session->options->snapshot);
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
            "-- %.1f ms, %.1f ms of CPU; calls %" PRIu64 " (not served %" PRIu64 "), faults %" PRIu64
            ", thread switches %" PRIu64 ", pages of 4 KB %" PRIu64 "\n",
            (double)(harness_now_ns() - begun) / 1e6, (double)counters.cpu_ns / 1e6, counters.calls,
            counters.unknown_calls, counters.faults, counters.switches, counters.pages_in_use);
}

int harness_run(int count, char **arguments) {
    struct harness_options options;
    struct harness harness;
    int status = harness_parse(HARNESS_RUN, count, arguments, &options);
    if (status != 0) return status;
    if (options.snapshot != NULL) status = harness_save_check(options.snapshot);
    if (status != 0) return status;
    if (options.hidden_folder != NULL) {
        harness_note("the working folder %s is private, so the program is not shown it (--view . shows it)",
                     options.hidden_folder);
    }
    uint64_t begun = harness_now_ns();
    status = harness_open(&harness, &options);
    if (status != 0) return status;
    if (options.trace) vm_trace(harness.vm, harness_trace, harness.vm);
    static struct session session;
    session.vm = harness.vm;
    session.options = &options;
    session.deadline_ns = options.deadline_ms == 0 ? UINT64_MAX : begun + options.deadline_ms * 1000000u;
    status = run__to_the_end(&session);
    if (status != 0 && status != PIPE_IS_CLOSED) run__note_argument(&session);
    if (options.snapshot != NULL && !session.snapshot_taken) {
        harness_note("no snapshot was taken: the program never waited for input");
    }
    if (options.trace) run__summary(harness.vm, begun);
    harness_close(&harness);
    return status;
}
