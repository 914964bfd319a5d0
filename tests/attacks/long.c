#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* What never ends by itself, and calls that make much work: the deadline has to hold. */

#define PAGE 4096ul
#define LARGE (100ul << 20)

static void spin(void) {
    for (volatile uint64_t i = 0;; i++) {
    }
}

static void call_loop(void) {
    for (;;) call(SYS_getppid);
}

static void fault_loop(void) {
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (;;) {
        *(volatile uint8_t *)page = 1;
        call(SYS_madvise, page, PAGE, MADV_DONTNEED);
    }
}

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number, (void)info, (void)context;
}

static void exception_loop(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("ud2");
}

static void wait_long(void) {
    for (;;) call(SYS_poll, NULL, 0, -1);
}

static void log_loop(void) {
    static char block[1 << 20];
    for (;;) {
        if (write(2, block, sizeof block) < 0) return;
    }
}

/* Memory of which no page follows its neighbour. */
static uint8_t *scattered(void) {
    size_t pages = LARGE / PAGE;
    uint8_t *at = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < pages; i++) at[i * PAGE] = 1;
    for (size_t i = 0; i < pages; i += 2) call(SYS_madvise, at + i * PAGE, PAGE, MADV_DONTNEED);
    for (size_t i = pages; i >= 2; i -= 2) at[(i - 2) * PAGE] = 1;
    return at;
}

static void say_ready(void) {
    if (write(STDOUT_FILENO, "ready\n", 6) < 0) _exit(1);
    char go[8];
    if (read(STDIN_FILENO, go, sizeof go) < 0) _exit(1);
}

static void protect_scattered(void) {
    uint8_t *at = scattered();
    say_ready();
    for (;;) call(SYS_mprotect, at, LARGE, 1), call(SYS_mprotect, at, LARGE, 3);
}

static void unmap_scattered(void) {
    uint8_t *at = scattered();
    say_ready();
    call(SYS_munmap, at, LARGE);
    spin();
}

static void forget_scattered(void) {
    uint8_t *at = scattered();
    say_ready();
    call(SYS_madvise, at, LARGE, MADV_DONTNEED);
    spin();
}

static void move_scattered(void) {
    uint8_t *at = scattered();
    say_ready();
    for (;;) at = (uint8_t *)call(SYS_mremap, at, LARGE, LARGE, 3, (uint64_t)(uintptr_t)at ^ (1ul << 36));
}

static void write_large(void) {
    uint8_t *at = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int file = open("/tmp/large", O_CREAT | O_RDWR, 0600);
    say_ready();
    for (;;)
        call(SYS_pwrite64, file, at, LARGE, 0), call(SYS_pread64, file, at, LARGE, 0),
            call(SYS_copy_file_range, file, 0, file, 0, LARGE, 0);
}

static void truncate_large(void) {
    int file = open("/tmp/large", O_CREAT | O_RDWR, 0600);
    say_ready();
    for (;;)
        call(SYS_fallocate, file, 0, 0, LARGE / 4), call(SYS_ftruncate, file, 0),
            call(SYS_pwrite64, file, "x", 1, 1l << 38), call(SYS_lseek, file, 0, 3), call(SYS_lseek, file, 0, 4);
}

static void random_large(void) {
    uint8_t *at = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say_ready();
    for (;;) call(SYS_getrandom, at, LARGE, 0);
}

static void vectors(void) {
    static struct {
        uint64_t at, size;
    } parts[1024];
    static char block[PAGE];
    int file = open("/tmp/v", O_CREAT | O_RDWR, 0600), zero = open("/dev/zero", O_RDWR);
    uint8_t *at = mmap(NULL, LARGE / 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1024; i++) parts[i].at = (uint64_t)(uintptr_t)at, parts[i].size = LARGE / 4;
    say_ready();
    for (;;) {
        call(SYS_readv, zero, parts, 1024), call(SYS_writev, zero, parts, 1024),
            call(SYS_pwritev, file, parts, 1024, 0, 0), call(SYS_preadv, file, parts, 1024, 0, 0);
        call(SYS_sendmsg, 99, block, 0);
    }
}

static void many_entries(void) {
    static char entries[1 << 17];
    for (int i = 0; i < 900; i++) {
        char name[32];
        snprintf(name, sizeof name, "/tmp/%d", i);
        close(open(name, O_CREAT | O_RDWR, 0600));
    }
    int folder = open("/tmp", O_RDONLY);
    say_ready();
    for (;;) call(SYS_lseek, folder, 0, 0), call(SYS_getdents64, folder, entries, sizeof entries);
}

static void long_paths(void) {
    static char path[4096];
    call(SYS_chdir, "/tmp");
    call(SYS_mkdir, "d", 0777);
    for (size_t i = 0; i < 4090; i += 5) memcpy(path + i, "d/../", 5);
    path[4090] = 0;
    say_ready();
    for (;;) {
        char text[128];
        call(SYS_open, path, O_RDONLY), call(SYS_stat, path, text), call(SYS_rename, path, path),
            call(SYS_access, path, 0);
    }
}

/* Each link leads through the next, forty times over. */
static void long_links(void) {
    static char target[4096];
    call(SYS_chdir, "/tmp");
    call(SYS_mkdir, "d", 0777);
    for (int i = 0; i < 39; i++) {
        char name[16];
        size_t size = 0;
        while (size < 3900) memcpy(target + size, "d/../", 5), size += 5;
        snprintf(target + size, sizeof target - size, "l%d", i + 1);
        snprintf(name, sizeof name, "l%d", i);
        call(SYS_symlink, target, name);
    }
    say_ready();
    for (;;) call(SYS_open, "/tmp/l0", O_RDONLY), call(SYS_open, "/tmp/l0/l0/l0/l0", O_RDONLY);
}

static void polls(void) {
    static struct pollfd all[1024];
    for (int i = 0; i < 1024; i++) {
        all[i] = (struct pollfd){.fd = i, .events = POLLIN | POLLOUT};
        int file = (int)call(SYS_epoll_create1, 0);
        uint64_t event[2] = {1, 0};
        if (file < 0 && call(SYS_dup, 0) < 0) break;
        call(SYS_epoll_ctl, file - 1, 1, 0, event), call(SYS_epoll_ctl, file, 1, file - 1, event);
    }
    say_ready();
    for (;;) call(SYS_poll, all, 1024, 0);
}

static void proc_texts(void) {
    uint8_t *base = mmap(NULL, 30000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 14000; i++) call(SYS_mprotect, base + 2 * i * PAGE, PAGE, 1);
    say_ready();
    for (;;) {
        int file = open("/proc/self/maps", O_RDONLY);
        static char text[1 << 16];
        while (read(file, text, sizeof text) > 0) {
        }
        close(file);
        close(open("/proc/self/smaps", O_RDONLY)), close(open("/proc/self/status", O_RDONLY));
    }
}

static void area_calls(void) {
    uint8_t *base = mmap(NULL, 30000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 14000; i++) call(SYS_mprotect, base + 2 * i * PAGE, PAGE, 1);
    say_ready();
    for (;;) {
        call(SYS_mprotect, base, 30000 * PAGE, 3), call(SYS_mprotect, base, 30000 * PAGE, 0),
            call(SYS_mincore, base, 30000 * PAGE, base);
        call(SYS_mmap, 0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
}

static const struct attack list[] = {
    {"long-spin", spin},
    {"long-calls", call_loop},
    {"long-faults", fault_loop},
    {"long-exceptions", exception_loop},
    {"long-wait", wait_long},
    {"long-log", log_loop},
    {"long-protect", protect_scattered},
    {"long-unmap", unmap_scattered},
    {"long-forget", forget_scattered},
    {"long-move", move_scattered},
    {"long-write", write_large},
    {"long-truncate", truncate_large},
    {"long-random", random_large},
    {"long-vectors", vectors},
    {"long-entries", many_entries},
    {"long-paths", long_paths},
    {"long-links", long_links},
    {"long-polls", polls},
    {"long-proc", proc_texts},
    {"long-areas", area_calls},
};
const struct attacks long_attacks = ATTACKS(list);
