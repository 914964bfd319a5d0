#include "access.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>

#include "internal.h"
#include "tables.h"

/* Host memory of one guest page for such a use, its mapping made if it is due: or NULL. */
static const uint8_t *access__page(struct vm *vm, uint64_t address, int writable) {
    if (address >= USER_LAST) return NULL;
    for (int tries = 0; tries < 2; tries++) {
        uint64_t *entry = table__entry(vm, address);
        uint64_t value = entry == NULL ? 0 : *entry;
        uint64_t wanted = PTE_PRESENT | PTE_USER | (writable ? PTE_WRITE : 0);
        if ((value & wanted) == wanted) {
            uint64_t physical = (value & PTE_ADDRESS) | (address & PAGE_MASK);
            if (!writable) return memory__seen(vm, physical);
            memory__wrote(vm, physical, 1);
            return memory__at(vm, physical);
        }
        if (space__fault(vm, address, writable, 0) != 1) return NULL;
    }
    return NULL;
}

static const uint8_t *access__pages(struct vm *vm, uint64_t address, size_t size, int writable, size_t *run) {
    if (size == 0 || address >= USER_LAST || size > USER_LAST - address) return NULL;
    const uint8_t *first = access__page(vm, address, writable);
    if (first == NULL) return NULL;
    size_t length = PAGE_SIZE - (address & PAGE_MASK);
    while (length < size) {
        const uint8_t *next = access__page(vm, address + length, writable);
        if (next != first + length) break;
        length += PAGE_SIZE;
    }
    *run = length < size ? length : size;
    return first;
}

const uint8_t *access__run(struct vm *vm, uint64_t address, size_t size, size_t *run) {
    return access__pages(vm, address, size, 0, run);
}

/* Pages to be written are the VM's own. */
uint8_t *access__run_to_write(struct vm *vm, uint64_t address, size_t size, size_t *run) {
    return (uint8_t *)(uintptr_t)access__pages(vm, address, size, 1, run);
}

int access__read(struct vm *vm, void *to, uint64_t address, size_t size) {
    uint8_t *out = to;
    while (size > 0) {
        size_t run;
        const uint8_t *from = access__run(vm, address, size, &run);
        if (from == NULL) return -EFAULT;
        memcpy(out, from, run);
        out += run;
        address += run;
        size -= run;
    }
    return 0;
}

int access__write(struct vm *vm, uint64_t address, const void *from, size_t size) {
    const uint8_t *in = from;
    while (size > 0) {
        size_t run;
        uint8_t *to = access__run_to_write(vm, address, size, &run);
        if (to == NULL) return -EFAULT;
        memcpy(to, in, run);
        in += run;
        address += run;
        size -= run;
    }
    return 0;
}

int access__fill(struct vm *vm, uint64_t address, uint8_t value, size_t size) {
    while (size > 0) {
        size_t run;
        uint8_t *to = access__run_to_write(vm, address, size, &run);
        if (to == NULL) return -EFAULT;
        memset(to, value, run);
        address += run;
        size -= run;
    }
    return 0;
}

int64_t access__string(struct vm *vm, char *to, uint64_t address, size_t capacity) {
    size_t length = 0;
    while (length < capacity) {
        if (address >= USER_LAST) return -EFAULT;
        size_t wanted = PAGE_SIZE - (address & PAGE_MASK), run;
        if (wanted > capacity - length) wanted = capacity - length;
        const uint8_t *from = access__run(vm, address, wanted, &run);
        if (from == NULL) return -EFAULT;
        const uint8_t *end = memchr(from, 0, run);
        size_t count = end == NULL ? run : (size_t)(end - from) + 1;
        memcpy(to + length, from, count);
        length += count;
        if (end != NULL) return (int64_t)length - 1;
        address += count;
    }
    return -ENAMETOOLONG;
}

int access__vectors(struct vm *vm, struct guest_vector *to, uint64_t address, uint64_t count) {
    _Static_assert(sizeof(struct guest_vector) == sizeof(struct iovec), "as Linux has it");
    if (count > GUEST_VECTORS_MAX) return -EINVAL;
    if (access__read(vm, to, address, count * sizeof *to) != 0) return -EFAULT;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (to[i].size > (uint64_t)INT64_MAX - total) return -EINVAL;
        total += to[i].size;
    }
    return 0;
}
