/* Sockets: the same calls made to Linux and to the engine. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include "compare.h"

static int option_of(int descriptor, int level, int name) {
    int value = -77;
    socklen_t size = sizeof value;
    int64_t status = silent(SYS_getsockopt, U(descriptor), U(level), U(name), U(&value), U(&size), 0);
    return status < 0 ? (int)status : value;
}
#define OPTION(descriptor, level, name) note("line %d: option %d\n", __LINE__, option_of(descriptor, level, name))

/* ---- pairs --------------------------------------------------------------------------------------------- */

static void stream_pair_script(void) {
    int pair[2];
    char in[64];
    static char much[300000];
    CALL4(SYS_socketpair, AF_INET, SOCK_STREAM, 0, pair);
    CALL4(SYS_socketpair, AF_UNIX, 77, 0, pair);
    CALL4(SYS_socketpair, 99, SOCK_STREAM, 0, pair);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 77, pair);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
    READY(pair[0]);
    CALL3(SYS_write, pair[0], "hello", 5);
    READY(pair[1]);
    CALL6(SYS_recvfrom, pair[1], in, 2, MSG_PEEK, 0, 0);
    CALL3(SYS_read, pair[1], in, 2);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_DONTWAIT, 0, 0);
    note_bytes(in, 3);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_DONTWAIT, 0, 0);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_WAITALL, 0, 0);
    CALL6(SYS_recvfrom, pair[1], 8, sizeof in, 0, 0, 0);
    CALL3(SYS_read, pair[1], in, 0);
    CALL6(SYS_sendto, pair[1], "back", 4, MSG_NOSIGNAL, 0, 0);
    int readable = -1;
    CALL3(SYS_ioctl, pair[0], FIONREAD, &readable);
    note("%d\n", readable);
    CALL2(SYS_shutdown, pair[1], 9);
    CALL2(SYS_shutdown, pair[1], SHUT_WR);
    READY(pair[0]);
    READY(pair[1]);
    CALL3(SYS_write, pair[1], "x", 1);
    CALL3(SYS_read, pair[0], in, sizeof in);
    CALL3(SYS_read, pair[0], in, sizeof in);
    CALL3(SYS_write, pair[0], "y", 1);
    CALL3(SYS_lseek, pair[0], 0, 0);
    CLOSE(pair[0]);
    READY(pair[1]);
    CALL3(SYS_read, pair[1], in, sizeof in);
    CALL3(SYS_read, pair[1], in, sizeof in);
    CLOSE(pair[1]);
    silent(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, U(pair), 0, 0);
    int64_t sent = silent(SYS_write, U(pair[0]), U(much), sizeof much, 0, 0, 0);
    note("%d\n", sent > 0 && sent < (int64_t)sizeof much);
    CALL3(SYS_write, pair[0], much, sizeof much);
    CLOSE(pair[1]);
    READY(pair[0]);
    CALL3(SYS_read, pair[0], in, 1);
    CALL3(SYS_read, pair[0], in, 1);
    CALL3(SYS_write, pair[0], much, 1);
    CLOSE(pair[0]);
}

static void message_pair_script(void) {
    const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 2; i++) {
        int pair[2];
        char in[64];
        struct iovec parts[2] = {{"abc", 3}, {"defgh", 5}}, room[2] = {{in, 2}, {in + 2, 2}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        silent(SYS_socketpair, AF_UNIX, U(types[i] | SOCK_NONBLOCK), 0, U(pair), 0, 0);
        READY(pair[1]);
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        CALL3(SYS_write, pair[0], "second", 6);
        READY(pair[1]);
        message = (struct msghdr){.msg_iov = room, .msg_iovlen = 2};
        CALL3(SYS_recvmsg, pair[1], &message, 0);
        note("%x %lu\n", (unsigned)message.msg_flags, (unsigned long)message.msg_controllen);
        note_bytes(in, 4);
        CALL6(SYS_recvfrom, pair[1], in, 3, MSG_PEEK | MSG_TRUNC, 0, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CALL3(SYS_read, pair[1], in, sizeof in);
        message.msg_iovlen = 5000;
        CALL3(SYS_recvmsg, pair[1], &message, 0);
        CALL3(SYS_sendmsg, pair[1], &message, 0);
        CALL3(SYS_sendmsg, pair[1], 8, 0);
        struct mmsghdr several[3];
        memset(several, 0, sizeof several);
        for (int k = 0; k < 3; k++) several[k].msg_hdr = (struct msghdr){.msg_iov = parts, .msg_iovlen = (size_t)(k % 2 + 1)};
        CALL4(SYS_sendmmsg, pair[0], several, 3, 0);
        note("%u %u %u\n", several[0].msg_len, several[1].msg_len, several[2].msg_len);
        for (int k = 0; k < 3; k++) several[k].msg_hdr = (struct msghdr){.msg_iov = room, .msg_iovlen = 2};
        CALL6(SYS_recvmmsg, pair[1], several, 3, 0, 0, 0);
        note("%u %u %u\n", several[0].msg_len, several[1].msg_len, several[2].msg_len);
        CALL6(SYS_recvmmsg, pair[1], several, 3, 0, 0, 0);
        CALL3(SYS_write, pair[0], "", 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CLOSE(pair[1]);
        CALL3(SYS_write, pair[0], "x", 1);
        CLOSE(pair[0]);
    }
}

struct control {
    struct cmsghdr head;
    int descriptors[4];
};

/* What a message brings beside its byte; what it brings is looked at and closed. */
static void note_rights(int from, size_t room, int flags) {
    char byte = 0;
    struct control control;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    int64_t count = silent(SYS_recvmsg, U(from), U(&message), U(flags), 0, 0, 0);
    note("%ld %c %x %lu\n", (long)count, byte, (unsigned)message.msg_flags, (unsigned long)message.msg_controllen);
    if (count < 0 || message.msg_controllen < sizeof control.head) return;
    note("%lu %d %d\n", (unsigned long)control.head.cmsg_len, control.head.cmsg_level, control.head.cmsg_type);
    for (size_t i = 0; i * sizeof(int) + sizeof control.head < control.head.cmsg_len; i++) {
        CALL3(SYS_fcntl, control.descriptors[i], F_GETFD, 0);
        CALL3(SYS_write, control.descriptors[i], "via", 3);
        CLOSE(control.descriptors[i]);
    }
}

static void rights_script(void) {
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        int pair[2], ends[2];
        char in[32];
        struct control control = {{sizeof control.head + 8, SOL_SOCKET, SCM_RIGHTS}, {0}};
        struct iovec part = {"m", 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 24};
        silent(SYS_socketpair, AF_UNIX, U(types[i] | SOCK_NONBLOCK), 0, U(pair), 0, 0);
        silent(SYS_pipe2, U(ends), O_NONBLOCK, 0, 0, 0, 0);
        control.descriptors[0] = control.descriptors[1] = ends[1];
        CALL3(SYS_write, pair[0], "plain", 5);
        for (int k = 0; k < 7; k++) CALL3(SYS_sendmsg, pair[0], &message, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        note_rights(pair[1], sizeof control, 0);
        note_rights(pair[1], 24, MSG_CMSG_CLOEXEC);
        note_rights(pair[1], 20, 0);
        note_rights(pair[1], 19, 0);
        note_rights(pair[1], 0, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CALL3(SYS_read, ends[0], in, sizeof in);
        control.descriptors[1] = 9999;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        control.head.cmsg_len = 15;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        control.head.cmsg_len = 25;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        message.msg_control = (void *)8;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        /* One is still on its way. */
        CLOSE(ends[1]);
        CLOSE(pair[0]);
        CALL3(SYS_read, ends[0], in, sizeof in);
        CLOSE(pair[1]);
        CALL3(SYS_read, ends[0], in, sizeof in);
        CLOSE(ends[0]);
    }
}

/* ---- connections --------------------------------------------------------------------------------------- */

struct any_name {
    union {
        struct sockaddr generic;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
    };
    socklen_t size;
};

static struct any_name loopback(int family, uint16_t port) {
    struct any_name name;
    memset(&name, 0, sizeof name);
    name.generic.sa_family = (sa_family_t)family;
    name.size = family == AF_INET ? sizeof name.v4 : sizeof name.v6;
    if (family == AF_INET) name.v4 = (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    else name.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    return name;
}

static struct any_name abstract(const char *text) {
    struct any_name name;
    memset(&name, 0, sizeof name);
    name.path.sun_family = AF_UNIX;
    strcpy(name.path.sun_path + 1, text);
    name.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(text));
    return name;
}

static struct any_name name_by(long number, int descriptor) {
    struct any_name name;
    memset(&name, 0, sizeof name);
    name.size = sizeof name.path;
    int64_t status = silent(number, U(descriptor), U(&name), U(&name.size), 0, 0, 0);
    if (status < 0) note("no name %ld\n", (long)status);
    return name;
}

/* Ports are of the system's choice and not the same: what matters is which are equal. */
static void note_addresses(int client, int server) {
    struct any_name here = name_by(SYS_getsockname, client), there = name_by(SYS_getpeername, client);
    struct any_name other_here = name_by(SYS_getsockname, server), other_there = name_by(SYS_getpeername, server);
    note("%d %d %d %d\n", here.size, there.size, other_here.size, other_there.size);
    note("%d %d\n", memcmp(&here, &other_there, here.size), memcmp(&there, &other_here, there.size));
}

static void connect_script_of(struct any_name at) {
    int family = at.generic.sa_family, type = SOCK_STREAM;
    char in[16];
    int listener = MAKE(SYS_socket, family, type | SOCK_NONBLOCK, 0), client = MAKE(SYS_socket, family, type, 0);
    READY(listener);
    READY(client);
    CALL3(SYS_read, client, in, 1);
    CALL3(SYS_write, client, in, 1);
    name_by(SYS_getpeername, client);
    CALL2(SYS_shutdown, client, SHUT_RDWR);
    CLOSE(client);
    client = MAKE(SYS_socket, family, type, 0);
    CALL3(SYS_bind, listener, &at, 1);
    CALL3(SYS_bind, listener, 8, at.size);
    CALL3(SYS_bind, listener, &at, at.size);
    CALL3(SYS_bind, listener, &at, at.size);
    CALL4(SYS_accept4, listener, 0, 0, 0);
    at = name_by(SYS_getsockname, listener);
    CALL3(SYS_connect, client, &at, at.size);
    CALL2(SYS_listen, listener, 2);
    READY(listener);
    OPTION(listener, SOL_SOCKET, SO_ACCEPTCONN);
    CALL4(SYS_accept4, listener, 0, 0, 0);
    CALL4(SYS_accept4, listener, 0, 0, 0x123);
    CALL3(SYS_connect, client, &at, at.size);
    CALL3(SYS_connect, client, &at, at.size);
    READY(listener);
    READY(client);
    struct any_name from = {.size = sizeof from};
    int server = MAKE(SYS_accept4, listener, &from, &from.size);
    note("%u\n", from.size);
    note_addresses(client, server);
    READY(listener);
    CALL3(SYS_write, client, "ping", 4);
    CALL3(SYS_read, server, in, sizeof in);
    CALL3(SYS_write, server, "pong", 4);
    CALL2(SYS_shutdown, server, SHUT_WR);
    CALL3(SYS_read, client, in, sizeof in);
    CALL3(SYS_read, client, in, sizeof in);
    READY(client);
    READY(server);
    CALL2(SYS_shutdown, client, SHUT_WR);
    READY(client);
    READY(server);
    CALL3(SYS_read, server, in, sizeof in);
    CLOSE(client);
    CLOSE(server);
    int second = MAKE(SYS_socket, family, type, 0), third = MAKE(SYS_socket, family, type, 0);
    CALL3(SYS_bind, third, &at, at.size);
    CALL3(SYS_connect, second, &at, at.size);
    CLOSE(listener);
    CALL3(SYS_read, second, in, 1);
    CLOSE(second);
    CALL3(SYS_connect, third, &at, at.size);
    CLOSE(third);
}

/* A connect that does not wait, one that is refused, and bytes to where nobody is any more. */
static void tcp_later_script(void) {
    struct any_name at = loopback(AF_INET, 0);
    char in[4];
    int listener = MAKE(SYS_socket, AF_INET, SOCK_STREAM, 0);
    int client = MAKE(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CALL3(SYS_bind, listener, &at, at.size);
    at = name_by(SYS_getsockname, listener);
    CALL3(SYS_connect, client, &at, at.size);
    OPTION(client, SOL_SOCKET, SO_ERROR);
    CLOSE(client);
    CALL2(SYS_listen, listener, 5);
    client = MAKE(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CALL3(SYS_connect, client, &at, at.size);
    READY(client);
    OPTION(client, SOL_SOCKET, SO_ERROR);
    CALL3(SYS_connect, client, &at, at.size);
    CALL3(SYS_connect, client, &at, at.size);
    int server = MAKE(SYS_accept4, listener, 0, 0);
    struct epoll_event edge = {EPOLLIN | EPOLLRDHUP | EPOLLET, {.u64 = 1}}, found = {0, {0}};
    int epoll = MAKE(SYS_epoll_create1, 0, 0, 0);
    CALL4(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, client, &edge);
    for (int i = 0; i < 3; i++) {
        CALL4(SYS_epoll_wait, epoll, &found, 1, 0);
        CALL3(SYS_write, server, "a", 1);
        CALL4(SYS_epoll_wait, epoll, &found, 1, 0);
        note("%x\n", found.events);
    }
    CALL6(SYS_recvfrom, client, in, sizeof in, 0, 0, 0);
    CLOSE(server);
    CALL4(SYS_epoll_wait, epoll, &found, 1, 0);
    note("%x\n", found.events);
    CLOSE(epoll);
    CALL3(SYS_write, client, "lost", 4);
    CALL3(SYS_write, client, "lost", 4);
    CALL3(SYS_read, client, in, sizeof in);
    CLOSE(client);
    CLOSE(listener);
}

static void tcp_script(void) {
    connect_script_of(loopback(AF_INET, 0));
}

static void tcp6_script(void) {
    connect_script_of(loopback(AF_INET6, 0));
}

static void unix_script(void) {
    connect_script_of(abstract("mayfly test"));
}

static void udp_script(void) {
    char in[16];
    struct any_name nowhere = loopback(AF_INET, 0), at, from = {.size = sizeof from};
    int first = MAKE(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int second = MAKE(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    READY(first);
    CALL3(SYS_write, first, "x", 1);
    CALL2(SYS_listen, first, 1);
    CALL3(SYS_bind, first, &nowhere, nowhere.size);
    at = name_by(SYS_getsockname, first);
    CALL3(SYS_bind, second, &at, at.size);
    CALL6(SYS_sendto, second, "hello", 5, 0, &at, at.size);
    CALL6(SYS_sendto, second, "", 0, 0, &at, at.size);
    CALL6(SYS_sendto, second, 8, 5, 0, &at, at.size);
    CALL6(SYS_sendto, second, in, 70000, 0, &at, at.size);
    READY(first);
    CALL6(SYS_recvfrom, first, in, 3, MSG_TRUNC, &from, &from.size);
    note("%d %x\n", from.size, ntohl(from.v4.sin_addr.s_addr));
    CALL6(SYS_recvfrom, first, in, sizeof in, 0, 0, 0);
    CALL6(SYS_recvfrom, first, in, sizeof in, 0, 0, 0);
    CALL3(SYS_connect, second, &at, at.size);
    CALL3(SYS_write, second, "again", 5);
    CALL3(SYS_read, first, in, sizeof in);
    name_by(SYS_getpeername, first);
    CLOSE(first);
    CALL3(SYS_write, second, "x", 1);
    CALL3(SYS_write, second, "x", 1);
    CLOSE(second);
}

static void options_script(void) {
    int one = 1, zero = 0, big = 1 << 30;
    int tcp = MAKE(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_TCP), local = MAKE(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    CALL3(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP);
    CALL3(SYS_socket, AF_INET, 99, 0);
    CALL3(SYS_socket, 99, SOCK_STREAM, 0);
    const int switches[][2] = {{SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_NODELAY},
                               {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_BROADCAST}, {IPPROTO_TCP, TCP_CORK}};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        int level = switches[i][0], name = switches[i][1];
        OPTION(tcp, level, name);
        CALL6(SYS_setsockopt, tcp, level, name, &one, sizeof one, 0);
        OPTION(tcp, level, name);
        CALL6(SYS_setsockopt, tcp, level, name, &big, sizeof big, 0);
        CALL6(SYS_setsockopt, tcp, level, name, &zero, sizeof zero, 0);
        OPTION(tcp, level, name);
        CALL6(SYS_setsockopt, tcp, level, name, &one, 2, 0);
        CALL6(SYS_setsockopt, tcp, level, name, 8, sizeof one, 0);
    }
    OPTION(tcp, SOL_SOCKET, SO_TYPE);
    OPTION(tcp, SOL_SOCKET, SO_DOMAIN);
    OPTION(tcp, SOL_SOCKET, SO_PROTOCOL);
    OPTION(tcp, SOL_SOCKET, SO_ERROR);
    OPTION(tcp, IPPROTO_TCP, TCP_KEEPIDLE);
    CALL6(SYS_setsockopt, tcp, IPPROTO_TCP, TCP_KEEPIDLE, &zero, sizeof zero, 0);
    CALL6(SYS_setsockopt, tcp, IPPROTO_TCP, TCP_KEEPCNT, &big, sizeof big, 0);
    OPTION(local, SOL_SOCKET, SO_TYPE);
    OPTION(local, IPPROTO_TCP, TCP_NODELAY);
    OPTION(tcp, SOL_SOCKET, 12345);
    CALL6(SYS_setsockopt, tcp, SOL_SOCKET, 12345, &one, sizeof one, 0);
    CALL6(SYS_setsockopt, 9999, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one, 0);
    struct timeval timeout = {1, 500000};
    socklen_t size = sizeof timeout;
    CALL6(SYS_setsockopt, tcp, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout, 0);
    timeout.tv_sec = 0;
    CALL6(SYS_getsockopt, tcp, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size, 0);
    note("%ld %ld %u\n", (long)timeout.tv_sec, (long)timeout.tv_usec, size);
    CLOSE(tcp);
    CLOSE(local);
}

static void unix_names_script(void) {
    struct any_name at = abstract("mayfly names"), missing = abstract("mayfly missing"), from = {.size = sizeof from};
    char in[8];
    int first = MAKE(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    int second = MAKE(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CALL3(SYS_bind, first, &at, at.size);
    CALL3(SYS_bind, second, &at, at.size);
    CALL6(SYS_sendto, second, "x", 1, 0, &missing, missing.size);
    CALL3(SYS_write, second, "x", 1);
    CALL3(SYS_connect, second, &missing, missing.size);
    CALL3(SYS_connect, second, &at, at.size);
    CALL3(SYS_write, second, "abc", 3);
    CALL6(SYS_recvfrom, first, in, sizeof in, 0, &from, &from.size);
    note("%u\n", from.size);
    CALL3(SYS_bind, second, &missing, missing.size);
    CALL3(SYS_write, second, "abc", 3);
    from.size = sizeof from;
    CALL6(SYS_recvfrom, first, in, sizeof in, 0, &from, &from.size);
    note("%u\n", from.size);
    note_bytes(&from, from.size);
    CALL6(SYS_sendto, first, "back", 4, 0, &from, from.size);
    CALL3(SYS_read, second, in, sizeof in);
    CLOSE(first);
    CALL3(SYS_write, second, "abc", 3);
    CLOSE(second);
}

static void run_stream_pair(void) {
    compare(stream_pair_script);
}
static void run_message_pair(void) {
    compare(message_pair_script);
}
static void run_rights(void) {
    compare(rights_script);
}
static void run_tcp(void) {
    compare(tcp_script);
}
static void run_tcp_later(void) {
    compare(tcp_later_script);
}
static void run_tcp6(void) {
    compare(tcp6_script);
}
static void run_unix(void) {
    compare(unix_script);
}
static void run_udp(void) {
    compare(udp_script);
}
static void run_options(void) {
    compare(options_script);
}
static void run_unix_names(void) {
    compare(unix_names_script);
}

const struct test socket_tests[] = {
    {"stream pairs are as Linux has them", run_stream_pair},
    {"message pairs are as Linux has them", run_message_pair},
    {"files are sent as Linux sends them", run_rights},
    {"TCP is as Linux has it", run_tcp},
    {"TCP that does not wait is as Linux has it", run_tcp_later},
    {"TCP over IPv6 is as Linux has it", run_tcp6},
    {"AF_UNIX connections are as Linux has them", run_unix},
    {"AF_UNIX names are as Linux has them", run_unix_names},
    {"UDP is as Linux has it", run_udp},
    {"options are as Linux has them", run_options},
    {NULL, NULL},
};
