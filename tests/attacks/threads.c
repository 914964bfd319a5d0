#include "guest.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static int spawn(void (*run)(void)) {
    uint64_t *stack = (uint64_t *)call(SYS_mmap, 0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((intptr_t)stack < 0 && (intptr_t)stack > -4096) return -1;
    uint64_t *top = stack + 65536 / 8 - 2;
    *top = (uint64_t)(uintptr_t)run;
    long id;
    /* The child has nothing but its stack: it must not use what libc keeps by thread. */
    __asm__ volatile("syscall; test %%rax, %%rax; jnz 1f; pop %%rax; sub $8, %%rsp; call *%%rax; 2: mov $60, %%eax; "
                     "xor %%edi, %%edi; syscall; jmp 2b; 1:"
                     : "=a"(id)
                     : "0"(SYS_clone), "D"(FLAGS), "S"(top), "d"(0)
                     : "rcx", "r11", "memory");
    return (int)id;
}

static void spin(void) {
    for (volatile uint64_t i = 0;; i++) {
    }
}

static volatile uint32_t word;

static void wait_for_good(void) {
    __asm__ volatile("xor %%r10d, %%r10d; syscall"
                     :
                     : "a"(SYS_futex), "D"(&word), "S"(FUTEX_WAIT), "d"(0)
                     : "rcx", "r11", "r10", "memory");
}

static void bomb(void) {
    for (int i = 0; i < 2000 && spawn(i % 2 ? spin : wait_for_good) > 0; i++) {
    }
}

static void bomb_and_wait(void) {
    for (int i = 0; i < 2000 && spawn(wait_for_good) > 0; i++) {
    }
    wait_for_good();
}

static void fork_bomb(void) {
    for (int i = 0; i < 200; i++) call(SYS_fork), call(SYS_vfork), call(SYS_clone, 17, 0, 0, 0, 0);
    static const char *const arguments[] = {"/proc/self/exe", 0};
    call(SYS_execve, "/proc/self/exe", arguments, NULL), call(SYS_execveat, -100, "/proc/self/exe", arguments, NULL, 0);
}

static struct iovec parts[16];
static char block[65536];

static void change_parts(void) {
    for (unsigned i = 0;; i++) {
        parts[i % 16].iov_base = (void *)(uintptr_t)(i % 3   ? (uint64_t)(uintptr_t)block
                                                     : i % 2 ? SYSTEM_ADDRESS - 8
                                                             : 0x800000000000);
        parts[i % 16].iov_len = i % 5 ? 4096 : SIZE_MAX / 2;
        if (i % 64 == 0) __asm__ volatile("syscall" : : "a"(SYS_sched_yield) : "rcx", "r11", "memory");
    }
}

/* What a call reads changes while it waits. */
static void races(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
    spawn(change_parts);
    for (int i = 0; i < 2000; i++) {
        writev(ends[0], parts, 16), readv(ends[1], parts, 16);
        call(SYS_process_vm_readv, 100, parts, 16, parts, 16, 0);
        if (i % 10 == 0) call(SYS_sched_yield);
    }
}

/* The first thread ends, others go on. */
static void first_ends(void) {
    spawn(spin);
    call(SYS_exit, 0);
}

static void stuck(void) {
    wait_for_good();
}

static void robust_list(void) {
    static struct {
        void *next;
        long offset;
        void *pending;
    } head;
    head.next = &head.next, head.offset = (long)UINT64_MAX, head.pending = (void *)(uintptr_t)SYSTEM_ADDRESS;
    static void *ring[4];
    ring[0] = &ring[1], ring[1] = &ring[0], head.next = &ring[0];
    call(SYS_set_robust_list, &head, 24);
    call(SYS_set_tid_address, SYSTEM_ADDRESS - 2);
    spawn(spin);
    call(SYS_exit, 0);
}

static const struct attack list[] = {
    {"thread-bomb", bomb},
    {"thread-bomb-waiting", bomb_and_wait},
    {"fork-bomb", fork_bomb},
    {"races", races},
    {"first-thread-ends", first_ends},
    {"stuck", stuck},
    {"robust-list", robust_list},
};
const struct attacks thread_attacks = ATTACKS(list);
