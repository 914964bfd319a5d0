/* Threads that fault again and again: each handler sees its own thread's fault, whatever turns the threads take. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#define THREADS 4
#define ROUNDS 400
#define PAGE 4096

static __thread sigjmp_buf back;
static __thread char *mine;
static volatile int wrong;

static void leave(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (signal != SIGSEGV || info->si_addr != mine) wrong = 1;
    siglongjmp(back, 1);
}

static void *work(void *argument) {
    mine = argument;
    for (volatile int round = 0; round < ROUNDS; round++) {
        if (sigsetjmp(back, 1) == 0) {
            *(volatile char *)mine = 1;
            wrong = 1;
        }
    }
    return NULL;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *pages = mmap(NULL, THREADS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, pages + i * PAGE) != 0) return 2;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (wrong) return 1;
    puts("done");
    return 0;
}
