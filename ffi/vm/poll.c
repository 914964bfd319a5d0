/* poll(2): a list of descriptors. */
#include "poll.h"

#include <errno.h>
#include <poll.h>

#include "internal.h"

/* What is told whether or not it was asked for. */
#define ALWAYS (READY_ERROR | READY_HANGUP | READY_INVALID)

static struct file *file_of(struct vm *vm, const struct pollfd *entry) {
    struct file *file = file__of(vm, (uint32_t)entry->fd);
    return file == NULL || file->kind == FILE_PATH ? NULL : file;
}

static int64_t look(struct vm *vm, struct pollfd *entries, uint32_t count) {
    int64_t ready = 0;
    for (uint32_t i = 0; i < count; i++) {
        entries[i].revents = 0;
        if (entries[i].fd < 0) continue;
        uint32_t wanted = (uint16_t)entries[i].events | ALWAYS;
        entries[i].revents = (short)(file__ready(vm, file_of(vm, &entries[i])) & wanted);
        ready += entries[i].revents != 0;
    }
    return ready;
}

static struct awaited awaited_by(struct vm *vm, const struct pollfd *entries, uint32_t count) {
    struct awaited awaited = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct file *file = entries[i].fd < 0 ? NULL : file_of(vm, &entries[i]);
        if (file != NULL && entries[i].events & POLLIN) wait__add(vm, file, &awaited);
    }
    return awaited;
}

static int64_t poll_entries(struct vm *vm, uint64_t address, uint64_t count, const struct patience *patience) {
    struct pollfd entries[DESCRIPTORS_MAX];
    if (count > descriptor__limit(vm)) return -EINVAL;
    if (access__read(vm, entries, address, count * sizeof *entries) != 0) return -EFAULT;
    int64_t ready = look(vm, entries, (uint32_t)count);
    if (ready == 0) ready = patience__wait(vm, patience, awaited_by(vm, entries, (uint32_t)count));
    if (ready < 0) return ready;
    return access__write(vm, address, entries, count * sizeof *entries) != 0 ? -EFAULT : ready;
}

int64_t poll__call_poll(struct vm *vm, const uint64_t a[6]) {
    struct patience patience = patience__of_ms(vm, (int32_t)a[2]);
    return poll_entries(vm, a[0], (uint32_t)a[1], &patience);
}

int64_t poll__call_ppoll(struct vm *vm, const uint64_t a[6]) {
    struct patience patience;
    int64_t status = patience__read(vm, a[2], PATIENCE_TIMESPEC, &patience);
    if (status == 0) status = patience__use_mask(vm, a[3], a[4]);
    if (status != 0) return status;
    int64_t result = poll_entries(vm, a[0], (uint32_t)a[1], &patience);
    if (result != CALL_BLOCKS) patience__tell_left(vm, &patience);
    return result;
}
