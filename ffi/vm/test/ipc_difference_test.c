/* The same calls made to Linux and to the engine: their results and what they wrote have to be the same. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "compare.h"

/* ---- pipes --------------------------------------------------------------------------------------------- */

static void pipe_script(void) {
    char out[8192], in[8192];
    int ends[2];
    CALL2(SYS_pipe2, ends, O_NONBLOCK | O_CLOEXEC);
    CALL2(SYS_pipe2, 1, 0);
    CALL2(SYS_pipe2, ends + 1, 0x12345);
    memset(out, 'a', sizeof out);
    READY(ends[0]);
    READY(ends[1]);
    CALL3(SYS_read, ends[0], in, 10);
    CALL3(SYS_read, ends[1], in, 10);
    CALL3(SYS_write, ends[0], out, 10);
    CALL3(SYS_write, ends[1], out, 5000);
    CALL3(SYS_write, ends[1], out, 0);
    READY(ends[0]);
    int readable = -1;
    CALL3(SYS_ioctl, ends[0], FIONREAD, &readable);
    note("%d\n", readable);
    CALL3(SYS_read, ends[0], in, 0);
    CALL3(SYS_read, ends[0], in, 4000);
    note_bytes(in, 4000);
    CALL3(SYS_read, ends[0], in, sizeof in);
    CALL3(SYS_read, ends[0], 8, sizeof in);
    for (int i = 0; i < 17; i++) CALL3(SYS_write, ends[1], out, 4096);
    READY(ends[1]);
    CALL3(SYS_write, ends[1], out, 8192);
    CALL3(SYS_read, ends[0], in, 4096);
    CALL3(SYS_write, ends[1], out, 8192);
    READY(ends[1]);
    CALL3(SYS_fcntl, ends[0], F_GETPIPE_SZ, 0);
    CALL3(SYS_fcntl, ends[0], F_SETPIPE_SZ, 4096);
    CALL3(SYS_fcntl, ends[0], F_GETFD, 0);
    CALL3(SYS_fcntl, ends[1], F_GETFL, 0);
    CALL3(SYS_fcntl, ends[1], F_SETFL, 0);
    CALL3(SYS_fcntl, ends[1], F_GETFL, 0);
    CLOSE(ends[1]);
    READY(ends[0]);
    while (CALL3(SYS_read, ends[0], in, sizeof in) > 0) note_bytes(in, sizeof in);
    READY(ends[0]);
    CLOSE(ends[0]);
    CLOSE(ends[0]);
    CALL2(SYS_pipe2, ends, O_NONBLOCK);
    CLOSE(ends[0]);
    READY(ends[1]);
    CALL3(SYS_write, ends[1], out, 1);
    CLOSE(ends[1]);
}

static void random_pipe_script(void) {
    static char bytes[20000];
    int ends[2];
    seed = 7;
    silent(SYS_pipe2, U(ends), O_NONBLOCK, 0, 0, 0, 0);
    uint32_t held = 0;
    for (int i = 0; i < 2000; i++) {
        uint32_t size = random_below(sizeof bytes);
        /* Linux counts whole pages: so as not to come near the end of them. */
        if (random_below(2) == 0 && held + size < 30000) {
            for (uint32_t k = 0; k < size; k++) bytes[k] = (char)random_below(256);
            held += (uint32_t)CALL3(SYS_write, ends[1], bytes, size);
            continue;
        }
        int64_t count = CALL3(SYS_read, ends[0], bytes, size);
        if (count > 0) note_bytes(bytes, (size_t)count);
        if (count > 0) held -= (uint32_t)count;
    }
    silent(SYS_close, U(ends[0]), 0, 0, 0, 0, 0);
    silent(SYS_close, U(ends[1]), 0, 0, 0, 0, 0);
}

/* ---- descriptors --------------------------------------------------------------------------------------- */

static void descriptor_script(void) {
    int ends[2], on = 1;
    silent(SYS_pipe2, U(ends), 0, 0, 0, 0, 0);
    int copy = MAKE(SYS_dup, ends[0], 0, 0);
    CALL3(SYS_dup3, ends[0], ends[0], 0);
    CALL3(SYS_dup3, ends[0], copy, 0x7);
    CALL2(SYS_dup2, 9999, copy);
    CALL2(SYS_dup2, ends[0], 1u << 30);
    note("%d\n", MAKE(SYS_dup2, ends[1], copy, 0) == copy);
    CALL3(SYS_write, copy, "x", 1);
    int high = MAKE(SYS_fcntl, ends[0], F_DUPFD_CLOEXEC, 100);
    note("%d\n", high >= 100);
    CALL3(SYS_fcntl, high, F_GETFD, 0);
    CALL3(SYS_fcntl, high, F_SETFD, 0);
    CALL3(SYS_fcntl, high, F_GETFD, 0);
    CALL3(SYS_ioctl, high, FIOCLEX, 0);
    CALL3(SYS_fcntl, high, F_GETFD, 0);
    CALL3(SYS_fcntl, high, F_DUPFD, -1);
    CALL3(SYS_fcntl, high, 12345, 0);
    CALL3(SYS_fcntl, 9999, F_GETFD, 0);
    CALL3(SYS_ioctl, high, FIONBIO, &on);
    CALL3(SYS_fcntl, ends[0], F_GETFL, 0);
    CALL3(SYS_ioctl, high, FIONBIO, 8);
    CALL3(SYS_ioctl, high, TCGETS, ends);
    CALL3(SYS_ioctl, 9999, FIONBIO, &on);
    CALL3(SYS_close_range, 5000, 4000, 0);
    CALL3(SYS_close_range, 5000, 6000, 64);
    CALL3(SYS_close_range, high, high, 0);
    CALL3(SYS_fcntl, high, F_GETFD, 0);
    CALL3(SYS_close_range, copy, copy, 4);
    CALL3(SYS_fcntl, copy, F_GETFD, 0);
    CLOSE(copy);
    CLOSE(ends[0]);
    CLOSE(ends[1]);
}

/* ---- events -------------------------------------------------------------------------------------------- */

static void counter_script(void) {
    uint64_t value = 3, most = UINT64_MAX, nearly = UINT64_MAX - 1;
    CALL2(SYS_eventfd2, 0, 64);
    for (int flags = 0; flags < 2; flags++) {
        int counter = MAKE(SYS_eventfd2, 5, flags | EFD_NONBLOCK, 0);
        READY(counter);
        CALL3(SYS_read, counter, &value, 7);
        CALL3(SYS_read, counter, &value, 8);
        note("%lu\n", (unsigned long)value);
        CALL3(SYS_write, counter, &most, 8);
        CALL3(SYS_write, counter, &nearly, 8);
        READY(counter);
        value = 1;
        CALL3(SYS_write, counter, &value, 8);
        CALL3(SYS_write, counter, &value, 4);
        CALL3(SYS_read, counter, &value, 8);
        note("%lu\n", (unsigned long)value);
        CALL3(SYS_read, counter, &value, 8);
        READY(counter);
        CLOSE(counter);
    }
}

static void timer_script(void) {
    struct itimerspec setting = {{0, 0}, {1000, 0}}, old, bad = {{0, 0}, {0, 1000000000}}, past = {{0, 0}, {0, 1}};
    uint64_t count = 0;
    CALL2(SYS_timerfd_create, 77, 0);
    CALL2(SYS_timerfd_create, CLOCK_MONOTONIC, 3);
    int timer = MAKE(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK, 0);
    READY(timer);
    CALL3(SYS_read, timer, &count, 8);
    CALL4(SYS_timerfd_settime, timer, 0, &bad, 0);
    CALL4(SYS_timerfd_settime, timer, 4, &setting, 0);
    CALL4(SYS_timerfd_settime, timer, 0, 8, 0);
    CALL4(SYS_timerfd_settime, timer, 0, &setting, &old);
    note("%ld\n", (long)old.it_value.tv_sec);
    CALL2(SYS_timerfd_gettime, timer, &old);
    note("%d\n", old.it_value.tv_sec >= 998);
    READY(timer);
    CALL4(SYS_timerfd_settime, timer, TFD_TIMER_ABSTIME, &past, 0);
    READY(timer);
    CALL3(SYS_read, timer, &count, 4);
    CALL3(SYS_read, timer, &count, 8);
    note("%lu\n", (unsigned long)count);
    CALL3(SYS_read, timer, &count, 8);
    CALL3(SYS_write, timer, &count, 8);
    CLOSE(timer);
    int ends[2];
    silent(SYS_pipe2, U(ends), 0, 0, 0, 0, 0);
    CALL2(SYS_timerfd_gettime, ends[0], &old);
    CALL2(SYS_timerfd_gettime, 9999, &old);
    CLOSE(ends[0]);
    CLOSE(ends[1]);
}

static void note_events(int line, int epoll, int room) {
    struct epoll_event events[8];
    memset(events, 0, sizeof events);
    int64_t count = silent(SYS_epoll_wait, U(epoll), U(events), U(room), 0, 0, 0);
    note("line %d: %ld events\n", line, (long)count);
    for (int64_t i = 0; i < count; i++) note("  %x %lx\n", events[i].events, (unsigned long)events[i].data.u64);
}
#define EVENTS(epoll, room) note_events(__LINE__, epoll, room)

static void epoll_script(void) {
    int ends[2];
    struct epoll_event in = {EPOLLIN, {.u64 = 1}}, edge = {EPOLLIN | EPOLLET, {.u64 = 2}};
    struct epoll_event once = {EPOLLIN | EPOLLONESHOT, {.u64 = 3}}, both = {EPOLLIN | EPOLLOUT | EPOLLET, {.u64 = 4}};
    CALL2(SYS_epoll_create, 0, 0);
    CALL2(SYS_epoll_create1, 5, 0);
    int epoll = MAKE(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0);
    silent(SYS_pipe2, U(ends), O_NONBLOCK, 0, 0, 0, 0);
    EVENTS(epoll, 8);
    EVENTS(epoll, 0);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, epoll, &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, 9999, &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], 8);
    CALL4(SYS_epoll_ctl, ends[0], EPOLL_CTL_ADD, ends[1], &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], 0);
    CALL4(SYS_epoll_ctl, epoll, 9, ends[0], &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &in);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &in);
    EVENTS(epoll, 8);
    CALL3(SYS_write, ends[1], "ab", 2);
    EVENTS(epoll, 8);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], &edge);
    EVENTS(epoll, 8);
    EVENTS(epoll, 8);
    CALL3(SYS_write, ends[1], "c", 1);
    EVENTS(epoll, 8);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], &once);
    EVENTS(epoll, 8);
    CALL3(SYS_write, ends[1], "d", 1);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], &once);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[1], &both);
    EVENTS(epoll, 8);
    EVENTS(epoll, 8);
    int copy = MAKE(SYS_dup, ends[1], 0, 0);
    CLOSE(ends[1]);
    CLOSE(copy);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], &in);
    EVENTS(epoll, 8);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], 0);
    EVENTS(epoll, 8);
    CLOSE(ends[0]);
    CLOSE(epoll);
}

/* A few busy descriptors do not keep the others from being told. */
static void fair_epoll_script(void) {
    int epoll = MAKE(SYS_epoll_create1, 0, 0, 0), counters[4];
    for (int i = 0; i < 4; i++) {
        struct epoll_event event = {EPOLLIN, {.u64 = (uint64_t)i}};
        counters[i] = MAKE(SYS_eventfd2, 1, 0, 0);
        CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, counters[i], &event);
    }
    for (int i = 0; i < 6; i++) EVENTS(epoll, 3);
    for (int i = 0; i < 4; i++) CLOSE(counters[i]);
    EVENTS(epoll, 3);
    CLOSE(epoll);
}

static void select_script(void) {
    int ends[2];
    silent(SYS_pipe2, U(ends), 0, 0, 0, 0, 0);
    struct timeval now = {0, 0}, bad = {0, -1};
    fd_set in, out;
    for (int round = 0; round < 2; round++) {
        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_SET(ends[0], &in);
        FD_SET(ends[1], &out);
        CALL6(SYS_select, 64, &in, &out, 0, &now, 0);
        note("%d %d\n", FD_ISSET(ends[0], &in) != 0, FD_ISSET(ends[1], &out) != 0);
        CALL3(SYS_write, ends[1], "a", 1);
    }
    CALL6(SYS_select, -1, 0, 0, 0, &now, 0);
    CALL6(SYS_select, 64, 8, 0, 0, &now, 0);
    CALL6(SYS_select, 64, &in, 0, 0, &bad, 0);
    FD_SET(60, &in);
    CALL6(SYS_select, 64, &in, 0, 0, &now, 0);
    struct pollfd none = {-1, POLLIN, 7}, closed = {60, POLLIN, 0};
    CALL3(SYS_poll, &none, 1, 0);
    CALL3(SYS_poll, &closed, 1, 0);
    note("%d %d\n", none.revents, closed.revents);
    CALL3(SYS_poll, &none, 1u << 30, 0);
    CALL3(SYS_poll, 8, 1, 0);
    CLOSE(ends[0]);
    CLOSE(ends[1]);
}

static void run_pipe(void) {
    compare(pipe_script);
}
static void run_random_pipe(void) {
    compare(random_pipe_script);
}
static void run_descriptor(void) {
    compare(descriptor_script);
}
static void run_counter(void) {
    compare(counter_script);
}
static void run_timer(void) {
    compare(timer_script);
}
static void run_epoll(void) {
    compare(epoll_script);
}
static void run_fair_epoll(void) {
    compare(fair_epoll_script);
}
static void run_select(void) {
    compare(select_script);
}

const struct test difference_tests[] = {
    {"pipes are as Linux has them", run_pipe},
    {"bytes come out of a pipe as they went in", run_random_pipe},
    {"descriptors are as Linux has them", run_descriptor},
    {"eventfd is as Linux has it", run_counter},
    {"timerfd is as Linux has it", run_timer},
    {"epoll is as Linux has it", run_epoll},
    {"epoll tells each in its turn", run_fair_epoll},
    {"poll and select are as Linux has them", run_select},
    {NULL, NULL},
};
