/* How messages lie in a socket's queue: a head, the sender's name, the bytes. */
#ifndef MAYFLY_VM_SOCKET_QUEUE_H
#define MAYFLY_VM_SOCKET_QUEUE_H

#include "socket.h"

struct message_head {
    uint32_t size;
    uint32_t name_size;
};

#define SOCKET_MESSAGE_HEAD (uint32_t)sizeof(struct message_head)
#define SOCKET_MESSAGE_MAX (QUEUE_BYTES - SOCKET_MESSAGE_HEAD - SOCKET_NAME_MAX)

/* All bytes of the parts: they add up, as access__vectors checked. */
uint64_t socket_parts__size(const struct socket_message *message);

/* The caller has checked that there is room. -EFAULT, -ENOMEM: then nothing was put. */
int socket_queue__put_message(struct vm *vm, struct socket *receiver, const struct socket_name *from,
                              const struct socket_message *message, uint32_t size);
int socket_queue__put_bytes(struct vm *vm, struct socket *receiver, const struct socket_name *from, const void *bytes,
                            uint32_t size);
/* The first message, which is there. */
struct message_head socket_queue__first(struct vm *vm, const struct socket *socket, struct socket_name *from);
void socket_queue__drop(struct socket *socket, uint32_t size);
/* Bytes behind `offset` into the parts: how many there was room for, or -EFAULT. */
int64_t socket_queue__get(struct vm *vm, const struct socket *socket, uint32_t offset, uint32_t size,
                          const struct socket_message *message, uint64_t skip);

#endif
