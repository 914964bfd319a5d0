#include "socket_calls.h"

#include <errno.h>
#include <sys/socket.h>

#include "internal.h"

/* Others mean nothing here and are passed over, as Linux does with what it does not know. */
#define SEND_FLAGS (uint32_t)(MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL)
#define RECEIVE_FLAGS (uint32_t)(MSG_OOB | MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_WAITALL | MSG_ERRQUEUE)

/* Linux moves at most this much in one call. */
#define BYTES_MAX UINT64_C(0x7ffff000)

static struct guest_vector part_of(uint64_t address, uint64_t size) {
    return (struct guest_vector){address, size < BYTES_MAX ? size : BYTES_MAX};
}

int64_t socket_calls__sendto(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    const struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    struct guest_vector part = part_of(a[1], a[2]);
    struct socket_message message = {.parts = &part, .count = 1, .flags = (uint32_t)a[3] & SEND_FLAGS};
    if (a[4] != 0) status = socket_name__read(vm, socket, a[4], (uint32_t)a[5], &message.name);
    if (a[4] != 0 && status != 0) return status;
    return socket__send(vm, file, &message);
}

int64_t socket_calls__recvfrom(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    const struct socket *socket = socket_calls__of(vm, a[0], &file, &status);
    if (socket == NULL) return status;
    struct guest_vector part = part_of(a[1], a[2]);
    struct socket_message message = {.parts = &part, .count = 1, .flags = (uint32_t)a[3] & RECEIVE_FLAGS};
    int64_t count = socket__receive(vm, file, &message);
    socket_rights__release(vm, &message.rights);
    if (count < 0 || a[4] == 0) return count;
    status = socket_name__write(vm, &message.name, a[4], a[5]);
    return status != 0 ? status : count;
}

/* ---- struct msghdr ------------------------------------------------------------------------------------- */

/* As the guest has it: pointers are its addresses. */
struct guest_msghdr {
    uint64_t name;
    uint32_t name_size;
    uint32_t padding;
    uint64_t parts, part_count;
    uint64_t control, control_size;
    uint32_t flags;
    uint32_t more_padding;
};
_Static_assert(sizeof(struct guest_msghdr) == sizeof(struct msghdr), "as the guest has it");

#define NAME_SIZE_OFFSET 8
#define CONTROL_SIZE_OFFSET 40
#define FLAGS_OFFSET 48

static int64_t read_header(struct vm *vm, uint64_t address, struct guest_msghdr *header, struct guest_vector *parts) {
    if (access__read(vm, header, address, sizeof *header) != 0) return -EFAULT;
    if (header->part_count > GUEST_VECTORS_MAX) return -EMSGSIZE;
    return access__vectors(vm, parts, header->parts, header->part_count);
}

static int64_t send_one(struct vm *vm, struct file *file, uint64_t address, uint32_t flags) {
    struct guest_vector parts[GUEST_VECTORS_MAX];
    struct guest_msghdr header;
    struct socket_message message = {.parts = parts, .flags = flags & SEND_FLAGS};
    int64_t status = read_header(vm, address, &header, parts);
    if (status < 0) return status;
    message.count = (uint32_t)header.part_count;
    if (header.control != 0) status = socket_rights__read(vm, header.control, header.control_size, &message.rights);
    if (status == 0 && header.name != 0 && header.name_size > 0)
        status = socket_name__read(vm, socket__of(vm, file), header.name, header.name_size, &message.name);
    return status != 0 ? status : socket__send(vm, file, &message);
}

static int64_t write_u32(struct vm *vm, uint64_t address, uint32_t value) {
    return access__write(vm, address, &value, sizeof value);
}

static int64_t receive_one(struct vm *vm, struct file *file, uint64_t address, uint32_t flags) {
    struct guest_vector parts[GUEST_VECTORS_MAX];
    struct guest_msghdr header;
    struct socket_message message = {.parts = parts, .flags = flags & RECEIVE_FLAGS};
    uint64_t control_size = 0;
    int is_control_cut = 0;
    int64_t status = read_header(vm, address, &header, parts);
    if (status < 0) return status;
    message.count = (uint32_t)header.part_count;
    int64_t count = socket__receive(vm, file, &message);
    if (count < 0) return count;
    if (header.control != 0) control_size = header.control_size;
    status = socket_rights__write(vm, header.control, &control_size, &message.rights, flags, &is_control_cut);
    if (status == 0 && header.name != 0)
        status = socket_name__write(vm, &message.name, header.name, address + NAME_SIZE_OFFSET);
    if (status == 0) status = access__write(vm, address + CONTROL_SIZE_OFFSET, &control_size, sizeof control_size);
    uint32_t told = (message.is_cut ? MSG_TRUNC : 0) | (is_control_cut ? MSG_CTRUNC : 0) | (flags & MSG_CMSG_CLOEXEC);
    if (status == 0) status = write_u32(vm, address + FLAGS_OFFSET, told);
    return status != 0 ? status : count;
}

int64_t socket_calls__sendmsg(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    if (socket_calls__of(vm, a[0], &file, &status) == NULL) return status;
    return send_one(vm, file, a[1], (uint32_t)a[2]);
}

int64_t socket_calls__recvmsg(struct vm *vm, const uint64_t a[6]) {
    struct file *file;
    int64_t status;
    if (socket_calls__of(vm, a[0], &file, &status) == NULL) return status;
    return receive_one(vm, file, a[1], (uint32_t)a[2]);
}

/* ---- several ------------------------------------------------------------------------------------------- */

#define MMSGHDR_BYTES 64u
#define MESSAGES_MAX 1024u /* UIO_MAXIOV: more than that is not refused but left */
_Static_assert(sizeof(struct mmsghdr) == MMSGHDR_BYTES, "as the guest has it");

typedef int64_t move_one(struct vm *vm, struct file *file, uint64_t address, uint32_t flags);

/* Waits for the first one only: what comes later than that is the next call's. */
static int64_t move_several(struct vm *vm, const uint64_t a[6], move_one *move) {
    struct file *file;
    int64_t status;
    if (socket_calls__of(vm, a[0], &file, &status) == NULL) return status;
    uint32_t wanted = (uint32_t)a[2] < MESSAGES_MAX ? (uint32_t)a[2] : MESSAGES_MAX, flags = (uint32_t)a[3];
    for (uint32_t i = 0; i < wanted; i++) {
        uint64_t address = a[1] + (uint64_t)i * MMSGHDR_BYTES;
        int64_t count = move(vm, file, address, i == 0 ? flags : flags | MSG_DONTWAIT);
        if (count >= 0 && write_u32(vm, address + sizeof(struct msghdr), (uint32_t)count) != 0) count = -EFAULT;
        if (count < 0) return i > 0 ? (int64_t)i : count;
    }
    return wanted;
}

int64_t socket_calls__sendmmsg(struct vm *vm, const uint64_t a[6]) {
    return move_several(vm, a, send_one);
}

int64_t socket_calls__recvmmsg(struct vm *vm, const uint64_t a[6]) {
    uint64_t timeout;
    /* The timeout counts between messages only, and never ends the wait for one (recvmmsg(2), bugs). */
    int status = a[4] == 0 ? 0 : clock__read_timespec(vm, a[4], &timeout);
    return status != 0 ? status : move_several(vm, a, receive_one);
}
