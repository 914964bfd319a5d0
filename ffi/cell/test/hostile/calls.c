#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../vm/ticker.h"
#include "../../cell.h"

#define ARGUMENTS 6
#define TEXT(text) (uintptr_t)(text)
/* Of the attack that says so, in place of an argument: the file that came with it. */
#define FILE_GIVEN UINT64_C(0xf11e)

static uint8_t page[4096] __attribute__((aligned(4096)));

#define MEMORY TEXT(page)

static const struct {
    const char *name;
    long number;
    uint64_t arguments[ARGUMENTS];
} attacks[] = {
    /* files */
    {"openat", SYS_openat, {(uint64_t)AT_FDCWD, TEXT("/etc/passwd"), O_RDONLY}},
    {"openat proc", SYS_openat, {(uint64_t)AT_FDCWD, TEXT("/proc/self/mem"), O_RDWR}},
    {"openat beside a file", SYS_openat, {CELL_REQUESTS, TEXT("."), O_RDONLY}},
    {"open", SYS_open, {TEXT("/etc/passwd"), O_RDONLY}},
    {"openat2", SYS_openat2, {(uint64_t)AT_FDCWD, TEXT("/"), MEMORY, 24}},
    {"open_by_handle_at", SYS_open_by_handle_at, {CELL_REQUESTS, MEMORY, O_RDONLY}},
    {"stat", SYS_stat, {TEXT("/"), MEMORY}},
    {"newfstatat of a name", SYS_newfstatat, {(uint64_t)AT_FDCWD, TEXT("/etc"), MEMORY, 0}},
    {"getdents64", SYS_getdents64, {CELL_REQUESTS, MEMORY, sizeof page}},
    {"mkdir", SYS_mkdir, {TEXT("/x"), 0700}},
    {"unlink", SYS_unlink, {TEXT("/x")}},
    {"memfd_create", SYS_memfd_create, {TEXT("x"), 0}},
    {"write", SYS_write, {CELL_TOLD, MEMORY, 1}},
    {"write the file", SYS_write, {FILE_GIVEN, MEMORY, 1}},
    {"pwrite64 the file", SYS_pwrite64, {FILE_GIVEN, MEMORY, 1, 0}},
    {"ftruncate the file", SYS_ftruncate, {FILE_GIVEN, 0}},
    {"fallocate the file", SYS_fallocate, {FILE_GIVEN, 0, 0, 4096}},
    {"fchmod the file", SYS_fchmod, {FILE_GIVEN, 0777}},
    {"map the file to write it", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, FILE_GIVEN, 0}},
    {"pwrite64 far behind the end", SYS_pwrite64, {FILE_GIVEN, MEMORY, 1, UINT64_C(1) << 40}},
    {"make the file larger", SYS_ftruncate, {FILE_GIVEN, UINT64_C(1) << 40}},
    {"dup", SYS_dup, {FILE_GIVEN}},
    {"fcntl flags", SYS_fcntl, {FILE_GIVEN, F_SETFL, O_APPEND}},
    {"fcntl owner", SYS_fcntl, {CELL_REQUESTS, F_SETOWN, 1}},
    /* memory */
    {"mmap code", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0}},
    {"mprotect code", SYS_mprotect, {MEMORY, 4096, PROT_READ | PROT_EXEC}},
    {"pkey_mprotect", SYS_pkey_mprotect, {MEMORY, 4096, PROT_READ | PROT_EXEC, (uint64_t)-1}},
    {"mremap to a place", SYS_mremap, {MEMORY, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, MEMORY}},
    {"remap_file_pages", SYS_remap_file_pages, {MEMORY, 4096, 0, 0, 0}},
    {"madvise others' pages", SYS_madvise, {MEMORY, 4096, 12 /* MADV_MERGEABLE */}},
    {"mlock", SYS_mlock, {MEMORY, 4096}},
    {"shmget", SYS_shmget, {0, 4096, 0600}},
    {"personality", SYS_personality, {0x0400000}},
    {"modify_ldt", SYS_modify_ldt, {1, MEMORY, 16}},
    {"process_vm_readv", SYS_process_vm_readv, {1, MEMORY, 1, MEMORY, 1, 0}},
    {"process_vm_writev", SYS_process_vm_writev, {1, MEMORY, 1, MEMORY, 1, 0}},
    {"userfaultfd", SYS_userfaultfd, {0}},
    /* the network */
    {"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
    {"socket unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, MEMORY}},
    {"connect", SYS_connect, {CELL_TOLD, MEMORY, 16}},
    {"bind", SYS_bind, {CELL_TOLD, MEMORY, 16}},
    {"sendto the server's requests", SYS_sendto, {CELL_REQUESTS, MEMORY, 1, 0, 0, 0}},
    {"sendmsg", SYS_sendmsg, {CELL_TOLD, MEMORY, 0}},
    {"recvmsg what is told", SYS_recvmsg, {CELL_TOLD, MEMORY, MSG_DONTWAIT}},
    {"sendto urgently", SYS_sendto, {CELL_TOLD, MEMORY, 1, MSG_OOB, 0, 0}},
    {"recvmsg urgently", SYS_recvmsg, {CELL_REQUESTS, MEMORY, MSG_OOB}},
    {"setsockopt", SYS_setsockopt, {CELL_TOLD, SOL_SOCKET, SO_SNDBUF, MEMORY, 4}},
    /* processes */
    {"fork", SYS_fork, {0}},
    {"vfork", SYS_vfork, {0}},
    {"clone", SYS_clone, {SIGCHLD}},
    {"clone3", SYS_clone3, {MEMORY, 64}},
    {"execve", SYS_execve, {TEXT("/bin/sh"), 0, 0}},
    {"execveat", SYS_execveat, {FILE_GIVEN, TEXT(""), 0, 0, AT_EMPTY_PATH}},
    {"kill all", SYS_kill, {(uint64_t)-1, SIGKILL}},
    {"kill the first", SYS_kill, {1, SIGTERM}},
    {"tgkill another process", SYS_tgkill, {2, 2, 39}},
    {"tgkill another signal", SYS_tgkill, {1, 1, SIGTERM}},
    {"tkill", SYS_tkill, {1, SIGTERM}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {1, SIGTERM, MEMORY}},
    {"pidfd_open", SYS_pidfd_open, {1, 0}},
    {"ptrace", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}},
    {"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}},
    {"prlimit64", SYS_prlimit64, {0, 7, 0, MEMORY}},
    {"setpriority", SYS_setpriority, {0, 0, (uint64_t)-20}},
    {"sched_setscheduler", SYS_sched_setscheduler, {0, 1, MEMORY}},
    {"futex with priorities", SYS_futex, {MEMORY, 6 /* FUTEX_LOCK_PI */, 0, 0}},
    /* rights */
    {"setuid", SYS_setuid, {0}},
    {"setresuid", SYS_setresuid, {0, 0, 0}},
    {"setgroups", SYS_setgroups, {0, 0}},
    {"capset", SYS_capset, {MEMORY, MEMORY}},
    {"seccomp", SYS_seccomp, {1, 0, MEMORY}},
    /* the machine */
    {"mount", SYS_mount, {TEXT("none"), TEXT("/"), TEXT("tmpfs"), 0, 0}},
    {"umount2", SYS_umount2, {TEXT("/"), 2}},
    {"pivot_root", SYS_pivot_root, {TEXT("/"), TEXT("/")}},
    {"chroot", SYS_chroot, {TEXT("/")}},
    {"unshare", SYS_unshare, {CLONE_NEWUSER}},
    {"setns", SYS_setns, {CELL_REQUESTS, 0}},
    {"bpf", SYS_bpf, {0, MEMORY, 48}},
    {"perf_event_open", SYS_perf_event_open, {MEMORY, 0, (uint64_t)-1, (uint64_t)-1, 0}},
    {"io_uring_setup", SYS_io_uring_setup, {1, MEMORY}},
    {"add_key", SYS_add_key, {TEXT("user"), TEXT("x"), MEMORY, 1, (uint64_t)-2}},
    {"keyctl", SYS_keyctl, {0, (uint64_t)-2, 1}},
    {"init_module", SYS_init_module, {MEMORY, 16, TEXT("")}},
    {"kexec_load", SYS_kexec_load, {0, 0, MEMORY, 0}},
    {"reboot", SYS_reboot, {0xfee1dead, 672274793, 0x1234567, 0}},
    {"iopl", SYS_iopl, {3}},
    {"sethostname", SYS_sethostname, {TEXT("x"), 1}},
    {"clock_settime", SYS_clock_settime, {0, MEMORY}},
    /* KVM, of which only what the engine uses */
    {"KVM_CREATE_DEVICE", SYS_ioctl, {FILE_GIVEN, KVM_CREATE_DEVICE, MEMORY}},
    {"KVM_CREATE_IRQCHIP", SYS_ioctl, {FILE_GIVEN, KVM_CREATE_IRQCHIP, 0}},
    {"KVM_IRQFD", SYS_ioctl, {FILE_GIVEN, KVM_IRQFD, MEMORY}},
    {"KVM_IOEVENTFD", SYS_ioctl, {FILE_GIVEN, KVM_IOEVENTFD, MEMORY}},
    {"KVM_SET_GUEST_DEBUG", SYS_ioctl, {FILE_GIVEN, KVM_SET_GUEST_DEBUG, MEMORY}},
    {"KVM_GET_MSRS", SYS_ioctl, {FILE_GIVEN, KVM_GET_MSRS, MEMORY}},
    {"KVM_SET_PIT2", SYS_ioctl, {FILE_GIVEN, KVM_SET_PIT2, MEMORY}},
    {"TIOCSTI", SYS_ioctl, {0, TIOCSTI, MEMORY}},
    {"FIONBIO", SYS_ioctl, {CELL_TOLD, FIONBIO, MEMORY}},
    /* what it may: a test that refuses everything proves nothing */
    {"getpid", SYS_getpid, {0}},
    {"mmap", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0}},
};

/* Numbers of the other two ways into the kernel are other calls. */
static int64_t calls__by_interrupt(void) {
    int64_t result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid there */) : "memory");
    return result;
}

int64_t calls__try(const char *name, int file, int *is_known) {
    *is_known = 1;
    if (strcmp(name, "int 0x80") == 0) return calls__by_interrupt();
    if (strcmp(name, "x32") == 0) return syscall(0x40000000 | SYS_getpid) < 0 ? -errno : 0;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        if (strcmp(attacks[i].name, name) != 0) continue;
        uint64_t values[ARGUMENTS];
        for (int at = 0; at < ARGUMENTS; at++) {
            uint64_t value = attacks[i].arguments[at];
            values[at] = value == FILE_GIVEN ? (uint64_t)file : value;
        }
        long result = syscall(attacks[i].number, values[0], values[1], values[2], values[3], values[4], values[5]);
        return result < 0 ? -errno : result;
    }
    *is_known = 0;
    return -ENOSYS;
}
