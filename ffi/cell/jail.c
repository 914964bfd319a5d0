#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"

/* Of all cells of a user, those that build included: KVM gives each VM a thread, which counts as well. */
#define THREADS_MAX 8192
#define DESCRIPTORS_MAX 65536
#define FILE_BYTES_MAX (UINT64_C(16) << 30) /* of a snapshot */

/* ---- the machine's memory ---------------------------------------------------------------------------- */

/* Where memory ends the kernel takes a cell, and neither the server nor what else runs on the machine. */
static int jail__go_first(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    static const char most[] = "1000";
    int error = write(file, most, sizeof most - 1) < 0 ? -errno : 0;
    close(file);
    return error;
}

/* ---- the root ---------------------------------------------------------------------------------------- */

/*
 * An empty folder, in which nothing can be made, takes the place of the host's files. It is mounted over /proc, the one
 * folder that a Linux has to have.
 */
static int jail__leave_files(void) {
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -errno;
    if (mount("none", "/proc", "tmpfs", flags, "size=4k,nr_inodes=2,mode=0000") != 0) return -errno;
    /* The old root lies on top of the new one then, until it is taken off. */
    if (chdir("/proc") != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return -errno;
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return -errno;
    return 0;
}

/* ---- rights ------------------------------------------------------------------------------------------ */

/* Neither a program that is root's nor a change of ids gives any back, for good. */
#define SECURE_BITS ((SECURE_ALL_BITS | SECURE_ALL_LOCKS) & ~issecure_mask(SECURE_KEEP_CAPS))

static int jail__forgo_capabilities(void) {
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability) != 0) return -errno;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -errno;
    return prctl(PR_SET_SECUREBITS, SECURE_BITS) == 0 ? 0 : -errno;
}

/* In a namespace of users there is only the one that the server is: -EINVAL is no failure there. */
static int jail__become(uint32_t user, int *is_own) {
    *is_own = 0;
    if (setgroups(0, NULL) != 0 && errno != EPERM) return -errno;
    if (user == 0) return 0;
    if (setresgid(user, user, user) != 0) return errno == EINVAL ? 0 : -errno;
    if (setresuid(user, user, user) != 0) return -errno;
    *is_own = 1;
    return 0;
}

static int jail__drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capset, &header, none) == 0 ? 0 : -errno;
}

/* ---- limits ------------------------------------------------------------------------------------------ */

static int jail__limit(int resource, uint64_t most) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return -errno;
    if (limit.rlim_max > most) limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? 0 : -errno;
}

static int jail__limits(enum cell_mode mode, uint64_t address_bytes) {
    const struct {
        int resource;
        uint64_t most;
    } limits[] = {
        {RLIMIT_NOFILE, DESCRIPTORS_MAX},
        {RLIMIT_NPROC, THREADS_MAX},
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, mode == CELL_BUILDS ? FILE_BYTES_MAX : 0},
        {RLIMIT_AS, address_bytes == 0 ? RLIM_INFINITY : address_bytes},
        {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_RTPRIO, 0},
        {RLIMIT_NICE, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int error = jail__limit(limits[i].resource, limits[i].most);
        if (error != 0) return error;
    }
    return 0;
}

/* ---- all of it --------------------------------------------------------------------------------------- */

/* A change of ids takes both away: so they come after it. */
static int jail__close_to_others(void) {
    if (prctl(PR_SET_DUMPABLE, 0) != 0) return -errno;
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : -errno;
}

static void jail__miss(char *missing, size_t capacity, const char *part, int error) {
    size_t used = strlen(missing);
    snprintf(missing + used, capacity - used, "%s: %s\n", part, strerror(-error));
}

int jail__enter(uint32_t user, enum cell_mode mode, uint64_t address_bytes, const char **failed, char *missing,
                size_t capacity) {
    int is_own_user, error, not_first = jail__go_first();
    missing[0] = 0;
    *failed = "process namespace";
    if (getpid() != 1) return -EPERM;
    *failed = "empty root";
    if ((error = jail__leave_files()) != 0) return error;
    *failed = "capabilities";
    if ((error = jail__forgo_capabilities()) != 0) return error;
    *failed = "user";
    if ((error = jail__become(user, &is_own_user)) != 0) return error;
    *failed = "capabilities";
    if ((error = jail__drop_capabilities()) != 0) return error;
    *failed = "no_new_privs";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    *failed = "secrecy";
    if ((error = jail__close_to_others()) != 0) return error;
    *failed = "limits";
    if ((error = jail__limits(mode, address_bytes)) != 0) return error;
    if (not_first != 0) jail__miss(missing, capacity, "the end before others where memory is short", not_first);
    if (!is_own_user) jail__miss(missing, capacity, "a user of its own", -EPERM);
    if ((error = landlock__deny_all()) != 0) jail__miss(missing, capacity, "Landlock", error);
    *failed = "seccomp";
    return jail__filter(mode);
}
