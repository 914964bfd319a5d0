/*
 * Which system calls a cell may make, and with what: those that the engine, its threads and the C library's memory need.
 * Whatever else is called ends the process: no code of ours does that.
 *
 * Only the lower halves of arguments are looked at: of all that is checked here the kernel takes no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../vm/ticker.h"
#include "jail.h"

#define INSTRUCTIONS_MAX 512u
#define COUNT(list) (sizeof(list) / sizeof *(list))
/* Of Linux 6.7 and 6.13: headers may be older. The C library guards its threads' stacks by the latter where it can. */
#define SCAN_PAGES 0xc0606610u
#define ADVICE_GUARD 102u

struct filter {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short size;
    int is_full;
};

static void filter__add(struct filter *filter, struct sock_filter instruction) {
    if (filter->size == INSTRUCTIONS_MAX) filter->is_full = 1;
    else filter->code[filter->size++] = instruction;
}

static void filter__load(struct filter *filter, size_t offset) {
    filter__add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void filter__return(struct filter *filter, uint32_t action) {
    filter__add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* ---- one call ---------------------------------------------------------------------------------------- */

static void filter__answer(struct filter *filter, long call, uint32_t action) {
    filter__add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1));
    filter__return(filter, action);
}

/* The next `length` instructions, which end by themselves, are for one call alone. */
static void filter__only_for(struct filter *filter, long call, size_t length) {
    filter__add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, (uint8_t)length));
}

static size_t argument(unsigned number) {
    return offsetof(struct seccomp_data, args) + number * sizeof(uint64_t);
}

/* Allowed while the argument, without the bits of `ignored`, is one of these. */
static void filter__one_of(struct filter *filter, long call, unsigned number, uint32_t ignored, const uint32_t *values,
                           size_t count) {
    filter__only_for(filter, call, 3 + 2 * count);
    filter__load(filter, argument(number));
    filter__add(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~ignored));
    for (size_t i = 0; i < count; i++) filter__answer(filter, values[i], SECCOMP_RET_ALLOW);
    filter__return(filter, SECCOMP_RET_KILL_PROCESS);
}

static void filter__exactly(struct filter *filter, long call, unsigned number, uint32_t value) {
    filter__one_of(filter, call, number, 0, &value, 1);
}

static void filter__without(struct filter *filter, long call, unsigned number, uint32_t bits) {
    filter__only_for(filter, call, 4);
    filter__load(filter, argument(number));
    filter__add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
    filter__return(filter, SECCOMP_RET_ALLOW);
    filter__return(filter, SECCOMP_RET_KILL_PROCESS);
}

/* Allowed while one argument is `first`, and another, without the bits of `ignored`, is `second`. */
static void filter__both(struct filter *filter, long call, unsigned number, uint32_t first, unsigned other,
                         uint32_t ignored, uint32_t second) {
    filter__only_for(filter, call, 7);
    filter__load(filter, argument(number));
    filter__add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 4));
    filter__load(filter, argument(other));
    filter__add(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~ignored));
    filter__add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second, 0, 1));
    filter__return(filter, SECCOMP_RET_ALLOW);
    filter__return(filter, SECCOMP_RET_KILL_PROCESS);
}

/* ---- what is allowed --------------------------------------------------------------------------------- */

/* The most frequent first. */
static const uint32_t ioctls[] = {
    KVM_RUN,
    KVM_GET_DIRTY_LOG,
    KVM_GET_XSAVE,
    KVM_SET_XSAVE,
    KVM_GET_SREGS,
    KVM_SET_SREGS,
    KVM_GET_VCPU_EVENTS,
    KVM_SET_VCPU_EVENTS,
    KVM_SET_USER_MEMORY_REGION,
    KVM_CREATE_VM,
    KVM_ENABLE_CAP,
    KVM_CREATE_VCPU,
    KVM_SET_CPUID2,
    KVM_SET_MSRS,
    KVM_SET_XCRS,
    KVM_SET_DEVICE_ATTR,
    KVM_GET_API_VERSION,
    KVM_CHECK_EXTENSION,
    KVM_GET_VCPU_MMAP_SIZE,
    KVM_GET_SUPPORTED_CPUID,
    SCAN_PAGES,
};

static const long calls[] = {
    SYS_pread64, SYS_munmap, SYS_brk, SYS_close, SYS_fstat,
    SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_restart_syscall, SYS_sched_yield, SYS_sched_getaffinity,
    SYS_getrandom, SYS_getpid, SYS_gettid,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_set_robust_list, SYS_rseq, SYS_exit, SYS_exit_group,
};

/* Files that are written come from the server one by one, to cells that build. */
static const long calls_of_builds[] = {SYS_pwrite64, SYS_ftruncate};

static void filter__memory(struct filter *filter) {
    const uint32_t advice[] = {MADV_DONTNEED, MADV_HUGEPAGE, MADV_POPULATE_WRITE, ADVICE_GUARD};
    filter__without(filter, SYS_mmap, 2, PROT_EXEC);
    filter__without(filter, SYS_mprotect, 2, PROT_EXEC);
    filter__exactly(filter, SYS_mremap, 3, MREMAP_MAYMOVE);
    filter__one_of(filter, SYS_madvise, 2, 0, advice, COUNT(advice));
}

static void filter__threads(struct filter *filter) {
    const uint32_t waits[] = {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET};
    const uint32_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |
                            CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    filter__one_of(filter, SYS_futex, 1, FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, waits, COUNT(waits));
    filter__exactly(filter, SYS_clone, 0, thread);
    /* Its flags are in memory, where no filter sees them: the C library takes the other one then. */
    filter__answer(filter, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    /* The ticker's signal, and to nobody else. */
    filter__both(filter, SYS_tgkill, 0, (uint32_t)getpid(), 2, 0, (uint32_t)ticker__signal());
}

static void filter__files(struct filter *filter) {
    /* No flags but these: urgent data was a way into the kernel before. */
    filter__both(filter, SYS_recvmsg, 0, CELL_REQUESTS, 2, MSG_CMSG_CLOEXEC, 0);
    filter__both(filter, SYS_sendto, 0, CELL_TOLD, 3, MSG_NOSIGNAL | MSG_DONTWAIT, 0);
    filter__exactly(filter, SYS_fcntl, 1, F_DUPFD_CLOEXEC);
    /* Of a descriptor; of a name there is none. */
    filter__exactly(filter, SYS_newfstatat, 3, AT_EMPTY_PATH);
    /* free() asks how the kernel counts memory, and can do without an answer. */
    filter__answer(filter, SYS_openat, SECCOMP_RET_ERRNO | EACCES);
}

static void filter__calls(struct filter *filter, const long *list, size_t count) {
    for (size_t i = 0; i < count; i++) filter__answer(filter, list[i], SECCOMP_RET_ALLOW);
}

int jail__filter(enum cell_mode mode) {
    struct filter filter = {0};
    filter__load(&filter, offsetof(struct seccomp_data, arch));
    filter__add(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    filter__return(&filter, SECCOMP_RET_KILL_PROCESS);
    filter__load(&filter, offsetof(struct seccomp_data, nr));
    filter__one_of(&filter, SYS_ioctl, 1, 0, ioctls, COUNT(ioctls));
    filter__calls(&filter, calls, COUNT(calls));
    filter__memory(&filter);
    filter__threads(&filter);
    filter__files(&filter);
    if (mode == CELL_BUILDS) filter__calls(&filter, calls_of_builds, COUNT(calls_of_builds));
    filter__return(&filter, SECCOMP_RET_KILL_PROCESS);
    if (filter.is_full) return -E2BIG;
    const struct sock_fprog program = {.len = filter.size, .filter = filter.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 ? 0 : -errno;
}
