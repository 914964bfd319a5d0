/* Open files that are sent through sockets of AF_UNIX: SCM_RIGHTS. */
#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

int64_t socket_rights__attach(struct vm *vm, struct socket *receiver, const struct socket_rights *rights) {
    struct socket_table *table = &vm->kernel->sockets;
    if (rights->count == 0) return 0;
    for (uint32_t i = 0; i < SOCKET_RIGHTS_MAX; i++) {
        struct socket_rights *slot = &table->rights[i];
        if (slot->receiver != 0) continue;
        *slot = *rights;
        slot->receiver = socket__index(vm, receiver) + 1;
        slot->position = receiver->taken + receiver->input.size;
        for (uint32_t k = 0; k < slot->count; k++) file__keep(&vm->kernel->files.items[slot->files[k]]);
        return 0;
    }
    return -ETOOMANYREFS;
}

/* The next ones on their way to a socket, from a position on; or NULL. */
static struct socket_rights *next(struct vm *vm, const struct socket *socket, uint64_t position) {
    struct socket_table *table = &vm->kernel->sockets;
    struct socket_rights *found = NULL;
    for (uint32_t i = 0; i < SOCKET_RIGHTS_MAX; i++) {
        struct socket_rights *slot = &table->rights[i];
        if (slot->receiver != socket__index(vm, socket) + 1 || slot->position < position) continue;
        if (found == NULL || slot->position < found->position) found = slot;
    }
    return found;
}

void socket_rights__detach(struct vm *vm, const struct socket *socket, uint32_t size, struct socket_rights *rights) {
    struct socket_rights *slot = next(vm, socket, socket->taken);
    if (slot == NULL || slot->position >= socket->taken + size) return;
    /* A read that waits for all may come by more than one. */
    socket_rights__release(vm, rights);
    *rights = *slot;
    *slot = (struct socket_rights){0};
}

uint32_t socket_rights__run(struct vm *vm, const struct socket *socket) {
    const struct socket_rights *first = next(vm, socket, socket->taken);
    const struct socket_rights *second = first == NULL ? NULL : next(vm, socket, first->position + 1);
    return second == NULL ? socket->input.size : (uint32_t)(second->position - socket->taken);
}

void socket_rights__release(struct vm *vm, struct socket_rights *rights) {
    /* Releasing a file may free a socket, with what is on its way to it. */
    struct socket_rights gone = *rights;
    *rights = (struct socket_rights){0};
    for (uint32_t i = 0; i < gone.count; i++) file__release(vm, &vm->kernel->files.items[gone.files[i]]);
}

void socket_rights__release_all(struct vm *vm, const struct socket *socket) {
    struct socket_table *table = &vm->kernel->sockets;
    uint32_t receiver = socket__index(vm, socket) + 1;
    for (uint32_t i = 0; i < SOCKET_RIGHTS_MAX; i++) {
        if (table->rights[i].receiver == receiver) socket_rights__release(vm, &table->rights[i]);
    }
}

/* ---- struct cmsghdr ------------------------------------------------------------------------------------ */

struct control_head {
    uint64_t size;
    int32_t level, type;
};
_Static_assert(sizeof(struct control_head) == sizeof(struct cmsghdr), "as the guest has it");

#define CONTROL_BYTES_MAX 4096u

static uint64_t aligned(uint64_t size) {
    return (size + 7) & ~UINT64_C(7);
}

static int64_t add_files(struct vm *vm, uint64_t address, uint64_t bytes, struct socket_rights *rights) {
    uint64_t count = bytes / sizeof(int32_t);
    if (count > SOCKET_RIGHTS_FILES_MAX - rights->count) return -ETOOMANYREFS;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t descriptor;
        if (access__read(vm, &descriptor, address + i * sizeof descriptor, sizeof descriptor) != 0) return -EFAULT;
        const struct file *file = file__of(vm, descriptor);
        if (file == NULL) return -EBADF;
        rights->files[rights->count++] = file__index(vm, file);
    }
    return 0;
}

int64_t socket_rights__read(struct vm *vm, uint64_t address, uint64_t size, struct socket_rights *rights) {
    struct control_head head;
    if (size > CONTROL_BYTES_MAX) return -ENOBUFS;
    for (uint64_t at = 0; size - at >= sizeof head;) {
        if (access__read(vm, &head, address + at, sizeof head) != 0) return -EFAULT;
        if (head.size < sizeof head || head.size > size - at) return -EINVAL;
        int64_t status = 0;
        /* Who sends is known: credentials say nothing new. Levels of networks say how to send: one way, here. */
        if (head.level == SOL_SOCKET && head.type == SCM_RIGHTS)
            status = add_files(vm, address + at + sizeof head, head.size - sizeof head, rights);
        else if (head.level == SOL_SOCKET && head.type != SCM_CREDENTIALS) status = -EINVAL;
        if (status != 0) return status;
        at += aligned(head.size) < size - at ? aligned(head.size) : size - at;
    }
    return 0;
}

/* Gives the files descriptors, as many as there is room for: how many. */
static uint32_t install(struct vm *vm, struct socket_rights *rights, uint32_t room, int close_on_exec, int32_t *to) {
    struct socket_rights files = *rights;
    uint32_t count = 0;
    *rights = (struct socket_rights){0};
    while (count < files.count && count < room && descriptor__lowest(vm, 0) >= 0) {
        struct file *file = &vm->kernel->files.items[files.files[count]];
        to[count++] = (int32_t)descriptor__install(vm, file, 0, close_on_exec);
    }
    for (uint32_t i = count; i < files.count; i++) file__release(vm, &vm->kernel->files.items[files.files[i]]);
    return count;
}

int64_t socket_rights__write(struct vm *vm, uint64_t address, uint64_t *size, struct socket_rights *rights,
                             uint32_t flags, int *is_cut) {
    struct {
        struct control_head head;
        int32_t descriptors[SOCKET_RIGHTS_FILES_MAX];
    } told;
    uint64_t room = *size;
    uint32_t wanted = rights->count;
    *size = 0;
    *is_cut = 0;
    if (wanted == 0) return 0;
    uint64_t fit = room < sizeof told.head ? 0 : (room - sizeof told.head) / sizeof(int32_t);
    uint32_t most = fit < SOCKET_RIGHTS_FILES_MAX ? (uint32_t)fit : SOCKET_RIGHTS_FILES_MAX;
    uint32_t count = install(vm, rights, most, (flags & MSG_CMSG_CLOEXEC) != 0, told.descriptors);
    *is_cut = count < wanted;
    if (count == 0) return 0;
    uint64_t bytes = sizeof told.head + count * sizeof(int32_t);
    told.head = (struct control_head){bytes, SOL_SOCKET, SCM_RIGHTS};
    *size = aligned(bytes) < room ? aligned(bytes) : room;
    if (access__write(vm, address, &told, bytes) == 0) return 0;
    for (uint32_t i = 0; i < count; i++) descriptor__close(vm, (uint32_t)told.descriptors[i]);
    return -EFAULT;
}
