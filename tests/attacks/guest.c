#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

static uint64_t state;

uint64_t any(void) {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t any_below(uint64_t bound) {
    return any() % bound;
}

/* ---- surviving ----------------------------------------------------------------------------------------- */

static sigjmp_buf way_out;
static volatile int is_guarded;
static uint8_t other_stack[65536];
static uint64_t fs_base;

/* The attack may have moved FS, where libc has its own: it comes back first, without libc. */
__attribute__((optimize("no-stack-protector"))) static void on_signal(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    long result;
    __asm__ volatile("push $2; popfq");
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(SYS_arch_prctl), "D"(0x1002), "S"(fs_base)
                     : "rcx", "r11", "memory");
    if (!is_guarded) _exit(99);
    siglongjmp(way_out, number);
}

static void guard(void) {
    __asm__ volatile("syscall" : : "a"(SYS_arch_prctl), "D"(0x1003), "S"(&fs_base) : "rcx", "r11", "memory");
    const stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (size_t i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
}

int survives(void (*attack)(void *), void *data) {
    volatile int number = sigsetjmp(way_out, 1);
    if (number == 0) {
        is_guarded = 1;
        attack(data);
    }
    is_guarded = 0;
    return number;
}

static uint8_t *code_page;

static void run_code(void *data) {
    (void)data;
    /* All registers are the code's. */
    __asm__ volatile("push %%rbp; push %%rbx; push %%r12; push %%r13; push %%r14; push %%r15; pushfq;"
                     "call *%0; popfq; mov $158, %%eax; mov $0x1002, %%edi; mov %1, %%rsi; syscall;"
                     "pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbx; pop %%rbp"
                     :
                     : "r"(code_page), "m"(fs_base)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

int survives_code(const uint8_t *code, size_t size) {
    if (code_page == NULL)
        code_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(code_page, 0xc3, 64);
    memcpy(code_page, code, size);
    return survives(run_code, NULL);
}

/* ---- what it can see of itself ------------------------------------------------------------------------- */

extern char __data_start[], _end[];

static uint64_t mix(uint64_t sum, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static char report[16384];
static size_t reported;

static void say(const char *name, uint64_t value) {
    reported += (size_t)snprintf(report + reported, sizeof report - reported, "%s=%lx ", name, value);
}

static uint64_t sum_of_file(const char *path) {
    static char contents[65536];
    int file = open(path, O_RDONLY);
    if (file < 0) return UINT64_MAX;
    uint64_t sum = 1;
    ssize_t count;
    while ((count = read(file, contents, sizeof contents)) > 0) sum = mix(sum, contents, (size_t)count);
    close(file);
    return sum;
}

static uint64_t sum_of_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) return UINT64_MAX;
    uint64_t sum = 1;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) sum = mix(sum, entry->d_name, strlen(entry->d_name));
    closedir(folder);
    return sum;
}

static void read_gs(void *data) {
    __asm__ volatile("rdgsbase %0" : "=r"(*(uint64_t *)data));
}

static void check_registers(void) {
    uint64_t flags, fs, gs, base, gs_itself = 0;
    uint32_t mxcsr;
    uint16_t control, ss, cs, ds, es;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    __asm__ volatile("mov %%ss, %0; mov %%cs, %1; mov %%ds, %2; mov %%es, %3" : "=r"(ss), "=r"(cs), "=r"(ds), "=r"(es));
    syscall(SYS_arch_prctl, 0x1003, &fs);
    syscall(SYS_arch_prctl, 0x1004, &gs);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(base));
    /* Where the CPU has the instruction. */
    survives(read_gs, &gs_itself);
    say("flags", flags & ~UINT64_C(0x8d5));
    say("mxcsr", mxcsr), say("control", control);
    say("ss", ss), say("cs", cs), say("ds", ds), say("es", es), say("fs", fs), say("gs", gs), say("gs itself", gs_itself), say("self", base);
}

static void check(void) {
    reported = 0;
    check_registers();
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    say("mask", *(uint64_t *)(void *)&mask);
    uint64_t actions = 1;
    for (int i = 1; i < 65; i++) {
        uint64_t action[4] = {0};
        syscall(SYS_rt_sigaction, i, NULL, action, 8);
        actions = mix(actions, action, sizeof action);
    }
    say("actions", actions);
    say("data", mix(1, __data_start, (size_t)((char *)&state - __data_start) / 2));
    say("maps", sum_of_file("/proc/self/maps")),
        say("cwd", getcwd(report + 12000, 4000) != NULL ? mix(1, report + 12000, strlen(report + 12000)) : 0);
    say("break", (uint64_t)syscall(SYS_brk, 0));
    say("tmp", sum_of_folder("/tmp")), say("fds", sum_of_folder("/proc/self/fd")),
        say("task", sum_of_folder("/proc/self/task"));
    say("root", sum_of_folder("/")), say("pid", (uint64_t)getpid()), say("tid", (uint64_t)syscall(SYS_gettid));
    int descriptor = open("/tmp", O_RDONLY);
    say("next", (uint64_t)descriptor);
    close(descriptor);
    report[reported++] = '\n';
    if (write(STDOUT_FILENO, report, reported) < 0) _exit(98);
}

/* ---- requests ------------------------------------------------------------------------------------------ */

static const struct attacks *const all[] = {&instruction_attacks, &page_attacks,   &stub_attacks,   &signal_attacks,
                                            &call_attacks,        &memory_attacks, &object_attacks, &file_attacks,
                                            &thread_attacks,      &long_attacks};

static void attack(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t j = 0; j < all[i]->count; j++) {
            if (strcmp(all[i]->items[j].name, name) == 0) all[i]->items[j].run();
        }
    }
}

static void list(void) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t j = 0; j < all[i]->count; j++) puts(all[i]->items[j].name);
    }
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--list") == 0) {
        list();
        return 0;
    }
    guard();
    for (;;) {
        char request[128];
        ssize_t size = read(STDIN_FILENO, request, sizeof request - 1);
        if (size <= 0) return 0;
        request[size] = 0;
        char name[64] = "";
        unsigned long seed = 0;
        sscanf(request, "%63s %lu", name, &seed);
        state = seed;
        if (strcmp(name, "check") == 0) {
            check();
            continue;
        }
        attack(name);
        if (write(STDOUT_FILENO, "done\n", 5) < 0) return 1;
    }
}
