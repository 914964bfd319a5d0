#include "memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "internal.h"
#include "shell.h"
#include "snapshot.h"

struct memory_area memory__system_area(uint8_t *host) {
    return (struct memory_area){
        .base = SYSTEM_BASE, .bytes = SYSTEM_MAX, .bank_bytes = SYSTEM_BANK_BYTES, .host = host};
}

struct memory_area memory__data_area(uint8_t *host, uint64_t bytes) {
    return (struct memory_area){.base = DATA_BASE, .bytes = bytes, .bank_bytes = DATA_BANK_BYTES, .host = host};
}

int memory__back(struct memory_area *area, uint64_t bytes) {
    if (bytes <= area->mapped) return 0;
    if (bytes > area->bytes) return -EINVAL;
    void *rest = mmap(area->host + area->mapped, area->bytes - area->mapped, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (rest == MAP_FAILED) return -errno;
    area->mapped = area->bytes;
    return 0;
}

static uint8_t *memory__map_own(uint64_t bytes) {
    void *host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return host == MAP_FAILED ? NULL : host;
}

int memory__init(struct vm *vm, struct memory_bits *bits, uint8_t *room, uint64_t data_bytes) {
    struct memory *memory = &vm->memory;
    data_bytes = (data_bytes + DATA_BANK_BYTES - 1) / DATA_BANK_BYTES * DATA_BANK_BYTES;
    if (data_bytes == 0 || data_bytes > DATA_MAX) return -EINVAL;
    uint8_t *host = room == NULL ? memory__map_own(SYSTEM_MAX + data_bytes) : room;
    if (host == NULL) return -ENOMEM;
    memory->owns_host = room == NULL;
    memory->system = memory__system_area(host);
    memory->data = memory__data_area(host + SYSTEM_MAX, data_bytes);
    memory->system.written = bits->system;
    memory->data.written = bits->data;
    if (room != NULL) return 0;
    memory->system.mapped = memory->system.bytes;
    memory->data.mapped = memory->data.bytes;
    return 0;
}

void memory__fini(struct vm *vm) {
    struct memory *memory = &vm->memory;
    if (memory->owns_host) munmap(memory->system.host, SYSTEM_MAX + memory->data.bytes);
}

static struct memory_area *memory__area(struct vm *vm, uint64_t physical) {
    struct memory *memory = &vm->memory;
    if (physical - DATA_BASE < memory->data.bytes) return &memory->data;
    if (physical < SYSTEM_MAX) return &memory->system;
    uint64_t view = (physical - VIEW_BASE) / VIEW_STRIDE;
    if (physical >= VIEW_BASE && view < memory->view_count) {
        struct memory_area *area = &memory->views[view];
        if (physical - area->base < area->bytes) return area;
    }
    return NULL;
}

static uint8_t *memory__host(struct vm *vm, uint64_t physical, int writable) {
    const struct memory_area *area = memory__area(vm, physical);
    if (area == NULL || physical - area->base >= area->mapped) return NULL;
    return writable && area->written == NULL ? NULL : area->host + (physical - area->base);
}

const uint8_t *memory__seen(struct vm *vm, uint64_t physical) {
    return memory__host(vm, physical, 0);
}

uint8_t *memory__at(struct vm *vm, uint64_t physical) {
    return memory__host(vm, physical, 1);
}

void memory__wrote(struct vm *vm, uint64_t physical, uint64_t bytes) {
    struct memory_area *area = memory__area(vm, physical);
    if (area == NULL || area->written == NULL || bytes == 0) return;
    uint64_t first = (physical - area->base) >> PAGE_SHIFT;
    uint64_t last = (physical - area->base + bytes - 1) >> PAGE_SHIFT;
    for (uint64_t page = first; page <= last; page++) area->written[page / 64] |= UINT64_C(1) << (page % 64);
    struct memory *memory = &vm->memory;
    if (area != &memory->data || memory->recent_count == RECENT_MAX) return;
    memory->recent[memory->recent_count++] = (struct page_range){first, last - first + 1};
}

int memory__attach(struct vm *vm, uint64_t physical, uint64_t pages) {
    if (vm->shell == NULL || pages == 0) return 0;
    struct memory_area *area = memory__area(vm, physical);
    if (area == NULL) return -EINVAL;
    uint64_t end = physical - area->base + pages * PAGE_SIZE;
    int status = memory__back(area, end);
    if (status != 0) return status;
    uint64_t first = (physical - area->base) / area->bank_bytes, last = (end - 1) / area->bank_bytes;
    for (uint64_t bank = first; bank <= last; bank++) {
        int error = shell__attach(vm->shell, area, bank);
        if (error != 0) return error;
    }
    return 0;
}

void memory__expect_all(struct vm *vm, uint64_t physical, uint64_t pages) {
    if (pages > 0) madvise(memory__at(vm, physical), pages * PAGE_SIZE, MADV_HUGEPAGE);
}

int memory__drop(struct vm *vm, uint64_t physical, uint64_t pages) {
    vm->counters.zaps++;
    vm->memory.translations_stale = 1;
    /* What comes back is the mapped file's: the parent's, where the snapshot is a difference to it. */
    if (vm->snapshot != NULL && vm->snapshot->parent != NULL) memory__wrote(vm, physical, pages * PAGE_SIZE);
    return madvise(memory__at(vm, physical), pages * PAGE_SIZE, MADV_DONTNEED) == 0 ? 0 : -errno;
}

/* One by one they would cost more than to take all from the first to the last from under the guest. */
static void memory__join_zaps(struct memory *memory) {
    uint64_t first = UINT64_MAX, end = 0;
    for (uint32_t i = 0; i < memory->zap_count; i++) {
        const struct page_range *range = &memory->zaps[i];
        if (range->first < first) first = range->first;
        if (range->first + range->pages * PAGE_SIZE > end) end = range->first + range->pages * PAGE_SIZE;
    }
    memory->zaps[0] = (struct page_range){first, (end - first) / PAGE_SIZE};
    memory->zap_count = 1;
}

static int memory__take_from_under(struct vm *vm, const struct page_range *range) {
    uint8_t *host = memory__host(vm, range->first, 0);
    size_t bytes = range->pages * PAGE_SIZE;
    if (mprotect(host, bytes, PROT_READ) != 0) return -errno;
    return mprotect(host, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -errno;
}

int memory__zap(struct vm *vm, uint64_t physical, uint64_t pages) {
    struct memory *memory = &vm->memory;
    const struct page_range range = {physical, pages};
    vm->counters.zaps++;
    memory->translations_stale = 1;
    if (vm->shell == NULL || !shell__keeps_shadows(vm->shell)) return 0;
    /* Other VMs have views' pages, too. */
    if (physical - DATA_BASE >= memory->data.bytes) return memory__take_from_under(vm, &range);
    struct page_range *last = memory->zap_count == 0 ? NULL : &memory->zaps[memory->zap_count - 1];
    if (last != NULL && last->first + last->pages * PAGE_SIZE == physical) {
        last->pages += pages;
        return 0;
    }
    if (memory->zap_count == ZAPS_MAX) memory__join_zaps(memory);
    memory->zaps[memory->zap_count++] = range;
    return 0;
}

int memory__zap_due(struct vm *vm) {
    struct memory *memory = &vm->memory;
    int error = 0;
    for (uint32_t i = 0; error == 0 && i < memory->zap_count; i++) error = memory__take_from_under(vm, &memory->zaps[i]);
    memory->zap_count = 0;
    return error;
}
