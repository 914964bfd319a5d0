/* What sockets receive. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "internal.h"
#include "socket_queue.h"

static int64_t wait_to_receive(struct vm *vm, struct file *file, uint32_t flags) {
    const struct socket *socket = socket__of(vm, file);
    if (file->flags & O_NONBLOCK || flags & MSG_DONTWAIT || thread__timed_out(vm)) return -EAGAIN;
    uint64_t timeout = socket->receive_timeout_ns;
    return wait__input(vm, file, timeout == 0 ? NO_DEADLINE : wait__deadline(vm, timeout));
}

uint32_t socket__readable(struct vm *vm, const struct socket *socket) {
    if (socket->port != 0) return vm->kernel->ports.items[socket->port - 1].input.size;
    if (!socket__has_messages(socket) || socket->input.size == 0) return socket->input.size;
    struct socket_name from;
    return socket_queue__first(vm, socket, &from).size;
}

static void took(struct vm *vm, const struct socket *socket) {
    struct socket *peer = socket__peer(vm, socket);
    if (peer != NULL) peer->emptied++;
    kernel__changed(vm);
}

/* ---- streams ------------------------------------------------------------------------------------------- */

static int64_t get_from_port(struct vm *vm, const struct socket *socket, const struct socket_message *message,
                             uint64_t skip, int peek) {
    int64_t total = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        uint64_t left_out = skip < message->parts[i].size ? skip : message->parts[i].size;
        uint64_t size = message->parts[i].size - left_out;
        skip -= left_out;
        int64_t count = port__read(vm, socket->port - 1, message->parts[i].address + left_out, size, peek);
        if (count < 0) return total > 0 ? total : count;
        total += count;
        /* A second look would see the same bytes again. */
        if (peek && count > 0) break;
    }
    return total;
}

static int64_t get_bytes(struct vm *vm, struct socket *socket, struct socket_message *message, uint64_t skip) {
    int peek = (message->flags & MSG_PEEK) != 0;
    if (socket->port != 0) return get_from_port(vm, socket, message, skip, peek);
    int64_t count = socket_queue__get(vm, socket, 0, socket_rights__run(vm, socket), message, skip);
    if (count <= 0 || peek) return count;
    socket_rights__detach(vm, socket, (uint32_t)count, &message->rights);
    socket_queue__drop(socket, (uint32_t)count);
    took(vm, socket);
    return count;
}

static int64_t receive_bytes(struct vm *vm, struct file *file, struct socket_message *message) {
    struct socket *socket = socket__of(vm, file);
    if (socket->state == SOCKET_DIALS) return wait_to_receive(vm, file, message->flags);
    if (socket->state != SOCKET_CONNECTED) return socket->family == AF_UNIX ? -EINVAL : -ENOTCONN;
    uint64_t size = socket_parts__size(message), before = wait__take_progress(vm);
    int64_t moved = get_bytes(vm, socket, message, before);
    if (moved < 0) return wait__moved(vm, moved, before);
    uint64_t total = before + (uint64_t)moved;
    int wants_all = (message->flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL;
    /* Having received files it must not wait for more. */
    if (total >= size || (total > 0 && (!wants_all || message->rights.count > 0))) return (int64_t)total;
    if (socket->error != 0) return wait__moved(vm, socket__take_error(socket), total);
    if (socket__at_end(vm, socket)) return (int64_t)total;
    return wait__moved(vm, wait_to_receive(vm, file, message->flags), total);
}

/* ---- messages ------------------------------------------------------------------------------------------ */

static int64_t receive_message(struct vm *vm, struct file *file, struct socket_message *message) {
    struct socket *socket = socket__of(vm, file);
    int is_connection = socket->type == SOCK_SEQPACKET;
    if (is_connection && socket->state != SOCKET_CONNECTED) return -ENOTCONN;
    if (socket->input.size == 0) {
        if (socket->error != 0) return socket__take_error(socket);
        if (socket->reads_no_more || (is_connection && socket__at_end(vm, socket))) return 0;
        return wait_to_receive(vm, file, message->flags);
    }
    struct message_head head = socket_queue__first(vm, socket, &message->name);
    if (is_connection) message->name.size = 0;
    uint32_t start = SOCKET_MESSAGE_HEAD + head.name_size;
    int64_t count = socket_queue__get(vm, socket, start, head.size, message, 0);
    if (count < 0) return count;
    message->is_cut = count < (int64_t)head.size;
    if ((message->flags & MSG_PEEK) == 0) {
        socket_rights__detach(vm, socket, start + head.size, &message->rights);
        socket_queue__drop(socket, start + head.size);
        took(vm, socket);
    }
    return message->flags & MSG_TRUNC ? (int64_t)head.size : count;
}

/* ---- both ---------------------------------------------------------------------------------------------- */

int64_t socket__receive(struct vm *vm, struct file *file, struct socket_message *message) {
    const struct socket *socket = socket__of(vm, file);
    message->name.size = 0;
    message->is_cut = 0;
    message->rights.count = 0;
    if (message->flags & MSG_ERRQUEUE) return -EAGAIN;
    if (message->flags & MSG_OOB) return socket->type == SOCK_STREAM ? -EINVAL : -EOPNOTSUPP;
    return socket__has_messages(socket) ? receive_message(vm, file, message) : receive_bytes(vm, file, message);
}

int64_t socket__read(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count) {
    struct socket_message message = {.parts = parts, .count = count};
    int64_t result = socket__receive(vm, file, &message);
    socket_rights__release(vm, &message.rights);
    return result;
}
