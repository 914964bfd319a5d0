/* Mappings come, go, move and lose rights: what an old one said must not be seen. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096UL
#define PAGES 16UL
#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) return printf("line %d, round %d\n", __LINE__, round), 1; \
    } while (0)

static sigjmp_buf back;

static void leave(int signal) {
    siglongjmp(back, signal);
}

static int faults(volatile char *address, int write) {
    if (sigsetjmp(back, 1) != 0) return 1;
    if (write) *address = 1;
    else (void)*address;
    return 0;
}

static char *map(void *where, int protection) {
    int fixed = where == NULL ? 0 : MAP_FIXED;
    return mmap(where, PAGES * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
}

static int all(const char *bytes, int value) {
    for (unsigned long i = 0; i < PAGES; i++) {
        if (bytes[i * PAGE] != value || bytes[i * PAGE + PAGE - 1] != value) return 0;
    }
    return 1;
}

static int stress(int round) {
    char *one = map(NULL, PROT_READ | PROT_WRITE), *two = map(NULL, PROT_READ | PROT_WRITE);
    memset(one, 1, PAGES * PAGE);
    memset(two, 2, PAGES * PAGE);
    /* Its frames may be the next mapping's. */
    munmap(one, PAGES * PAGE);
    char *three = map(NULL, PROT_READ | PROT_WRITE);
    CHECK(all(three, 0));
    memset(three, 3, PAGES * PAGE);
    CHECK(all(two, 2));
    /* The same address again, with other frames. */
    CHECK(map(two, PROT_READ | PROT_WRITE) == two && all(two, 0));
    memset(two, 4, PAGES * PAGE);
    CHECK(all(three, 3));
    char *moved = mremap(three, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && all(moved, 3) && all(moved + PAGES * PAGE, 0));
    CHECK(mprotect(two, PAGES * PAGE, PROT_READ) == 0);
    CHECK(faults(two + PAGE, 1) && all(two, 4));
    CHECK(mprotect(two + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(faults(two + PAGE, 0) && !faults(two, 0));
    CHECK(mprotect(two, PAGES * PAGE, PROT_READ | PROT_WRITE) == 0 && !faults(two + PAGE, 1));
    CHECK(madvise(moved, PAGES * PAGE, MADV_DONTNEED) == 0 && all(moved, 0));
    munmap(two, PAGES * PAGE);
    munmap(moved, 2 * PAGES * PAGE);
    CHECK(faults(moved, 0) && faults(two, 1));
    return 0;
}

/* Eight pages in turn lose the right to be written. */
static int downgrades(void) {
    for (int round = 0; round < 8; round++) {
        char *pages = map(NULL, PROT_READ | PROT_WRITE);
        *pages = 1;
        CHECK(mprotect(pages, PAGE, PROT_READ) == 0 && faults(pages, 1));
    }
    return 0;
}

int main(int count, char **arguments) {
    struct sigaction action = {.sa_handler = leave};
    sigaction(SIGSEGV, &action, NULL);
    if (count > 1 && strcmp(arguments[1], "downgrades") == 0) {
        if (downgrades() != 0) return 1;
    } else {
        for (int round = 0; round < 20; round++) {
            if (stress(round) != 0) return 1;
        }
    }
    puts("done");
    return 0;
}
