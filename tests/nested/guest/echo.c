/* Answers lines, and does to itself what a line says: for snapshots, clones and resets. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES 64
#define PAGE 4096
#define LARGE (40L << 20)
#define MARK 0x1111111111111111UL
#define SLEEPERS_MARK 0x2222222222222222UL
#define POISON 0x6666666666666666UL

static char heap[PAGES][PAGE] = {{1}};
static unsigned served, marked;
static char *mapped;

/* A vector register that no call saves shows whether all of the state is back. */
static long read_line(char *line, unsigned long size) {
    unsigned long mark[2] = {MARK, MARK};
    long result;
    __asm__ volatile("movups %1, %%xmm15; syscall; movups %%xmm15, %1"
                     : "=a"(result), "+m"(mark)
                     : "0"((long)SYS_read), "D"(0L), "S"(line), "d"(size)
                     : "rcx", "r11", "memory", "xmm15");
    marked = mark[0] == MARK && mark[1] == MARK;
    return result;
}

/* A second thread sleeps with marked registers of its own, and says when it is woken whether it has them still. */
static volatile int word, woken, sleeper_marked;

static void futex(volatile int *at, int operation, int value) {
    syscall(SYS_futex, at, operation, value, NULL, NULL, 0);
}

static void *sleep_marked(void *unused) {
    for (;;) {
        unsigned long mark[2] = {SLEEPERS_MARK, SLEEPERS_MARK};
        register long timeout __asm__("r10") = 0;
        long result;
        __asm__ volatile("movups %1, %%xmm15; syscall; movups %%xmm15, %1"
                         : "=a"(result), "+m"(mark)
                         : "0"((long)SYS_futex), "D"(&word), "S"((long)FUTEX_WAIT), "d"((long)word), "r"(timeout)
                         : "rcx", "r11", "memory", "xmm15");
        sleeper_marked = mark[0] == SLEEPERS_MARK && mark[1] == SLEEPERS_MARK;
        woken++;
        futex(&woken, FUTEX_WAKE, 1);
    }
    return unused;
}

static void wake(void) {
    int before = woken;
    word++;
    futex(&word, FUTEX_WAKE, 1);
    while (woken == before) futex(&woken, FUTEX_WAIT, before);
    printf("woken %d, marked %d\n", woken, sleeper_marked);
}

/* Nothing is as before: data segments, bases, vectors, the direction of strings. */
static void poison(void) {
    unsigned long bad[2] = {POISON, POISON};
    __asm__ volatile("movups %0, %%xmm15; std; mov $0x2b, %%eax; mov %%eax, %%ds; mov %%eax, %%es;"
                     "mov %%eax, %%gs; mov %%eax, %%fs; mov %1, %%eax; mov $7, %%edi; syscall"
                     :
                     : "m"(bad), "i"(SYS_exit_group)
                     : "rax", "rdi", "memory");
}

static void tell(void) {
    unsigned ds, es, fs, gs;
    unsigned long flags;
    __asm__("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    __asm__("pushf; pop %0" : "=r"(flags));
    printf("served %u, marked %u, ds %x es %x fs %x gs %x, direction %lu\n", served, marked, ds, es, fs, gs, flags >> 10 & 1);
}

static void work(void) {
    for (int i = 0; i < PAGES; i++) memset(heap[i], (int)served, PAGE);
    munmap(mapped, PAGES * PAGE);
    mapped = mmap(NULL, 2 * PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(mapped, (int)served, 2 * PAGES * PAGE);
    mprotect(mapped, PAGE, PROT_READ);
    free(malloc(300000));
    printf("served %u\n", served);
}

/* More than a bank of memory, whose tables are folded in clones: calls on it have to do what they say. */
static char *large;

static void fill_large(void) {
    large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(large, 'A', LARGE);
    printf("served %u\n", served);
}

static void use_large(void) {
    char *kept = large, *moved;
    long quarter = LARGE / 4;
    munmap(kept, quarter);
    char *fresh = mmap(kept, quarter, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    madvise(kept + quarter, quarter, MADV_DONTNEED);
    moved = mremap(kept + 2 * quarter, quarter, 2 * quarter, MREMAP_MAYMOVE);
    mprotect(kept + 3 * quarter, quarter, PROT_READ);
    long zeros = 0, letters = 0;
    for (long i = 0; i < quarter; i += PAGE) zeros += fresh[i] == 0, zeros += kept[quarter + i] == 0, letters += moved[i] == 'A';
    int pipes[2];
    if (pipe(pipes) != 0 || write(pipes[1], "x", 1) != 1) exit(5);
    printf("zeros %ld, letters %ld, read %ld, vvar %d\n", zeros, letters, (long)read(pipes[0], kept + 3 * quarter, 1),
           madvise((void *)0x7fffe0100000, PAGE, MADV_DONTNEED));
}

/* Memory so far from all other that it takes page tables of its own. */
static void spread(void) {
    static unsigned long far = 0x100000000000UL;
    for (int i = 0; i < 8; i++, far += 1UL << 39) {
        char *page = mmap((void *)far, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (page == MAP_FAILED) exit(4);
        *page = 1;
    }
    printf("served %u\n", served);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    mapped = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(mapped, 9, PAGES * PAGE);
    pthread_t sleeper;
    if (pthread_create(&sleeper, NULL, sleep_marked, NULL) != 0) return 2;
    char line[64];
    for (;;) {
        long size = read_line(line, sizeof line - 1);
        if (size <= 0) return 0;
        line[size] = 0;
        served++;
        if (strcmp(line, "work\n") == 0) work();
        else if (strcmp(line, "tell\n") == 0) tell();
        else if (strcmp(line, "wake\n") == 0) wake();
        else if (strcmp(line, "fill\n") == 0) fill_large();
        else if (strcmp(line, "use\n") == 0) use_large();
        else if (strcmp(line, "spread\n") == 0) spread();
        else if (strcmp(line, "poison\n") == 0) poison();
        else if (strcmp(line, "exec\n") == 0) execl("/proc/self/exe", "echo", NULL);
        else if (strcmp(line, "crash\n") == 0) *(volatile int *)NULL = 1;
        else if (strcmp(line, "spin\n") == 0) for (;;) __asm__ volatile("");
        else return 3;
    }
}
