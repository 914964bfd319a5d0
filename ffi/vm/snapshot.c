#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clone.h"
#include "internal.h"
#include "share.h"
#include "snapshot_file.h"
#include "vm_new.h"

#ifndef VM_BUILD
#define VM_BUILD "unnamed"
#endif

const char *snapshot__build(void) {
    return VM_BUILD;
}

__attribute__((target("sse4.2"))) uint32_t snapshot__checksum(const void *bytes, uint64_t size) {
    const uint8_t *at = bytes;
    uint64_t sum = UINT32_MAX;
    for (; size >= sizeof(uint64_t); at += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    for (; size > 0; at++, size--) sum = __builtin_ia32_crc32qi((uint32_t)sum, *at);
    return ~(uint32_t)sum;
}

/* What a program may have found with CPUID and kept. The number of the CPU it ran on is none of it. */
uint64_t snapshot__cpu(const struct vm_machine *machine) {
    uint64_t hash = machine->xcr0;
    for (uint32_t i = 0; i < machine->cpuid.count; i++) {
        const struct kvm_cpuid_entry2 *entry = &machine->cpuid.entries[i];
        if (entry->function != 7 && entry->function != 0x80000001 && entry->function != 1) continue;
        uint32_t words[4] = {entry->function, entry->function == 1 ? 0 : entry->ebx, entry->ecx, entry->edx};
        hash = (hash << 32 | hash >> 32) ^ snapshot__checksum(words, sizeof words) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return hash;
}

const uint8_t *snapshot__page(const struct vm_snapshot *snapshot, int of_data, uint64_t page) {
    const struct snapshot_part *part = of_data ? &snapshot->data : &snapshot->system;
    if (page * PAGE_SIZE >= part->bytes) return NULL;
    if (snapshot->parent == NULL) return part->image + page * PAGE_SIZE;
    uint32_t place = part->places[page];
    if (place != 0) return atomic_load_explicit(&snapshot->contents[place - 1], memory_order_acquire);
    return snapshot__page(snapshot->parent, of_data, page);
}

void snapshot__keep(struct vm_snapshot *snapshot) {
    atomic_fetch_add(&snapshot->references, 1);
}

void vm_snapshot_close(struct vm_snapshot *snapshot) {
    if (atomic_fetch_sub(&snapshot->references, 1) != 1) return;
    if (snapshot->contents != NULL) share__leave(snapshot);
    if (snapshot->mapping != NULL) munmap((void *)(uintptr_t)snapshot->mapping, snapshot->mapping_bytes);
    if (snapshot->file >= 0) close(snapshot->file);
    if (snapshot->kernel != NULL) kernel__delete(snapshot->kernel);
    if (snapshot->regions != NULL) {
        clone__drop_shells(snapshot->machine, snapshot->regions);
        regions__release(snapshot->regions);
    }
    if (snapshot->parent != NULL) vm_snapshot_close((struct vm_snapshot *)(uintptr_t)snapshot->parent);
    pthread_mutex_destroy(&snapshot->sharing);
    free(snapshot->contents);
    free(snapshot->system.places);
    free(snapshot->data.places);
    free(snapshot->learned);
    free(snapshot->opened);
    free(snapshot->checked);
    free(snapshot);
}

static int snapshot__check_chunk(struct vm_snapshot *snapshot, uint32_t chunk) {
    if (atomic_load(&snapshot->checked[chunk])) return 0;
    uint64_t offset = chunk * SNAPSHOT_CHUNK_BYTES, left = snapshot->mapping_bytes - offset;
    uint64_t size = left < SNAPSHOT_CHUNK_BYTES ? left : SNAPSHOT_CHUNK_BYTES;
    /* 0: the head and the checksums, which have sums of their own. */
    if (snapshot->checksums[chunk] != 0 &&
        snapshot__checksum(snapshot->mapping + offset, size) != snapshot->checksums[chunk]) {
        return -EBADMSG;
    }
    atomic_store(&snapshot->checked[chunk], 1);
    return 0;
}

int snapshot__check(struct vm_snapshot *snapshot, uint64_t offset, uint64_t bytes) {
    if (bytes == 0) return 0;
    uint32_t last = (uint32_t)((offset + bytes - 1) / SNAPSHOT_CHUNK_BYTES);
    for (uint32_t chunk = (uint32_t)(offset / SNAPSHOT_CHUNK_BYTES); chunk <= last; chunk++) {
        int error = snapshot__check_chunk(snapshot, chunk);
        if (error != 0) return error;
    }
    return 0;
}

int vm_snapshot_check(struct vm_snapshot *snapshot, uint32_t chunks) {
    for (; chunks > 0 && snapshot->next_chunk < snapshot->chunk_count; snapshot->next_chunk++) {
        if (atomic_load(&snapshot->checked[snapshot->next_chunk])) continue;
        int error = snapshot__check_chunk(snapshot, snapshot->next_chunk);
        if (error != 0) return error;
        chunks--;
    }
    return snapshot->next_chunk == snapshot->chunk_count;
}

static int snapshot__read_places(struct vm_snapshot *snapshot, const struct snapshot_head *head) {
    snapshot->order = (const uint64_t *)(const void *)(snapshot->mapping + head->places.offset);
    snapshot->system.places = calloc(snapshot->system.bytes / PAGE_SIZE, sizeof(uint32_t));
    snapshot->data.places = calloc(snapshot->data.bytes / PAGE_SIZE, sizeof(uint32_t));
    _Atomic(const uint8_t *) *contents = malloc(head->page_count * sizeof *contents);
    if (snapshot->system.places == NULL || snapshot->data.places == NULL || contents == NULL) {
        free(contents);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < head->page_count; i++) atomic_init(&contents[i], snapshot->pages + i * PAGE_SIZE);
    snapshot->contents = contents;
    for (uint32_t i = 0; i < head->page_count; i++) {
        uint64_t place = snapshot->order[i], page = place >> 1;
        struct snapshot_part *part = place & 1 ? &snapshot->data : &snapshot->system;
        if (page >= part->bytes / PAGE_SIZE) return -EBADMSG;
        part->places[page] = i + 1;
        if (place & 1) continue;
        int error = snapshot__check(snapshot, head->pages.offset + i * PAGE_SIZE, PAGE_SIZE);
        if (error != 0) return error;
    }
    return 0;
}

/* What is there is what the kernel counts as used: nothing else of an area is mapped in a clone. */
static int snapshot__fits_kernel(const struct kernel *kernel, const struct snapshot_head *head) {
    int fits = kernel->space.next_table == head->system_bytes && kernel->frames.next * PAGE_SIZE == head->data_bytes;
    return fits ? 0 : -EBADMSG;
}

static int snapshot__read(struct vm_snapshot *snapshot, const struct snapshot_head *head) {
    snapshot->checksums = (const uint32_t *)(const void *)(snapshot->mapping + head->checksums.offset);
    snapshot->chunk_count = (uint32_t)(head->checksums.bytes / sizeof(uint32_t));
    snapshot->checked = calloc(snapshot->chunk_count, sizeof *snapshot->checked);
    snapshot->kernel = kernel__new();
    if (snapshot->checked == NULL || snapshot->kernel == NULL) return -ENOMEM;
    int error = snapshot__check(snapshot, head->kernel.offset, head->kernel.bytes);
    if (error == 0) error = snapshot__check(snapshot, head->places.offset, head->places.bytes);
    if (error == 0) error = snapshot__check(snapshot, head->system.offset, head->system.bytes);
    if (error == 0) {
        error = kernel__unpack(snapshot->kernel, snapshot->mapping + head->kernel.offset, head->kernel.bytes);
    }
    if (error == 0) error = snapshot__fits_kernel(snapshot->kernel, head);
    if (error != 0) return error;
    snapshot->system = (struct snapshot_part){.bytes = head->system_bytes,
                                              .image = snapshot->mapping + head->system.offset,
                                              .file_offset = head->system.offset};
    snapshot->data = (struct snapshot_part){.bytes = head->data_bytes,
                                            .image = snapshot->mapping + head->data.offset,
                                            .file_offset = head->data.offset};
    snapshot->pages = snapshot->mapping + head->pages.offset;
    snapshot->page_count = head->is_difference ? head->page_count : 0;
    return head->is_difference ? snapshot__read_places(snapshot, head) : 0;
}

int snapshot__open(struct vm_machine *machine, int file, const struct vm_snapshot *parent, struct regions *regions,
                   const struct snapshot_head *head, struct vm_snapshot **result) {
    struct vm_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) return -ENOMEM;
    atomic_store(&snapshot->references, 1);
    pthread_mutex_init(&snapshot->sharing, NULL);
    snapshot->machine = machine;
    snapshot->regions = regions;
    regions__keep(regions);
    if (head->is_difference) {
        snapshot->parent = parent;
        snapshot__keep((struct vm_snapshot *)(uintptr_t)parent);
    }
    memcpy(snapshot->id, head->id, sizeof snapshot->id);
    memcpy(snapshot->view_banks, head->view_banks, sizeof snapshot->view_banks);
    snapshot->limits = head->limits;
    snapshot->context = head->context;
    snapshot->restored_thread = head->restored_thread;
    snapshot->file = fcntl(file, F_DUPFD_CLOEXEC, 3);
    int error = snapshot->file < 0 ? -errno : 0;
    if (error == 0) {
        void *mapping = mmap(NULL, head->bytes, PROT_READ, MAP_SHARED, snapshot->file, 0);
        if (mapping == MAP_FAILED) error = -errno;
        else snapshot->mapping = mapping, snapshot->mapping_bytes = head->bytes;
    }
    if (error == 0) error = snapshot__read(snapshot, head);
    if (error == 0 && snapshot->parent != NULL) share__join(snapshot);
    if (error != 0) {
        vm_snapshot_close(snapshot);
        return error;
    }
    *result = snapshot;
    return 0;
}
