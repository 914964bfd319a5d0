#include <errno.h>
#include <sys/mman.h>

#include "internal.h"
#include "map.h"
#include "space_fill.h"
#include "tables.h"

#define PROTECTIONS (PROT_READ | PROT_WRITE | PROT_EXEC)
/* Growing stacks, locking and huge pages mean nothing here; they may be asked for. */
#define MAP_FLAGS                                                                                                      \
    (MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_POPULATE |            \
     MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NONBLOCK | MAP_GROWSDOWN | MAP_32BIT)

/* What one mincore tells at most: a reservation of the guest's may be 128 TB. */
#define MINCORE_PAGES_MAX 65536u

static int64_t call_mmap(struct vm *vm, const uint64_t a[6]) {
    uint32_t protection = (uint32_t)a[2], flags = (uint32_t)a[3];
    uint32_t type = flags & MAP_TYPE;
    if ((a[2] & ~(uint64_t)PROTECTIONS) != 0) return -EINVAL;
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE) return -EINVAL;
    if (flags & MAP_HUGETLB) return -ENOMEM;
    if ((flags & ~(uint32_t)MAP_FLAGS) != 0) return type == MAP_SHARED_VALIDATE ? -EOPNOTSUPP : -EINVAL;
    if (flags & MAP_32BIT) return -ENOMEM;
    if (flags & MAP_ANONYMOUS) return space__map(vm, a[0], a[1], protection, flags, NULL, 0);
    struct file *file = file__of(vm, a[4]);
    if (file == NULL) return -EBADF;
    int error = map__allowed(vm, file, protection, type == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED);
    if (error != 0) return error;
    return space__map(vm, a[0], a[1], protection, flags, file, a[5]);
}

static int64_t call_munmap(struct vm *vm, const uint64_t a[6]) {
    return space__unmap(vm, a[0], a[1]);
}

static int64_t call_mprotect(struct vm *vm, const uint64_t a[6]) {
    if ((a[2] & ~(uint64_t)PROTECTIONS) != 0) return -EINVAL;
    return space__protect(vm, a[0], a[1], (uint32_t)a[2]);
}

static int64_t call_mremap(struct vm *vm, const uint64_t a[6]) {
    uint32_t flags = (uint32_t)a[3];
    if ((a[3] & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED)) != 0) return -EINVAL;
    if ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
    return space__remap(vm, a[0], a[1], a[2], flags, a[4]);
}

static int64_t call_brk(struct vm *vm, const uint64_t a[6]) {
    struct space *space = &vm->kernel->space;
    uint64_t before = page_up(space->heap_end);
    if (a[0] < space->heap_start || a[0] > USER_LAST - PAGE_SIZE) return (int64_t)space->heap_end;
    uint64_t after = page_up(a[0]);
    if (after < before && space__unmap(vm, after, before - after) != 0) return (int64_t)space->heap_end;
    if (after > before) {
        int64_t at = space__map(vm, before, after - before, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0);
        if (at < 0) return (int64_t)space->heap_end;
    }
    space->heap_end = a[0];
    return (int64_t)a[0];
}

static int64_t call_madvise(struct vm *vm, const uint64_t a[6]) {
    if ((a[0] & PAGE_MASK) != 0 || a[1] > USER_LAST || a[0] > USER_LAST - a[1]) return -EINVAL;
    switch ((int)a[2]) {
    case MADV_DONTNEED:
        if (space__has_fixed(vm, a[0], page_up(a[0] + a[1]))) return -EINVAL;
        return fill__forget(vm, a[0], page_up(a[0] + a[1]));
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_FREE:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
        return 0;
    default:
        return -EINVAL;
    }
}

static int64_t call_mincore(struct vm *vm, const uint64_t a[6]) {
    if ((a[0] & PAGE_MASK) != 0) return -EINVAL;
    if (a[1] > USER_LAST || a[0] > USER_LAST - a[1]) return -ENOMEM;
    uint64_t pages = page_up(a[1]) / PAGE_SIZE;
    if (pages > MINCORE_PAGES_MAX) return -EAGAIN;
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t address = a[0] + i * PAGE_SIZE;
        if (space__area(vm, address) == NULL) return -ENOMEM;
        const uint64_t *entry = table__entry(vm, address);
        uint8_t there = entry != NULL && (*entry & PTE_OWNED) != 0;
        if (access__write(vm, a[2] + i, &there, 1) != 0) return -EFAULT;
    }
    return 0;
}

/* Pages that are shared are the file's own: there is nothing to write back, but as much to refuse. */
static int64_t call_msync(struct vm *vm, const uint64_t a[6]) {
    if ((a[0] & PAGE_MASK) != 0 || (a[2] & ~(uint64_t)(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) != 0) return -EINVAL;
    if ((a[2] & MS_ASYNC) && (a[2] & MS_SYNC)) return -EINVAL;
    if (a[1] > USER_LAST || a[0] > USER_LAST - a[1]) return -ENOMEM;
    for (uint64_t address = a[0]; address < a[0] + a[1];) {
        const struct area *area = space__area(vm, address);
        if (area == NULL) return -ENOMEM;
        address = area->end;
    }
    return 0;
}

/* Nothing is ever swapped out. */
static int64_t call_nothing_to_do(struct vm *vm, const uint64_t a[6]) {
    (void)vm;
    (void)a;
    return 0;
}

/* V8 asks whether there are protection keys. */
static int64_t call_pkey_alloc(struct vm *vm, const uint64_t a[6]) {
    (void)vm;
    (void)a;
    return -ENOSYS;
}

static const struct call calls[] = {
    {9, "mmap", call_mmap, "pzxxdx"},     {10, "mprotect", call_mprotect, "pzx"},
    {11, "munmap", call_munmap, "pz"},    {12, "brk", call_brk, "p"},
    {25, "mremap", call_mremap, "pzzxp"}, {26, "msync", call_msync, "pzx"},
    {27, "mincore", call_mincore, "pzp"}, {28, "madvise", call_madvise, "pzi"},
    {149, "mlock", call_nothing_to_do, "pz"},    {150, "munlock", call_nothing_to_do, "pz"},
    {151, "mlockall", call_nothing_to_do, "x"},  {152, "munlockall", call_nothing_to_do, ""},
    {325, "mlock2", call_nothing_to_do, "pzx"},  {330, "pkey_alloc", call_pkey_alloc, "xx"},
};

const struct call_family calls_memory = {"memory", calls, sizeof calls / sizeof *calls};
