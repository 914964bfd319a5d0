#include "boot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../shim/os.h"
#include "load.h"
#include "serve_state.h"

#define STRINGS_MAX 1024u
#define SLICE_NS UINT64_C(50000000)
#define TAKEN_BYTES (16u << 10)
/* Of the time that was given, so many times as much where the machine has no core for it. */
#define MOST_SPARE 3u

struct boot {
    const struct cell_request *head;
    struct object *object;
    struct vm *vm;
    struct log log;
    struct vm_exit exit;
    uint64_t deadline_ns, spare_ns; /* it is put off by what is spare, at most */
    uint8_t taken[TAKEN_BYTES];
    char why[512];
};

/* ---- the program as the engine wants it --------------------------------------------------------------- */

/* The next `count` strings: what comes behind them; NULL: there are not so many. */
static const char *boot__strings(const char *at, const char *end, uint32_t count, const char **list) {
    for (uint32_t i = 0; i < count; i++) {
        if (at == end) return NULL;
        list[i] = at;
        at += strlen(at) + 1;
    }
    list[count] = NULL;
    return at;
}

static int boot__load(struct serve *serve, const struct control_request *request, struct boot *boot) {
    const struct cell_request *head = &request->head;
    const char *arguments[STRINGS_MAX + 1], *environment[STRINGS_MAX + 1], *folder[2];
    const char *at = request->strings, *end = at + head->string_bytes;
    if (head->arguments == 0 || head->arguments > STRINGS_MAX || head->environment > STRINGS_MAX) return -EINVAL;
    at = boot__strings(at, end, head->arguments, arguments);
    if (at != NULL) at = boot__strings(at, end, head->environment, environment);
    if (at != NULL) at = boot__strings(at, end, 1, folder);
    if (at != end) return -EINVAL;
    struct view *views[CELL_VIEWS_MAX];
    for (uint32_t i = 0; i < boot->object->view_count; i++) views[i] = boot->object->views[i]->view;
    const struct vm_program program = {
        .arguments = arguments,
        .environment = environment,
        .folder = folder[0],
        .views = views,
        .view_count = boot->object->view_count,
        .limits = boot->object->limits,
        .frames = head->protocol == CELL_FRAMES,
    };
    struct vm_text why;
    int error = vm_boot(serve->machine, &program, &boot->vm, &why);
    if (error != 0) snprintf(boot->why, sizeof boot->why, "%s", why.bytes);
    return error;
}

/* ---- running it --------------------------------------------------------------------------------------- */

static void boot__line(void *to, enum mf_log_level level, const char *text, uint32_t length) {
    const struct boot *boot = to;
    control__log(boot->head->id, level, text, length);
}

static void boot__drain(struct boot *boot, uint32_t port) {
    const struct log_sink sink = {.line = boot__line, .to = boot};
    size_t size;
    while ((size = vm_take(boot->vm, port, boot->taken, sizeof boot->taken)) > 0) {
        log__write(&boot->log, &sink, boot->taken, size);
    }
}

static bool boot__is_ready(const struct boot *boot) {
    const struct vm_exit *exit = &boot->exit;
    switch ((enum cell_protocol)boot->head->protocol) {
    case CELL_FRAMES:
        return (exit->waits_for_input >> PORT_FRAMES & 1) != 0;
    case CELL_STDIO:
        return (exit->waits_for_input >> PORT_STDIO & 1) != 0;
    case CELL_SERVER:
        return exit->tcp_port != 0;
    }
    return false;
}

/* What an answer would be read from is not for anything else. */
static int boot__check_output(struct boot *boot) {
    if (boot->head->protocol == CELL_SERVER) {
        boot__drain(boot, PORT_STDIO);
        return 0;
    }
    bool is_frames = boot->head->protocol == CELL_FRAMES;
    if (!vm_has_output(boot->vm, is_frames ? PORT_FRAMES : PORT_STDIO)) return 0;
    snprintf(boot->why, sizeof boot->why, "it wrote to its %s before its first request",
             is_frames ? "descriptor 3" : "standard output");
    return -EPROTO;
}

/* How long that is, whoever asked knows. */
static int boot__say_late(struct boot *boot) {
    const char *wanted = boot->head->protocol == CELL_SERVER ? "listen" : "wait for a request";
    if (boot->exit.reason != VM_WAITS) {
        snprintf(boot->why, sizeof boot->why, "it did not %s within its buildTimeoutMs", wanted);
    } else {
        snprintf(boot->why, sizeof boot->why, "it sleeps for longer than its buildTimeoutMs");
    }
    return -ETIMEDOUT;
}

static int boot__say_end(struct boot *boot) {
    const struct vm_exit *exit = &boot->exit;
    char *why = boot->why;
    size_t capacity = sizeof boot->why;
    struct vm_counters counters;
    vm_count(boot->vm, &counters);
    bool has_ended = exit->reason == VM_EXITED || exit->reason == VM_SIGNALED;
    switch ((enum vm_exit_reason)(has_ended && counters.refused_pages > 0 ? VM_OUT_OF_MEMORY : exit->reason)) {
    case VM_EXITED:
        snprintf(why, capacity, "it exited with status %d before its first request", exit->status);
        return -ECHILD;
    case VM_SIGNALED:
        snprintf(why, capacity, "it was ended by signal %d (%s)", exit->status, strsignal(exit->status));
        return -ECHILD;
    case VM_OUT_OF_MEMORY:
        snprintf(why, capacity, "it needs more memory than its %lu MB", boot->head->memory_bytes >> 20);
        return -ENOMEM;
    case VM_STUCK:
        snprintf(why, capacity, "all of its threads wait for one another");
        return -EDEADLK;
    case VM_WAITS:
    case VM_DEADLINE:
    case VM_CPU_TIME:
    case VM_CANCELED:
        return boot__say_late(boot);
    case VM_WROTE:
    case VM_BROKEN:
        break;
    }
    snprintf(why, capacity, "its microVM broke (%d)", exit->status);
    return -EIO;
}

/* It waits for something else than a request: for a time, or for what never comes. */
static int boot__wait(struct boot *boot) {
    uint64_t until = boot->exit.until_ns;
    if (boot->exit.tcp_port != 0 && until > boot->deadline_ns) {
        snprintf(boot->why, sizeof boot->why,
                 "it listens on port %u, and reads no request from its standard input: a server goes into a folder, "
                 "and is called server there",
                 boot->exit.tcp_port);
        return -EDEADLK;
    }
    if (until == UINT64_MAX) {
        snprintf(boot->why, sizeof boot->why, "it never waited for a request: %s",
                 boot->exit.waits_for_input != 0 ? "it reads something else" : "it waits for something else");
        return -EDEADLK;
    }
    if (until > boot->deadline_ns) return boot__say_end(boot);
    const struct timespec time = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    return 0;
}

static uint64_t boot__cpu_ns(const struct boot *boot) {
    struct vm_counters counters;
    vm_count(boot->vm, &counters);
    return counters.cpu_ns;
}

/*
 * For a slice of time, at most. A program has its time for what it does, and for what it waits for itself: beside ten
 * others that compute, one that needs two seconds of a core was at it for half a minute.
 */
static int boot__run_slice(struct boot *boot) {
    uint64_t begun = os__now_ns(), slice = begun + SLICE_NS, cpu = boot__cpu_ns(boot);
    const struct vm_run run = {
        .deadline_ns = slice < boot->deadline_ns ? slice : boot->deadline_ns, .cpu_ns = UINT64_MAX};
    int error = vm_run(boot->vm, &run, &boot->exit);
    uint64_t took = os__now_ns() - begun, computed = boot__cpu_ns(boot) - cpu;
    uint64_t lost = took > computed ? took - computed : 0;
    if (lost > boot->spare_ns) lost = boot->spare_ns;
    boot->spare_ns -= lost;
    boot->deadline_ns += lost;
    return error;
}

static int boot__run(struct boot *boot) {
    const struct cell_request *head = boot->head;
    uint64_t now = os__now_ns();
    boot->deadline_ns = head->deadline_ns;
    boot->spare_ns = head->deadline_ns > now ? MOST_SPARE * (head->deadline_ns - now) : 0;
    /* A server's input is nobody's. */
    if (head->protocol == CELL_SERVER) vm_feed(boot->vm, PORT_STDIO, "", 0, 1);
    for (;;) {
        bool had_output = vm_has_output(boot->vm, PORT_LOG) != 0;
        int error = boot__run_slice(boot);
        if (error != 0) return error;
        had_output |= vm_has_output(boot->vm, PORT_LOG) != 0 || vm_has_output(boot->vm, PORT_STDIO) != 0;
        boot__drain(boot, PORT_LOG);
        error = boot__check_output(boot);
        if (error != 0) return error;
        if (boot->exit.reason == VM_WAITS && boot__is_ready(boot)) return 0;
        /* One that waited for room in its log goes on. */
        if (boot->exit.reason == VM_WAITS) error = had_output ? 0 : boot__wait(boot);
        else if (boot->exit.reason != VM_DEADLINE || os__now_ns() >= boot->deadline_ns) error = boot__say_end(boot);
        if (error != 0) return error;
    }
}

/* ---- the request -------------------------------------------------------------------------------------- */

static int boot__begin(struct serve *serve, const struct control_request *request, struct boot *boot) {
    log__init(&boot->log, request->head.log_bytes);
    int error = boot__load(serve, request, boot);
    if (error != 0) return error;
    error = boot__run(boot);
    const struct log_sink sink = {.line = boot__line, .to = boot};
    log__end(&boot->log, &sink);
    struct vm_counters counters;
    vm_count(boot->vm, &counters);
    if (counters.refused_forks > 0) log__tell_of_fork(&sink);
    log__fini(&boot->log);
    return error;
}

static void boot__reply(struct serve *serve, const struct control_request *request, struct boot *boot) {
    struct sandbox *sandbox;
    if (boot->exit.tcp_port != 0) boot->object->tcp_port = boot->exit.tcp_port;
    vm_serve_proxy(boot->vm, 1);
    int error = pool__adopt(serve, boot->object, boot->vm, &sandbox);
    if (error != 0) {
        load__refuse(request, error, "boot", "");
        return;
    }
    uint32_t index = sandbox->index, generation = sandbox->generation;
    pool__park(serve, sandbox);
    control__reply_sandbox(request->head.id, index, generation, boot->exit.tcp_port);
}

void boot__program(struct serve *serve, const struct control_request *request) {
    struct object *object = load__begin(serve, request, OBJECT_PROGRAM);
    if (object == NULL) return;
    struct boot *boot = calloc(1, sizeof *boot);
    int error = boot == NULL ? -ENOMEM : 0;
    if (error == 0) {
        boot->head = &request->head;
        boot->object = object;
        error = boot__begin(serve, request, boot);
    }
    if (error != 0) {
        if (boot != NULL && boot->vm != NULL) vm_close(boot->vm);
        load__undo(serve, object);
        load__refuse(request, error, "boot", boot == NULL ? "" : boot->why);
    } else if (load__end(serve, request, object) == 0) {
        boot__reply(serve, request, boot);
    } else {
        /* Its number is taken, and the reply says so. */
        vm_close(boot->vm);
    }
    free(boot);
}
