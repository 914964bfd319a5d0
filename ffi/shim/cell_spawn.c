/*
 * Starting a process in namespaces of its own, with descriptors that are named and no others. Its memory is this one's until
 * it runs its program: nothing of it is copied, however large it is.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cell.h"

#define STACK_BYTES (64u * 1024)
#define FIRST_DESCRIPTOR 3
#define DESCRIPTORS_AT_MOST 8u
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/* Filled in by both sides: the child borrows this memory. */
struct spawn {
    const char *program;
    int descriptors[DESCRIPTORS_AT_MOST];
    size_t count;
    uid_t user;
    gid_t group;
    bool has_users; /* a namespace of users, where it is root over nobody else */
    const char *failed;
    int error;
};

/* ---- in the child ------------------------------------------------------------------------------------ */

static int spawn__fail(struct spawn *spawn, const char *what) {
    spawn->error = -errno;
    spawn->failed = what;
    return -1;
}

static int spawn__write(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    close(file);
    return written < 0 ? -1 : 0;
}

/* Root there is the server's own user, and nobody else exists. */
static int spawn__map_users(const struct spawn *spawn) {
    char users[32], groups[32];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)spawn->user);
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)spawn->group);
    if (spawn__write("/proc/self/setgroups", "deny") != 0) return -1;
    if (spawn__write("/proc/self/uid_map", users) != 0) return -1;
    return spawn__write("/proc/self/gid_map", groups);
}

/* 0 to 2 are nothing, so that nobody takes a file that is opened later for them. */
static int spawn__place_descriptors(const struct spawn *spawn) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) return -1;
    for (int number = 0; number < FIRST_DESCRIPTOR; number++) {
        if (dup2(nothing, number) < 0) return -1;
    }
    for (size_t i = 0; i < spawn->count; i++) {
        if (dup2(spawn->descriptors[i], FIRST_DESCRIPTOR + (int)i) < 0) return -1;
    }
    return (int)syscall(SYS_close_range, FIRST_DESCRIPTOR + spawn->count, ~0u, 0);
}

/* No call here may change what both have in common. Signals stay blocked: their handlers are the server's. */
static int spawn__child(void *data) {
    struct spawn *spawn = data;
    char *arguments[] = {"mayfly-cell", NULL}, *environment[] = {NULL};
    if (spawn->has_users && spawn__map_users(spawn) != 0) spawn__fail(spawn, "name its user");
    else if (setsid() < 0) spawn__fail(spawn, "leave the session");
    else if (chdir("/") != 0) spawn__fail(spawn, "leave the folder");
    else if (spawn__place_descriptors(spawn) != 0) spawn__fail(spawn, "pass its descriptors");
    else {
        execve(spawn->program, arguments, environment);
        spawn__fail(spawn, "run its program");
    }
    _exit(127);
}

/* ---- in the server ----------------------------------------------------------------------------------- */

/* Away from the numbers that they are to have. */
static int spawn__lift(struct spawn *spawn, const int *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int copy = fcntl(descriptors[i], F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR + (int)DESCRIPTORS_AT_MOST);
        if (copy < 0) return -errno;
        spawn->descriptors[spawn->count++] = copy;
    }
    return 0;
}

static pid_t spawn__clone(struct spawn *spawn, char *stack, int flags) {
    spawn->has_users = (flags & CLONE_NEWUSER) != 0;
    spawn->error = 0;
    /* Without a signal at its end: a wait of the server's own for other children never finds it. */
    pid_t process = clone(spawn__child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | flags, spawn);
    return process < 0 ? -errno : process;
}

/* Where this process may not make the namespaces, one of users may allow it. */
static pid_t spawn__start(struct spawn *spawn, struct text *message) {
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -errno;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = spawn__clone(spawn, stack, NAMESPACES);
    if (process == -EPERM) process = spawn__clone(spawn, stack, NAMESPACES | CLONE_NEWUSER);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_BYTES);
    if (process < 0) {
        text__set(message, "this system allows it no namespaces of its own: %s", strerror(-process));
    } else if (spawn->error != 0) {
        waitpid(process, NULL, __WALL);
        text__set(message, "it cannot %s: %s", spawn->failed, strerror(-spawn->error));
        return spawn->error;
    }
    return process;
}

pid_t cell__spawn(const char *program, const int *descriptors, size_t count, struct text *message) {
    struct spawn spawn = {.program = program, .user = geteuid(), .group = getegid()};
    if (count > DESCRIPTORS_AT_MOST) return -EINVAL;
    pid_t process = spawn__lift(&spawn, descriptors, count);
    if (process == 0) process = spawn__start(&spawn, message);
    for (size_t i = 0; i < spawn.count; i++) close(spawn.descriptors[i]);
    return process;
}
