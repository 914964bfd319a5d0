/* What waits, and what the host sees of it; ports and connections from the host; bounds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "ipc.h"

static int open_port(uint32_t port, uint32_t flags) {
    CHECK(port__open(vm, port) == 0);
    return (int)descriptor__install(vm, file__open(vm, FILE_PORT, flags, port), 0, 0);
}

static uint64_t bit(uint32_t port) {
    return UINT64_C(1) << port;
}

/* By another thread than the one whose calls are tried again. */
static int64_t other_write(int descriptor, const char *bytes, size_t size) {
    struct guest_vector part = {(uint64_t)bytes, size};
    vm->kernel->threads.current = 1;
    int64_t result = file__write(vm, file__of(vm, (uint64_t)descriptor), &part, 1);
    vm->kernel->threads.current = 0;
    return result;
}

static int64_t other_read(int descriptor, void *bytes, size_t size) {
    struct guest_vector part = {(uint64_t)bytes, size};
    vm->kernel->threads.current = 1;
    int64_t result = file__read(vm, file__of(vm, (uint64_t)descriptor), &part, 1);
    vm->kernel->threads.current = 0;
    return result;
}

static void a_read_waits_for_the_host(void) {
    char bytes[16] = "";
    int frames = open_port(PORT_FRAMES, O_RDWR);
    CHECK(G3(SYS_read, frames, bytes, sizeof bytes) == CALL_BLOCKS);
    CHECK(wait__all(vm).ports == bit(PORT_FRAMES));
    CHECK(vm_feed(vm, PORT_FRAMES, "request", 7, 0) == 7);
    CHECK(again() == 7 && memcmp(bytes, "request", 7) == 0);
    CHECK(G3(SYS_write, frames, "response", 8) == 8);
    CHECK(port__with_output(vm) == bit(PORT_FRAMES));
    CHECK(vm_take(vm, PORT_FRAMES, bytes, sizeof bytes) == 8 && memcmp(bytes, "response", 8) == 0);
    CHECK(port__with_output(vm) == 0);
    CHECK(vm_feed(vm, PORT_FRAMES, "", 0, 1) == 0);
    CHECK(G3(SYS_read, frames, bytes, sizeof bytes) == 0);
    CHECK(!vm_ended(vm, PORT_FRAMES));
    G1(SYS_close, frames);
    CHECK(vm_ended(vm, PORT_FRAMES));
}

/* A request leaves a port as it was, so that nothing of it is left for the next and the same pages are used again. */
static void a_port_is_as_before_after_a_request(void) {
    char bytes[16];
    int frames = open_port(PORT_FRAMES, O_RDWR);
    vm_feed(vm, PORT_FRAMES, "first", 5, 0);
    G3(SYS_read, frames, bytes, 3);
    G3(SYS_read, frames, bytes, 3);
    G3(SYS_write, frames, "done", 4);
    vm_take(vm, PORT_FRAMES, bytes, 4);
    const struct port *port = &vm->kernel->ports.items[PORT_FRAMES];
    CHECK(port->input.start == 0 && port->input.size == 0);
    CHECK(port->output.start == 0 && port->output.size == 0);
}

static void a_long_write_goes_on_where_it_was(void) {
    static uint8_t out[400000], in[400000];
    for (size_t i = 0; i < sizeof out; i++) out[i] = (uint8_t)(i * 7 >> 3);
    int frames = open_port(PORT_FRAMES, O_RDWR);
    int64_t result = G3(SYS_write, frames, out, sizeof out);
    size_t taken = 0;
    while (result == CALL_BLOCKS) {
        CHECK(wait__all(vm).ports == 0);
        taken += vm_take(vm, PORT_FRAMES, in + taken, 1000 + taken % 70000);
        result = again();
    }
    taken += vm_take(vm, PORT_FRAMES, in + taken, sizeof in - taken);
    taken += vm_take(vm, PORT_FRAMES, in + taken, sizeof in - taken);
    CHECK(result == sizeof out && taken == sizeof out && memcmp(in, out, sizeof out) == 0);
}

static void a_long_write_to_a_socket_goes_on_where_it_was(void) {
    static uint8_t out[300000], in[300000];
    int pair[2];
    for (size_t i = 0; i < sizeof out; i++) out[i] = (uint8_t)(i * 5 >> 3);
    G4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    int64_t result = G3(SYS_write, pair[0], out, sizeof out);
    size_t taken = 0;
    while (taken < sizeof out) {
        CHECK((result == CALL_BLOCKS) == (sizeof out - taken > QUEUE_BYTES));
        taken += (size_t)other_read(pair[1], in + taken, 10000);
        if (result == CALL_BLOCKS) result = again();
    }
    CHECK(result == sizeof out && memcmp(in, out, sizeof out) == 0);
}

static void waiting_for_all_keeps_what_came(void) {
    int pair[2];
    char in[8] = "";
    G4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK(G6(SYS_recvfrom, pair[1], in, 6, MSG_WAITALL, 0, 0) == CALL_BLOCKS);
    CHECK(other_write(pair[0], "abcd", 4) == 4);
    CHECK(again() == CALL_BLOCKS);
    CHECK(other_write(pair[0], "efgh", 4) == 4);
    CHECK(again() == 6 && memcmp(in, "abcdef", 6) == 0);
    CHECK(G6(SYS_recvfrom, pair[1], in, 6, MSG_WAITALL, 0, 0) == CALL_BLOCKS);
    CHECK(again_interrupted() == 2);
    CHECK(G3(SYS_read, pair[1], in, 6) == CALL_BLOCKS);
    CHECK(again_interrupted() == -EINTR);
}

static void poll_keeps_its_deadline(void) {
    int ends[2];
    G2(SYS_pipe2, ends, 0);
    struct pollfd entry = {ends[0], POLLIN, 0};
    CHECK(G3(SYS_poll, &entry, 1, 50) == CALL_BLOCKS);
    uint64_t deadline = vm->kernel->threads.items[0].deadline;
    CHECK(deadline == fake_monotonic_ns + 50000000);
    fake_monotonic_ns += 20000000;
    CHECK(again() == CALL_BLOCKS && vm->kernel->threads.items[0].deadline == deadline);
    CHECK(again_late() == 0 && entry.revents == 0);
    CHECK(G3(SYS_poll, &entry, 1, -1) == CALL_BLOCKS);
    CHECK(vm->kernel->threads.items[0].deadline == NO_DEADLINE);
    CHECK(again_interrupted() == -EINTR);
    struct timespec time = {1, 0};
    uint64_t mask = 0x10;
    CHECK(G6(SYS_ppoll, &entry, 1, &time, &mask, 8, 0) == CALL_BLOCKS);
    CHECK(vm->kernel->threads.items[0].signal_mask == 0x10);
    fake_monotonic_ns += 400000000;
    other_write(ends[1], "x", 1);
    CHECK(again() == 1 && entry.revents == POLLIN && time.tv_sec == 0 && time.tv_nsec == 600000000);
    CHECK(G6(SYS_ppoll, &entry, 1, &time, &mask, 4, 0) == -EINVAL);
}

static void epoll_says_which_ports_it_waits_for(void) {
    struct epoll_event event = {EPOLLIN, {.u64 = 5}}, out = {EPOLLOUT | EPOLLET, {.u64 = 6}}, found;
    int input = open_port(PORT_STDIO, O_RDONLY), log = open_port(PORT_LOG, O_WRONLY);
    int epoll = (int)G1(SYS_epoll_create1, 0);
    G4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, input, &event);
    G4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, log, &out);
    CHECK(G4(SYS_epoll_wait, epoll, &found, 1, -1) == 1 && found.data.u64 == 6);
    CHECK(G4(SYS_epoll_wait, epoll, &found, 1, -1) == CALL_BLOCKS);
    CHECK(wait__all(vm).ports == bit(PORT_STDIO));
    vm_feed(vm, PORT_STDIO, "x", 1, 0);
    CHECK(again() == 1 && found.data.u64 == 5 && found.events == EPOLLIN);
    int outer = (int)G1(SYS_epoll_create1, 0), third = (int)G1(SYS_epoll_create1, 0);
    CHECK(G4(SYS_epoll_ctl, outer, EPOLL_CTL_ADD, epoll, &event) == 0);
    CHECK(G4(SYS_epoll_wait, outer, &found, 1, 0) == 1);
    CHECK(G4(SYS_epoll_ctl, third, EPOLL_CTL_ADD, outer, &event) == -ELOOP);
    CHECK(G4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, third, &event) == -ELOOP);
}

static void timers_make_their_descriptors_ready(void) {
    struct itimerspec setting = {{0, 500000000}, {1, 0}};
    int timer = (int)G2(SYS_timerfd_create, CLOCK_BOOTTIME, 0);
    uint64_t count = 0, begin = fake_monotonic_ns;
    CHECK(event__next_deadline(vm) == UINT64_MAX);
    G4(SYS_timerfd_settime, timer, 0, &setting, 0);
    CHECK(event__next_deadline(vm) == begin + NANOSECONDS);
    CHECK(G3(SYS_read, timer, &count, 8) == CALL_BLOCKS);
    fake_monotonic_ns = begin + 2 * NANOSECONDS + 1;
    uint64_t changes = vm->kernel->changes;
    event__fire(vm);
    CHECK(vm->kernel->changes != changes);
    CHECK(event__next_deadline(vm) == begin + 2 * NANOSECONDS + 500000000);
    CHECK(again() == 8 && count == 3);
    setting = (struct itimerspec){{0, 0}, {(time_t)(fake_realtime_ns / NANOSECONDS) + 2, 0}};
    int wall = (int)G2(SYS_timerfd_create, CLOCK_REALTIME, TFD_NONBLOCK);
    G4(SYS_timerfd_settime, wall, TFD_TIMER_ABSTIME, &setting, 0);
    G1(SYS_close, timer);
    CHECK(event__next_deadline(vm) == fake_monotonic_ns + 2 * NANOSECONDS);
    fake_realtime_ns += 5 * NANOSECONDS;
    CHECK(G3(SYS_read, wall, &count, 8) == 8 && count == 1);
    CHECK(event__next_deadline(vm) == UINT64_MAX);
}

static void signals_are_read(void) {
    struct signalfd_siginfo info[2];
    uint64_t mask = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGKILL);
    int signals = (int)G4(SYS_signalfd4, -1, &mask, 8, 0);
    CHECK(G4(SYS_signalfd4, -1, &mask, 4, 0) == -EINVAL);
    CHECK(G3(SYS_read, signals, info, sizeof info) == CALL_BLOCKS);
    fake_signals = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGKILL);
    CHECK(again() == sizeof *info && info[0].ssi_signo == SIGUSR1);
    CHECK(fake_signals == SIGNAL_BIT(SIGKILL));
}

static void a_broken_pipe_raises_its_signal(void) {
    int ends[2], pair[2];
    G2(SYS_pipe2, ends, 0);
    G1(SYS_close, ends[0]);
    CHECK(G3(SYS_write, ends[1], "x", 1) == -EPIPE && fake_signals == SIGNAL_BIT(SIGPIPE));
    G4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    G1(SYS_close, pair[0]);
    fake_signals = 0;
    CHECK(G6(SYS_sendto, pair[1], "x", 1, MSG_NOSIGNAL, 0, 0) == -EPIPE && fake_signals == 0);
    CHECK(G3(SYS_write, pair[1], "x", 1) == -EPIPE && fake_signals == SIGNAL_BIT(SIGPIPE));
}

/* ---- connections from the host ------------------------------------------------------------------------- */

static int listen_at(int family, uint16_t port) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = (int)G3(SYS_socket, family, SOCK_STREAM, 0);
    if (family == AF_INET6) CHECK(G3(SYS_bind, listener, &v6, sizeof v6) == 0);
    else CHECK(G3(SYS_bind, listener, &v4, sizeof v4) == 0);
    CHECK(G2(SYS_listen, listener, 5) == 0);
    return listener;
}

static void the_host_connects_to_a_server(void) {
    char bytes[16];
    struct sockaddr_in from;
    uint32_t size = sizeof from;
    CHECK(vm_connect(vm, 8080) == -ECONNREFUSED);
    int listener = listen_at(AF_INET, 8080);
    CHECK(!socket__somebody_accepts(vm, 8080));
    CHECK(G3(SYS_accept, listener, &from, &size) == CALL_BLOCKS);
    CHECK(socket__somebody_accepts(vm, 8080) && !socket__somebody_accepts(vm, 8081));
    int port = vm_connect(vm, 8080);
    CHECK(port == PORT_FIRST_CONNECTION);
    vm_feed(vm, (uint32_t)port, "GET", 3, 0);
    int server = (int)again();
    CHECK(server >= 0 && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK(G3(SYS_read, server, bytes, sizeof bytes) == 3);
    CHECK(G3(SYS_read, server, bytes, sizeof bytes) == CALL_BLOCKS);
    CHECK(wait__all(vm).ports == bit((uint32_t)port));
    vm_feed(vm, (uint32_t)port, " /", 2, 1);
    CHECK(again() == 2);
    CHECK(G3(SYS_read, server, bytes, sizeof bytes) == 0);
    CHECK(G3(SYS_write, server, "200 OK", 6) == 6);
    CHECK(!vm_ended(vm, (uint32_t)port));
    G1(SYS_close, server);
    CHECK(!vm_ended(vm, (uint32_t)port));
    CHECK(vm_take(vm, (uint32_t)port, bytes, sizeof bytes) == 6 && vm_ended(vm, (uint32_t)port));
    CHECK(vm_connect(vm, 8080) == port);
    vm_hang_up(vm, (uint32_t)port);
}

static void a_host_that_hangs_up_is_noticed(void) {
    char bytes[4];
    int listener = listen_at(AF_INET6, 9000);
    int port = vm_connect(vm, 9000);
    int server = (int)G3(SYS_accept, listener, 0, 0);
    struct pollfd entry = {server, POLLIN, 0};
    CHECK(G3(SYS_poll, &entry, 1, 0) == 0);
    CHECK(G3(SYS_write, server, "lost", 4) == 4);
    vm_hang_up(vm, (uint32_t)port);
    CHECK(G3(SYS_poll, &entry, 1, 0) == 1 && entry.revents == (POLLIN | POLLHUP));
    CHECK(G3(SYS_read, server, bytes, 4) == 0);
    CHECK(G3(SYS_write, server, "x", 1) == -EPIPE);
    CHECK(vm_take(vm, (uint32_t)port, bytes, 4) == 0);
    G1(SYS_close, server);
    CHECK(vm_ended(vm, (uint32_t)port));
}

/* ---- bounds -------------------------------------------------------------------------------------------- */

static void descriptors_are_bounded(void) {
    int64_t result = 0;
    vm->limits.descriptors = 10;
    for (int i = 0; i < 12; i++) result = G2(SYS_eventfd2, 0, 0);
    CHECK(result == -EMFILE && vm->kernel->descriptors.used == 10 && vm->kernel->files.used == 10);
    int ends[2];
    G1(SYS_close, 3);
    CHECK(G2(SYS_pipe2, ends, 0) == -EMFILE && vm->kernel->pipes.used == 0);
    CHECK(G2(SYS_eventfd2, 0, 0) == 3);
    CHECK(G3(SYS_fcntl, 3, F_DUPFD, 10) == -EINVAL);
    CHECK(G2(SYS_dup2, 3, 10) == -EBADF);
    for (uint32_t i = 0; i < 10; i++) G1(SYS_close, i);
    int listener = listen_at(AF_INET, 80);
    vm->limits.descriptors = 1;
    int port = vm_connect(vm, 80);
    CHECK(G3(SYS_accept, listener, 0, 0) == -EMFILE);
    vm->limits.descriptors = 2;
    CHECK(G3(SYS_accept, listener, 0, 0) == 1);
    vm_hang_up(vm, (uint32_t)port);
}

static void a_listener_holds_no_more_than_its_backlog(void) {
    int listener = listen_at(AF_INET, 80), result = 0;
    for (int i = 0; i < 6; i++) CHECK((result = vm_connect(vm, 80)) >= 0);
    CHECK(vm_connect(vm, 80) == -EAGAIN);
    for (int port = PORT_FIRST_CONNECTION; port <= result; port++) vm_hang_up(vm, (uint32_t)port);
    G1(SYS_close, listener);
    CHECK(vm->kernel->ports.used <= PORT_FIRST_CONNECTION);
}

/* A call that waits reads it again. */
static struct sockaddr_in proxy;

static int dial(int flags, int64_t expected) {
    int fd = (int)G3(SYS_socket, AF_INET, SOCK_STREAM | flags, 0);
    CHECK(G3(SYS_connect, fd, &proxy, sizeof proxy) == expected);
    return fd;
}

static int is_writable(int fd) {
    struct pollfd entry = {fd, POLLOUT, 0};
    return G3(SYS_poll, &entry, 1, 0) == 1 && entry.revents == POLLOUT;
}

static void dial_all(int fds[VM_DIALED_MAX]) {
    proxy = (struct sockaddr_in){AF_INET, htons(VM_PROXY_PORT), {htonl(INADDR_LOOPBACK)}, {0}};
    vm_serve_proxy(vm, 1);
    for (uint32_t i = 0; i < VM_DIALED_MAX; i++) fds[i] = dial(0, 0);
    CHECK(__builtin_popcountll(vm_dialed(vm)) == (int)VM_DIALED_MAX);
}

/* In turn; what gave up has none. */
static void a_connection_to_the_host_waits_for_the_end_of_another(void) {
    int fds[VM_DIALED_MAX], error = -1;
    uint32_t size = sizeof error;
    char bytes[4];
    struct sockaddr_in peer;
    uint32_t peer_size = sizeof peer;
    dial_all(fds);
    int first = dial(SOCK_NONBLOCK, -EINPROGRESS), gone = dial(SOCK_NONBLOCK, -EINPROGRESS);
    int last = dial(SOCK_NONBLOCK, -EINPROGRESS);
    G1(SYS_close, gone);
    CHECK(!is_writable(first) && G3(SYS_getpeername, first, &peer, &peer_size) == -ENOTCONN);
    CHECK(G3(SYS_write, first, "x", 1) == -EAGAIN && G3(SYS_read, first, bytes, 1) == -EAGAIN);
    CHECK(G2(SYS_shutdown, first, SHUT_WR) == -ENOTCONN && G2(SYS_listen, first, 1) == -EINVAL);
    CHECK(G3(SYS_connect, first, &proxy, sizeof proxy) == -EALREADY);
    /* The guest alone does not end it: the host has to be done as well. */
    G1(SYS_close, fds[5]);
    CHECK(!is_writable(first));
    vm_hang_up(vm, PORT_FIRST_CONNECTION + 5);
    CHECK(is_writable(first) && !is_writable(last));
    CHECK(G6(SYS_getsockopt, first, SOL_SOCKET, SO_ERROR, &error, &size, 0) == 0 && error == 0);
    CHECK(G3(SYS_connect, first, &proxy, sizeof proxy) == 0 && G3(SYS_connect, first, &proxy, sizeof proxy) == -EISCONN);
    CHECK(G3(SYS_write, first, "x", 1) == 1 && vm_has_output(vm, PORT_FIRST_CONNECTION + 5));
    vm_hang_up(vm, PORT_FIRST_CONNECTION);
    CHECK(is_writable(last) && __builtin_popcountll(vm_dialed(vm)) == (int)VM_DIALED_MAX);
}

static void a_connect_that_waits_for_the_host_is_woken(void) {
    int fds[VM_DIALED_MAX];
    dial_all(fds);
    int fd = dial(0, CALL_BLOCKS);
    CHECK(again() == CALL_BLOCKS);
    vm_hang_up(vm, PORT_FIRST_CONNECTION + 7);
    CHECK(again() == 0 && is_writable(fd));
    struct timeval patience = {.tv_sec = 1};
    int late = (int)G3(SYS_socket, AF_INET, SOCK_STREAM, 0);
    G6(SYS_setsockopt, late, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience, 0);
    CHECK(G3(SYS_connect, late, &proxy, sizeof proxy) == CALL_BLOCKS);
    CHECK(again_late() == -EINPROGRESS);
}

static void a_connection_to_the_host_without_memory_fails(void) {
    int fds[VM_DIALED_MAX], error = 0;
    uint32_t size = sizeof error;
    dial_all(fds);
    int fd = dial(SOCK_NONBLOCK, -EINPROGRESS);
    uint64_t left = fake_frames_left;
    fake_frames_left = 0;
    vm_hang_up(vm, PORT_FIRST_CONNECTION);
    CHECK(G6(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &size, 0) == 0 && error == EADDRNOTAVAIL);
    fake_frames_left = left;
}

static void without_memory_nothing_is_half_done(void) {
    char page[4096] = "";
    int ends[2];
    G2(SYS_pipe2, ends, O_NONBLOCK);
    fake_frames_left = 1;
    CHECK(G3(SYS_write, ends[1], page, 4096) == 4096);
    CHECK(G3(SYS_write, ends[1], page, 4096) == -ENOMEM);
    CHECK(port__open(vm, PORT_FRAMES) == -ENOMEM && vm->kernel->ports.items[PORT_FRAMES].state == PORT_CLOSED);
    CHECK(G3(SYS_read, ends[0], page, 4096) == 4096);
    fake_frames_left = 8191;
}

static void a_log_beyond_its_bound_is_lost(void) {
    char bytes[32];
    vm->limits.log_bytes = 10;
    int log = open_port(PORT_LOG, O_WRONLY);
    CHECK(G3(SYS_write, log, "12345678", 8) == 8);
    CHECK(G3(SYS_write, log, "12345678", 8) == 8);
    CHECK(G3(SYS_write, log, "12345678", 8) == 8);
    CHECK(vm_take(vm, PORT_LOG, bytes, sizeof bytes) == 10);
}

const struct test waiting_tests[] = {
    {"a read waits for the host, and says so", a_read_waits_for_the_host},
    {"a port is as before after a request", a_port_is_as_before_after_a_request},
    {"a long write to a port goes on where it was", a_long_write_goes_on_where_it_was},
    {"a long write to a socket goes on where it was", a_long_write_to_a_socket_goes_on_where_it_was},
    {"MSG_WAITALL keeps what came", waiting_for_all_keeps_what_came},
    {"poll keeps its deadline and tells what is left", poll_keeps_its_deadline},
    {"epoll says which ports it waits for", epoll_says_which_ports_it_waits_for},
    {"timers make their descriptors ready", timers_make_their_descriptors_ready},
    {"signals are read", signals_are_read},
    {"a broken pipe raises its signal", a_broken_pipe_raises_its_signal},
    {"the host connects to a server", the_host_connects_to_a_server},
    {"a host that hangs up is noticed", a_host_that_hangs_up_is_noticed},
    {"descriptors are bounded", descriptors_are_bounded},
    {"a listener holds no more than its backlog", a_listener_holds_no_more_than_its_backlog},
    {"a connection to the host waits for the end of another", a_connection_to_the_host_waits_for_the_end_of_another},
    {"a connect that waits for the host is woken", a_connect_that_waits_for_the_host_is_woken},
    {"a connection to the host that there is no memory for fails", a_connection_to_the_host_without_memory_fails},
    {"without memory nothing is half done", without_memory_nothing_is_half_done},
    {"a log beyond its bound is lost", a_log_beyond_its_bound_is_lost},
    {NULL, NULL},
};
