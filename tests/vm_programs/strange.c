/* What few programs do, and runtimes among them, said in lines that are the same in a VM and beside it. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define THREADS 200
#define TURNS 1000
#define GIGABYTE (1ull << 30)

/* ---- faults that the program handles itself ---------------------------------------------------------------- */

static char *guarded;
static stack_t alternate;
static sigjmp_buf after_fault;
static long let_in;

static void on_fault(int signal, siginfo_t *info, void *context) {
    char here;
    (void)context;
    char *address = info->si_addr, *bottom = alternate.ss_sp;
    if (address >= guarded && address < guarded + PAGE) {
        let_in++;
        mprotect(guarded, PAGE, PROT_READ | PROT_WRITE);
        return;
    }
    int is_apart = &here >= bottom && &here < bottom + alternate.ss_size;
    printf("signal %d, code %d, on the other stack %d\n", signal, info->si_code, is_apart);
    siglongjmp(after_fault, 1);
}

static int deeper(int depth) {
    volatile char room[PAGE];
    if (depth < 0) return 0;
    room[0] = (char)depth;
    return deeper(depth + 1) + room[0];
}

static void touch(uintptr_t address) {
    *(volatile int *)address = 1;
}

static void faults(void) {
    alternate = (stack_t){.ss_sp = malloc(16 * PAGE), .ss_size = 16 * PAGE};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    guarded = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 100; i++) {
        guarded[i] = 1;
        mprotect(guarded, PAGE, PROT_NONE);
    }
    printf("let in %ld times\n", let_in);
    volatile int zero = 0;
    if (sigsetjmp(after_fault, 1) == 0) touch(0);
    if (sigsetjmp(after_fault, 1) == 0) touch(UINT64_C(0x8000000000000000));
    if (sigsetjmp(after_fault, 1) == 0) deeper(0);
    if (sigsetjmp(after_fault, 1) == 0) printf("%d\n", 1 / zero);
    if (sigsetjmp(after_fault, 1) == 0) __builtin_trap();
}

#ifndef WITHOUT_CONTEXTS
/* ---- contexts -------------------------------------------------------------------------------------------------- */

static ucontext_t outside, first, second;
static long turns;

static void add(void) {
    for (int i = 0; i < TURNS; i++) {
        turns += 2 * i;
        swapcontext(&first, &second);
    }
}

static void flip(void) {
    for (int i = 0; i < TURNS; i++) {
        turns ^= i;
        swapcontext(&second, &first);
    }
}

static void prepare(ucontext_t *context, void (*function)(void)) {
    getcontext(context);
    context->uc_stack = (stack_t){.ss_sp = malloc(16 * PAGE), .ss_size = 16 * PAGE};
    context->uc_link = &outside;
    makecontext(context, function, 0);
}

static void contexts(void) {
    prepare(&first, add);
    prepare(&second, flip);
    swapcontext(&outside, &first);
    printf("turns %ld\n", turns);
}
#else
static void contexts(void) {}
#endif

/* ---- many threads ------------------------------------------------------------------------------------------------ */

static pthread_barrier_t all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long total;
static _Thread_local long own;

static void *work(void *argument) {
    pthread_barrier_wait(&all);
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&lock);
        total += (intptr_t)argument;
        pthread_mutex_unlock(&lock);
        own++;
    }
    pthread_barrier_wait(&all);
    return (void *)(intptr_t)own;
}

static void threads(void) {
    pthread_t started[THREADS];
    long owned = 0;
    pthread_barrier_init(&all, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&started[i], NULL, work, (void *)i) != 0) abort();
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(started[i], &result);
        owned += (intptr_t)result;
    }
    printf("threads: %ld, %ld\n", total, owned);
}

/* ---- reservations ------------------------------------------------------------------------------------------------ */

static char *reserve(uint64_t bytes, int protection) {
    return mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void reservations(void) {
    char *sparse = reserve(64 * GIGABYTE, PROT_READ | PROT_WRITE);
    long sum = 0;
    for (uint64_t at = 0; at < 64 * GIGABYTE; at += GIGABYTE) sum += ++sparse[at];
    char *vast = reserve(4096 * GIGABYTE, PROT_NONE);
    mprotect(vast + 2048 * GIGABYTE, PAGE, PROT_READ | PROT_WRITE);
    vast[2048 * GIGABYTE] = 1;
    printf("reservations: %ld, %d\n", sum, munmap(vast, 4096 * GIGABYTE) + munmap(sparse, 64 * GIGABYTE));
}

/* ---- children: only with an argument, for a guest has none --------------------------------------------------------- */

extern char **environ;

static void children(void) {
    char *arguments[] = {"true", NULL};
    pid_t child;
    printf("spawn: %s\n", strerror(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ)));
    printf("fork: %d, %s\n", fork(), strerror(errno));
    printf("vfork: %d, %s\n", vfork(), strerror(errno));
    printf("popen: %d\n", popen("true", "r") != NULL);
}

int main(int count, char **arguments) {
    (void)arguments;
    if (count > 1) {
        children();
        return 0;
    }
    faults();
    contexts();
    threads();
    reservations();
    return 0;
}
