/* Names of AF_UNIX that are paths: a file of its own kind stands for the socket that was bound there. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "internal.h"
#include "path.h"

#define PATH_AT sizeof(sa_family_t)

int socket_path__is(const struct socket *socket, const struct socket_name *name) {
    return socket->family == AF_UNIX && name->size > PATH_AT && name->bytes[PATH_AT] != 0;
}

static int find_place(struct vm *vm, const struct socket_name *name, uint32_t flags, struct place *place) {
    char path[SOCKET_NAME_MAX + 1] = {0};
    memcpy(path, name->bytes + PATH_AT, name->size - PATH_AT);
    return path__find(vm, path, flags, place);
}

int socket_path__make(struct vm *vm, const struct socket_name *name, uint64_t *inode) {
    struct place place;
    int error = find_place(vm, name, PATH_NAME, &place);
    if (error != 0) return error;
    if (place.type != TREE_FREE) return -EADDRINUSE;
    if (place.is_slash) return -ENOENT;
    error = place__make(vm, &place, TREE_SOCKET, 0777 & ~vm->kernel->process.mask);
    if (error == 0) *inode = tree__node(vm, place.node)->inode;
    return error;
}

int socket_path__find(struct vm *vm, const struct socket_name *name, uint64_t *inode) {
    struct place place;
    int error = find_place(vm, name, 0, &place);
    if (error != 0) return error;
    if (place.type == TREE_FREE) return -ENOENT;
    if (place.type != TREE_SOCKET) return -ECONNREFUSED;
    *inode = tree__node(vm, place.node)->inode;
    return 0;
}
