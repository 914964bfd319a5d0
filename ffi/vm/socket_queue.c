#include "socket_queue.h"

#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

uint64_t socket_parts__size(const struct socket_message *message) {
    uint64_t size = 0;
    for (uint32_t i = 0; i < message->count; i++) size += message->parts[i].size;
    return size;
}

int socket_queue__put_message(struct vm *vm, struct socket *receiver, const struct socket_name *from,
                              const struct socket_message *message, uint32_t size) {
    struct queue *queue = &receiver->input;
    struct message_head head = {.size = size, .name_size = from->size};
    uint32_t at = sizeof head;
    int status = queue__store(vm, queue, 0, &head, sizeof head);
    if (status == 0) status = queue__store(vm, queue, at, from->bytes, from->size);
    at += from->size;
    for (uint32_t i = 0; status == 0 && i < message->count; i++) {
        uint32_t part = (uint32_t)message->parts[i].size;
        status = queue__store_guest(vm, queue, at, message->parts[i].address, part);
        at += part;
    }
    if (status == 0 && receiver->family == AF_UNIX)
        status = (int)socket_rights__attach(vm, receiver, &message->rights);
    if (status == 0) queue__commit(queue, at);
    return status;
}

int socket_queue__put_bytes(struct vm *vm, struct socket *receiver, const struct socket_name *from, const void *bytes,
                            uint32_t size) {
    struct queue *queue = &receiver->input;
    struct message_head head = {.size = size, .name_size = from->size};
    int status = queue__store(vm, queue, 0, &head, sizeof head);
    if (status == 0) status = queue__store(vm, queue, sizeof head, from->bytes, from->size);
    if (status == 0) status = queue__store(vm, queue, (uint32_t)sizeof head + from->size, bytes, size);
    if (status == 0) queue__commit(queue, (uint32_t)sizeof head + from->size + size);
    return status;
}

void socket_queue__drop(struct socket *socket, uint32_t size) {
    queue__drop(&socket->input, size);
    socket->taken += size;
}

struct message_head socket_queue__first(struct vm *vm, const struct socket *socket, struct socket_name *from) {
    struct message_head head;
    queue__load(vm, &socket->input, 0, &head, sizeof head);
    /* The kernel wrote it; whatever happens to it, nothing outside of the queue is touched. */
    uint32_t left = socket->input.size - SOCKET_MESSAGE_HEAD;
    if (head.name_size > SOCKET_NAME_MAX || head.name_size > left) head.name_size = 0;
    if (head.size > left - head.name_size) head.size = left - head.name_size;
    from->size = (uint16_t)head.name_size;
    queue__load(vm, &socket->input, sizeof head, from->bytes, head.name_size);
    return head;
}

int64_t socket_queue__get(struct vm *vm, const struct socket *socket, uint32_t offset, uint32_t size,
                          const struct socket_message *message, uint64_t skip) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < message->count && total < size; i++) {
        uint64_t left_out = skip < message->parts[i].size ? skip : message->parts[i].size;
        uint64_t room = message->parts[i].size - left_out;
        uint32_t count = room < size - total ? (uint32_t)room : size - total;
        skip -= left_out;
        int status = queue__load_guest(vm, &socket->input, offset + total, message->parts[i].address + left_out, count);
        if (status != 0) return status;
        total += count;
    }
    return total;
}
