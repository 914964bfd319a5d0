#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "snapshot.h"
#include "snapshot_file.h"

static int load__refuse(struct vm_text *why, int error, const char *reason) {
    snprintf(why->bytes, sizeof why->bytes, "%s", reason);
    return error;
}

static int load__is_within(const struct snapshot_extent *extent, uint64_t bytes, uint64_t alignment) {
    return extent->offset <= bytes && extent->bytes <= bytes - extent->offset && extent->offset % alignment == 0;
}

/* Nothing of the head is used before this said that it is whole. */
static int load__check_shape(const struct snapshot_head *head, uint64_t file_bytes) {
    if (head->bytes != file_bytes || head->view_count > VIEWS_MAX) return 0;
    if (head->system_bytes > SYSTEM_MAX || head->data_bytes > DATA_MAX) return 0;
    if ((head->system_bytes | head->data_bytes) & PAGE_MASK) return 0;
    uint64_t chunks = (file_bytes + SNAPSHOT_CHUNK_BYTES - 1) / SNAPSHOT_CHUNK_BYTES;
    if (head->checksums.bytes != chunks * sizeof(uint32_t) || !load__is_within(&head->checksums, file_bytes, 4)) return 0;
    if (head->kernel.offset < head->checksums.offset + head->checksums.bytes) return 0;
    if (!load__is_within(&head->kernel, file_bytes, SNAPSHOT_CHUNK_BYTES)) return 0;
    if (head->restored_thread >= THREADS_MAX) return 0;
    if (!head->is_difference) {
        return load__is_within(&head->system, file_bytes, PAGE_SIZE) && head->system.bytes == head->system_bytes &&
               load__is_within(&head->data, file_bytes, PAGE_SIZE) && head->data.bytes == head->data_bytes;
    }
    return load__is_within(&head->places, file_bytes, PAGE_SIZE) &&
           head->places.bytes == head->page_count * sizeof(uint64_t) &&
           load__is_within(&head->pages, file_bytes, PAGE_SIZE) && head->pages.bytes == head->page_count * PAGE_SIZE;
}

static int load__read(int file, struct snapshot_head *head, struct vm_text *why) {
    struct stat stat;
    if (fstat(file, &stat) != 0) return -errno;
    if (pread(file, head, sizeof *head, 0) != (ssize_t)sizeof *head || head->magic != SNAPSHOT_MAGIC) {
        return load__refuse(why, -EBADMSG, "this file is no snapshot");
    }
    if (head->checksum != snapshot__checksum(head, offsetof(struct snapshot_head, checksum))) {
        return load__refuse(why, -EBADMSG, "the snapshot is damaged: its head");
    }
    if (!load__check_shape(head, (uint64_t)stat.st_size)) {
        return load__refuse(why, -EBADMSG, "the snapshot is damaged: it is cut short, or its parts do not fit");
    }
    return 0;
}

/* The parent's pages lead to its views, by their place among them. */
static int load__begins_as(const struct vm_snapshot *parent, struct view *const *views, size_t view_count) {
    const struct regions *regions = parent->regions;
    int same = view_count >= regions->views.count;
    for (size_t i = 0; same && i < regions->views.count; i++) {
        same = memcmp(views[i]->identity, regions->identities[i], sizeof regions->identities[i]) == 0;
    }
    return same;
}

/* Of another engine, CPU, KVM, parent or other files: a clone of it would run on wrong assumptions. */
static int load__fits(struct vm_machine *machine, const struct snapshot_head *head, const struct vm_snapshot *parent,
                      struct view *const *views, size_t view_count, struct vm_text *why) {
    if (head->abi != VM_ABI || strncmp(head->build, snapshot__build(), sizeof head->build) != 0) {
        return load__refuse(why, -ESTALE, "the snapshot is of another version of the engine");
    }
    if (head->kind != (uint32_t)machine->calls_enter_ring0) {
        return load__refuse(why, -ESTALE, "the snapshot was taken on another kind of KVM");
    }
    if (head->cpu != snapshot__cpu(machine)) {
        return load__refuse(why, -ESTALE, "the snapshot was taken on a CPU with other features");
    }
    if (head->is_difference && (parent == NULL || memcmp(parent->id, head->parent_id, sizeof parent->id) != 0)) {
        return load__refuse(why, -ESTALE, "the snapshot is a difference to another one");
    }
    int same = head->view_count == view_count;
    for (size_t i = 0; same && i < view_count; i++) same = memcmp(head->views[i], views[i]->identity, 32) == 0;
    if (same && head->is_difference) same = load__begins_as(parent, views, view_count);
    return same ? 0 : load__refuse(why, -ESTALE, "the snapshot was taken with other files");
}

/* Clones of a difference share their parent's mapping of its views; what else they see lies below these. */
static int load__regions(const struct snapshot_head *head, const struct vm_snapshot *parent, struct view *const *views,
                         size_t view_count, struct regions **regions) {
    if (!head->is_difference) return regions__new(views, view_count, regions);
    uint32_t first = parent->regions->views.count;
    return regions__extend(parent->regions, views + first, view_count - first, regions);
}

static int load__check_table(struct vm_snapshot *snapshot, const struct snapshot_head *head, struct vm_text *why) {
    const uint8_t *table = snapshot->mapping + head->checksums.offset;
    if (snapshot__checksum(table, head->checksums.bytes) == head->table_checksum) return 0;
    return load__refuse(why, -EBADMSG, "the snapshot is damaged: its checksums");
}

int vm_snapshot_load(struct vm_machine *machine, int file, const struct vm_snapshot *parent, struct view *const *views,
                     size_t view_count, struct vm_snapshot **result, struct vm_text *why) {
    why->bytes[0] = 0;
    struct snapshot_head head;
    struct regions *regions = NULL;
    struct vm_snapshot *snapshot = NULL;
    int error = load__read(file, &head, why);
    if (error == 0) error = load__fits(machine, &head, parent, views, view_count, why);
    if (error == 0) error = load__regions(&head, parent, views, view_count, &regions);
    if (error == 0) error = snapshot__open(machine, file, parent, regions, &head, &snapshot);
    if (error == 0) error = load__check_table(snapshot, &head, why);
    if (regions != NULL) regions__release(regions);
    if (error != 0) {
        if (snapshot != NULL) vm_snapshot_close(snapshot);
        if (why->bytes[0] == 0) {
            const char *what = error == -EBADMSG ? "it is damaged" : strerror(-error);
            snprintf(why->bytes, sizeof why->bytes, "cannot load the snapshot: %s", what);
        }
        return error;
    }
    *result = snapshot;
    return 0;
}
