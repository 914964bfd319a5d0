#include "guest.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

/* Frames and stacks of signals that no kernel ever made. */

static void return_from(void *data) {
    __asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall; ud2" : : "r"(data) : "rax", "rcx", "r11", "memory");
}

static void forged_frames(void) {
    static uint8_t area[16384] __attribute__((aligned(64)));
    for (unsigned i = 0; i < 200; i++) {
        ucontext_t *context = (ucontext_t *)(void *)(area + 4096);
        memset(area, 0, sizeof area);
        if (any_below(2)) {
            for (size_t j = 0; j < sizeof area; j++) area[j] = (uint8_t)any();
        }
        static const uint64_t odd[] = {0,
                                       0x10,
                                       0x18,
                                       0x33,
                                       0x2b,
                                       0x247fd7,
                                       0x800000000000,
                                       SYSTEM_ADDRESS + 0x7810,
                                       CALL_STUB,
                                       UINT64_MAX,
                                       0xffffffff81000000};
        for (int j = 0; j < 23; j++) context->uc_mcontext.gregs[j] = (greg_t)odd[any_below(11)];
        if (any_below(2)) context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)return_from;
        context->uc_mcontext.fpregs =
            any_below(3) ? (void *)(area + 8192 + any_below(80)) : (void *)(uintptr_t)odd[any_below(11)];
        /* Mostly it may be tried again: with no signal blocked, on the stack that there is. */
        if (any_below(8)) sigemptyset(&context->uc_sigmask), sigaltstack(NULL, &context->uc_stack);
        survives(return_from, area + 4096);
    }
}

static void return_from_nowhere(void) {
    uint64_t stacks[] = {0,      8, SYSTEM_ADDRESS, SYSTEM_ADDRESS - 8, 0x7fffe0100000, 0x800000000000, UINT64_MAX - 7,
                         0x10000};
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) survives(return_from, (void *)stacks[i]);
}

static void raise_one(void *data) {
    (void)data;
    raise(SIGUSR1);
}

static void odd_stacks(void) {
    uint64_t places[] = {
        0, 0x1000, SYSTEM_ADDRESS, 0x7fffe0100000, 0x7fffe0101000, 0x800000000000, UINT64_MAX, SYSTEM_ADDRESS - 4096};
    uint64_t sizes[] = {0, 1, 2048, 4096, 65536, 1ul << 47, UINT64_MAX};
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 7; j++) {
            struct {
                uint64_t at;
                uint32_t flags;
                uint32_t pad;
                uint64_t size;
            } stack = {places[i], (uint32_t)any_below(4) << 30, 0, sizes[j]};
            call(SYS_sigaltstack, &stack, NULL);
        }
    }
    sigaction(SIGUSR1, &action, NULL);
    survives(NULL, NULL);
}

/* Handlers and restorers at forbidden places: the first signal ends it, or faults for ever. */
static void odd_handlers(void) {
    uint64_t places[] = {SYSTEM_ADDRESS + 0x7810, CALL_STUB, 0x800000000000, UINT64_MAX, 0x7fffe0100000};
    struct {
        uint64_t handler, flags, restorer, mask;
    } action = {places[any_below(5)], 0x04000000 | SA_SIGINFO | SA_NODEFER, places[any_below(5)], 0};
    call(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
    call(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8);
    survives(raise_one, NULL);
}

static void again(int number) {
    (void)number;
    __asm__ volatile("ud2");
}

/* A handler that faults inside of itself till its stack is used up. */
static void nested_faults(void) {
    struct sigaction action = {.sa_handler = again, .sa_flags = SA_NODEFER};
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    __asm__ volatile("ud2");
}

static void queue_full(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < 2000; i++) {
        union sigval value = {.sival_int = i};
        sigqueue(getpid(), SIGRTMIN + i % 20, value);
    }
    for (int i = 0; i < 100; i++) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i % 20};
        timer_t timer;
        const struct itimerspec soon = {{0, 1}, {0, 1}};
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) timer_settime(timer, 0, &soon, NULL);
    }
}

static const struct attack list[] = {
    {"forged-frames", forged_frames}, {"frames-nowhere", return_from_nowhere}, {"odd-signal-stacks", odd_stacks},
    {"odd-handlers", odd_handlers},   {"nested-faults", nested_faults},        {"signal-queue-full", queue_full},
};
const struct attacks signal_attacks = ATTACKS(list);
