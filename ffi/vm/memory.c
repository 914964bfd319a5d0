#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "shell.h"
#include "snapshot.h"

static uint64_t memory__bits_bytes(uint64_t bytes) {
    return page_up(bytes / PAGE_SIZE / 8);
}

/* One mapping for both areas: what KVM does for each new VM takes longer with every mapping of the process. */
static int memory__make_bits(struct memory *memory) {
    uint64_t size = memory__bits_bytes(memory->system.bytes) + memory__bits_bytes(memory->data.bytes);
    void *bits = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bits == MAP_FAILED) return -ENOMEM;
    memory->system.written = bits;
    memory->data.written = memory->system.written + memory__bits_bytes(memory->system.bytes) / sizeof(uint64_t);
    return 0;
}

static void memory__free_bits(struct memory *memory) {
    if (memory->system.written == NULL) return;
    munmap(memory->system.written, memory__bits_bytes(memory->system.bytes) + memory__bits_bytes(memory->data.bytes));
    memory->system.written = memory->data.written = NULL;
}

int memory__widen(struct vm *vm, uint64_t data_bytes) {
    struct memory *memory = &vm->memory, old = *memory;
    if (data_bytes <= memory->data.bytes) return 0;
    if (data_bytes > DATA_MAX) return -EINVAL;
    memory->data.bytes = data_bytes;
    int error = memory__make_bits(memory);
    if (error != 0) {
        *memory = old;
        return error;
    }
    memcpy(memory->system.written, old.system.written, memory__bits_bytes(old.system.bytes));
    memcpy(memory->data.written, old.data.written, memory__bits_bytes(old.data.bytes));
    memory__free_bits(&old);
    return 0;
}

struct memory_area memory__system_area(uint8_t *host) {
    return (struct memory_area){
        .base = SYSTEM_BASE, .bytes = SYSTEM_MAX, .bank_bytes = SYSTEM_BANK_BYTES, .host = host};
}

struct memory_area memory__data_area(uint8_t *host, uint64_t bytes) {
    return (struct memory_area){.base = DATA_BASE, .bytes = bytes, .bank_bytes = DATA_BANK_BYTES, .host = host};
}

int memory__init(struct vm *vm, uint8_t *reserve, uint64_t data_bytes) {
    struct memory *memory = &vm->memory;
    data_bytes = (data_bytes + DATA_BANK_BYTES - 1) / DATA_BANK_BYTES * DATA_BANK_BYTES;
    if (data_bytes == 0 || data_bytes > DATA_MAX) return -EINVAL;
    memory->owns_host = reserve == NULL;
    if (reserve == NULL) {
        reserve = memory__reserve(data_bytes);
        if (reserve == NULL) return -ENOMEM;
    }
    memory->system = memory__system_area(reserve);
    memory->data = memory__data_area(reserve + SYSTEM_MAX, data_bytes);
    int error = memory__make_bits(memory);
    if (error != 0) memory__fini(vm);
    return error;
}

uint8_t *memory__reserve(uint64_t data_bytes) {
    void *reserve = mmap(NULL, SYSTEM_MAX + data_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return reserve == MAP_FAILED ? NULL : reserve;
}

void memory__fini(struct vm *vm) {
    struct memory *memory = &vm->memory;
    if (memory->owns_host) munmap(memory->system.host, SYSTEM_MAX + memory->data.bytes);
    memory__free_bits(memory);
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

uint8_t *memory__at(struct vm *vm, uint64_t physical) {
    struct memory_area *area = memory__area(vm, physical);
    return area == NULL ? NULL : area->host + (physical - area->base);
}

void memory__wrote(struct vm *vm, uint64_t physical, uint64_t bytes) {
    struct memory_area *area = memory__area(vm, physical);
    if (area == NULL || area->written == NULL || bytes == 0) return;
    uint64_t first = (physical - area->base) >> PAGE_SHIFT;
    uint64_t last = (physical - area->base + bytes - 1) >> PAGE_SHIFT;
    for (uint64_t page = first; page <= last; page++) area->written[page / 64] |= UINT64_C(1) << (page % 64);
}

int memory__attach(struct vm *vm, uint64_t physical, uint64_t pages) {
    if (vm->shell == NULL || pages == 0) return 0;
    struct memory_area *area = memory__area(vm, physical);
    if (area == NULL) return -EINVAL;
    uint64_t first = (physical - area->base) / area->bank_bytes;
    uint64_t last = (physical - area->base + pages * PAGE_SIZE - 1) / area->bank_bytes;
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
    uint8_t *host = memory__at(vm, range->first);
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
