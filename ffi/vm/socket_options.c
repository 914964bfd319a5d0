/*
 * Options of sockets: the ones that runtimes set. Most change nothing here, where no network is: they are kept, so that
 * who asks gets what it set.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

/* What may be said for an option. A slot is where it is kept. */
struct option {
    int level, name;
    int32_t least, most, initial;
};

static const struct option options[SOCKET_OPTIONS_MAX] = {
    {SOL_SOCKET, SO_REUSEADDR, 0, 1, 0},
    {SOL_SOCKET, SO_REUSEPORT, 0, 1, 0},
    {SOL_SOCKET, SO_KEEPALIVE, 0, 1, 0},
    {SOL_SOCKET, SO_BROADCAST, 0, 1, 0},
    {SOL_SOCKET, SO_OOBINLINE, 0, 1, 0},
    {SOL_SOCKET, SO_DONTROUTE, 0, 1, 0},
    {SOL_SOCKET, SO_PASSCRED, 0, 1, 0},
    {SOL_SOCKET, SO_TIMESTAMP, 0, 1, 0},
    {SOL_SOCKET, SO_SNDBUF, 2048, 1 << 20, QUEUE_BYTES},
    {SOL_SOCKET, SO_RCVBUF, 2048, 1 << 20, QUEUE_BYTES},
    {SOL_SOCKET, SO_RCVLOWAT, 1, INT32_MAX, 1},
    {SOL_SOCKET, SO_PRIORITY, 0, 6, 0},
    {IPPROTO_TCP, TCP_NODELAY, 0, 1, 0},
    {IPPROTO_TCP, TCP_CORK, 0, 1, 0},
    {IPPROTO_TCP, TCP_QUICKACK, 0, 1, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767, 7200},
    {IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767, 75},
    {IPPROTO_TCP, TCP_KEEPCNT, 1, 127, 9},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, INT32_MAX, 0},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, INT32_MAX, 0},
    {IPPROTO_TCP, TCP_FASTOPEN, 0, INT32_MAX, 0},
    {IPPROTO_TCP, TCP_MAXSEG, 0, 32767, 536},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, INT32_MIN, INT32_MAX, -1},
    {IPPROTO_IP, IP_TOS, 0, 255, 0},
    {IPPROTO_IP, IP_TTL, 1, 255, 64},
    {IPPROTO_IP, IP_MTU_DISCOVER, 0, 5, 0},
    {IPPROTO_IP, IP_RECVERR, 0, 1, 0},
    {IPPROTO_IP, IP_MULTICAST_TTL, 0, 255, 1},
    {IPPROTO_IP, IP_MULTICAST_LOOP, 0, 1, 1},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0, 1, 0},
    {IPPROTO_IPV6, IPV6_V6ONLY, 0, 1, 0},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1, 255, 64},
    {IPPROTO_IPV6, IPV6_TCLASS, -1, 255, 0},
    {IPPROTO_IPV6, IPV6_RECVERR, 0, 1, 0},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, -1, 255, 1},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, 1, 1},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, 0, 5, 0},
};

/* The slot, or -1. */
static int slot_of(int level, int name) {
    for (uint32_t i = 0; i < SOCKET_OPTIONS_MAX; i++) {
        if (options[i].name != 0 && options[i].level == level && options[i].name == name) return (int)i;
    }
    return -1;
}

/* A slot holds the difference to the initial value, so that a new socket's are all 0. */
int socket__option(const struct socket *socket, int level, int name) {
    int slot = slot_of(level, name);
    return slot < 0 ? 0 : (int)((uint32_t)socket->options[slot] + (uint32_t)options[slot].initial);
}

int64_t socket__take_error(struct socket *socket) {
    int error = socket->error;
    socket->error = 0;
    return -error;
}

/* Options of a level that a socket has not are as if they did not exist. */
static int has_level(const struct socket *socket, int level) {
    switch (level) {
    case SOL_SOCKET: return 1;
    case IPPROTO_TCP: return socket->family != AF_UNIX && socket->type == SOCK_STREAM;
    case IPPROTO_IP: return socket->family != AF_UNIX;
    case IPPROTO_IPV6: return socket->family == AF_INET6;
    default: return 0;
    }
}

static int64_t unknown(const struct socket *socket, int level) {
    return socket->family == AF_UNIX && level != SOL_SOCKET ? -EOPNOTSUPP : -ENOPROTOOPT;
}

/* ---- setting ------------------------------------------------------------------------------------------- */

static int64_t set_timeout(struct vm *vm, uint64_t *timeout_ns, uint64_t address, uint64_t size) {
    if (size < sizeof(struct timeval)) return -EINVAL;
    uint64_t ns;
    int status = clock__read_timeval(vm, address, &ns);
    if (status == -EINVAL) return -EDOM;
    if (status == 0) *timeout_ns = ns;
    return status;
}

static int is_switch(const struct option *option) {
    return option->least == 0 && option->most == 1;
}

static int is_buffer(const struct option *option) {
    return option->level == SOL_SOCKET && (option->name == SO_SNDBUF || option->name == SO_RCVBUF);
}

/* What Linux makes of a value. A switch is anything that is not 0; a buffer's size is doubled, for its own use. */
static int64_t kept_of(const struct option *option, int32_t value) {
    if (is_switch(option)) return value != 0;
    if (!is_buffer(option)) return value;
    if (value < option->least / 2) return option->least;
    return value > option->most / 2 ? option->most : value * 2;
}

static int64_t set_slot(struct vm *vm, struct socket *socket, int slot, uint64_t address, uint64_t size) {
    const struct option *option = &options[slot];
    int32_t value = 0;
    uint8_t byte;
    if (size < sizeof value) {
        /* Options of IP may be single bytes. */
        if (size < 1 || option->level != IPPROTO_IP) return -EINVAL;
        if (access__read(vm, &byte, address, 1) != 0) return -EFAULT;
        value = byte;
    } else if (access__read(vm, &value, address, sizeof value) != 0) {
        return -EFAULT;
    }
    int64_t kept = kept_of(option, value);
    if (kept < option->least || kept > option->most) return -EINVAL;
    socket->options[slot] = (int32_t)((uint32_t)kept - (uint32_t)option->initial);
    return 0;
}

/* Closing never waits here, whatever is asked; it may be by a reset. */
static int64_t set_linger(struct vm *vm, struct socket *socket, uint64_t address, uint64_t size) {
    struct linger linger;
    if (size < sizeof linger) return -EINVAL;
    if (access__read(vm, &linger, address, sizeof linger) != 0) return -EFAULT;
    socket->lingers = linger.l_onoff != 0;
    if (linger.l_onoff != 0) socket->linger_seconds = linger.l_linger;
    return 0;
}

int64_t socket__call_setsockopt(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    int level = (int)a[1], name = (int)a[2];
    uint64_t address = a[3];
    int32_t size = (int32_t)a[4];
    if (file == NULL) return -EBADF;
    if (file->kind != FILE_SOCKET) return -ENOTSOCK;
    if (size < 0) return -EINVAL;
    struct socket *socket = socket__of(vm, file);
    if (level == SOL_SOCKET && name == SO_RCVTIMEO)
        return set_timeout(vm, &socket->receive_timeout_ns, address, (uint64_t)size);
    if (level == SOL_SOCKET && name == SO_SNDTIMEO)
        return set_timeout(vm, &socket->send_timeout_ns, address, (uint64_t)size);
    if (level == SOL_SOCKET && name == SO_LINGER) return set_linger(vm, socket, address, (uint64_t)size);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) return 0;
    int slot = has_level(socket, level) ? slot_of(level, name) : -1;
    return slot < 0 ? unknown(socket, level) : set_slot(vm, socket, slot, address, (uint64_t)size);
}

/* ---- asking -------------------------------------------------------------------------------------------- */

/* The answers that are no slots: their size, or 0 for none. */
static uint32_t special_answer(struct socket *socket, int name, void *to) {
    int32_t value;
    struct ucred credentials = {PROCESS_ID, PROCESS_USER, PROCESS_GROUP};
    struct linger linger = {socket->lingers, socket->linger_seconds};
    uint64_t ns = name == SO_RCVTIMEO ? socket->receive_timeout_ns : socket->send_timeout_ns;
    struct timeval timeout = {(time_t)(ns / NANOSECONDS), (suseconds_t)(ns % NANOSECONDS / 1000)};
    switch (name) {
    case SO_TYPE: value = socket->type; break;
    case SO_DOMAIN: value = socket->family; break;
    case SO_ERROR: value = (int32_t)-socket__take_error(socket); break;
    case SO_ACCEPTCONN: value = socket->state == SOCKET_LISTENS; break;
    case SO_PROTOCOL:
        value = socket->family == AF_UNIX ? 0 : socket->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
        break;
    case SO_PEERCRED: memcpy(to, &credentials, sizeof credentials); return sizeof credentials;
    case SO_LINGER: memcpy(to, &linger, sizeof linger); return sizeof linger;
    case SO_RCVTIMEO:
    case SO_SNDTIMEO: memcpy(to, &timeout, sizeof timeout); return sizeof timeout;
    default: return 0;
    }
    memcpy(to, &value, sizeof value);
    return sizeof value;
}

int64_t socket__call_getsockopt(struct vm *vm, const uint64_t a[6]) {
    struct file *file = file__of(vm, a[0]);
    int level = (int)a[1], name = (int)a[2];
    uint8_t answer[32];
    int32_t room;
    if (file == NULL) return -EBADF;
    if (file->kind != FILE_SOCKET) return -ENOTSOCK;
    if (access__read(vm, &room, a[4], sizeof room) != 0) return -EFAULT;
    if (room < 0) return -EINVAL;
    struct socket *socket = socket__of(vm, file);
    uint32_t size = level == SOL_SOCKET ? special_answer(socket, name, answer) : 0;
    if (size == 0) {
        int slot = has_level(socket, level) ? slot_of(level, name) : -1;
        if (slot < 0) return unknown(socket, level);
        int value = socket__option(socket, level, name);
        memcpy(answer, &value, size = sizeof value);
    }
    if ((uint32_t)room < size) size = (uint32_t)room;
    if (access__write(vm, a[3], answer, size) != 0) return -EFAULT;
    return access__write(vm, a[4], &size, sizeof size);
}
