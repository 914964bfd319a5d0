/* The table of sockets, and a socket as a file. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "internal.h"

struct socket *socket__of(struct vm *vm, const struct file *file) {
    return &vm->kernel->sockets.items[file->object];
}

uint32_t socket__index(const struct vm *vm, const struct socket *socket) {
    return (uint32_t)(socket - vm->kernel->sockets.items);
}

struct socket *socket__peer(struct vm *vm, const struct socket *socket) {
    return socket->peer == 0 ? NULL : &vm->kernel->sockets.items[socket->peer - 1];
}

int socket__has_messages(const struct socket *socket) {
    return socket->type != SOCK_STREAM;
}

struct socket *socket__make(struct vm *vm, uint8_t family, uint8_t type) {
    struct socket_table *table = &vm->kernel->sockets;
    uint32_t index = 0;
    while (index < table->used && table->items[index].state != SOCKET_FREE) index++;
    if (index == SOCKETS_MAX) return NULL;
    if (index == table->used) table->used++;
    table->items[index] = (struct socket){.state = SOCKET_NEW, .family = family, .type = type};
    return &table->items[index];
}

struct file *socket__open(struct vm *vm, struct socket *socket, uint32_t flags) {
    return file__open(vm, FILE_SOCKET, O_RDWR | flags, socket__index(vm, socket));
}

static void reset_peer(struct vm *vm, const struct socket *socket) {
    struct socket *peer = socket__peer(vm, socket);
    if (peer == NULL) return;
    peer->error = ECONNRESET;
    peer->was_reset = peer->family != AF_UNIX;
}

/* What it had not read is lost, and its sender is told so. */
static int ends_by_reset(const struct socket *socket) {
    if (socket->state != SOCKET_CONNECTED) return 0;
    int at_once = socket->lingers && socket->linger_seconds == 0 && socket->family != AF_UNIX;
    return socket->input.size > 0 || (at_once && socket->type == SOCK_STREAM);
}

static void free_pending(struct vm *vm, struct socket *listener) {
    for (;;) {
        struct socket *pending = socket__take_pending(vm, listener);
        if (pending == NULL) break;
        /* Nobody accepts it any more: its other end finds it reset. */
        reset_peer(vm, pending);
        socket__free(vm, pending);
    }
    if (listener->listener != 0) vm->kernel->sockets.listeners &= ~(UINT64_C(1) << (listener->listener - 1));
}

/* Sockets for messages may have one that went as the place where they send to. */
static void forget_receiver(struct socket_table *table, uint32_t index) {
    for (uint32_t i = 0; i < table->used; i++) {
        struct socket *sender = &table->items[i];
        if (sender->state == SOCKET_FREE || sender->peer != index + 1) continue;
        sender->peer = 0;
        sender->peer_gone = 1;
        sender->arrived++;
        sender->emptied++;
    }
}

void socket__free(struct vm *vm, struct socket *socket) {
    struct socket_table *table = &vm->kernel->sockets;
    if (socket->state == SOCKET_LISTENS) free_pending(vm, socket);
    if (ends_by_reset(socket)) reset_peer(vm, socket);
    if (socket->port != 0) port__leave(vm, socket->port - 1);
    forget_receiver(table, socket__index(vm, socket));
    queue__release(vm, &socket->input);
    socket_rights__release_all(vm, socket);
    *socket = (struct socket){0};
    while (table->used > 0 && table->items[table->used - 1].state == SOCKET_FREE) table->used--;
    kernel__changed(vm);
}

void socket__end_sending(struct vm *vm, struct socket *socket) {
    struct socket *peer = socket__peer(vm, socket);
    socket->sends_no_more = 1;
    if (peer != NULL) peer->arrived++;
    if (socket->port != 0) port__end_output(vm, socket->port - 1);
}

int socket__at_end(struct vm *vm, const struct socket *socket) {
    if (socket->reads_no_more || socket->peer_gone) return 1;
    if (socket->port != 0) return vm->kernel->ports.items[socket->port - 1].input_ended;
    const struct socket *peer = socket__peer(vm, socket);
    return peer != NULL && peer->sends_no_more;
}

int socket__port_is_lost(struct vm *vm, const struct socket *socket) {
    return socket->port != 0 && vm->kernel->ports.items[socket->port - 1].hung_up;
}

void socket__awaits(struct vm *vm, struct file *file, struct awaited *awaited) {
    const struct socket *socket = socket__of(vm, file);
    if (socket->port != 0) awaited->ports |= UINT64_C(1) << (socket->port - 1);
    if (socket->listener != 0) awaited->listeners |= UINT64_C(1) << (socket->listener - 1);
}

/* ---- as a file ----------------------------------------------------------------------------------------- */

static uint32_t ready_connection(struct vm *vm, const struct socket *socket) {
    int at_end = socket__at_end(vm, socket);
    int is_over = at_end && socket->sends_no_more;
    uint32_t ready = 0;
    /* TCP's other end may be gone and still have been sent something; AF_UNIX knows that it is gone. */
    if (is_over || socket__port_is_lost(vm, socket) || (socket->peer_gone && socket->family == AF_UNIX)) ready |= READY_HANGUP;
    if (at_end) ready |= READY_READ_HANGUP;
    if (at_end || socket__readable(vm, socket) > 0) ready |= READY_IN;
    if (socket->peer_gone || socket->sends_no_more || socket__room(vm, socket) > 0) ready |= READY_OUT;
    return ready;
}

static uint32_t ready_for_messages(struct vm *vm, const struct socket *socket) {
    uint32_t ready = 0;
    if (socket->input.size > 0 || socket->reads_no_more) ready |= READY_IN;
    if (socket->reads_no_more) ready |= READY_READ_HANGUP;
    if (socket->reads_no_more && socket->sends_no_more) ready |= READY_HANGUP;
    if (socket__peer(vm, socket) == NULL || socket__room(vm, socket) > 0) ready |= READY_OUT;
    return ready;
}

static uint32_t ready_socket(struct vm *vm, struct file *file) {
    const struct socket *socket = socket__of(vm, file);
    uint32_t ready = socket->error != 0 ? READY_ERROR | READY_IN | READY_OUT : 0;
    if (socket->type == SOCK_DGRAM) return ready | ready_for_messages(vm, socket);
    if (socket->state == SOCKET_LISTENS) return ready | (socket->pending > 0 ? READY_IN : 0);
    if (socket->state == SOCKET_DIALS) return ready;
    if (socket->state == SOCKET_CONNECTED) return ready | ready_connection(vm, socket);
    return ready | READY_OUT | READY_HANGUP;
}

static uint64_t edge_socket(struct vm *vm, struct file *file) {
    const struct socket *socket = socket__of(vm, file);
    uint64_t of_port = socket->port == 0 ? 0 : port__edge(vm, socket->port - 1);
    return socket->arrived + socket->emptied + of_port;
}

static int64_t stat_socket(struct vm *vm, struct file *file, struct stat *stat) {
    (void)vm;
    *stat = (struct stat){.st_mode = S_IFSOCK | 0777, .st_nlink = 1, .st_blksize = 4096, .st_ino = 2000 + file->object};
    return 0;
}

static int64_t control_socket(struct vm *vm, struct file *file, uint64_t request, uint64_t argument) {
    struct socket *socket = socket__of(vm, file);
    if (socket->state == SOCKET_LISTENS && request == FIONREAD) return -EINVAL;
    if (request == SIOCGIFINDEX || request == SIOCGIFNAME) return socket_netlink__control(vm, request, argument);
    if (request != SIOCOUTQ) return file__control_readable(vm, request, argument, socket__readable(vm, socket));
    const struct socket *peer = socket__peer(vm, socket);
    int unread = peer == NULL ? 0 : (int)peer->input.size;
    return access__write(vm, argument, &unread, sizeof unread);
}

static void release_socket(struct vm *vm, struct file *file) {
    socket__free(vm, socket__of(vm, file));
}

const struct file_functions file_socket = {
    .stat = stat_socket,
    .control = control_socket,
    .ready = ready_socket,
    .edge = edge_socket,
    .release = release_socket,
};
