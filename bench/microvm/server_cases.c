/* Servers that listen: each answer is one connection's, as a cell asks for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../ffi/vm/port.h"
#include "server_cases.h"

#define ANSWER_MAX 65536u
#define BOOT_NS UINT64_C(60000000000)
#define ANSWER_NS UINT64_C(20000000000)
#define CONNECTIONS 4u
#define WARM_ROUNDS 5u

struct server {
    struct vm *vm;
    uint16_t tcp_port;
};

/* One connection, and what came of it. */
struct asked {
    uint32_t port;
    size_t sent, size;
    int is_over;
    char answer[ANSWER_MAX];
};

static struct samples together, alone, resets, cloned;
static struct asked asked[CONNECTIONS];
static char request[1024];

static void sleep_until(uint64_t until_ns) {
    const struct timespec until = {(time_t)(until_ns / 1000000000u), (long)(until_ns % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static _Noreturn void fail(struct vm *vm, const char *what, const struct vm_exit *exit_record) {
    char log[4000];
    for (uint32_t port = PORT_STDIO; port <= PORT_LOG; port++) {
        size_t size = vm_take(vm, port, log, sizeof log);
        fprintf(stderr, "%.*s", (int)size, log);
    }
    fprintf(stderr, "Error: %s: reason %u, status %d\n", what, exit_record->reason, exit_record->status);
    exit(1);
}

/* What a server says beside its answers is nobody's business here, but must not stay in its way. */
static void drop_log(struct vm *vm) {
    char log[4000];
    while (vm_take(vm, PORT_STDIO, log, sizeof log) > 0 || vm_take(vm, PORT_LOG, log, sizeof log) > 0) continue;
}

static struct vm_exit run(struct vm *vm, uint64_t most_ns) {
    const struct vm_run run = {.deadline_ns = harness_now_ns() + most_ns, .cpu_ns = UINT64_MAX, .stop_for_output = 1};
    struct vm_exit exit_record;
    must(vm_run(vm, &run, &exit_record), "run the VM");
    drop_log(vm);
    return exit_record;
}

/* ---- the guest's own connections ------------------------------------------------------------------------ */

/* Answers with the request's first line: so a guest that got it was heard. */
static void answer_proxied(struct vm *vm, uint32_t port) {
    char head[4096], answer[4400];
    size_t size = vm_take(vm, port, head, sizeof head - 1);
    head[size] = 0;
    if (size > 0) {
        size_t line = strcspn(head, "\r\n");
        int length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%.*s",
                              line, (int)line, head);
        vm_feed(vm, port, answer, (size_t)length, 1);
    } else if (vm_ended(vm, port)) {
        vm_hang_up(vm, port);
    }
}

static int serve_proxied(struct vm *vm) {
    uint64_t dialed = vm_dialed(vm);
    for (uint64_t bits = dialed; bits != 0; bits &= bits - 1) answer_proxied(vm, (uint32_t)__builtin_ctzll(bits));
    return dialed != 0;
}

/* ---- asking --------------------------------------------------------------------------------------------- */

/* Until a thread of it waits for connections. */
static void settle(struct server *server) {
    uint64_t end = harness_now_ns() + BOOT_NS;
    for (;;) {
        struct vm_exit exit_record = run(server->vm, BOOT_NS);
        if (exit_record.reason == VM_WROTE) continue;
        int is_late = harness_now_ns() > end;
        if (exit_record.reason != VM_WAITS || is_late) fail(server->vm, "it does not come to listen", &exit_record);
        server->tcp_port = exit_record.tcp_port;
        if (server->tcp_port != 0) return;
        if (serve_proxied(server->vm)) continue;
        if (exit_record.until_ns == UINT64_MAX) fail(server->vm, "it does not listen", &exit_record);
        sleep_until(exit_record.until_ns);
    }
}

static const char *body_of(const struct asked *one) {
    const char *body = strstr(one->answer, "\r\n\r\n");
    return body == NULL ? NULL : body + 4;
}

static int is_whole(const struct asked *one) {
    const char *body = body_of(one), *length = strcasestr(one->answer, "content-length:");
    return body != NULL && length != NULL && length < body && strlen(body) >= (size_t)atoi(length + strlen("content-length:"));
}

static int progress(struct vm *vm, struct asked *one) {
    if (one->is_over) return 1;
    size_t length = strlen(request);
    if (one->sent < length) one->sent += vm_feed(vm, one->port, request + one->sent, length - one->sent, 0);
    one->size += vm_take(vm, one->port, one->answer + one->size, ANSWER_MAX - 1 - one->size);
    one->answer[one->size] = 0;
    one->is_over = is_whole(one) || vm_ended(vm, one->port);
    if (one->is_over) vm_hang_up(vm, one->port);
    return one->is_over;
}

static void expect(struct vm *vm, const struct asked *one) {
    const char *expected = getenv("EXPECT"), *body = body_of(one);
    if (body != NULL && (expected == NULL || strcmp(body, expected) == 0)) return;
    const struct vm_exit none = {0};
    fprintf(stderr, "It answers: %.2000s\n", one->answer);
    fail(vm, "that is not the answer", &none);
}

static int has_moved(struct vm *vm, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!asked[i].is_over && (vm_has_output(vm, asked[i].port) || vm_ended(vm, asked[i].port))) return 1;
    }
    return 0;
}

static void ask(struct server *server, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        int port = vm_connect(server->vm, server->tcp_port);
        must(port < 0 ? port : 0, "connect");
        asked[i].port = (uint32_t)port;
        asked[i].sent = asked[i].size = 0;
        asked[i].is_over = 0;
    }
    for (;;) {
        uint32_t over = 0;
        for (uint32_t i = 0; i < count; i++) over += (uint32_t)progress(server->vm, &asked[i]);
        if (over == count) break;
        struct vm_exit exit_record = run(server->vm, ANSWER_NS);
        if (exit_record.reason == VM_WROTE || serve_proxied(server->vm)) continue;
        if (exit_record.reason != VM_WAITS) fail(server->vm, "it ended", &exit_record);
        if (has_moved(server->vm, count)) continue;
        if (exit_record.until_ns == UINT64_MAX) fail(server->vm, "it does not answer", &exit_record);
        sleep_until(exit_record.until_ns);
    }
    for (uint32_t i = 0; i < count; i++) expect(server->vm, &asked[i]);
}

/* ---- the case ------------------------------------------------------------------------------------------- */

static struct vm_snapshot *ready(struct server *server) {
    for (uint32_t i = 0; i < WARM_ROUNDS; i++) {
        ask(server, 1);
        settle(server);
        /* What the guest closed of its own connections is hung up: none is in the snapshot. */
        serve_proxied(server->vm);
    }
    must(vm_connect_ahead(server->vm, server->tcp_port), "connect ahead");
    struct vm_exit exit_record = run(server->vm, BOOT_NS);
    while (exit_record.reason == VM_WROTE) exit_record = run(server->vm, BOOT_NS);
    return bench_take(server->vm, NULL, NULL);
}

static struct server clone_of(struct vm_snapshot *snapshot, uint16_t tcp_port) {
    struct server server = {.tcp_port = tcp_port};
    must(vm_clone(snapshot, &server.vm), "clone");
    vm_serve_proxy(server.vm, 1);
    return server;
}

void case_serve(const struct harness_options *options) {
    struct harness harness;
    const char *path = getenv("REQUEST");
    snprintf(request, sizeof request, "GET %.500s HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n",
             path == NULL ? "/" : path);
    uint64_t begun = harness_now_ns();
    if (harness_open(&harness, options) != 0) exit(1);
    vm_serve_proxy(harness.vm, 1);
    struct server booted = {.vm = harness.vm};
    settle(&booted);
    number_report("boot until it listens", (double)(harness_now_ns() - begun) / 1000);
    uint16_t tcp_port = booted.tcp_port;
    struct vm_snapshot *snapshot = ready(&booted);
    struct server server = clone_of(snapshot, tcp_port);
    ask(&server, 1);
    must(vm_snapshot_learn(snapshot, server.vm), "learn");
    uint32_t count = runs(200);
    for (uint32_t i = 0; i < count; i++) {
        begun = harness_now_ns();
        must(vm_reset(server.vm), "reset");
        uint64_t reset = harness_now_ns();
        ask(&server, 1);
        samples_add(&resets, begun, reset), samples_add(&alone, reset, harness_now_ns());
    }
    for (uint32_t i = 0; i < count / 10 + 1; i++) {
        must(vm_reset(server.vm), "reset");
        begun = harness_now_ns();
        ask(&server, CONNECTIONS);
        samples_add(&together, begun, harness_now_ns());
    }
    vm_close(server.vm);
    for (uint32_t i = 0; i < count / 10 + 1; i++) {
        must(vm_snapshot_prepare(snapshot, 1), "prepare a shell");
        begun = harness_now_ns();
        server = clone_of(snapshot, tcp_port);
        ask(&server, 1);
        samples_add(&cloned, begun, harness_now_ns());
        vm_close(server.vm);
    }
    samples_report(&alone, "an answer");
    samples_report(&resets, "its reset");
    samples_report(&together, "four answers at once");
    samples_report(&cloned, "a clone and its answer");
    vm_snapshot_close(snapshot);
    harness_close(&harness);
}
