#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../map.h"
#include "fuzz.h"

#define ARENA UINT64_C(0x100000)
#define ARENA_BYTES UINT64_C(0x20000)
#define READ_ONLY UINT64_C(0x200000)
#define NO_ACCESS UINT64_C(0x300000)
#define BEFORE_HOLE UINT64_C(0x400000)
#define RESERVED UINT64_C(0x10000000000)
#define RESERVED_BYTES (UINT64_C(1) << 40)
#define STRUCTURE_BYTES 256u

static void map(struct fuzz *fuzz, uint64_t address, uint64_t bytes, uint32_t protection, uint32_t flags) {
    space__map(fuzz->vm, address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, NULL, 0);
}

void fuzz_memory__make(struct fuzz *fuzz) {
    map(fuzz, ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE, 0);
    map(fuzz, READ_ONLY, 4 * PAGE_SIZE, PROT_READ, 0);
    map(fuzz, NO_ACCESS, 4 * PAGE_SIZE, PROT_NONE, 0);
    map(fuzz, BEFORE_HOLE, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, 0);
    map(fuzz, RESERVED, RESERVED_BYTES, PROT_READ | PROT_WRITE, MAP_NORESERVE);
}

uint64_t fuzz_memory__descriptor(struct fuzz *fuzz) {
    static const uint64_t odd[] = {
        UINT64_C(-100) /* AT_FDCWD */, UINT64_MAX, 1023, 1024, UINT64_C(1) << 31, UINT64_C(1) << 32};
    const struct descriptor_table *table = &fuzz->vm->kernel->descriptors;
    if (fuzz__one_in(fuzz, 8)) return odd[fuzz__below(fuzz, sizeof odd / sizeof *odd)];
    if (table->used == 0 || fuzz__one_in(fuzz, 8)) return fuzz__below(fuzz, 24);
    uint64_t first = fuzz__below(fuzz, table->used);
    for (uint32_t i = 0; i < table->used; i++) {
        uint64_t at = (first + i) % table->used;
        if (table->items[at].file != 0) return at;
    }
    return first;
}

uint64_t fuzz_memory__size(struct fuzz *fuzz) {
    static const uint64_t sizes[] = {0,
                                     1,
                                     2,
                                     4,
                                     7,
                                     8,
                                     12,
                                     16,
                                     24,
                                     28,
                                     63,
                                     64,
                                     110,
                                     128,
                                     512,
                                     4095,
                                     4096,
                                     4097,
                                     8192,
                                     65535,
                                     65536,
                                     65537,
                                     UINT64_C(1) << 20,
                                     UINT64_C(5) << 20,
                                     UINT64_C(1) << 30,
                                     UINT64_C(0x7fffffff),
                                     UINT64_C(1) << 31,
                                     UINT64_C(1) << 32,
                                     UINT64_C(1) << 40,
                                     UINT64_C(1) << 47,
                                     INT64_MAX,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX - 4095,
                                     UINT64_MAX};
    uint64_t size = sizes[fuzz__below(fuzz, fuzz__one_in(fuzz, 3) ? sizeof sizes / sizeof *sizes : 21)];
    return fuzz__one_in(fuzz, 16) ? size - 1 : size;
}

/* ---- structures ---------------------------------------------------------------------------------------- */

static uint64_t plain_pointer(struct fuzz *fuzz) {
    static const uint64_t odd[] = {0,
                                   1,
                                   4095,
                                   USER_LAST - 1,
                                   USER_LAST,
                                   USER_LAST - 4096,
                                   SYSTEM_ADDRESS + 0x6000,
                                   SYSTEM_ADDRESS + 0x9000,
                                   VVAR_ADDRESS,
                                   VVAR_ADDRESS + 4090,
                                   VDSO_ADDRESS,
                                   UINT64_C(0x800000000000),
                                   UINT64_C(0xffff800000000000),
                                   UINT64_C(0xffffffffffffffff),
                                   UINT64_C(0xfffffffffffffff8),
                                   UINT64_C(0x7fffffffffff),
                                   STACK_TOP - 8,
                                   STACK_TOP - 4096,
                                   STACK_TOP,
                                   MMAP_FIRST,
                                   PROGRAM_BASE};
    switch (fuzz__below(fuzz, 12)) {
    case 0: return odd[fuzz__below(fuzz, sizeof odd / sizeof *odd)];
    case 1: return READ_ONLY + fuzz__below(fuzz, 4 * PAGE_SIZE);
    case 2: return NO_ACCESS + fuzz__below(fuzz, 2) * 8;
    case 3: return BEFORE_HOLE + 2 * PAGE_SIZE - fuzz__below(fuzz, 64);
    case 4: return RESERVED + page_down(fuzz__below(fuzz, RESERVED_BYTES));
    case 5: return fuzz__random(fuzz);
    case 6: return MMAP_FIRST + fuzz__below(fuzz, 256) * PAGE_SIZE;
    default:
        return ARENA + fuzz__below(fuzz, ARENA_BYTES / 64) * 64 + (fuzz__one_in(fuzz, 6) ? fuzz__below(fuzz, 8) : 0);
    }
}

static uint64_t odd_time(struct fuzz *fuzz) {
    static const uint64_t times[] = {0,         0,          1,          1000,      100000,
                                     999999999, 1000000000, UINT64_MAX, INT64_MAX, UINT64_C(1) << 62};
    return times[fuzz__below(fuzz, fuzz__one_in(fuzz, 4) ? 10 : 5)];
}

static uint32_t odd_address(struct fuzz *fuzz, uint8_t *to) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = (in_port_t)fuzz__below(fuzz, 6)};
    four.sin_addr.s_addr = fuzz__one_in(fuzz, 4) ? (in_addr_t)fuzz__random(fuzz) : htonl(INADDR_LOOPBACK);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = (in_port_t)fuzz__below(fuzz, 6)};
    six.sin6_addr.s6_addr[15] = (uint8_t)fuzz__below(fuzz, 3);
    snprintf(local.sun_path + fuzz__below(fuzz, 2), 16, "socket%d", (int)fuzz__below(fuzz, 4));
    switch (fuzz__below(fuzz, 3)) {
    case 0: memcpy(to, &local, sizeof local); return sizeof local;
    case 1: memcpy(to, &four, sizeof four); return sizeof four;
    default: memcpy(to, &six, sizeof six); return sizeof six;
    }
}

static void odd_message(struct fuzz *fuzz, uint8_t *to) {
    struct msghdr message = {.msg_flags = (int)fuzz__below(fuzz, 64)};
    message.msg_name = (void *)(uintptr_t)plain_pointer(fuzz);
    message.msg_namelen = (socklen_t)fuzz__below(fuzz, 130);
    message.msg_iov = (void *)(uintptr_t)plain_pointer(fuzz);
    message.msg_iovlen = fuzz__below(fuzz, fuzz__one_in(fuzz, 8) ? 2000 : 5);
    message.msg_control = (void *)(uintptr_t)plain_pointer(fuzz);
    message.msg_controllen = fuzz__below(fuzz, 128);
    memcpy(to, &message, sizeof message);
}

static void odd_list(struct fuzz *fuzz, uint8_t *to) {
    uint64_t words[STRUCTURE_BYTES / 8];
    uint64_t kind = fuzz__below(fuzz, 5);
    for (uint32_t i = 0; i < STRUCTURE_BYTES / 8; i += 2) {
        struct pollfd polled = {(int)fuzz_memory__descriptor(fuzz), (short)fuzz__random(fuzz), 0};
        switch (kind) {
        case 0: words[i] = plain_pointer(fuzz), words[i + 1] = fuzz_memory__size(fuzz); break; /* iovec */
        case 1: memcpy(&words[i], &polled, 8), memcpy(&words[i + 1], &polled, 8); break;
        case 2: words[i] = odd_time(fuzz) % 3, words[i + 1] = odd_time(fuzz); break;
        case 3: words[i] = plain_pointer(fuzz), words[i + 1] = fuzz__below(fuzz, 64); break;
        default: words[i] = fuzz_memory__descriptor(fuzz), words[i + 1] = fuzz__random(fuzz);
        }
    }
    memcpy(to, words, sizeof words);
}

static void odd_structure(struct fuzz *fuzz, uint8_t to[STRUCTURE_BYTES]) {
    memset(to, 0, STRUCTURE_BYTES);
    switch (fuzz__below(fuzz, 8)) {
    case 0: break;
    case 1:
        for (uint32_t i = 0; i < STRUCTURE_BYTES; i++) to[i] = (uint8_t)fuzz__random(fuzz);
        break;
    case 2: odd_address(fuzz, to); break;
    case 3: odd_message(fuzz, to); break;
    case 4: /* int, or a set of signals or descriptors */
        for (uint32_t i = 0; i < 16; i++) to[fuzz__below(fuzz, 32)] |= (uint8_t)(1u << fuzz__below(fuzz, 8));
        break;
    case 5: { /* epoll_event, flock, sigevent */
        uint64_t words[] = {fuzz__below(fuzz, 64) | fuzz__below(fuzz, 16) << 28, fuzz__random(fuzz),
                            fuzz__below(fuzz, 70), 0};
        memcpy(to, words, sizeof words);
        break;
    }
    case 6: { /* sigaction, stack_t: a handler that is never run */
        uint64_t words[] = {fuzz__one_in(fuzz, 3) ? fuzz__below(fuzz, 3) : plain_pointer(fuzz),
                            fuzz__random(fuzz) & 0xdc000007, plain_pointer(fuzz), fuzz__random(fuzz)};
        memcpy(to, words, sizeof words);
        break;
    }
    default: odd_list(fuzz, to);
    }
}

uint64_t fuzz_memory__pointer(struct fuzz *fuzz) {
    uint64_t address = plain_pointer(fuzz);
    if (fuzz__one_in(fuzz, 4)) return address;
    uint8_t structure[STRUCTURE_BYTES];
    odd_structure(fuzz, structure);
    (void)access__write(fuzz->vm, address, structure, sizeof structure);
    return address;
}

/* ---- paths --------------------------------------------------------------------------------------------- */

static const char *const names[] = {
    "a",       "b",       "c",       "d",       "..",     ".",    "",
    "folder",  "file",    "link",    "loop",    "up",     "tmp",  "proc",
    "self",    "fd",      "0",       "3",       "5",      "maps", "exe",
    "cwd",     "task",    "100",     "stat",    "status", "mem",  "dev",
    "null",    "zero",    "full",    "urandom", "stdin",  "etc",  "deleted-name-that-is-longer-than-sixteen-bytes",
    "environ", "cmdline", "meminfo", "shm",
};

uint64_t fuzz_memory__path(struct fuzz *fuzz) {
    if (fuzz__one_in(fuzz, 10)) return fuzz_memory__pointer(fuzz);
    char path[PATH_BYTES + 512];
    size_t size = 0, parts = 1 + fuzz__below(fuzz, fuzz__one_in(fuzz, 64) ? 1000 : 4);
    static const char *const roots[] = {
        "", "/", "/tmp/", "/tmp/", "/proc/self/", "/proc/self/fd/", "/view/", "/view/folder/", "/dev/"};
    const char *root = roots[fuzz__below(fuzz, sizeof roots / sizeof *roots)];
    size = (size_t)snprintf(path, sizeof path, "%s", root);
    for (size_t i = 0; i < parts && size < PATH_BYTES + 100; i++) {
        const char *separator = i == 0 ? "" : fuzz__one_in(fuzz, 16) ? "//" : "/";
        if (fuzz__one_in(fuzz, 48)) {
            size_t length = 254 + fuzz__below(fuzz, 3);
            memset(path + size, 'n', length);
            size += length;
            path[size] = 0;
            continue;
        }
        const char *name = names[fuzz__below(fuzz, fuzz__one_in(fuzz, 2) ? 11 : sizeof names / sizeof *names)];
        size += (size_t)snprintf(path + size, sizeof path - size, "%s%s", separator, name);
    }
    if (fuzz__one_in(fuzz, 16)) path[size++] = '/', path[size] = 0;
    uint64_t address = ARENA + fuzz__below(fuzz, (ARENA_BYTES - sizeof path) / 64) * 64;
    (void)access__write(fuzz->vm, address, path, size + 1);
    return address;
}
