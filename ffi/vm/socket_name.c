/* Addresses of sockets: checked when they come in, and what they lead to. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "internal.h"

_Static_assert(sizeof(struct sockaddr_un) == SOCKET_NAME_MAX, "the longest name");

/* A name of AF_INET or AF_INET6 taken apart. IPv4 inside IPv6 is IPv4 here. */
struct endpoint {
    int is_v4;
    uint32_t v4; /* host order */
    struct in6_addr v6;
    uint16_t port;
};

static uint16_t family_of(const struct socket_name *name) {
    uint16_t family = AF_UNSPEC;
    if (name->size >= sizeof family) memcpy(&family, name->bytes, sizeof family);
    return family;
}

static struct endpoint endpoint_of(const struct socket_name *name) {
    struct endpoint endpoint = {0};
    if (family_of(name) == AF_INET) {
        struct sockaddr_in address;
        memcpy(&address, name->bytes, sizeof address);
        endpoint = (struct endpoint){.is_v4 = 1, .v4 = ntohl(address.sin_addr.s_addr), .port = ntohs(address.sin_port)};
    } else if (family_of(name) == AF_INET6) {
        struct sockaddr_in6 address;
        memcpy(&address, name->bytes, sizeof address);
        endpoint = (struct endpoint){.v6 = address.sin6_addr, .port = ntohs(address.sin6_port)};
        if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
            uint32_t v4;
            memcpy(&v4, &address.sin6_addr.s6_addr[12], sizeof v4);
            endpoint.is_v4 = 1;
            endpoint.v4 = ntohl(v4);
        }
    }
    return endpoint;
}

static struct socket_name name_of(uint8_t family, const struct endpoint *endpoint) {
    struct socket_name name = {0};
    if (family == AF_INET) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
        address.sin_addr.s_addr = htonl(endpoint->v4);
        name.size = sizeof address;
        memcpy(name.bytes, &address, sizeof address);
        return name;
    }
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
    address.sin6_addr = endpoint->v6;
    if (endpoint->is_v4) {
        uint32_t v4 = htonl(endpoint->v4);
        memset(&address.sin6_addr, 0, sizeof address.sin6_addr);
        memset(&address.sin6_addr.s6_addr[10], 0xff, 2);
        memcpy(&address.sin6_addr.s6_addr[12], &v4, sizeof v4);
    }
    name.size = sizeof address;
    memcpy(name.bytes, &address, sizeof address);
    return name;
}

static int64_t check_unix(struct socket_name *name) {
    const size_t path = offsetof(struct sockaddr_un, sun_path);
    if (name->size <= path) return 0;
    /* A path ends at its first NUL; a name that begins with one is all of its bytes. */
    if (name->bytes[path] != 0) {
        size_t length = strnlen((const char *)name->bytes + path, name->size - path);
        name->size = (uint16_t)(path + length + (path + length < SOCKET_NAME_MAX));
        if (path + length < SOCKET_NAME_MAX) name->bytes[path + length] = 0;
    }
    return 0;
}

int64_t socket_name__read(struct vm *vm, const struct socket *socket, uint64_t address, uint64_t size,
                          struct socket_name *name) {
    *name = (struct socket_name){0};
    if (size > SOCKET_NAME_MAX && socket->family == AF_UNIX) return -EINVAL;
    if (size > sizeof(struct sockaddr_storage) || size < sizeof(sa_family_t)) return -EINVAL;
    name->size = (uint16_t)(size < SOCKET_NAME_MAX ? size : SOCKET_NAME_MAX);
    if (access__read(vm, name->bytes, address, name->size) != 0) return -EFAULT;
    uint16_t family = family_of(name);
    if (family == AF_UNSPEC) return 0;
    if (family != socket->family) return socket->family == AF_UNIX ? -EINVAL : -EAFNOSUPPORT;
    if (family == AF_UNIX) return check_unix(name);
    if (family == AF_NETLINK) return 0;
    uint64_t least = family == AF_INET ? sizeof(struct sockaddr_in) : offsetof(struct sockaddr_in6, sin6_scope_id);
    if (size < least) return -EINVAL;
    struct endpoint endpoint = endpoint_of(name);
    *name = name_of((uint8_t)family, &endpoint);
    return 0;
}

int64_t socket_name__write(struct vm *vm, const struct socket_name *name, uint64_t address, uint64_t size_address) {
    int32_t room;
    if (access__read(vm, &room, size_address, sizeof room) != 0) return -EFAULT;
    if (room < 0) return -EINVAL;
    /* The size that the name has is told, even when less was written. */
    int32_t size = name->size;
    if (access__write(vm, address, name->bytes, (size_t)(room < size ? room : size)) != 0) return -EFAULT;
    return access__write(vm, size_address, &size, sizeof size);
}

struct socket_name socket_name__local(uint8_t family, int any, uint16_t port) {
    struct endpoint endpoint = {.is_v4 = family == AF_INET, .port = port};
    if (family == AF_INET) endpoint.v4 = any ? INADDR_ANY : INADDR_LOOPBACK;
    else endpoint.v6 = any ? in6addr_any : in6addr_loopback;
    return name_of(family, &endpoint);
}

uint16_t socket_name__port(const struct socket_name *name) {
    return endpoint_of(name).port;
}

void socket_name__set_port(struct socket_name *name, uint16_t port) {
    struct endpoint endpoint = endpoint_of(name);
    endpoint.port = port;
    *name = name_of((uint8_t)family_of(name), &endpoint);
}

int socket_name__is_any(const struct socket_name *name) {
    struct endpoint endpoint = endpoint_of(name);
    return endpoint.is_v4 ? endpoint.v4 == INADDR_ANY : IN6_IS_ADDR_UNSPECIFIED(&endpoint.v6);
}

int socket_name__is_local(const struct socket_name *name) {
    struct endpoint endpoint = endpoint_of(name);
    if (socket_name__is_any(name)) return 1;
    return endpoint.is_v4 ? endpoint.v4 >> 24 == IN_LOOPBACKNET : IN6_IS_ADDR_LOOPBACK(&endpoint.v6);
}

int socket_name__is_same(const struct socket_name *first, const struct socket_name *second) {
    return first->size == second->size && memcmp(first->bytes, second->bytes, first->size) == 0;
}

static int is_v6_only(const struct socket *socket) {
    return socket__option(socket, IPPROTO_IPV6, IPV6_V6ONLY);
}

int socket_name__reaches(const struct socket *bound, const struct socket_name *target) {
    if (bound->family == AF_UNIX || bound->name.size == 0) return socket_name__is_same(&bound->name, target);
    struct endpoint at = endpoint_of(&bound->name), to = endpoint_of(target);
    if (at.port != to.port) return 0;
    int both = bound->family == AF_INET6 && !at.is_v4 && socket_name__is_any(&bound->name) && !is_v6_only(bound);
    if (both) return 1;
    if (at.is_v4 != to.is_v4) return 0;
    if (socket_name__is_any(&bound->name)) return 1;
    return at.is_v4 ? at.v4 == to.v4 : memcmp(&at.v6, &to.v6, sizeof at.v6) == 0;
}

struct socket_name socket_name__for(const struct socket *socket, const struct socket_name *name) {
    if (socket->family == AF_UNIX || name->size == 0) return *name;
    struct endpoint endpoint = endpoint_of(name);
    return name_of(socket->family, &endpoint);
}
