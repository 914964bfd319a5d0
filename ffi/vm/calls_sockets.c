/* System calls on sockets. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "internal.h"
#include "socket_calls.h"

#define TYPE_FLAGS (uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK)
_Static_assert(SOCK_NONBLOCK == O_NONBLOCK, "one flag");

/* What there is: a family, a type, and the protocol that may be named beside 0. */
static const struct {
    uint8_t family, type, protocol;
} allowed[] = {
    {AF_UNIX, SOCK_STREAM, 1},         {AF_UNIX, SOCK_DGRAM, 1},           {AF_UNIX, SOCK_SEQPACKET, 1},
    {AF_INET, SOCK_STREAM, IPPROTO_TCP},  {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET6, SOCK_STREAM, IPPROTO_TCP}, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    /* UDP whose checksum may leave parts out: nothing is ever damaged here. */
    {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE}, {AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE},
    {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, {AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE},
};

static int64_t check_kind(uint32_t family, uint32_t type, uint32_t protocol) {
    int64_t error = -EAFNOSUPPORT;
    if (type > SOCK_PACKET) return -EINVAL;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (allowed[i].family != family) continue;
        if (error == -EAFNOSUPPORT) error = -ESOCKTNOSUPPORT;
        if (allowed[i].type != type) continue;
        if (protocol == 0 || protocol == allowed[i].protocol) return 0;
        error = -EPROTONOSUPPORT;
    }
    return error;
}

struct socket *socket_calls__of(struct vm *vm, uint64_t descriptor, struct file **file, int64_t *error) {
    *file = file__of(vm, descriptor);
    *error = *file == NULL || (*file)->flags & O_PATH ? -EBADF : -ENOTSOCK;
    return *file != NULL && (*file)->kind == FILE_SOCKET ? socket__of(vm, *file) : NULL;
}

static struct file *make(struct vm *vm, uint32_t family, uint32_t type) {
    uint32_t kind = family == AF_NETLINK ? SOCK_DGRAM : type & ~TYPE_FLAGS;
    struct socket *socket = socket__make(vm, (uint8_t)family, (uint8_t)kind);
    if (socket == NULL) return NULL;
    if (family == AF_NETLINK) socket->name = socket_netlink__name();
    struct file *file = socket__open(vm, socket, type & O_NONBLOCK);
    if (file == NULL) socket__free(vm, socket);
    return file;
}

static int64_t call_socket(struct vm *vm, const uint64_t a[6]) {
    uint32_t type = (uint32_t)a[1];
    int64_t status = check_kind((uint32_t)a[0], type & ~TYPE_FLAGS, (uint32_t)a[2]);
    if (status != 0) return status;
    struct file *file = make(vm, (uint32_t)a[0], type);
    return file == NULL ? -ENFILE : descriptor__install(vm, file, 0, (type & SOCK_CLOEXEC) != 0);
}

static int64_t call_socketpair(struct vm *vm, const uint64_t a[6]) {
    uint32_t family = (uint32_t)a[0], type = (uint32_t)a[1];
    int64_t status = check_kind(family, type & ~TYPE_FLAGS, (uint32_t)a[2]);
    if (status != 0) return status;
    if (family != AF_UNIX) return -EOPNOTSUPP;
    struct file *first = make(vm, family, type);
    struct file *second = first == NULL ? NULL : make(vm, family, type);
    if (second == NULL) {
        if (first != NULL) file__release(vm, first);
        return -ENFILE;
    }
    socket__join(vm, socket__of(vm, first), socket__of(vm, second));
    int close_on_exec = (type & SOCK_CLOEXEC) != 0;
    int64_t one = descriptor__install(vm, first, 0, close_on_exec);
    if (one < 0) {
        file__release(vm, second);
        return one;
    }
    int64_t other = descriptor__install(vm, second, 0, close_on_exec);
    int pair[2] = {(int)one, (int)other};
    int64_t result = other < 0 ? other : access__write(vm, a[3], pair, sizeof pair);
    if (result < 0) descriptor__close(vm, (uint64_t)one);
    if (result < 0 && other >= 0) descriptor__close(vm, (uint64_t)other);
    return result;
}

static int64_t call_bind(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    struct socket_name name;
    int64_t status;
    struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    status = socket_name__read(vm, socket, a[1], (uint32_t)a[2], &name);
    if (status != 0) return status;
    /* AF_UNSPEC is no address to be at. */
    return name.bytes[0] == AF_UNSPEC ? -EAFNOSUPPORT : socket__bind(vm, socket, &name);
}

static int64_t call_listen(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    return socket == NULL ? status : socket__listen(vm, socket, (uint32_t)a[1]);
}

static int64_t call_connect(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    struct socket_name name;
    int64_t status;
    struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    status = socket_name__read(vm, socket, a[1], (uint32_t)a[2], &name);
    return status != 0 ? status : socket__connect(vm, file, &name);
}

static int64_t wait_for_connection(struct vm *vm, struct file *file) {
    const struct socket *socket = socket__of(vm, file);
    if (file->flags & O_NONBLOCK || thread__timed_out(vm)) return -EAGAIN;
    uint64_t timeout = socket->receive_timeout_ns;
    return wait__input(vm, file, timeout == 0 ? NO_DEADLINE : wait__deadline(vm, timeout));
}

static int64_t accept_connection(struct vm *vm, const uint64_t a[6], uint32_t flags) {
    struct file *file;
    int64_t status;
    if (flags & ~TYPE_FLAGS) return -EINVAL;
    struct socket *listener = socket_calls__of(vm, a[0], &file, &status);
    if (listener == NULL) return status;
    if (listener->type == SOCK_DGRAM) return -EOPNOTSUPP;
    if (listener->state != SOCKET_LISTENS) return -EINVAL;
    /* Without a free descriptor the connection stays where it is. */
    status = descriptor__lowest(vm, 0);
    if (status < 0) return status;
    struct socket *connection = socket__take_pending(vm, listener);
    if (connection == NULL) return wait_for_connection(vm, file);
    struct file *accepted = socket__open(vm, connection, flags & O_NONBLOCK);
    if (accepted == NULL) {
        socket__free(vm, connection);
        return -ENFILE;
    }
    int64_t number = descriptor__install(vm, accepted, 0, (flags & SOCK_CLOEXEC) != 0);
    struct socket_name nameless = {.size = sizeof(sa_family_t), .bytes = {AF_UNIX}};
    const struct socket_name *name = connection->peer_name.size > 0 ? &connection->peer_name : &nameless;
    if (number < 0 || a[1] == 0) return number;
    status = socket_name__write(vm, name, a[1], a[2]);
    if (status != 0) descriptor__close(vm, (uint64_t)number);
    return status != 0 ? status : number;
}

static int64_t call_accept(struct vm *vm, const uint64_t a[6]) {
    return accept_connection(vm, a, 0);
}

static int64_t call_accept4(struct vm *vm, const uint64_t a[6]) {
    return accept_connection(vm, a, (uint32_t)a[3]);
}

static int64_t call_getsockname(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    const struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    struct socket_name name = socket->name;
    if (name.size == 0 && socket->family == AF_UNIX)
        name = (struct socket_name){.size = sizeof(sa_family_t), .bytes = {AF_UNIX}};
    else if (name.size == 0) name = socket_name__local(socket->family, 1, 0);
    return socket_name__write(vm, &name, a[1], a[2]);
}

static int64_t call_getpeername(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    const struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    struct socket_name name = socket->peer_name;
    int is_connected = socket->state == SOCKET_CONNECTED || name.size > 0 || socket->peer != 0;
    if (!is_connected || socket->was_reset || socket->state == SOCKET_DIALS) return -ENOTCONN;
    if (name.size == 0) name = (struct socket_name){.size = sizeof(sa_family_t), .bytes = {AF_UNIX}};
    return socket_name__write(vm, &name, a[1], a[2]);
}

static int64_t call_shutdown(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    uint32_t how = (uint32_t)a[1];
    struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    if (how > SHUT_RDWR) return -EINVAL;
    int is_connected = socket->state == SOCKET_CONNECTED || socket->peer_name.size > 0 || socket->peer != 0;
    if (socket->state == SOCKET_DIALS || (!is_connected && socket->family != AF_UNIX)) return -ENOTCONN;
    if (how != SHUT_WR) {
        struct socket *peer = socket__peer(vm, socket);
        socket->reads_no_more = 1;
        socket->arrived++;
        if (peer != NULL) peer->emptied++;
    }
    if (how != SHUT_RD) socket__end_sending(vm, socket);
    kernel__changed(vm);
    return 0;
}

static const struct call calls[] = {
    {SYS_socket, "socket", call_socket, "uuu---"},
    {SYS_socketpair, "socketpair", call_socketpair, "uuup--"},
    {SYS_bind, "bind", call_bind, "dpz---"},
    {SYS_listen, "listen", call_listen, "di----"},
    {SYS_connect, "connect", call_connect, "dpz---"},
    {SYS_accept, "accept", call_accept, "dpp---"},
    {SYS_accept4, "accept4", call_accept4, "dppx--"},
    {SYS_getsockname, "getsockname", call_getsockname, "dpp---"},
    {SYS_getpeername, "getpeername", call_getpeername, "dpp---"},
    {SYS_shutdown, "shutdown", call_shutdown, "di----"},
    {SYS_setsockopt, "setsockopt", socket__call_setsockopt, "diipz-"},
    {SYS_getsockopt, "getsockopt", socket__call_getsockopt, "diipp-"},
    {SYS_sendto, "sendto", socket_calls__sendto, "dpzxpz"},
    {SYS_recvfrom, "recvfrom", socket_calls__recvfrom, "dpzxpp"},
    {SYS_sendmsg, "sendmsg", socket_calls__sendmsg, "dpx---"},
    {SYS_recvmsg, "recvmsg", socket_calls__recvmsg, "dpx---"},
    {SYS_sendmmsg, "sendmmsg", socket_calls__sendmmsg, "dpux--"},
    {SYS_recvmmsg, "recvmmsg", socket_calls__recvmmsg, "dpuxp-"},
};

const struct call_family calls_sockets = {"sockets", calls, sizeof calls / sizeof *calls};
