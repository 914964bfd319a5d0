/* System calls that move data through sockets: for the table in calls_sockets.c. */
#ifndef MAYFLY_VM_SOCKET_CALLS_H
#define MAYFLY_VM_SOCKET_CALLS_H

#include "call.h"
#include "socket.h"

/* NULL, with -EBADF or -ENOTSOCK. */
struct socket *socket_calls__of(struct vm *vm, uint64_t descriptor, struct file **file, int64_t *error);

call_function socket_calls__sendto, socket_calls__recvfrom;
call_function socket_calls__sendmsg, socket_calls__recvmsg;
call_function socket_calls__sendmmsg, socket_calls__recvmmsg;

#endif
