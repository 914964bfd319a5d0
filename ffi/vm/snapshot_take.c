#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fold.h"
#include "internal.h"
#include "learn.h"
#include "random.h"
#include "schedule.h"
#include "shell.h"
#include "snapshot.h"
#include "snapshot_file.h"
#include "system_pages.h"
#include "tables.h"

/* A guest that maps more after the snapshot finds tables for this much, so that none has to be added. */
#define HEAP_ROOM (UINT64_C(64) << 20)
#define MAP_ROOM (UINT64_C(512) << 20)

struct writer {
    int file;
    uint64_t at;
    int error;
};

static void writer__put(struct writer *writer, const void *bytes, uint64_t size) {
    const uint8_t *at = bytes;
    while (writer->error == 0 && size > 0) {
        ssize_t count = pwrite(writer->file, at, size, (off_t)writer->at);
        if (count <= 0) {
            if (count < 0 && errno == EINTR) continue;
            writer->error = count < 0 ? -errno : -ENOSPC;
            return;
        }
        at += count;
        size -= (uint64_t)count;
        writer->at += (uint64_t)count;
    }
}

static int page__is_zero(const uint8_t *page) {
    const uint64_t *words = (const uint64_t *)(const void *)page;
    uint64_t any = 0;
    for (size_t i = 0; i < PAGE_SIZE / sizeof *words; i += 8) {
        any = words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] | words[i + 5] | words[i + 6] |
              words[i + 7];
        if (any != 0) return 0;
    }
    return 1;
}

/* ---- what the guest is ready to be cloned from -------------------------------------------------------- */

/* A clone goes on fastest with the thread that was current, which should be the one that the request is for. */
static void take__choose_thread(struct vm *vm) {
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        const struct thread *thread = &threads->items[i];
        if (thread->state != THREAD_WAITS || thread->awaited_ports == 0) continue;
        schedule__switch(vm, i);
        return;
    }
}

/* Where a guest maps next there are tables: in the gaps between its areas, from the first one on, and in small areas. */
static int take__tables(struct vm *vm) {
    const struct kernel *kernel = vm->kernel;
    uint64_t at = MMAP_FIRST, left = MAP_ROOM;
    int error = table__prepare(vm, kernel->space.heap_end, HEAP_ROOM);
    for (uint32_t i = space__first(vm, MMAP_FIRST); error == 0 && i <= kernel->areas.used && left > 0; i++) {
        const struct area *area = i < kernel->areas.used ? &kernel->areas.items[i] : NULL;
        uint64_t end = area == NULL || area->start > MMAP_LAST ? MMAP_LAST : area->start;
        uint64_t gap = end > at ? end - at : 0, bytes = gap < left ? gap : left;
        if (bytes > 0) error = table__prepare(vm, at, bytes);
        left -= bytes;
        if (area == NULL || area->start > MMAP_LAST) return error;
        if (error == 0 && area->end - area->start <= MAP_ROOM) {
            error = table__prepare(vm, area->start, area->end - area->start);
        }
        at = area->end;
    }
    return error;
}

static int take__prepare(struct vm *vm, struct vm_text *why) {
    struct kernel *kernel = vm->kernel;
    if (vm->broken || vm->exit.reason != VM_WAITS) {
        snprintf(why->bytes, sizeof why->bytes, "the program does not wait for input");
        return -EBUSY;
    }
    if (port__dialed(vm) != 0) {
        snprintf(why->bytes, sizeof why->bytes, "a connection through the proxy is open");
        return -EBUSY;
    }
    int error = take__tables(vm);
    if (error != 0) return error;
    learn__end(vm);
    frames__drop_free(vm);
    fold__close_all(vm);
    take__choose_thread(vm);
    clock__freeze(vm);
    uint32_t current = kernel->threads.current;
    if (kernel->fpus.used <= current) kernel->fpus.used = current + 1;
    struct fpu_state *fpu = &kernel->fpus.items[current];
    error = entry__fpu_save(vm, fpu);
    if (error != 0) return error;
    uint8_t *restore = vm->memory.system.host + SYSTEM_RESTORE;
    if (vm->machine->fpu_bytes <= RESTORE_FPU_MAX) memcpy(restore + RESTORE_FPU, fpu, vm->machine->fpu_bytes);
    memcpy(restore + RESTORE_FS, &vm->context.fs_base, 8);
    memcpy(restore + RESTORE_GS, &vm->context.gs_base, 8);
    memcpy(restore + RESTORE_RDX, &vm->context.rdx, 8);
    memory__wrote(vm, SYSTEM_RESTORE, PAGE_SIZE);
    return 0;
}

/* Kernel state as clones begin with it: the FPU states of all threads are beside them. */
static uint8_t *take__pack(struct vm *vm, uint64_t *size) {
    struct thread_table *threads = &vm->kernel->threads;
    threads->items[threads->current].context = vm->context;
    uint8_t had_fpu = threads->items[threads->current].has_fpu;
    threads->items[threads->current].has_fpu = 1;
    *size = kernel__packed_size(vm->kernel);
    uint8_t *packed = malloc(*size);
    if (packed != NULL) kernel__pack(vm->kernel, packed);
    threads->items[threads->current].has_fpu = had_fpu;
    return packed;
}

/* ---- pages ----------------------------------------------------------------------------------------------- */

static void take__part(struct writer *writer, const uint8_t *host, uint64_t bytes, struct snapshot_extent *extent) {
    *extent = (struct snapshot_extent){writer->at, bytes};
    for (uint64_t offset = 0; offset < bytes;) {
        uint64_t end = offset;
        while (end < bytes && !page__is_zero(host + end)) end += PAGE_SIZE;
        writer__put(writer, host + offset, end - offset);
        while (end < bytes && page__is_zero(host + end)) end += PAGE_SIZE;
        offset = end;
        writer->at = extent->offset + offset;
    }
}

struct difference {
    uint64_t *places;
    uint32_t count, room;
    int error;
};

static void difference__find(struct difference *difference, const struct vm_snapshot *parent, int of_data,
                             const uint8_t *host, uint64_t bytes) {
    static const uint8_t zeros[PAGE_SIZE];
    for (uint64_t page = 0; page < bytes / PAGE_SIZE; page++) {
        const uint8_t *before = snapshot__page(parent, of_data, page);
        if (memcmp(before == NULL ? zeros : before, host + page * PAGE_SIZE, PAGE_SIZE) == 0) continue;
        if (difference->count == difference->room) {
            uint32_t room = difference->room == 0 ? 1024 : difference->room * 2;
            uint64_t *places = realloc(difference->places, room * sizeof *places);
            if (places == NULL) {
                difference->error = -ENOMEM;
                return;
            }
            difference->places = places;
            difference->room = room;
        }
        difference->places[difference->count++] = page << 1 | (uint64_t)of_data;
    }
}

static void take__difference(struct writer *writer, struct vm *vm, const struct vm_snapshot *parent,
                             struct snapshot_head *head) {
    struct difference difference = {0};
    difference__find(&difference, parent, 0, vm->memory.system.host, head->system_bytes);
    difference__find(&difference, parent, 1, vm->memory.data.host, head->data_bytes);
    if (difference.error != 0) writer->error = difference.error;
    head->is_difference = 1;
    head->page_count = difference.count;
    head->places = (struct snapshot_extent){writer->at, difference.count * sizeof(uint64_t)};
    writer__put(writer, difference.places, head->places.bytes);
    writer->at = page_up(writer->at);
    head->pages = (struct snapshot_extent){writer->at, difference.count * PAGE_SIZE};
    for (uint32_t i = 0; i < difference.count; i++) {
        const struct memory_area *area = difference.places[i] & 1 ? &vm->memory.data : &vm->memory.system;
        writer__put(writer, area->host + (difference.places[i] >> 1) * PAGE_SIZE, PAGE_SIZE);
    }
    free(difference.places);
}

/* ---- the file -------------------------------------------------------------------------------------------- */

static void take__describe(struct vm *vm, const struct vm_snapshot *parent, struct snapshot_head *head) {
    head->magic = SNAPSHOT_MAGIC;
    head->abi = VM_ABI;
    strncpy(head->build, snapshot__build(), sizeof head->build - 1);
    head->cpu = snapshot__cpu(vm->machine);
    head->kind = (uint32_t)vm->machine->calls_enter_ring0;
    if (parent != NULL) memcpy(head->parent_id, parent->id, sizeof head->parent_id);
    head->view_count = vm->views->count;
    for (uint32_t i = 0; i < vm->views->count; i++) {
        memcpy(head->views[i], vm->views->items[i]->identity, sizeof head->views[i]);
    }
    for (uint32_t i = 0; i < vm->shell->slot_count; i++) {
        uint64_t base = vm->shell->slots[i].base;
        if (base < VIEW_BASE) continue;
        uint64_t view = (base - VIEW_BASE) / VIEW_STRIDE, bank = (base - VIEW_BASE) % VIEW_STRIDE / VIEW_BANK_BYTES;
        head->view_banks[view][bank / 64] |= UINT64_C(1) << (bank % 64);
    }
    head->system_bytes = vm->kernel->space.next_table;
    head->data_bytes = (uint64_t)vm->kernel->frames.next * PAGE_SIZE;
    head->limits = vm->limits;
    head->context = vm->context;
    head->restored_thread = vm->kernel->threads.current;
}

static int take__checksums(int file, struct snapshot_head *head) {
    uint32_t chunks = (uint32_t)(head->checksums.bytes / sizeof(uint32_t));
    uint32_t *sums = calloc(chunks, sizeof *sums);
    uint8_t *mapping = mmap(NULL, head->bytes, PROT_READ, MAP_SHARED, file, 0);
    if (sums == NULL || mapping == MAP_FAILED) {
        free(sums);
        return -ENOMEM;
    }
    for (uint64_t chunk = head->kernel.offset / SNAPSHOT_CHUNK_BYTES; chunk < chunks; chunk++) {
        uint64_t offset = chunk * SNAPSHOT_CHUNK_BYTES, left = head->bytes - offset;
        sums[chunk] = snapshot__checksum(mapping + offset, left < SNAPSHOT_CHUNK_BYTES ? left : SNAPSHOT_CHUNK_BYTES);
    }
    munmap(mapping, head->bytes);
    head->table_checksum = snapshot__checksum(sums, head->checksums.bytes);
    struct writer writer = {.file = file, .at = head->checksums.offset};
    writer__put(&writer, sums, head->checksums.bytes);
    free(sums);
    return writer.error;
}

static int take__write(struct vm *vm, int file, const struct vm_snapshot *parent, struct snapshot_head *head) {
    uint64_t packed_bytes;
    uint8_t *packed = take__pack(vm, &packed_bytes);
    if (packed == NULL) return -ENOMEM;
    take__describe(vm, parent, head);
    uint64_t most = 2 * PAGE_SIZE + packed_bytes + head->system_bytes + head->data_bytes +
                    (head->system_bytes + head->data_bytes) / PAGE_SIZE * sizeof(uint64_t) + SNAPSHOT_CHUNK_BYTES;
    head->checksums.offset = PAGE_SIZE;
    struct writer writer = {.file = file};
    /* Room for the checksums of the largest that it can become; their chunks are none of theirs. */
    uint64_t table = (most + most / 1024) / SNAPSHOT_CHUNK_BYTES * sizeof(uint32_t) + PAGE_SIZE;
    writer.at = (PAGE_SIZE + table + SNAPSHOT_CHUNK_BYTES - 1) & ~(SNAPSHOT_CHUNK_BYTES - 1);
    head->kernel = (struct snapshot_extent){writer.at, packed_bytes};
    writer__put(&writer, packed, packed_bytes);
    free(packed);
    writer.at = page_up(writer.at);
    if (parent == NULL) {
        take__part(&writer, vm->memory.system.host, head->system_bytes, &head->system);
        take__part(&writer, vm->memory.data.host, head->data_bytes, &head->data);
    } else {
        take__difference(&writer, vm, parent, head);
    }
    head->bytes = writer.at;
    head->checksums.bytes = (head->bytes + SNAPSHOT_CHUNK_BYTES - 1) / SNAPSHOT_CHUNK_BYTES * sizeof(uint32_t);
    if (writer.error == 0 && ftruncate(file, (off_t)head->bytes) != 0) writer.error = -errno;
    if (writer.error != 0) return writer.error;
    int error = take__checksums(file, head);
    if (error != 0) return error;
    head->checksum = snapshot__checksum(head, offsetof(struct snapshot_head, checksum));
    struct writer first = {.file = file};
    writer__put(&first, head, sizeof *head);
    return first.error;
}

int vm_snapshot_take(struct vm *vm, const struct vm_snapshot_options *options, struct vm_snapshot **snapshot,
                     struct vm_text *why) {
    why->bytes[0] = 0;
    const struct vm_snapshot *parent = options->parent;
    /* A difference is one to a flat snapshot: a chain would cost every page a walk. */
    if (parent != NULL && parent->parent != NULL) parent = parent->parent;
    struct snapshot_head head = {0};
    int error = parent == NULL || regions__include(vm->regions, parent->regions) ? 0 : -EXDEV;
    if (error == 0 && ftruncate(options->file, 0) != 0) error = -errno;
    if (error == 0) error = take__prepare(vm, why);
    if (error == 0) error = random__bytes(head.id, sizeof head.id);
    if (error == 0) error = take__write(vm, options->file, parent, &head);
    if (error == 0) {
        error = snapshot__open((struct vm_machine *)(uintptr_t)vm->machine, options->file, parent, vm->regions, &head,
                               snapshot);
    }
    if (error != 0 && why->bytes[0] == 0) {
        snprintf(why->bytes, sizeof why->bytes, "cannot take a snapshot: %s", strerror(-error));
    }
    return error;
}
