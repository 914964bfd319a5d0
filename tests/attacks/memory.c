#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* All the memory there is, by each of the ways to it. */

#define PAGE 4096ul

static void touch_all(void) {
    uint8_t *all = mmap(NULL, 1ul << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 1ul << 36; i += PAGE) all[i] = 1;
}

/* More than it may change after its snapshot, but not more than it may have. */
static void change_much(void) {
    size_t bytes = 155ul << 20;
    uint8_t *all = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < bytes; i += PAGE) all[i] = 1;
    for (volatile uint64_t i = 0;; i++) {}
}

static void eager_maps(void) {
    while (call(SYS_mmap, 0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0) {
    }
    while (call(SYS_mmap, 0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0) {
    }
}

/* Pages with a hole after each: areas, and free extents once they go. */
static void many_areas(void) {
    uint8_t *base = mmap(NULL, 200000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 40000; i++) {
        if (call(SYS_mprotect, base + 2 * i * PAGE, PAGE, 3) != 0) break;
        base[2 * i * PAGE] = 1;
    }
    call(SYS_munmap, base, 100000 * PAGE);
    call(SYS_mprotect, base, 200000 * PAGE, 3);
}

static void fragments(void) {
    uint8_t *base = mmap(NULL, 8192 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 8192; i++) base[i * PAGE] = 1;
    for (size_t i = 0; i < 8192; i += 2) call(SYS_madvise, base + i * PAGE, PAGE, MADV_DONTNEED);
    for (size_t i = 0; i < 8192; i += 2) base[i * PAGE] = 1;
    for (size_t i = 0; i < 8192; i += 3) call(SYS_munmap, base + i * PAGE, PAGE);
    for (size_t i = 0; i < 8192; i += 3)
        call(SYS_mmap, base + i * PAGE, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* Page-table pages: one page in each of many far places. */
static void far_apart(void) {
    for (uint64_t at = 1ul << 32; at < 0x7e0000000000; at += 1ul << 30) {
        uint8_t *page = (uint8_t *)call(SYS_mmap, at, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (page == (uint8_t *)at) *page = 1;
    }
}

static void grow_break(void) {
    uint64_t at = (uint64_t)call(SYS_brk, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t now = (uint64_t)call(SYS_brk, at += 1 << 22);
        if (now == at) *(volatile uint8_t *)(now - 1) = 1;
    }
    call(SYS_brk, UINT64_MAX), call(SYS_brk, SYSTEM_ADDRESS), call(SYS_brk, 0x7fffe0100000),
        call(SYS_brk, 0x7f0000000000);
}

static void remap(void) {
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 7, PAGE);
    for (int i = 0; i < 300; i++) {
        uint64_t size = PAGE << any_below(20);
        uint8_t *moved = (uint8_t *)call(SYS_mremap, page, PAGE, size, 1, 0);
        if ((intptr_t)moved < 0 && (intptr_t)moved > -4096) continue;
        moved[0] = 1;
        page = (uint8_t *)call(SYS_mremap, moved, size, PAGE, 1, 0);
    }
}

/* Rights of what it was born with change back and forth. */
static void flip_rights(void) {
    static uint8_t own[64 * PAGE] __attribute__((aligned(4096)));
    for (int i = 0; i < 3000; i++) {
        uint8_t *page = own + any_below(64) * PAGE;
        call(SYS_mprotect, page, PAGE, any_below(2) ? 1 : 3);
        if (any_below(4) == 0) call(SYS_madvise, page, PAGE, MADV_DONTNEED);
        if (any_below(8) == 0) call(SYS_mmap, page, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        call(SYS_mprotect, page, PAGE, 3);
        *page = (uint8_t)i;
    }
}

static void mapped_files(void) {
    int file = open("/tmp/mapped", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 200; i++) {
        if (ftruncate(file, (off_t)any_below(100) * 4096) != 0) break;
        uint8_t *at = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, any_below(2) ? MAP_SHARED : MAP_PRIVATE, file, 0);
        if (at == MAP_FAILED) break;
        if (write(file, at, 3 * PAGE) < 0 && errno == 0) break;
        call(SYS_pread64, file, at + 5 * PAGE, 90 * PAGE, 100);
        call(SYS_pwrite64, file, at + 100, 80 * PAGE, 50);
        if (any_below(3) == 0) munmap(at, 50 * PAGE);
    }
    unlink("/tmp/mapped");
}

static const struct attack list[] = {
    {"memory-touched", touch_all},
    {"changes-too-much", change_much},
    {"memory-mapped", eager_maps},
    {"areas", many_areas},
    {"fragments", fragments},
    {"page-tables", far_apart},
    {"break", grow_break},
    {"remaps", remap},
    {"rights-flipped", flip_rights},
    {"mapped-files", mapped_files},
};
const struct attacks memory_attacks = ATTACKS(list);
