/* read and write as a program sees them: in parts, whole, and waiting. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "internal.h"

/* One call moves no more than so much and a part: what it does cannot be interrupted. */
#define TRANSFER_MAX (INT64_C(16) << 20)

static int may(const struct file *file, uint32_t refused_mode) {
    return (file->flags & O_ACCMODE) != refused_mode && (file->flags & O_PATH) == 0;
}

int64_t file__read(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count) {
    const struct file_functions *functions = file__functions(file);
    if (!may(file, O_WRONLY)) return -EBADF;
    if (file->kind == FILE_SOCKET) return socket__read(vm, file, parts, count);
    if (functions->read == NULL) return file->kind == FILE_FOLDER ? -EISDIR : -EINVAL;
    int64_t total = 0;
    for (uint32_t i = 0; i < count && total < TRANSFER_MAX; i++) {
        /* Having read something it must not wait for more. */
        if (total > 0 && (file__ready(vm, file) & READY_IN) == 0) break;
        int64_t moved = functions->read(vm, file, parts[i].address, parts[i].size, -1);
        if (moved < 0) return total > 0 ? total : moved;
        total += moved;
        if ((uint64_t)moved < parts[i].size) break;
    }
    return total;
}

/* A pipe, a socket and a port take what fits; a blocking write of more waits for the rest. */
static int waits_for_room(const struct file *file) {
    int is_stream = file->kind == FILE_PIPE_WRITE || file->kind == FILE_PORT;
    return is_stream && (file->flags & O_NONBLOCK) == 0;
}

int64_t file__write(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count) {
    const struct file_functions *functions = file__functions(file);
    if (!may(file, O_RDONLY)) return -EBADF;
    if (file->kind == FILE_SOCKET) return socket__write(vm, file, parts, count);
    if (functions->write == NULL) return -EINVAL;
    uint64_t total = wait__take_progress(vm), before = total;
    for (uint32_t i = 0; i < count && total < (uint64_t)TRANSFER_MAX; i++) {
        uint64_t done = before < parts[i].size ? before : parts[i].size;
        before -= done;
        if (done == parts[i].size && done > 0) continue;
        uint64_t size = parts[i].size - done;
        int64_t moved = functions->write(vm, file, parts[i].address + done, size, -1);
        if (moved < 0) return wait__moved(vm, moved, total);
        total += (uint64_t)moved;
        if ((uint64_t)moved == size) continue;
        return waits_for_room(file) ? wait__moved(vm, wait__room(vm, NO_DEADLINE), total) : (int64_t)total;
    }
    return (int64_t)total;
}

int64_t file__control_readable(struct vm *vm, uint64_t request, uint64_t argument, uint32_t readable) {
    if ((uint32_t)request != FIONREAD) return -ENOTTY;
    int count = (int)readable;
    return access__write(vm, argument, &count, sizeof count);
}
