#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "fuzz.h"

/* What an argument of a call is worth trying with. Those of `bits` are put together at random. */
struct hint {
    uint16_t number;
    uint8_t argument;
    uint8_t bits;
    uint64_t values[14];
};

static const struct hint hints[] = {
    {SYS_mmap,
     0,
     0,
     {0, 0, 0x500000, 0x200000, 0x100000, 0x10000000000, 0x7fffe0100000, 0x7ffff0000000, 0x1000, 0x7f0000000000,
      0x7f0000010000, 0x7fffdf800000}},
    {SYS_mmap, 1, 0, {4096, 8192, 65536, 1 << 20, 0x7ffff0000000, 1ul << 40, 3ul << 20, 4097, 12288}},
    {SYS_mmap, 2, 1, {PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC}},
    {SYS_mmap,
     3,
     0,
     {MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE | MAP_FIXED,
      MAP_SHARED | MAP_FIXED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE}},
    {SYS_mmap, 5, 0, {0, 4096, 8192, 1ul << 62, 1ul << 40, 65536}},
    {SYS_munmap,
     0,
     0,
     {0x100000, 0x101000, 0x200000, 0x10000000000, 0x7f0000000000, 0x7f0000001000, 0x10000, 0x7fffe0100000}},
    {SYS_munmap, 1, 0, {4096, 8192, 65536, 0x7ffff0000000, 0x7fffdfff0000, 1ul << 40, 1}},
    {SYS_mprotect,
     0,
     0,
     {0x100000, 0x103000, 0x200000, 0x10000000000, 0x7f0000000000, 0x7f0000001000, 0x400000, 0x7fffe0101000}},
    {SYS_mprotect, 1, 0, {4096, 8192, 65536, 1ul << 40, 1}},
    {SYS_mprotect, 2, 1, {PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC}},
    {SYS_mremap, 0, 0, {0x400000, 0x200000, 0x10000000000, 0x7f0000000000, 0x7f0000001000, 0x7fffe0101000}},
    {SYS_mremap, 1, 0, {0, 4096, 8192, 65536, 1ul << 40}},
    {SYS_mremap, 2, 0, {0, 4096, 8192, 65536, 1 << 20, 1ul << 40, 0x7ffff0000000}},
    {SYS_mremap, 3, 0, {0, MREMAP_MAYMOVE, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED}},
    {SYS_mremap, 4, 0, {0x600000, 0x200000, 0x7f0000000000, 0x7fffe0100000, 0x7ffff0000000}},
    {SYS_madvise, 0, 0, {0x100000, 0x10000000000, 0x10000, 0x7f0000000000, 0x400000}},
    {SYS_madvise, 1, 0, {4096, 65536, 1ul << 40, 0x7fffdfff0000}},
    {SYS_madvise, 2, 0, {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_WILLNEED, MADV_REMOVE}},
    {SYS_mincore, 0, 0, {0x100000, 0x10000000000, 0x200000, 0x7f0000000000}},
    {SYS_open,
     1,
     1,
     {O_RDWR, O_WRONLY, O_CREAT, O_CREAT | O_RDWR, O_TRUNC, O_EXCL, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH,
      O_NONBLOCK}},
    {SYS_openat,
     2,
     1,
     {O_RDWR, O_WRONLY, O_CREAT, O_CREAT | O_RDWR, O_TRUNC, O_EXCL, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH,
      O_TMPFILE | O_RDWR}},
    {SYS_lseek, 1, 0, {0, 1, 4096, 1ul << 39, 1ul << 38, 0x7fffffffffffffff, 0xffffffffffffffff}},
    {SYS_lseek, 2, 0, {0, 1, 2, 3, 4}},
    {SYS_ftruncate, 1, 0, {0, 1, 4095, 4096, 100000, 1ul << 30, 1ul << 39, 0x7fffffffffffffff}},
    {SYS_truncate, 1, 0, {0, 1, 4095, 4096, 100000, 1ul << 30, 1ul << 39, 0x7fffffffffffffff}},
    {SYS_fallocate, 1, 0, {0, 1, 3, 16}},
    {SYS_fallocate, 2, 0, {0, 1, 4096, 100000, 1ul << 39}},
    {SYS_fallocate, 3, 0, {0, 1, 4096, 100000, 1ul << 39}},
    {SYS_pread64, 3, 0, {0, 1, 4095, 4096, 1ul << 39, 0x7fffffffffffffff, 0xffffffffffffffff}},
    {SYS_pwrite64, 3, 0, {0, 1, 4095, 4096, 1ul << 39, 0x7fffffffffffffff, 0xffffffffffffffff}},
    {SYS_fcntl,
     1,
     0,
     {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETPIPE_SZ, F_GETPIPE_SZ,
      F_ADD_SEALS}},
    {SYS_ioctl, 1, 0, {FIONBIO, FIONREAD, FIOCLEX, TIOCGWINSZ, TCGETS}},
    {SYS_close_range, 0, 0, {3, 5, 8, 20}},
    {SYS_close_range, 1, 0, {4, 9, 1023, 0xffffffff}},
    {SYS_socket, 0, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}},
    {SYS_socket,
     1,
     0,
     {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_NONBLOCK, SOCK_RAW}},
    {SYS_socket, 2, 0, {0, 0, 6, 17}},
    {SYS_socketpair, 0, 0, {AF_UNIX, AF_UNIX, AF_INET}},
    {SYS_socketpair, 1, 0, {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM | SOCK_NONBLOCK}},
    {SYS_socketpair, 2, 0, {0, 0, 6}},
    {SYS_bind, 2, 0, {2, 3, 9, 16, 28, 110, 111}},
    {SYS_connect, 2, 0, {2, 3, 9, 16, 28, 110, 111}},
    {SYS_listen, 1, 0, {0, 1, 5, 4096}},
    {SYS_setsockopt, 1, 0, {SOL_SOCKET, 6, 0, 41}},
    {SYS_getsockopt, 1, 0, {SOL_SOCKET, 6, 0, 41}},
    {SYS_sendto, 3, 1, {MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, MSG_MORE}},
    {SYS_recvfrom, 3, 1, {MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL}},
    {SYS_sendmsg, 2, 1, {MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB}},
    {SYS_recvmsg, 2, 1, {MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL}},
    {SYS_epoll_ctl, 1, 0, {EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 9}},
    {SYS_epoll_wait, 3, 0, {0, 0, 1, 0xffffffff}},
    {SYS_poll, 1, 0, {0, 1, 5, 1024, 1ul << 31}},
    {SYS_poll, 2, 0, {0, 0, 1, 0xffffffff}},
    {SYS_select, 0, 0, {0, 1, 64, 1024, 1025, 1ul << 31}},
    {SYS_futex,
     1,
     0,
     {FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET,
      FUTEX_LOCK_PI, 393}},
    {SYS_futex, 2, 0, {0, 1, 0x7fffffff, 0xffffffff}},
    {SYS_clone,
     0,
     0,
     {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, 0x3d0f00, CLONE_VM | CLONE_VFORK, 0x7d0f00}},
    {SYS_rt_sigaction, 3, 0, {8, 8, 8, 128}},
    {SYS_rt_sigaction, 0, 0, {1, 2, 9, 10, 11, 13, 14, 17, 19, 34, 64, 65}},
    {SYS_rt_sigprocmask, 0, 0, {SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK, 3}},
    {SYS_rt_sigprocmask, 3, 0, {8, 8, 8, 128}},
    {SYS_kill, 0, 0, {100, 100, 0, 1, 0xffffffff}},
    {SYS_kill, 1, 0, {0, 17, 17, 18, 23, 28, 0, 65}},
    {SYS_tgkill, 0, 0, {100}},
    {SYS_tgkill, 1, 0, {100, 101, 102, 103, 104, 1}},
    {SYS_tgkill, 2, 0, {0, 17, 18, 23, 28, 17, 18, 65}},
    {SYS_clock_gettime, 0, 0, {0, 1, 2, 3, 4, 7, 0xfffffffffffffffe, 0xffffffffffffffe6}},
    {SYS_timer_create, 0, 0, {0, 1, 2, 3, 7}},
    {SYS_timerfd_create, 0, 0, {0, 1, 7}},
    {SYS_prctl,
     0,
     0,
     {PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS,
      PR_CAPBSET_READ, PR_SET_VMA}},
    {SYS_unlinkat, 2, 0, {0, AT_REMOVEDIR}},
    {SYS_renameat2, 4, 0, {0, 0, 1, 2, 4}},
    {SYS_exit_group, 0, 0, {0}},
};

static const uint64_t bits[] = {0,       1,       2,       4,       8,        16,       64,
                                0x80,    0x100,   0x200,   0x400,   0x800,    0x1000,   0x4000,
                                0x10000, 0x20000, 0x40000, 0x80000, 0x200000, 1u << 31, 1ul << 40};
static const uint64_t numbers[] = {0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   8,
                                   10,
                                   16,
                                   64,
                                   100,
                                   101,
                                   255,
                                   1000,
                                   1024,
                                   4096,
                                   65536,
                                   0x7fffffff,
                                   0xffffffff,
                                   1ul << 32,
                                   0x7fffffffffffffff,
                                   0xffffffffffffffff};

static uint64_t any_of(struct fuzz *fuzz, const uint64_t *values, size_t count) {
    return values[fuzz__below(fuzz, count)];
}

static uint64_t hinted(struct fuzz *fuzz, const struct hint *hint) {
    size_t count = sizeof hint->values / sizeof *hint->values;
    while (count > 1 && hint->values[count - 1] == 0) count--;
    if (!hint->bits) return any_of(fuzz, hint->values, count);
    uint64_t value = 0;
    for (uint64_t i = fuzz__below(fuzz, 4); i > 0; i--) value |= any_of(fuzz, hint->values, count);
    return value;
}

static uint64_t by_letter(struct fuzz *fuzz, char letter) {
    switch (letter) {
    case 'd': return fuzz_memory__descriptor(fuzz);
    case 'p': return fuzz__one_in(fuzz, 5) ? 0 : fuzz_memory__pointer(fuzz);
    case 's': return fuzz_memory__path(fuzz);
    case 'z': return fuzz_memory__size(fuzz);
    case 'x':
        return any_of(fuzz, bits, sizeof bits / sizeof *bits) |
               (fuzz__one_in(fuzz, 3) ? any_of(fuzz, bits, sizeof bits / sizeof *bits) : 0);
    case 'i':
    case 'u':
        return fuzz__one_in(fuzz, 3) ? any_of(fuzz, numbers, sizeof numbers / sizeof *numbers) : fuzz__below(fuzz, 12);
    default: return fuzz__random(fuzz);
    }
}

static uint64_t argument(struct fuzz *fuzz, const struct call *call, uint32_t index, char letter) {
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (hints[i].number != call->number || hints[i].argument != index || fuzz__one_in(fuzz, 10)) continue;
        return hinted(fuzz, &hints[i]);
    }
    return by_letter(fuzz, letter);
}

static int is_rare(uint32_t number) {
    return number == SYS_exit || number == SYS_exit_group || number == SYS_rt_sigreturn || number == SYS_pause ||
           number == SYS_rt_sigsuspend;
}

uint32_t fuzz_call__choose(struct fuzz *fuzz) {
    struct context *context = &fuzz->vm->context;
    uint32_t number;
    const struct call *call;
    do {
        number = fuzz__one_in(fuzz, 300) ? (uint32_t)fuzz__random(fuzz) : (uint32_t)fuzz__below(fuzz, 452);
        if (fuzz__one_in(fuzz, 100)) number = UINT32_C(0x4d460000) + (uint32_t)fuzz__below(fuzz, 4);
        call = call__find(number);
    } while ((call == NULL && !fuzz__one_in(fuzz, 30)) || (is_rare(number) && !fuzz__one_in(fuzz, 60)));
    uint64_t values[6];
    const char *letters = call == NULL ? "" : call->arguments;
    for (uint32_t i = 0; i < 6; i++) {
        char letter = *letters == 0 ? '-' : *letters++;
        values[i] = call == NULL ? fuzz__random(fuzz) : argument(fuzz, call, i, letter);
    }
    context->rdi = values[0], context->rsi = values[1], context->rdx = values[2];
    context->r10 = values[3], context->r8 = values[4], context->r9 = values[5];
    if (number == SYS_rt_sigreturn && !fuzz__one_in(fuzz, 3)) context->rsp = fuzz_memory__pointer(fuzz) & ~UINT64_C(15);
    return number;
}
