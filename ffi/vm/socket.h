/*
 * Sockets, inside the VM only: AF_UNIX, and AF_INET and AF_INET6 on the loopback addresses. Nothing leads out; a
 * connection from the host ends in a port (port.h) instead of another socket.
 *
 * What was sent lies in the receiver's queue: bytes of a stream, or messages with the sender's name before them.
 */
#ifndef MAYFLY_VM_SOCKET_H
#define MAYFLY_VM_SOCKET_H

#include <stdint.h>

#include "call.h"
#include "queue.h"
#include "wait.h"

struct vm;
struct file;
struct guest_vector;

#define SOCKETS_MAX 1024u
#define SOCKET_LISTENERS_MAX 64u /* a bit each in struct awaited */
#define SOCKET_BACKLOG_MAX 128u
#define SOCKET_OPTIONS_MAX 40u
#define SOCKET_NAME_MAX 110u /* struct sockaddr_un */

/* As the guest has it, checked: a family, then the family's own. `size` 0 is no name. */
struct socket_name {
    uint16_t size;
    uint8_t bytes[SOCKET_NAME_MAX];
};

enum socket_state {
    SOCKET_FREE = 0,
    SOCKET_NEW,       /* bound or not; for messages: all that it ever is */
    SOCKET_LISTENS,
    SOCKET_DIALS,     /* waits for a connection to the host: there are VM_DIALED_MAX */
    SOCKET_CONNECTED, /* to another socket or to a port, whether or not that is still there */
};

struct socket {
    uint8_t state;
    uint8_t family; /* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK */
    uint8_t type;   /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
    uint8_t sends_no_more, reads_no_more; /* shut down */
    uint8_t peer_gone;
    uint8_t listener;  /* bit + 1 */
    uint8_t is_accepted; /* made by a connection: its name is its listener's */
    uint8_t is_connecting; /* a connect that did not wait succeeded, and was not asked for its outcome again */
    uint8_t lingers;       /* SO_LINGER: on, and for how long. At once is by a reset */
    uint8_t was_reset;     /* by TCP's other end: it has no peer any more */
    uint8_t reserved[1];
    int32_t linger_seconds;
    uint32_t peer;     /* index + 1 of a socket */
    uint32_t port;     /* number + 1 of a port */
    int32_t error;     /* SO_ERROR: told once */
    uint32_t backlog, pending, first_pending, last_pending; /* of a listener: index + 1 */
    uint32_t next_pending;
    uint64_t turn;             /* of one that dials: the lowest is next */
    uint64_t inode;            /* of the file that a path is its name by, or 0 */
    uint64_t taken;            /* bytes that ever left the queue */
    uint64_t arrived, emptied; /* edges: something came to read; room came to write */
    uint64_t receive_timeout_ns, send_timeout_ns; /* 0 is none */
    struct socket_name name, peer_name;
    int32_t options[SOCKET_OPTIONS_MAX];
    struct queue input;
};

#define SOCKET_RIGHTS_MAX 16u       /* messages with files in them that are on their way, in all */
#define SOCKET_RIGHTS_FILES_MAX 16u /* in one */

/* Open files that travel with a byte of a stream, or with a message (SCM_RIGHTS). They hold references. */
struct socket_rights {
    uint32_t receiver; /* socket's index + 1; 0 is free */
    uint32_t count;
    uint64_t position;                       /* of that byte, counted as `taken` of the receiver */
    uint32_t files[SOCKET_RIGHTS_FILES_MAX]; /* indices */
};

struct socket_table {
    struct socket_rights rights[SOCKET_RIGHTS_MAX];
    uint64_t listeners;   /* bits in use */
    uint64_t turns;       /* that were given */
    uint32_t next_port;   /* where the search for a free one begins */
    uint32_t used;
    struct socket items[SOCKETS_MAX];
};

/* ---- socket.c: the table ------------------------------------------------------------------------------- */

struct socket *socket__of(struct vm *vm, const struct file *file);
uint32_t socket__index(const struct vm *vm, const struct socket *socket);
/* NULL when there is no room. */
struct socket *socket__make(struct vm *vm, uint8_t family, uint8_t type);
struct file *socket__open(struct vm *vm, struct socket *socket, uint32_t flags);
/* One that has no open file any more, or never had one. */
void socket__free(struct vm *vm, struct socket *socket);
/* NULL when it is gone, or a port. */
struct socket *socket__peer(struct vm *vm, const struct socket *socket);
int socket__has_messages(const struct socket *socket);
/* Nothing will ever come (again). */
int socket__at_end(struct vm *vm, const struct socket *socket);
/* The host hung up its end of a connection. */
int socket__port_is_lost(struct vm *vm, const struct socket *socket);
void socket__awaits(struct vm *vm, struct file *file, struct awaited *awaited);
void socket__end_sending(struct vm *vm, struct socket *socket);

/* ---- socket_name.c: addresses -------------------------------------------------------------------------- */

/* From the guest: -EFAULT, -EINVAL, -EAFNOSUPPORT. */
int64_t socket_name__read(struct vm *vm, const struct socket *socket, uint64_t address, uint64_t size,
                          struct socket_name *name);
/* To the guest, cut to what its `size_address` says there is room for; then says there how large it is. */
int64_t socket_name__write(struct vm *vm, const struct socket_name *name, uint64_t address, uint64_t size_address);
/* 127.0.0.1 or ::1, or the address that stands for all, at a port. */
struct socket_name socket_name__local(uint8_t family, int any, uint16_t port);
uint16_t socket_name__port(const struct socket_name *name);
void socket_name__set_port(struct socket_name *name, uint16_t port);
/* Does it lead to this VM? All that does not leads nowhere. */
int socket_name__is_local(const struct socket_name *name);
int socket_name__is_any(const struct socket_name *name);
int socket_name__is_same(const struct socket_name *first, const struct socket_name *second);
/* May a socket with the name `bound` be reached by the name `target`? */
int socket_name__reaches(const struct socket *bound, const struct socket_name *target);
/* As the family of the socket that is told has it: 127.0.0.1 is ::ffff:127.0.0.1 in AF_INET6. */
struct socket_name socket_name__for(const struct socket *socket, const struct socket_name *name);

/* ---- socket_path.c ------------------------------------------------------------------------------------- */

int socket_path__is(const struct socket *socket, const struct socket_name *name);
/* The file of a socket that is bound there: a new one's, or that which is there. 0 or -errno. */
int socket_path__make(struct vm *vm, const struct socket_name *name, uint64_t *inode);
int socket_path__find(struct vm *vm, const struct socket_name *name, uint64_t *inode);

/* ---- socket_connect.c ---------------------------------------------------------------------------------- */

int64_t socket__bind(struct vm *vm, struct socket *socket, const struct socket_name *name);
/* Gives one that has no name one of its own, of the system's choice. */
int64_t socket__bind_any(struct vm *vm, struct socket *socket);
int64_t socket__listen(struct vm *vm, struct socket *socket, uint32_t backlog);
int64_t socket__connect(struct vm *vm, struct file *file, const struct socket_name *name);
/* Where a connection to the host ended: the one that has waited longest for its end gets its place. */
void socket__dial_next(struct vm *vm);
/* The next connection of a listener, as a socket without an open file; or NULL. */
struct socket *socket__take_pending(struct vm *vm, struct socket *listener);
void socket__join(struct vm *vm, struct socket *first, struct socket *second);
/* The socket that gets what is sent to a name, or NULL. */
struct socket *socket__find(struct vm *vm, const struct socket *from, const struct socket_name *name);
/* Why there is none, or why the one that was found will not do. */
int64_t socket__refusal(struct vm *vm, const struct socket *socket, const struct socket *found,
                        const struct socket_name *name);

/* A connection from the host to a guest that listens: its port, -ECONNREFUSED, -EAGAIN, -ENOMEM. */
int socket__connect_host(struct vm *vm, uint16_t tcp_port);
/* The first TCP port among these listeners (struct awaited), or 0. */
uint16_t socket__awaited_tcp_port(const struct vm *vm, uint64_t listeners);
/* Does some waiting thread wait for a connection to this port? */
int socket__somebody_accepts(struct vm *vm, uint16_t tcp_port);

/* ---- socket_send.c, socket_receive.c ------------------------------------------------------------------- */

/* One message, or a piece of a stream, in parts of guest memory. */
struct socket_message {
    const struct guest_vector *parts;
    uint32_t count;
    uint32_t flags;
    struct socket_name name; /* where to, or where from */
    int is_cut;              /* received: it was longer than the parts */
    /* To be sent; or received, then with references that are the caller's. */
    struct socket_rights rights;
};

int64_t socket__send(struct vm *vm, struct file *file, const struct socket_message *message);
int64_t socket__receive(struct vm *vm, struct file *file, struct socket_message *message);
int64_t socket__read(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count);
int64_t socket__write(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count);
/* Bytes that a read would get. */
uint32_t socket__readable(struct vm *vm, const struct socket *socket);
/* Bytes that a write could put somewhere. */
uint32_t socket__room(struct vm *vm, const struct socket *socket);

/* ---- socket_netlink.c ---------------------------------------------------------------------------------- */

struct socket_name socket_netlink__name(void);
/* ioctl of any socket: the index of an interface's name, and the other way round. */
int64_t socket_netlink__control(struct vm *vm, uint64_t request, uint64_t argument);
int64_t socket_netlink__send(struct vm *vm, struct file *file, const struct socket_message *message);

/* ---- socket_rights.c ----------------------------------------------------------------------------------- */

/* Before the message's first byte is committed to the receiver's queue: 0, -ETOOMANYREFS. */
int64_t socket_rights__attach(struct vm *vm, struct socket *receiver, const struct socket_rights *rights);
/* Those of the next `size` bytes, if there are any, become the caller's. */
void socket_rights__detach(struct vm *vm, const struct socket *socket, uint32_t size, struct socket_rights *rights);
/* How many bytes may be read together: not two with files. */
uint32_t socket_rights__run(struct vm *vm, const struct socket *socket);
void socket_rights__release(struct vm *vm, struct socket_rights *rights);
/* All that are on their way to a socket. */
void socket_rights__release_all(struct vm *vm, const struct socket *socket);

/* The control part of a struct msghdr: what it asks to be sent; what was received, told in at most `*size` bytes. */
int64_t socket_rights__read(struct vm *vm, uint64_t address, uint64_t size, struct socket_rights *rights);
int64_t socket_rights__write(struct vm *vm, uint64_t address, uint64_t *size, struct socket_rights *rights,
                             uint32_t flags, int *is_cut);

/* ---- socket_options.c ---------------------------------------------------------------------------------- */

call_function socket__call_getsockopt, socket__call_setsockopt;
int64_t socket__take_error(struct socket *socket);
int socket__option(const struct socket *socket, int level, int option);

#endif
