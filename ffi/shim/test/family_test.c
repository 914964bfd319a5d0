/* What a process and its children hold. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "test.h"

#define HELD_BYTES (64u << 20)

static void children_count_too(void) {
    int ready[2];
    char byte;
    CHECK(pipe(ready) == 0);
    int64_t before = mf_family_memory(getpid());
    CHECK(before > 0);
    pid_t child = fork();
    if (child == 0) {
        void *held = mmap(NULL, HELD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (held == MAP_FAILED || write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(mf_family_memory(child) >= HELD_BYTES);
    CHECK(mf_family_memory(getpid()) >= before + (int64_t)HELD_BYTES / 2);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    CHECK(mf_family_memory(child) == -ENOENT);
    close(ready[0]);
    close(ready[1]);
}

const struct test family_tests[] = {
    {"the memory of a process is told with its children's", children_count_too},
    {0},
};
