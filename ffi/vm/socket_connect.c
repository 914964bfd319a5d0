/* How sockets find one another: names, listeners, connections. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "internal.h"

#define FIRST_EPHEMERAL_PORT 32768u
#define EPHEMERAL_PORTS 28232u /* as Linux has them: up to 60999 */

static int is_inet(const struct socket *socket) {
    return socket->family == AF_INET || socket->family == AF_INET6;
}

/* Both are of the same protocol: TCP of either family shares its ports. */
static int is_of_kind(const struct socket *first, const struct socket *second) {
    return is_inet(first) == is_inet(second) && first->type == second->type;
}

static int may_share(const struct socket *first, const struct socket *second) {
    if (socket__option(first, SOL_SOCKET, SO_REUSEPORT) && socket__option(second, SOL_SOCKET, SO_REUSEPORT)) return 1;
    if (first->state == SOCKET_LISTENS || second->state == SOCKET_LISTENS) return 0;
    return socket__option(first, SOL_SOCKET, SO_REUSEADDR) && socket__option(second, SOL_SOCKET, SO_REUSEADDR);
}

static int is_taken(struct vm *vm, const struct socket *socket, const struct socket_name *name) {
    struct socket_table *table = &vm->kernel->sockets;
    struct socket wanted = {.family = socket->family, .name = *name};
    memcpy(wanted.options, socket->options, sizeof wanted.options);
    for (uint32_t i = 0; i < table->used; i++) {
        const struct socket *other = &table->items[i];
        if (other->state == SOCKET_FREE || other == socket || other->name.size == 0) continue;
        if (other->family == AF_NETLINK) continue;
        if (is_inet(other) != is_inet(socket) || (is_inet(socket) && other->type != socket->type)) continue;
        /* A connection does not keep others from the name that it came to. */
        if (other->is_accepted || (other->state == SOCKET_CONNECTED && is_inet(socket))) continue;
        if (!socket_name__reaches(other, name) && !socket_name__reaches(&wanted, &other->name)) continue;
        if (!is_inet(socket) || !may_share(socket, other)) return 1;
    }
    return 0;
}

static int port_is_used(struct vm *vm, const struct socket *socket, uint16_t port) {
    const struct socket_table *table = &vm->kernel->sockets;
    for (uint32_t i = 0; i < table->used; i++) {
        const struct socket *other = &table->items[i];
        if (other->state == SOCKET_FREE || !is_inet(other) || !is_of_kind(other, socket)) continue;
        if (other->name.size > 0 && socket_name__port(&other->name) == port) return 1;
    }
    return 0;
}

/* There are fewer sockets than ports: one is free. */
static uint16_t free_port(struct vm *vm, const struct socket *socket) {
    struct socket_table *table = &vm->kernel->sockets;
    for (;;) {
        uint16_t port = (uint16_t)(FIRST_EPHEMERAL_PORT + table->next_port++ % EPHEMERAL_PORTS);
        if (!port_is_used(vm, socket, port)) return port;
    }
}

/* A name of AF_UNIX that nobody else has: a NUL and five digits. */
static struct socket_name free_unix_name(struct vm *vm) {
    struct socket_table *table = &vm->kernel->sockets;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%05x", table->next_port++ & 0xfffff);
    struct socket_name name = {.size = sizeof(sa_family_t) + 6};
    memcpy(name.bytes, &address, name.size);
    return name;
}

int64_t socket__bind_any(struct vm *vm, struct socket *socket) {
    if (socket->name.size > 0) return 0;
    if (is_inet(socket)) socket->name = socket_name__local(socket->family, 1, free_port(vm, socket));
    else socket->name = free_unix_name(vm);
    return 0;
}

int64_t socket__bind(struct vm *vm, struct socket *socket, const struct socket_name *name) {
    if (socket->family == AF_NETLINK) return 0; /* it has its only name */
    if (socket->name.size > 0 || socket->state != SOCKET_NEW) return -EINVAL;
    if (!is_inet(socket) && name->size <= sizeof(sa_family_t)) return socket__bind_any(vm, socket);
    struct socket_name wanted = *name;
    if (is_inet(socket)) {
        if (!socket_name__is_local(name)) return -EADDRNOTAVAIL;
        if (socket_name__port(name) == 0) socket_name__set_port(&wanted, free_port(vm, socket));
    }
    int error = 0;
    if (socket_path__is(socket, &wanted)) error = socket_path__make(vm, &wanted, &socket->inode);
    else if (is_taken(vm, socket, &wanted)) error = -EADDRINUSE;
    if (error == 0) socket->name = wanted;
    return error;
}

int64_t socket__listen(struct vm *vm, struct socket *socket, uint32_t backlog) {
    struct socket_table *table = &vm->kernel->sockets;
    if (socket->type == SOCK_DGRAM) return -EOPNOTSUPP;
    if (socket->state == SOCKET_CONNECTED || socket->state == SOCKET_DIALS) return -EINVAL;
    if (!is_inet(socket) && socket->name.size == 0) return -EINVAL;
    if (socket->state == SOCKET_NEW) {
        if (table->listeners == UINT64_MAX) return -EADDRINUSE;
        socket__bind_any(vm, socket);
        uint32_t bit = (uint32_t)__builtin_ctzll(~table->listeners);
        table->listeners |= UINT64_C(1) << bit;
        socket->listener = (uint8_t)(bit + 1);
        socket->state = SOCKET_LISTENS;
    }
    /* One more than was asked for, as in Linux: so that 0 is not none. */
    socket->backlog = 1 + (backlog < SOCKET_BACKLOG_MAX ? backlog : SOCKET_BACKLOG_MAX);
    kernel__changed(vm);
    return 0;
}

static void add_pending(struct vm *vm, struct socket *listener, struct socket *connection) {
    uint32_t link = socket__index(vm, connection) + 1;
    if (listener->last_pending == 0) listener->first_pending = link;
    else vm->kernel->sockets.items[listener->last_pending - 1].next_pending = link;
    listener->last_pending = link;
    listener->pending++;
    listener->arrived++;
    kernel__changed(vm);
}

struct socket *socket__take_pending(struct vm *vm, struct socket *listener) {
    if (listener->first_pending == 0) return NULL;
    struct socket *connection = &vm->kernel->sockets.items[listener->first_pending - 1];
    listener->first_pending = connection->next_pending;
    if (listener->first_pending == 0) listener->last_pending = 0;
    connection->next_pending = 0;
    listener->pending--;
    kernel__changed(vm);
    return connection;
}

void socket__join(struct vm *vm, struct socket *first, struct socket *second) {
    first->peer = socket__index(vm, second) + 1;
    second->peer = socket__index(vm, first) + 1;
    if (first->type == SOCK_DGRAM) return;
    first->state = second->state = SOCKET_CONNECTED;
    first->arrived++;
    first->emptied++;
}

struct socket *socket__find(struct vm *vm, const struct socket *from, const struct socket_name *name) {
    struct socket_table *table = &vm->kernel->sockets;
    uint64_t inode = 0;
    if (socket_path__is(from, name) && socket_path__find(vm, name, &inode) != 0) return NULL;
    for (uint32_t i = 0; i < table->used; i++) {
        struct socket *found = &table->items[i];
        if (found->inode != inode && from->family == AF_UNIX) continue;
        if (found->state == SOCKET_FREE || found->name.size == 0 || is_inet(found) != is_inet(from)) continue;
        if (found->family == AF_NETLINK) continue;
        if (is_inet(from) && found->type != from->type) continue;
        if (found->type == SOCK_STREAM && is_inet(found) && found->state != SOCKET_LISTENS) continue;
        /* What accept made has its listener's name. */
        if (!is_inet(found) && found->is_accepted) continue;
        if (inode == 0 && !socket_name__reaches(found, name)) continue;
        /* UDP that is connected hears one sender only. */
        if (is_inet(found) && found->peer_name.size > 0 && !socket_name__reaches(from, &found->peer_name)) continue;
        return found;
    }
    return NULL;
}

/* The listener's end of a new connection, which waits to be accepted. */
static struct socket *make_pending(struct vm *vm, struct socket *listener, const struct socket_name *peer) {
    struct socket *made = socket__make(vm, listener->family, listener->type);
    if (made == NULL) return NULL;
    made->is_accepted = 1;
    made->name = listener->name;
    made->peer_name = socket_name__for(made, peer);
    memcpy(made->options, listener->options, sizeof made->options);
    return made;
}

int64_t socket__refusal(struct vm *vm, const struct socket *socket, const struct socket *found,
                        const struct socket_name *name) {
    uint64_t inode;
    if (found != NULL && found->family == AF_UNIX && found->type != socket->type) return -EPROTOTYPE;
    int error = found == NULL && socket_path__is(socket, name) ? socket_path__find(vm, name, &inode) : 0;
    return error != 0 ? error : -ECONNREFUSED;
}

/* A connected socket has the address that it is reached by. */
static void take_local_name(struct vm *vm, struct socket *socket, const struct socket_name *target) {
    socket__bind_any(vm, socket);
    struct socket_name local = socket_name__is_any(&socket->name) ? *target : socket->name;
    socket_name__set_port(&local, socket_name__port(&socket->name));
    socket->name = local;
}

static int is_served_by_host(const struct vm *vm, const struct socket *socket, const struct socket_name *name) {
    return vm->serves_proxy && is_inet(socket) && socket_name__port(name) == VM_PROXY_PORT;
}

static int dial(struct vm *vm, struct socket *socket) {
    int port = port__dial(vm);
    if (port < 0) return port;
    socket->state = SOCKET_CONNECTED;
    socket->port = (uint32_t)port + 1;
    socket->arrived++;
    socket->emptied++;
    kernel__changed(vm);
    return 0;
}

static int64_t wait_to_dial(struct vm *vm, const struct socket *socket, int learns_later) {
    if (learns_later || thread__timed_out(vm)) return -EINPROGRESS;
    uint64_t timeout = socket->send_timeout_ns;
    return wait__room(vm, timeout == 0 ? NO_DEADLINE : wait__deadline(vm, timeout));
}

/* The host takes a connection by looking at it: only those that it has no port for wait. */
static int64_t connect_to_host(struct vm *vm, struct socket *socket, const struct socket_name *name, int learns_later) {
    int error = dial(vm, socket);
    if (error != 0 && error != -EAGAIN) return -EADDRNOTAVAIL;
    take_local_name(vm, socket, name);
    socket->peer_name = *name;
    if (error == 0) {
        socket->is_connecting = learns_later != 0;
        return learns_later ? -EINPROGRESS : 0;
    }
    socket->state = SOCKET_DIALS;
    socket->turn = ++vm->kernel->sockets.turns;
    return wait_to_dial(vm, socket, learns_later);
}

static struct socket *next_to_dial(struct socket_table *table) {
    struct socket *next = NULL;
    for (uint32_t i = 0; i < table->used; i++) {
        struct socket *socket = &table->items[i];
        if (socket->state == SOCKET_DIALS && (next == NULL || socket->turn < next->turn)) next = socket;
    }
    return next;
}

void socket__dial_next(struct vm *vm) {
    struct socket *socket = next_to_dial(&vm->kernel->sockets);
    if (socket == NULL) return;
    int error = dial(vm, socket);
    if (error == -EAGAIN) return;
    if (error == 0) {
        socket->is_connecting = 1;
        return;
    }
    socket->state = SOCKET_NEW;
    socket->error = EADDRNOTAVAIL;
    socket->arrived++;
    kernel__changed(vm);
}

static int64_t connect_stream(struct vm *vm, struct file *file, const struct socket_name *name) {
    struct socket *socket = socket__of(vm, file);
    if (socket->is_connecting) {
        socket->is_connecting = 0;
        return 0;
    }
    if (socket->state == SOCKET_CONNECTED) return -EISCONN;
    if (socket->state == SOCKET_LISTENS) return is_inet(socket) ? -EISCONN : -EINVAL;
    /* TCP that is not to wait learns all outcomes later. */
    int learns_later = is_inet(socket) && file->flags & O_NONBLOCK;
    if (socket->state == SOCKET_DIALS) return learns_later ? -EALREADY : wait_to_dial(vm, socket, 0);
    struct socket *listener = socket__find(vm, socket, name);
    if (listener == NULL && is_served_by_host(vm, socket, name)) return connect_to_host(vm, socket, name, learns_later);
    if (listener == NULL || listener->state != SOCKET_LISTENS || listener->type != socket->type) {
        if (!learns_later) return socket__refusal(vm, socket, listener, name);
        if (socket->error != 0) return socket__take_error(socket);
        socket->error = ECONNREFUSED;
        socket->arrived++;
        kernel__changed(vm);
        return -EINPROGRESS;
    }
    if (listener->pending >= listener->backlog) {
        if (file->flags & O_NONBLOCK || thread__timed_out(vm)) return -EAGAIN;
        uint64_t timeout = socket->send_timeout_ns;
        return wait__room(vm, timeout == 0 ? NO_DEADLINE : wait__deadline(vm, timeout));
    }
    if (is_inet(socket)) take_local_name(vm, socket, name);
    struct socket *made = make_pending(vm, listener, &socket->name);
    if (made == NULL) return -ENOBUFS;
    if (is_inet(socket)) made->name = socket_name__for(made, name);
    socket->peer_name = is_inet(socket) ? *name : listener->name;
    socket__join(vm, socket, made);
    add_pending(vm, listener, made);
    socket->is_connecting = learns_later != 0;
    return learns_later ? -EINPROGRESS : 0;
}

static int64_t connect_messages(struct vm *vm, struct socket *socket, const struct socket_name *name) {
    if (is_inet(socket)) {
        socket__bind_any(vm, socket);
        if (socket_name__is_any(&socket->name)) {
            struct socket_name local = *name;
            socket_name__set_port(&local, socket_name__port(&socket->name));
            socket->name = local;
        }
    } else {
        struct socket *found = socket__find(vm, socket, name);
        if (found == NULL || found->type != SOCK_DGRAM) return socket__refusal(vm, socket, found, name);
        socket->peer = socket__index(vm, found) + 1;
        socket->peer_name = found->name;
    }
    socket->peer_gone = 0;
    if (is_inet(socket)) socket->peer_name = *name;
    return 0;
}

int64_t socket__connect(struct vm *vm, struct file *file, const struct socket_name *name) {
    struct socket *socket = socket__of(vm, file);
    uint16_t family;
    if (socket->family == AF_NETLINK) return -EOPNOTSUPP;
    memcpy(&family, name->bytes, sizeof family);
    if (family == AF_UNSPEC) {
        if (socket->type != SOCK_DGRAM) return -EINVAL;
        socket->peer = 0;
        socket->peer_name = (struct socket_name){0};
        return 0;
    }
    struct socket_name target = *name;
    if (is_inet(socket)) {
        if (!socket_name__is_local(name)) return -ENETUNREACH;
        if (socket_name__is_any(name)) target = socket_name__local(socket->family, 0, socket_name__port(name));
    }
    return socket->type == SOCK_DGRAM ? connect_messages(vm, socket, &target) : connect_stream(vm, file, &target);
}

/* ---- the host ------------------------------------------------------------------------------------------ */

static struct socket *listener_at(struct vm *vm, uint16_t tcp_port) {
    struct socket_name name = socket_name__local(AF_INET, 0, tcp_port);
    const struct socket from = {.family = AF_INET, .type = SOCK_STREAM};
    return socket__find(vm, &from, &name);
}

int socket__connect_host(struct vm *vm, uint16_t tcp_port) {
    struct socket *listener = listener_at(vm, tcp_port);
    if (listener == NULL) return -ECONNREFUSED;
    if (listener->pending >= listener->backlog) return -EAGAIN;
    struct socket_name peer = socket_name__local(AF_INET, 0, free_port(vm, listener));
    struct socket *made = make_pending(vm, listener, &peer);
    if (made == NULL) return -EAGAIN;
    int port = port__open_connection(vm);
    if (port < 0) {
        socket__free(vm, made);
        return port;
    }
    struct socket_name local = socket_name__local(AF_INET, 0, tcp_port);
    made->name = socket_name__for(made, &local);
    made->state = SOCKET_CONNECTED;
    made->port = (uint32_t)port + 1;
    add_pending(vm, listener, made);
    return port;
}

uint16_t socket__awaited_tcp_port(const struct vm *vm, uint64_t listeners) {
    const struct socket_table *table = &vm->kernel->sockets;
    for (uint32_t i = 0; i < table->used; i++) {
        const struct socket *socket = &table->items[i];
        int is_awaited = socket->listener != 0 && (listeners >> (socket->listener - 1) & 1);
        if (is_awaited && is_inet(socket)) return socket_name__port(&socket->name);
    }
    return 0;
}

int socket__somebody_accepts(struct vm *vm, uint16_t tcp_port) {
    const struct socket *listener = listener_at(vm, tcp_port);
    if (listener == NULL) return 0;
    return (wait__all(vm).listeners >> (listener->listener - 1)) & 1;
}
