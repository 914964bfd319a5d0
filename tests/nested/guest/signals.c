/* Handlers of faults, on a stack of their own; the program goes on where they tell it to, or where it was. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CHECK(condition)                                         \
    do {                                                         \
        if (!(condition)) return printf("line %d\n", __LINE__), 1; \
    } while (0)

static sigjmp_buf back;
static volatile int seen_signal, seen_code;
static void *volatile seen_address;
static char stack[65536];

static void leave(int signal, siginfo_t *info, void *context) {
    (void)context;
    seen_signal = signal;
    seen_code = info->si_code;
    seen_address = info->si_addr;
    siglongjmp(back, 1);
}

static void make_writable(int signal, siginfo_t *info, void *context) {
    (void)context;
    seen_signal = signal;
    mprotect((void *)((unsigned long)info->si_addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
}

/* Asks for ring 0, for ports and for no interrupts. */
static void forge(int signal, siginfo_t *info, void *context) {
    (void)info;
    seen_signal = signal;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    registers[REG_CSGSFS] = 0x10;
    registers[REG_EFL] = (registers[REG_EFL] | 0x3000) & ~0x200L;
    registers[REG_RIP] += 2; /* behind the ud2 */
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(signal, &action, NULL);
}

static unsigned code_selector(void) {
    unsigned selector;
    __asm__ volatile("mov %%cs, %0" : "=r"(selector));
    return selector;
}

static unsigned long flags(void) {
    unsigned long value;
    __asm__ volatile("pushf; pop %0" : "=r"(value));
    return value;
}

int main(void) {
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    handle(SIGSEGV, leave);
    handle(SIGFPE, leave);
    handle(SIGILL, forge);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < 50; round++) {
        if (sigsetjmp(back, 1) == 0) *(volatile char *)(page + 5) = 1;
        CHECK(seen_signal == SIGSEGV && seen_code == SEGV_ACCERR && seen_address == page + 5);
        if (sigsetjmp(back, 1) == 0) *(volatile char *)0x1234 = 1;
        CHECK(seen_signal == SIGSEGV && seen_code == SEGV_MAPERR && seen_address == (void *)0x1234);
        if (sigsetjmp(back, 1) == 0) __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx" : : : "eax", "ecx", "edx");
        CHECK(seen_signal == SIGFPE);
    }
    handle(SIGSEGV, make_writable);
    *(volatile char *)page = 7;
    CHECK(seen_signal == SIGSEGV && *page == 7);
    __asm__ volatile("ud2");
    CHECK(seen_signal == SIGILL && (code_selector() & 3) == 3);
    CHECK((flags() & 0x3200) == 0x200);
    puts("done");
    return 0;
}
