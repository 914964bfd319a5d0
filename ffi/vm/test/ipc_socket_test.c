/* Sockets that find one another by their names: the same calls made to Linux and to the engine. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
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
    else name.v6 = (struct sockaddr_in6){AF_INET6, htons(port), 0, in6addr_loopback, 0};
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
static void run_unix_names(void) {
    compare(unix_names_script);
}
static void run_udp(void) {
    compare(udp_script);
}
static void run_options(void) {
    compare(options_script);
}

const struct test socket_tests[] = {
    {"TCP is as Linux has it", run_tcp},
    {"TCP that does not wait is as Linux has it", run_tcp_later},
    {"TCP over IPv6 is as Linux has it", run_tcp6},
    {"AF_UNIX connections are as Linux has them", run_unix},
    {"AF_UNIX names are as Linux has them", run_unix_names},
    {"UDP is as Linux has it", run_udp},
    {"options are as Linux has them", run_options},
    {NULL, NULL},
};
