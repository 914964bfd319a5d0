/* Who the process is, what it may use, and what it could start, were there others. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <asm/prctl.h>

#include "calls_control.h"
#include "internal.h"
#include "random.h"

/* ---- ids: one user, who cannot become another -------------------------------------------------------- */

#define NO_CHANGE UINT32_MAX

static int64_t call_getpid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_ID;
}

static int64_t call_gettid(struct vm *vm, const uint64_t arguments[6]) {
    (void)arguments;
    return thread__current(vm)->id;
}

static int64_t call_getppid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_PARENT;
}

static int64_t call_getuid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_USER;
}

static int64_t call_getgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_GROUP;
}

static int64_t write_ids(struct vm *vm, const uint64_t arguments[6], uint32_t id) {
    for (int i = 0; i < 3; i++) {
        if (access__write(vm, arguments[i], &id, sizeof id) != 0) return -EFAULT;
    }
    return 0;
}

static int64_t call_getresuid(struct vm *vm, const uint64_t arguments[6]) {
    return write_ids(vm, arguments, PROCESS_USER);
}

static int64_t call_getresgid(struct vm *vm, const uint64_t arguments[6]) {
    return write_ids(vm, arguments, PROCESS_GROUP);
}

static int64_t take_ids(const uint64_t arguments[6], int count, uint32_t own) {
    for (int i = 0; i < count; i++) {
        uint32_t id = (uint32_t)arguments[i];
        if (id != own && (count == 1 || id != NO_CHANGE)) return id == NO_CHANGE ? -EINVAL : -EPERM;
    }
    return 0;
}

static int64_t call_setuid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 1, PROCESS_USER);
}

static int64_t call_setgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 1, PROCESS_GROUP);
}

static int64_t call_setreuid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 2, PROCESS_USER);
}

static int64_t call_setregid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 2, PROCESS_GROUP);
}

static int64_t call_setresuid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 3, PROCESS_USER);
}

static int64_t call_setresgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return take_ids(arguments, 3, PROCESS_GROUP);
}

/* These two never fail: they say what it was. */
static int64_t call_setfsuid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_USER;
}

static int64_t call_setfsgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return PROCESS_GROUP;
}

static int64_t call_getgroups(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    return (int32_t)arguments[0] < 0 ? -EINVAL : 0;
}

/* The process leads its group and its session, which is all there is. */
static int64_t call_getpgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    uint32_t who = (uint32_t)arguments[0];
    return who == 0 || who == PROCESS_ID ? (int64_t)PROCESS_ID : -ESRCH;
}

static int64_t call_setpgid(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm;
    int32_t who = (int32_t)arguments[0], group = (int32_t)arguments[1];
    if (group < 0) return -EINVAL;
    return who == 0 || who == (int32_t)PROCESS_ID ? -EPERM : -ESRCH;
}

static int64_t call_not_permitted(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return -EPERM;
}

/* ---- capabilities: none ------------------------------------------------------------------------------ */

/* How many parts of 32 the version of the header has; for an unknown one the header gets the newest. */
static int64_t read_capabilities(struct vm *vm, uint64_t address, uint32_t *parts) {
    struct __user_cap_header_struct header;
    if (access__read(vm, &header, address, sizeof header) != 0) return -EFAULT;
    switch (header.version) {
    case _LINUX_CAPABILITY_VERSION_1:
        *parts = _LINUX_CAPABILITY_U32S_1;
        break;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        *parts = _LINUX_CAPABILITY_U32S_3;
        break;
    default:
        header.version = _LINUX_CAPABILITY_VERSION_3;
        return access__write(vm, address, &header, sizeof header) != 0 ? -EFAULT : -EINVAL;
    }
    if (header.pid < 0) return -EINVAL;
    return header.pid == 0 || header.pid == (int)PROCESS_ID ? 0 : -ESRCH;
}

static int64_t call_capget(struct vm *vm, const uint64_t arguments[6]) {
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    uint32_t parts;
    int64_t rc = read_capabilities(vm, arguments[0], &parts);
    if (arguments[1] == 0) return rc == -EINVAL ? 0 : rc;
    return rc != 0 ? rc : access__write(vm, arguments[1], none, parts * sizeof *none);
}

static int64_t call_capset(struct vm *vm, const uint64_t arguments[6]) {
    struct __user_cap_data_struct wanted[_LINUX_CAPABILITY_U32S_3];
    uint32_t parts;
    int64_t rc = read_capabilities(vm, arguments[0], &parts);
    if (rc != 0) return rc;
    if (access__read(vm, wanted, arguments[1], parts * sizeof *wanted) != 0) return -EFAULT;
    for (uint32_t i = 0; i < parts; i++) {
        if (wanted[i].effective != 0 || wanted[i].permitted != 0 || wanted[i].inheritable != 0) return -EPERM;
    }
    return 0;
}

/* ---- the system -------------------------------------------------------------------------------------- */

static int64_t call_uname(struct vm *vm, const uint64_t arguments[6]) {
    static const struct utsname name = {
        .sysname = "Linux",
        .nodename = "function",
        .release = "6.1.0-mayfly",
        .version = "#1 SMP",
        .machine = "x86_64",
        .domainname = "(none)",
    };
    return access__write(vm, arguments[0], &name, sizeof name);
}

static int64_t call_sysinfo(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t used = vm->kernel->frames.in_use * PAGE_SIZE, all = vm->limits.memory_bytes;
    struct sysinfo info = {
        .uptime = (long)(clock__monotonic_ns(vm) / NANOSECONDS),
        .totalram = all,
        .freeram = used < all ? all - used : 0,
        .procs = (unsigned short)vm->kernel->threads.alive,
        .mem_unit = 1,
    };
    return access__write(vm, arguments[0], &info, sizeof info);
}

static int64_t call_getrandom(struct vm *vm, const uint64_t arguments[6]) {
    const uint32_t random = 2, insecure = 4, flags = (uint32_t)arguments[2];
    if (flags & ~UINT32_C(7) || (flags & random && flags & insecure)) return -EINVAL;
    return random__give(vm, arguments[0], arguments[1]);
}

static int64_t call_getcpu(struct vm *vm, const uint64_t arguments[6]) {
    const uint32_t zero = 0;
    for (int i = 0; i < 2; i++) {
        if (arguments[i] != 0 && access__write(vm, arguments[i], &zero, sizeof zero) != 0) return -EFAULT;
    }
    return 0;
}

/* ---- limits ------------------------------------------------------------------------------------------ */

_Static_assert(RLIM_NLIMITS == RESOURCES, "as Linux has it");

static int64_t change_limit(struct vm *vm, uint32_t resource, uint64_t new, uint64_t old) {
    struct process_limit *limit = &vm->kernel->process.limits[resource], before = *limit, wanted;
    if (new != 0) {
        if (access__read(vm, &wanted, new, sizeof wanted) != 0) return -EFAULT;
        if (wanted.soft > wanted.hard) return -EINVAL;
        if (wanted.hard > before.hard) return -EPERM;
    }
    if (old != 0 && access__write(vm, old, &before, sizeof before) != 0) return -EFAULT;
    if (new != 0) *limit = wanted;
    return 0;
}

static int64_t call_prlimit64(struct vm *vm, const uint64_t arguments[6]) {
    uint32_t who = (uint32_t)arguments[0], resource = (uint32_t)arguments[1];
    if (resource >= RESOURCES) return -EINVAL;
    if (who != 0 && who != PROCESS_ID) return who == PROCESS_PARENT ? -EPERM : -ESRCH;
    return change_limit(vm, resource, arguments[2], arguments[3]);
}

static int64_t call_getrlimit(struct vm *vm, const uint64_t arguments[6]) {
    uint32_t resource = (uint32_t)arguments[0];
    if (resource >= RESOURCES) return -EINVAL;
    return access__write(vm, arguments[1], &vm->kernel->process.limits[resource], sizeof(struct process_limit));
}

static int64_t call_setrlimit(struct vm *vm, const uint64_t arguments[6]) {
    uint32_t resource = (uint32_t)arguments[0];
    if (resource >= RESOURCES) return -EINVAL;
    return arguments[1] == 0 ? -EFAULT : change_limit(vm, resource, arguments[1], 0);
}

/* ---- other processes: there are none (calls_threads.c) ------------------------------------------------- */

static int64_t call_wait(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return -ECHILD;
}

/* ---- one CPU ----------------------------------------------------------------------------------------- */

/* Threads share a CPU, and each passes through the VMM before another runs: that is a barrier for all of them. */
static int64_t call_membarrier(struct vm *vm, const uint64_t arguments[6]) {
    const uint32_t registrations = MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                                   MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                                   MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    const uint32_t allowed = registrations | MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                             MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
    const uint32_t private_only = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE;
    uint32_t command = (uint32_t)arguments[0], *registered = &vm->kernel->process.barriers;
    if (arguments[1] != 0) return -EINVAL;
    if (command == MEMBARRIER_CMD_QUERY) return allowed;
    if (!(command & allowed) || (command & (command - 1)) != 0) return -EINVAL;
    if (command & registrations) *registered |= command;
    /* A private command is registered by the bit after its own. */
    if (command & private_only && !(*registered & command << 1)) return -EPERM;
    return 0;
}

/* Not offered: it would have to be told of every switch of threads. libc does without. */
static int64_t call_rseq(struct vm *vm, const uint64_t arguments[6]) {
    (void)vm, (void)arguments;
    return -ENOSYS;
}

static const struct call calls[] = {
    {SYS_getpid, "getpid", call_getpid, "------"},
    {SYS_gettid, "gettid", call_gettid, "------"},
    {SYS_getppid, "getppid", call_getppid, "------"},
    {SYS_getuid, "getuid", call_getuid, "------"},
    {SYS_geteuid, "geteuid", call_getuid, "------"},
    {SYS_getgid, "getgid", call_getgid, "------"},
    {SYS_getegid, "getegid", call_getgid, "------"},
    {SYS_getresuid, "getresuid", call_getresuid, "ppp---"},
    {SYS_getresgid, "getresgid", call_getresgid, "ppp---"},
    {SYS_setuid, "setuid", call_setuid, "u-----"},
    {SYS_setgid, "setgid", call_setgid, "u-----"},
    {SYS_setreuid, "setreuid", call_setreuid, "uu----"},
    {SYS_setregid, "setregid", call_setregid, "uu----"},
    {SYS_setresuid, "setresuid", call_setresuid, "uuu---"},
    {SYS_setresgid, "setresgid", call_setresgid, "uuu---"},
    {SYS_setfsuid, "setfsuid", call_setfsuid, "u-----"},
    {SYS_setfsgid, "setfsgid", call_setfsgid, "u-----"},
    {SYS_getgroups, "getgroups", call_getgroups, "ip----"},
    {SYS_setgroups, "setgroups", call_not_permitted, "ip----"},
    {SYS_getpgid, "getpgid", call_getpgid, "i-----"},
    {SYS_getpgrp, "getpgrp", call_getpid, "------"},
    {SYS_setpgid, "setpgid", call_setpgid, "ii----"},
    {SYS_getsid, "getsid", call_getpgid, "i-----"},
    {SYS_setsid, "setsid", call_not_permitted, "------"},
    {SYS_capget, "capget", call_capget, "pp----"},
    {SYS_capset, "capset", call_capset, "pp----"},
    {SYS_uname, "uname", call_uname, "p-----"},
    {SYS_sethostname, "sethostname", call_not_permitted, "pu----"},
    {SYS_setdomainname, "setdomainname", call_not_permitted, "pu----"},
    {SYS_sysinfo, "sysinfo", call_sysinfo, "p-----"},
    {SYS_getrandom, "getrandom", call_getrandom, "pzx---"},
    {SYS_getcpu, "getcpu", call_getcpu, "pp----"},
    {SYS_prlimit64, "prlimit64", call_prlimit64, "iupp--"},
    {SYS_getrlimit, "getrlimit", call_getrlimit, "up----"},
    {SYS_setrlimit, "setrlimit", call_setrlimit, "up----"},
    {SYS_wait4, "wait4", call_wait, "ipip--"},
    {SYS_waitid, "waitid", call_wait, "iipip-"},
    {SYS_membarrier, "membarrier", call_membarrier, "ixi---"},
    {SYS_rseq, "rseq", call_rseq, "puxx--"},
    {SYS_prctl, "prctl", call_prctl, "ixxxx-"},
    {SYS_arch_prctl, "arch_prctl", call_arch_prctl, "xx----"},
    {SYS_personality, "personality", call_personality, "x-----"},
    {SYS_sched_getaffinity, "sched_getaffinity", call_sched_getaffinity, "izp---"},
    {SYS_sched_setaffinity, "sched_setaffinity", call_sched_setaffinity, "izp---"},
    {SYS_sched_getscheduler, "sched_getscheduler", call_sched_getscheduler, "i-----"},
    {SYS_sched_setscheduler, "sched_setscheduler", call_sched_setscheduler, "iip---"},
    {SYS_sched_getparam, "sched_getparam", call_sched_getparam, "ip----"},
    {SYS_sched_setparam, "sched_setparam", call_sched_setparam, "ip----"},
    {SYS_sched_get_priority_max, "sched_get_priority_max", call_sched_get_priority_max, "i-----"},
    {SYS_sched_get_priority_min, "sched_get_priority_min", call_sched_get_priority_min, "i-----"},
    {SYS_sched_rr_get_interval, "sched_rr_get_interval", call_sched_rr_get_interval, "ip----"},
    {SYS_getpriority, "getpriority", call_getpriority, "ii----"},
    {SYS_setpriority, "setpriority", call_setpriority, "iii---"},
};

const struct call_family calls_process = {"process", calls, sizeof calls / sizeof *calls};
