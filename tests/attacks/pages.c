#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* Addresses that are not the guest's. */

static const uint64_t forbidden[] = {
    0,
    1,
    0xfff,
    0x1000,
    0xffff,
    SYSTEM_ADDRESS,
    SYSTEM_ADDRESS + 0x1000,
    SYSTEM_ADDRESS + 0x2000,
    SYSTEM_ADDRESS + 0x3000,
    SYSTEM_ADDRESS + 0x5fff,
    CALL_STUB,
    CALL_STUB + 0x100,
    SYSTEM_ADDRESS + 0x7000,
    SYSTEM_ADDRESS + 0x7800,
    SYSTEM_ADDRESS + 0x7810,
    SYSTEM_ADDRESS + 0x8000,
    SYSTEM_ADDRESS + 0x8ff8,
    SYSTEM_ADDRESS + 0x9000,
    SYSTEM_ADDRESS + 0xa000,
    SYSTEM_ADDRESS + 0x10000,
    SYSTEM_ADDRESS + 0x11000,
    0x7fffe0100000,
    0x7fffe0101000,
    0x7fffffffefff,
    0x7ffffffff000,
    0x7fffffffffff,
    0x800000000000,
    0xffff7fffffffffff,
    0xffff800000000000,
    0xffffffff81000000,
    0xfffffffffffff000,
    UINT64_MAX,
    0x4000000000000000,
    0x100000000,
    0x1000000000,
};
#define COUNT (sizeof forbidden / sizeof *forbidden)

static void read_it(void *data) {
    (void)**(volatile uint8_t **)data;
}

static void write_it(void *data) {
    **(volatile uint8_t **)data = 1;
}

static void write_across(void *data) {
    *(volatile uint64_t *)(*(uintptr_t *)data - 3) = 1;
}

static void add_it(void *data) {
    __atomic_fetch_add(*(uint64_t **)data, 1, __ATOMIC_SEQ_CST);
}

static void touch(void) {
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t address = forbidden[i];
        survives(read_it, &address), survives(write_it, &address), survives(write_across, &address),
            survives(add_it, &address);
    }
}

static void execute(void) {
    for (size_t i = 0; i < COUNT; i++) {
        /* mov rax, address; xor ecx, ecx; jmp rax */
        uint8_t code[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 0xc9, 0xff, 0xe0};
        memcpy(code + 2, &forbidden[i], 8);
        survives_code(code, sizeof code);
    }
}

static void on_stack(void) {
    for (size_t i = 0; i < COUNT; i++) {
        /* mov rdx, rsp; mov rsp, address; push rax | ud2 | syscall; mov rsp, rdx */
        uint8_t push[] = {0x48, 0x89, 0xe2, 0x48, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x48, 0x89, 0xd4, 0xc3};
        uint8_t fault[] = {0x48, 0x89, 0xe2, 0x48, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0x0b, 0x48, 0x89, 0xd4, 0xc3};
        uint8_t asks[] = {0x48, 0x89, 0xe2, 0x48, 0xbc, 0, 0,    0,    0,    0,    0,    0,
                          0,    0xb8, 39,   0,    0,    0, 0x0f, 0x05, 0x48, 0x89, 0xd4, 0xc3};
        memcpy(push + 5, &forbidden[i], 8), memcpy(fault + 5, &forbidden[i], 8), memcpy(asks + 5, &forbidden[i], 8);
        survives_code(push, sizeof push), survives_code(fault, sizeof fault), survives_code(asks, sizeof asks);
    }
}

/* mmap, munmap, mprotect, mremap and madvise there, with lengths that wrap. */
static void map(void) {
    static const uint64_t lengths[] = {1,         4096,      0x10000,           1ul << 30, 1ul << 40,
                                       1ul << 47, 1ul << 63, UINT64_MAX - 4095, UINT64_MAX};
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
            uint64_t address = forbidden[i], length = lengths[j];
            if (address < 0x7fffe0000000 && length > 0x10000) continue;
            call(SYS_mmap, address, length, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            call(SYS_mprotect, address & ~4095ul, length, 7);
            call(SYS_munmap, address & ~4095ul, length);
            call(SYS_madvise, address & ~4095ul, length, MADV_DONTNEED);
            call(SYS_mremap, address & ~4095ul, length, length * 2, 1, 0);
            call(SYS_mremap, 0x500000, 4096, length, 3, address);
        }
    }
    touch();
}

/* Everything that it has, itself included. */
static void unmap_all(void) {
    call(SYS_munmap, 0x10000, 0x7fffe0100000 - 0x10000);
}

static void protect_all(void) {
    /* Its text, data and stack lose their rights one by one, as /proc/self/maps has them. */
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[256];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        if (sscanf(line, "%lx-%lx", &start, &end) == 2) call(SYS_mprotect, start, end - start, 0);
    }
}

static void overwrite_itself(void) {
    extern char __executable_start[], _end[];
    call(SYS_mprotect, __executable_start, (uint64_t)(_end - __executable_start + 4095) & ~4095ul, 7);
    memset(__executable_start, 0xf4, 0x3000);
    memset(__executable_start + 0x3000, 0xf4, (size_t)(_end - __executable_start) - 0x3000);
}

static const struct attack list[] = {
    {"forbidden-pages-touched", touch},
    {"forbidden-pages-executed", execute},
    {"forbidden-stacks", on_stack},
    {"forbidden-maps", map},
    {"unmaps-all", unmap_all},
    {"protects-all", protect_all},
    {"overwrites-itself", overwrite_itself},
};
const struct attacks page_attacks = ATTACKS(list);
