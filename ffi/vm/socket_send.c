/* What sockets send: bytes, or messages with their sender's name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "internal.h"
#include "socket_queue.h"

static int64_t broken_pipe(struct vm *vm, uint32_t flags) {
    if ((flags & MSG_NOSIGNAL) == 0) signal__raise_current(vm, SIGPIPE);
    return -EPIPE;
}

static int64_t wait_to_send(struct vm *vm, struct file *file, uint32_t flags) {
    const struct socket *socket = socket__of(vm, file);
    if (file->flags & O_NONBLOCK || flags & MSG_DONTWAIT || thread__timed_out(vm)) return -EAGAIN;
    uint64_t timeout = socket->send_timeout_ns;
    return wait__room(vm, timeout == 0 ? NO_DEADLINE : wait__deadline(vm, timeout));
}

uint32_t socket__room(struct vm *vm, const struct socket *socket) {
    if (socket->port != 0) return PORT_QUEUE_BYTES - vm->kernel->ports.items[socket->port - 1].output.size;
    const struct socket *peer = socket__peer(vm, socket);
    return peer == NULL ? 0 : queue__room(&peer->input);
}

/* ---- streams ------------------------------------------------------------------------------------------- */

/* As much of the parts, from `skip` on, as fits now: how much, or -errno when that is nothing. */
static int64_t put_bytes(struct vm *vm, const struct socket *socket, const struct socket_message *message,
                         uint64_t skip) {
    struct socket *peer = socket__peer(vm, socket);
    int64_t total = 0;
    int first = skip == 0;
    for (uint32_t i = 0; i < message->count; i++) {
        uint64_t left_out = skip < message->parts[i].size ? skip : message->parts[i].size;
        uint64_t address = message->parts[i].address + left_out, size = message->parts[i].size - left_out;
        uint64_t room = socket__room(vm, socket);
        skip -= left_out;
        if (size > room) size = room;
        if (size == 0) continue;
        int64_t status = peer == NULL ? port__write(vm, socket->port - 1, address, size)
                                      : queue__store_guest(vm, &peer->input, 0, address, (uint32_t)size);
        if (status == 0 && first && peer != NULL && socket->family == AF_UNIX)
            status = socket_rights__attach(vm, peer, &message->rights);
        if (status < 0) return total > 0 ? total : status;
        first = 0;
        if (peer != NULL) queue__commit(&peer->input, (uint32_t)size);
        total += (int64_t)size;
    }
    if (total > 0 && peer != NULL) peer->arrived++;
    if (total > 0) kernel__changed(vm);
    return total;
}

static int64_t send_bytes(struct vm *vm, struct file *file, const struct socket_message *message) {
    struct socket *socket = socket__of(vm, file);
    uint64_t size = socket_parts__size(message), before = wait__take_progress(vm);
    if (socket->error != 0) return wait__moved(vm, socket__take_error(socket), before);
    if (socket->state == SOCKET_NEW && socket->family == AF_UNIX) return -ENOTCONN;
    if (socket->state == SOCKET_DIALS) return wait_to_send(vm, file, message->flags);
    const struct socket *peer = socket__peer(vm, socket);
    int unread = peer != NULL && peer->reads_no_more && peer->family == AF_UNIX;
    int is_lost = socket->peer_gone && socket->family == AF_UNIX;
    if (socket->state != SOCKET_CONNECTED || socket->sends_no_more || is_lost || unread || socket__port_is_lost(vm, socket))
        return wait__moved(vm, broken_pipe(vm, message->flags), before);
    if (socket->peer_gone) {
        /* TCP learns that nobody is there from what its first bytes meet. */
        socket->sends_no_more = 1;
        return (int64_t)size;
    }
    int64_t moved = put_bytes(vm, socket, message, before);
    if (moved < 0) return wait__moved(vm, moved, before);
    uint64_t total = before + (uint64_t)moved;
    return total >= size ? (int64_t)total : wait__moved(vm, wait_to_send(vm, file, message->flags), total);
}

/* ---- messages ------------------------------------------------------------------------------------------ */

/* Where it goes, or NULL with the error. */
static struct socket *receiver_of(struct vm *vm, struct socket *socket, const struct socket_message *message,
                                  int64_t *error) {
    const struct socket_name *name = message->name.size > 0 ? &message->name : &socket->peer_name;
    if (socket->type == SOCK_SEQPACKET || (socket->family == AF_UNIX && message->name.size == 0)) {
        *error = socket->peer_gone && socket->type == SOCK_DGRAM ? -ECONNREFUSED : -ENOTCONN;
        return socket__peer(vm, socket);
    }
    *error = -EDESTADDRREQ;
    if (name->size <= sizeof(sa_family_t)) return NULL;
    if (socket->family == AF_UNIX) {
        struct socket *found = socket__find(vm, socket, name);
        *error = socket__refusal(vm, socket, found, name);
        return found != NULL && found->type == SOCK_DGRAM ? found : NULL;
    }
    *error = -ENETUNREACH;
    if (!socket_name__is_local(name)) return NULL;
    struct socket_name target = *name;
    if (socket_name__is_any(name)) target = socket_name__local(socket->family, 0, socket_name__port(name));
    *error = 0; /* nobody there: it is lost */
    return socket__find(vm, socket, &target);
}

/* The name that the receiver answers to. */
static struct socket_name name_to_tell(const struct socket *socket, const struct socket *receiver) {
    if (socket->family == AF_UNIX || !socket_name__is_any(&socket->name))
        return socket_name__for(receiver, &socket->name);
    struct socket_name name = socket_name__local(socket->family, 0, socket_name__port(&socket->name));
    if (socket->family == AF_INET6 && receiver->family == AF_INET)
        name = socket_name__local(AF_INET, 0, socket_name__port(&socket->name));
    return socket_name__for(receiver, &name);
}

static int64_t send_message(struct vm *vm, struct file *file, const struct socket_message *message) {
    struct socket *socket = socket__of(vm, file);
    uint64_t size = socket_parts__size(message);
    int64_t error;
    if (socket->error != 0) return socket__take_error(socket);
    if (socket->sends_no_more) return broken_pipe(vm, message->flags);
    if (socket->type == SOCK_SEQPACKET && socket->state == SOCKET_CONNECTED && socket->peer_gone)
        return broken_pipe(vm, message->flags);
    if (size > SOCKET_MESSAGE_MAX) return -EMSGSIZE;
    if (socket->family != AF_UNIX) socket__bind_any(vm, socket);
    struct socket *receiver = receiver_of(vm, socket, message, &error);
    if (receiver == NULL && error == 0) {
        if (message->name.size == 0) socket->error = ECONNREFUSED;
        return (int64_t)size;
    }
    if (receiver == NULL) return error;
    if (receiver->reads_no_more) return broken_pipe(vm, message->flags);
    struct socket_name name = name_to_tell(socket, receiver);
    if (queue__room(&receiver->input) < SOCKET_MESSAGE_HEAD + name.size + size) {
        /* UDP loses what does not fit. */
        return socket->family == AF_UNIX ? wait_to_send(vm, file, message->flags) : (int64_t)size;
    }
    int64_t status = socket_queue__put_message(vm, receiver, &name, message, (uint32_t)size);
    if (status != 0) return status;
    receiver->arrived++;
    kernel__changed(vm);
    return (int64_t)size;
}

/* ---- both ---------------------------------------------------------------------------------------------- */

int64_t socket__send(struct vm *vm, struct file *file, const struct socket_message *message) {
    const struct socket *socket = socket__of(vm, file);
    if (message->flags & MSG_OOB) return -EOPNOTSUPP;
    if (socket->family == AF_NETLINK) return socket_netlink__send(vm, file, message);
    if (socket__has_messages(socket)) return send_message(vm, file, message);
    if (message->name.size > 0 && socket->family == AF_UNIX)
        return socket->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    return send_bytes(vm, file, message);
}

int64_t socket__write(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count) {
    struct socket_message message = {.parts = parts, .count = count};
    return socket__send(vm, file, &message);
}
