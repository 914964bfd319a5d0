/* Signals: frames like the host's, and nothing gained by forging one. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "alone.h"

#define BASE UINT64_C(0x10000000)
#define HANDLER UINT64_C(0x402000)
#define RESTORER UINT64_C(0x403000)
#define RESTORER_FLAG UINT64_C(0x04000000)

/* Where things are in a frame, counted from its return address. */
#define AT_STACK 24
#define AT_REGISTERS 48
#define AT_RIP (AT_REGISTERS + 16 * 8)
#define AT_RFLAGS (AT_REGISTERS + 17 * 8)
#define AT_FPU (AT_REGISTERS + 184)
#define AT_MASK 304
#define AT_INFO 312
#define FRAME_BYTES 440

static struct vm *vm = &alone.vm;

static void begin(void) {
    alone__begin(BASE);
}

static void handle(int signal, uint64_t flags, uint64_t mask) {
    vm->kernel->signals.actions[signal - 1] = (struct signal_action){HANDLER, flags | RESTORER_FLAG, RESTORER, mask};
}

static uint64_t word(uint64_t address) {
    uint64_t value;
    memcpy(&value, alone__at(address), sizeof value);
    return value;
}

static void put(uint64_t address, uint64_t value) {
    memcpy(alone__at(address), &value, sizeof value);
}

/* The handler returns: its `ret` takes the restorer's address, which makes the call. */
static int64_t return_from_handler(void) {
    vm->context.rsp += 8;
    return alone__call(SYS_rt_sigreturn, 0, 0, 0, 0);
}

static uint64_t deliver(int signal) {
    signal__raise_current(vm, signal);
    return signal__deliver_pending(vm) == SIGNAL_DELIVERED ? vm->context.rsp : 0;
}

/* ---- frames ---- */

struct host_frame {
    uint64_t address;
    uint8_t frame[FRAME_BYTES];
    uint8_t fpu[FPU_BYTES + 4];
    uint64_t fpu_address, restorer;
};
static struct host_frame host;

static void on_host_signal(int signal, siginfo_t *info, void *context) {
    (void)signal;
    host.address = (uint64_t)context - 8;
    memcpy(host.frame, (void *)host.address, FRAME_BYTES);
    memcpy(&host.fpu_address, host.frame + AT_FPU, 8);
    uint32_t bytes;
    memcpy(&bytes, (void *)(host.fpu_address + 464 + 4), 4);
    memcpy(host.fpu, (void *)host.fpu_address, bytes <= sizeof host.fpu ? bytes : sizeof host.fpu);
    if ((uint64_t)info - host.address != AT_INFO) host.address = 0;
}

/* A handler of the host's own kernel finds the same bytes at the same addresses. */
static void test_layout(void) {
    struct sigaction action = {.sa_sigaction = on_host_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
    CHECK(host.address != 0);
    uint32_t note[6];
    memcpy(note, host.fpu + 464, sizeof note);
    uint64_t registers[18];
    memcpy(registers, host.frame + AT_REGISTERS, sizeof registers);

    alone__begin(page_down(registers[15]) - ALONE_BYTES / 2);
    memcpy(&alone.machine.xcr0, note + 2, 8);
    alone.machine.fpu_bytes = note[4];
    memcpy(alone.fpu.bytes, host.fpu, note[4]);
    memset(alone.fpu.bytes + 464, 0, 48);
    uint64_t *const to[18] = {&vm->context.r8, &vm->context.r9, &vm->context.r10, &vm->context.r11, &vm->context.r12,
                              &vm->context.r13, &vm->context.r14, &vm->context.r15, &vm->context.rdi, &vm->context.rsi,
                              &vm->context.rbp, &vm->context.rbx, &vm->context.rdx, &vm->context.rax, &vm->context.rcx,
                              &vm->context.rsp, &vm->context.rip, &vm->context.rflags};
    for (int i = 0; i < 18; i++) *to[i] = registers[i];
    struct signal_info info;
    memcpy(&info, host.frame + AT_INFO, sizeof info);
    handle(SIGUSR1, SA_SIGINFO, 0);
    memcpy(&vm->kernel->signals.actions[SIGUSR1 - 1].restorer, host.frame, 8);
    /* What faulted last and the alternate stack are of the host's process. */
    uint8_t *frame = host.frame;
    memset(frame + AT_REGISTERS + 18 * 8 + 8, 0, 16);
    memset(frame + AT_REGISTERS + 18 * 8 + 8 + 24, 0, 8);
    memcpy(&thread__current(vm)->alternate_stack, frame + AT_STACK, 8);
    memcpy(&thread__current(vm)->alternate_stack_flags, frame + AT_STACK + 8, 4);
    memcpy(&thread__current(vm)->alternate_stack_size, frame + AT_STACK + 16, 8);
    uint64_t mask;
    memcpy(&mask, frame + AT_MASK, 8);
    CHECK(signal_frame__push(vm, &info, &vm->kernel->signals.actions[SIGUSR1 - 1], mask, 0, 0) == 0);
    CHECK(vm->context.rsp == host.address);
    /* The kernel leaves as they were: what follows the stack's flags, what is reserved. */
    memset(frame + AT_STACK + 12, 0, 4);
    memset(frame + AT_FPU + 8, 0, 64);
    CHECK(memcmp(alone__at(host.address), frame, AT_INFO + sizeof info) == 0);
    CHECK(memcmp(alone__at(host.fpu_address), host.fpu, note[1]) == 0);
    CHECK(vm->context.rdi == SIGUSR1 && vm->context.rsi == host.address + AT_INFO);
    CHECK(vm->context.rdx == host.address + 8 && vm->context.rip == HANDLER);
}

static void test_round_trip(void) {
    begin();
    handle(SIGUSR1, 0, 0);
    for (size_t i = 0; i < sizeof vm->context / 8; i++) ((uint64_t *)&vm->context)[i] = 0x1000 + i;
    vm->context.rsp = BASE + ALONE_BYTES / 2 + 3;
    vm->context.rflags = 0x202 | 0xcd5;
    vm->context.rip = 0x401234;
    alone.fpu.bytes[160] = 77;
    struct context before = vm->context;
    struct fpu_state fpu_before = alone.fpu;
    CHECK(deliver(SIGUSR1) != 0);
    CHECK((vm->context.rsp + 8) % 16 == 0 && word(vm->context.rsp) == RESTORER);
    CHECK(before.rsp - vm->context.rsp >= 128);
    CHECK(!(vm->context.rflags & 0x500));
    CHECK(thread__current(vm)->signal_mask == SIGNAL_BIT(SIGUSR1));
    CHECK(return_from_handler() == CALL_SET_REGISTERS);
    CHECK(memcmp(&before, &vm->context, sizeof before) == 0);
    CHECK(memcmp(&fpu_before, &alone.fpu, sizeof fpu_before) == 0);
    CHECK(thread__current(vm)->signal_mask == 0);
}

static void test_forged_registers(void) {
    begin();
    handle(SIGUSR1, 0, 0);
    uint64_t frame = deliver(SIGUSR1);
    put(frame + AT_RFLAGS, UINT64_MAX);
    put(frame + AT_REGISTERS + 18 * 8, 0x0018001800180010); /* the selectors */
    put(frame + AT_MASK, UINT64_MAX);
    CHECK(return_from_handler() == CALL_SET_REGISTERS);
    /* No I/O rights, no virtual 8086 mode, no nested task, no pending interrupts; interrupts on. */
    CHECK((vm->context.rflags & ~UINT64_C(0x240fd7)) == 0 && (vm->context.rflags & 0x202) == 0x202);
    CHECK((thread__current(vm)->signal_mask & (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))) == 0);

    const uint64_t bad[] = {USER_LAST, UINT64_MAX, UINT64_C(1) << 47, UINT64_C(0xffff800000000000)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        handle(SIGUSR1, 0, 0);
        frame = deliver(SIGUSR1);
        put(frame + AT_RIP, bad[i]);
        return_from_handler();
        CHECK(vm->exit.reason == VM_SIGNALED && vm->exit.status == SIGSEGV);
    }
}

/* Whatever bytes come, what is loaded has only parts that the guest may have, and no bit that KVM refuses. */
static int is_loadable(const struct fpu_state *fpu) {
    uint64_t header[8];
    uint32_t mxcsr;
    memcpy(header, fpu->bytes + 512, sizeof header);
    memcpy(&mxcsr, fpu->bytes + 24, sizeof mxcsr);
    for (int i = 1; i < 8; i++) {
        if (header[i] != 0) return 0;
    }
    return (header[0] & ~alone.machine.xcr0) == 0 && (mxcsr & 0xffff0000) == 0;
}

static void test_forged_fpu(void) {
    srand(1);
    for (int round = 0; round < 2000; round++) {
        begin();
        handle(SIGUSR1, 0, 0);
        uint64_t frame = deliver(SIGUSR1), fpu = word(frame + AT_FPU);
        int keeps_note = round % 2;
        for (uint64_t i = 0; i < alone.machine.fpu_bytes; i++) {
            if (keeps_note && i >= 464 && i < 512) continue;
            *(uint8_t *)alone__at(fpu + i) = (uint8_t)rand();
        }
        return_from_handler();
        CHECK(alone.fpu_loads > 0 && is_loadable(&alone.fpu));
    }
    begin();
    handle(SIGUSR1, 0, 0);
    uint64_t frame = deliver(SIGUSR1), fpu = word(frame + AT_FPU);
    /* A size that reaches far beyond the state. */
    memset(alone__at(fpu + 464 + 4), 0xff, 4);
    memset(alone__at(fpu + 464 + 16), 0xff, 4);
    return_from_handler();
    CHECK(is_loadable(&alone.fpu));
    const uint64_t bad[] = {BASE + ALONE_BYTES - 8, UINT64_MAX - 100, 1, USER_LAST - 16};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        handle(SIGUSR1, 0, 0);
        frame = deliver(SIGUSR1);
        put(frame + AT_FPU, bad[i]);
        return_from_handler();
        CHECK(vm->exit.reason == VM_SIGNALED && vm->exit.status == SIGSEGV);
    }
}

static void test_no_stack(void) {
    const uint64_t stacks[] = {0, 64, 127, BASE + 100, UINT64_MAX, UINT64_C(1) << 47, BASE + ALONE_BYTES + 100000};
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        begin();
        handle(SIGUSR1, 0, 0);
        vm->context.rsp = stacks[i];
        signal__raise_current(vm, SIGUSR1);
        CHECK(signal__deliver_pending(vm) == SIGNAL_ENDED);
        CHECK(vm->exit.reason == VM_SIGNALED && vm->exit.status == SIGSEGV);
    }
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        begin();
        vm->context.rsp = stacks[i];
        if (stacks[i] == BASE + 100) continue; /* zeros are a frame, too */
        alone__call(SYS_rt_sigreturn, 0, 0, 0, 0);
        CHECK(vm->exit.reason == VM_SIGNALED && vm->exit.status == SIGSEGV);
    }
}

static void test_bad_action(void) {
    begin();
    vm->kernel->signals.actions[SIGUSR1 - 1] = (struct signal_action){USER_LAST, RESTORER_FLAG, RESTORER, 0};
    signal__raise_current(vm, SIGUSR1);
    CHECK(signal__deliver_pending(vm) == SIGNAL_ENDED && vm->exit.status == SIGSEGV);
    begin();
    vm->kernel->signals.actions[SIGUSR1 - 1] = (struct signal_action){HANDLER, 0, 0, 0};
    signal__raise_current(vm, SIGUSR1);
    CHECK(signal__deliver_pending(vm) == SIGNAL_ENDED && vm->exit.status == SIGSEGV);
}

static void test_alternate_stack(void) {
    begin();
    handle(SIGSEGV, SA_ONSTACK, 0);
    struct {
        uint64_t address, flags, size;
    } stack = {BASE + 4096, 0, 8192};
    memcpy(alone__at(BASE), &stack, sizeof stack);
    CHECK(alone__call(SYS_sigaltstack, BASE, 0, 0, 0) == 0);
    vm->context.rsp = 8; /* as after an overflow */
    CHECK(signal__fault(vm, SIGSEGV, SEGV_MAPERR, 0xdead, 6, 14) == SIGNAL_DELIVERED);
    uint64_t frame = vm->context.rsp;
    CHECK(frame > stack.address && frame < stack.address + stack.size);
    CHECK(word(frame + AT_INFO + 16) == 0xdead);
    CHECK(word(frame + AT_REGISTERS + 152) == 6 && word(frame + AT_REGISTERS + 160) == 14);
    CHECK(alone__call(SYS_sigaltstack, BASE, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_sigaltstack, 0, BASE, 0, 0) == 0 && word(BASE + 8) == SS_ONSTACK);
    /* Full: the next frame has no room, and lands nowhere else. */
    thread__current(vm)->signal_mask = 0;
    vm->context.rsp = stack.address + 256;
    CHECK(signal__fault(vm, SIGSEGV, SEGV_MAPERR, 0xdead, 6, 14) == SIGNAL_ENDED);

    /* Forgotten while its handler runs, and back with the frame. */
    begin();
    handle(SIGUSR1, SA_ONSTACK, 0);
    stack.flags = SS_AUTODISARM;
    memcpy(alone__at(BASE), &stack, sizeof stack);
    CHECK(alone__call(SYS_sigaltstack, BASE, 0, 0, 0) == 0);
    frame = deliver(SIGUSR1);
    CHECK(frame > stack.address && frame < stack.address + stack.size);
    CHECK(alone__call(SYS_sigaltstack, 0, BASE, 0, 0) == 0 && word(BASE + 8) == SS_DISABLE);
    return_from_handler();
    CHECK(alone__call(SYS_sigaltstack, 0, BASE, 0, 0) == 0 && memcmp(alone__at(BASE), &stack, sizeof stack) == 0);

    begin();
    const struct {
        uint64_t address, flags, size;
        int result;
    } refused[] = {{BASE, 0, 100, -ENOMEM}, {BASE, 3, 8192, -EINVAL}, {UINT64_MAX - 100, 0, 8192, -ENOMEM},
                   {BASE, 0, UINT64_MAX, -ENOMEM}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        memcpy(alone__at(BASE), &refused[i], 24);
        CHECK(alone__call(SYS_sigaltstack, BASE, 0, 0, 0) == refused[i].result);
        CHECK(thread__current(vm)->alternate_stack_size == 0);
    }
}

/* ---- what is raised ---- */

static void test_defaults(void) {
    begin();
    signal__raise_current(vm, SIGCHLD);
    CHECK(signal__deliver_pending(vm) == SIGNAL_NONE && vm->exit.reason == 0);
    signal__raise_current(vm, SIGTERM);
    CHECK(signal__deliver_pending(vm) == SIGNAL_ENDED && vm->exit.status == SIGTERM);
    begin();
    thread__current(vm)->signal_mask = SIGNAL_BIT(SIGSEGV);
    handle(SIGSEGV, 0, 0);
    CHECK(signal__fault(vm, SIGSEGV, SEGV_MAPERR, 5, 0, 14) == SIGNAL_ENDED);
    CHECK(vm->exit.status == SIGSEGV && vm->exit.fault_address == 5);
}

static void test_kill_reaches_itself_only(void) {
    begin();
    CHECK(alone__call(SYS_kill, 1, SIGTERM, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_kill, 4242, SIGTERM, 0, 0) == -ESRCH);
    CHECK(alone__call(SYS_kill, (uint64_t)-1, SIGTERM, 0, 0) == -ESRCH);
    CHECK(alone__call(SYS_kill, PROCESS_ID, 65, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_kill, PROCESS_ID, 0, 0, 0) == 0 && vm->kernel->signals.pending == 0);
    CHECK(alone__call(SYS_tgkill, PROCESS_ID, 4242, SIGTERM, 0) == -ESRCH);
    CHECK(alone__call(SYS_tgkill, 4242, PROCESS_ID, SIGTERM, 0) == -ESRCH);
    CHECK(alone__call(SYS_tkill, 0, SIGTERM, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_tgkill, PROCESS_ID, PROCESS_ID, SIGTERM, 0) == 0);
    CHECK(thread__current(vm)->pending == SIGNAL_BIT(SIGTERM));
}

static void test_queue(void) {
    begin();
    thread__current(vm)->signal_mask = UINT64_MAX;
    struct signal_info info = {.signal = 40, .code = SI_QUEUE};
    for (uint32_t i = 0; i < SIGNALS_QUEUED_MAX; i++) {
        info.fields[1] = i;
        memcpy(alone__at(BASE), &info, sizeof info);
        CHECK(alone__call(SYS_rt_sigqueueinfo, PROCESS_ID, 40, BASE, 0) == 0);
    }
    CHECK(alone__call(SYS_rt_sigqueueinfo, PROCESS_ID, 40, BASE, 0) == -EAGAIN);
    /* One that cannot be queued more than once still comes. */
    CHECK(alone__call(SYS_kill, PROCESS_ID, SIGUSR1, 0, 0) == 0);
    put(BASE + 512, SIGNAL_BIT(40));
    put(BASE + 600, 0), put(BASE + 608, 0);
    for (uint32_t i = 0; i < SIGNALS_QUEUED_MAX; i++) {
        CHECK(alone__call(SYS_rt_sigtimedwait, BASE + 512, BASE + 1024, BASE + 600, 8) == 40);
        CHECK(word(BASE + 1024 + 24) == i);
    }
    CHECK(alone__call(SYS_rt_sigtimedwait, BASE + 512, BASE + 1024, BASE + 600, 8) == -EAGAIN);
    CHECK(vm->kernel->signals.pending == SIGNAL_BIT(SIGUSR1) && vm->kernel->signals.used == 0);
}

static void test_ignoring_discards(void) {
    begin();
    thread__current(vm)->signal_mask = UINT64_MAX;
    CHECK(alone__call(SYS_kill, PROCESS_ID, SIGUSR1, 0, 0) == 0);
    memset(alone__at(BASE), 0, 32);
    put(BASE, 1);
    CHECK(alone__call(SYS_rt_sigaction, SIGUSR1, BASE, 0, 8) == 0);
    CHECK(vm->kernel->signals.pending == 0 && vm->kernel->signals.used == 0);
    CHECK(alone__call(SYS_rt_sigaction, SIGKILL, BASE, 0, 8) == -EINVAL);
    CHECK(alone__call(SYS_rt_sigaction, 65, BASE, 0, 8) == -EINVAL);
    CHECK(alone__call(SYS_rt_sigaction, 0, BASE, 0, 8) == -EINVAL);
    CHECK(alone__call(SYS_rt_sigaction, SIGUSR1, BASE, 0, 16) == -EINVAL);
}

/* ---- waiting ---- */

static void begin_wait(uint64_t flags) {
    begin();
    handle(SIGUSR1, flags, 0);
    thread__current(vm)->call = SYS_read;
    thread__current(vm)->state = THREAD_WAITS;
    vm->context.rip = 0x401002;
    alone__add_thread(THREAD_FREE);
    signal__raise_process(vm, SIGUSR1);
}

static void test_interrupts(void) {
    begin_wait(0);
    CHECK(thread__current(vm)->interrupted);
    vm->context.rax = (uint64_t)-EINTR;
    CHECK(signal__deliver_pending(vm) == SIGNAL_DELIVERED);
    return_from_handler();
    CHECK((int64_t)vm->context.rax == -EINTR && vm->context.rip == 0x401002);

    begin_wait(SA_RESTART);
    vm->context.rax = (uint64_t)-EINTR;
    CHECK(signal__deliver_pending(vm) == SIGNAL_DELIVERED);
    return_from_handler();
    CHECK(vm->context.rax == SYS_read && vm->context.rip == 0x401000);

    begin_wait(SA_RESTART);
    thread__current(vm)->call = SYS_poll;
    vm->context.rax = (uint64_t)-EINTR;
    CHECK(signal__deliver_pending(vm) == SIGNAL_DELIVERED);
    return_from_handler();
    CHECK((int64_t)vm->context.rax == -EINTR);

    /* Another thread took it: the call begins again as if nothing had been. */
    begin_wait(0);
    vm->kernel->signals.pending = 0;
    vm->context.rax = (uint64_t)-EINTR;
    CHECK(signal__deliver_pending(vm) == SIGNAL_NONE);
    CHECK(vm->context.rax == SYS_read && vm->context.rip == 0x401000);
}

static void test_ignored_does_not_interrupt(void) {
    begin();
    thread__current(vm)->state = THREAD_WAITS;
    signal__raise_process(vm, SIGCHLD);
    CHECK(!thread__current(vm)->interrupted && vm->kernel->signals.pending == 0);
    thread__current(vm)->signal_mask = SIGNAL_BIT(SIGUSR1);
    signal__raise_process(vm, SIGUSR1);
    CHECK(!thread__current(vm)->interrupted && vm->kernel->signals.pending != 0);
}

static void test_one_thread_is_interrupted(void) {
    begin();
    handle(SIGUSR1, 0, 0);
    thread__current(vm)->state = THREAD_WAITS;
    thread__current(vm)->signal_mask = SIGNAL_BIT(SIGUSR1);
    uint32_t one = alone__add_thread(THREAD_WAITS), two = alone__add_thread(THREAD_WAITS);
    signal__raise_process(vm, SIGUSR1);
    const struct thread *threads = vm->kernel->threads.items;
    CHECK(!threads[0].interrupted && threads[one].interrupted && !threads[two].interrupted);
}

static void test_sigsuspend(void) {
    begin();
    handle(SIGUSR1, 0, 0);
    thread__current(vm)->signal_mask = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2);
    put(BASE, SIGNAL_BIT(SIGUSR2));
    CHECK(alone__call(SYS_rt_sigsuspend, BASE, 8, 0, 0) == CALL_BLOCKS);
    CHECK(thread__current(vm)->signal_mask == SIGNAL_BIT(SIGUSR2));
    CHECK(alone__call_again() == CALL_BLOCKS);
    signal__raise_process(vm, SIGUSR1);
    CHECK(alone__call_again() == -EINTR);
    CHECK(signal__deliver_pending(vm) == SIGNAL_DELIVERED);
    return_from_handler();
    CHECK(thread__current(vm)->signal_mask == (SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2)));
    CHECK((int64_t)vm->context.rax == -EINTR);
    /* Pending already: it does not wait at all. */
    signal__raise_process(vm, SIGUSR1);
    CHECK(alone__call(SYS_rt_sigsuspend, BASE, 8, 0, 0) == -EINTR);
    CHECK(signal__deliver_pending(vm) == SIGNAL_DELIVERED);
}

/* ---- timers ---- */

static void set_timer(uint64_t address, uint64_t interval_us, uint64_t value_us) {
    put(address, 0), put(address + 8, interval_us), put(address + 16, 0), put(address + 24, value_us);
}

static void test_timers(void) {
    begin();
    clock__init(vm, VVAR_PHYSICAL);
    handle(SIGALRM, 0, 0);
    CHECK(signal__next_deadline(vm) == NO_DEADLINE);
    set_timer(BASE, 0, 1000);
    CHECK(alone__call(SYS_setitimer, 0, BASE, 0, 0) == 0);
    CHECK(signal__next_deadline(vm) <= clock__monotonic_ns(vm) + 1000000);
    CHECK(signal__deliver_pending(vm) == SIGNAL_NONE || vm->context.rip == HANDLER);
    while (vm->context.rip != HANDLER) signal__deliver_pending(vm);
    CHECK(signal__next_deadline(vm) == NO_DEADLINE && vm->kernel->signals.armed == 0);
    CHECK(alone__call(SYS_setitimer, 3, BASE, 0, 0) == -EINVAL);
    set_timer(BASE, 0, 1000000);
    CHECK(alone__call(SYS_setitimer, 0, BASE, 0, 0) == -EINVAL);
    put(BASE, INT64_MAX), put(BASE + 16, INT64_MAX), put(BASE + 24, 0);
    CHECK(alone__call(SYS_setitimer, 0, BASE, 0, 0) == 0);
    CHECK(signal__deliver_pending(vm) == SIGNAL_NONE);
}

static void test_posix_timers(void) {
    begin();
    clock__init(vm, VVAR_PHYSICAL);
    thread__current(vm)->signal_mask = UINT64_MAX;
    uint32_t made = 0;
    while (alone__call(SYS_timer_create, CLOCK_MONOTONIC, 0, BASE, 0) == 0) made++;
    CHECK(made == SIGNAL_TIMERS_MAX - SIGNAL_INTERVAL_TIMERS && (int64_t)vm->context.rax == -EAGAIN);
    uint64_t id = *(uint32_t *)alone__at(BASE);
    CHECK(alone__call(SYS_timer_delete, 0, 0, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_timer_delete, 1u << 20, 0, 0, 0) == -EINVAL);
    set_timer(BASE, 200000, 1); /* ns here: overrun again and again */
    CHECK(alone__call(SYS_timer_settime, id, TIMER_ABSTIME, BASE, 0) == 0);
    signal__run_timers(vm);
    signal__run_timers(vm);
    CHECK(vm->kernel->signals.used == 1 && vm->kernel->signals.pending == SIGNAL_BIT(SIGALRM));
    struct signal_info info;
    CHECK(signal__take(vm, UINT64_MAX, &info) == SIGALRM && info.code == SI_TIMER);
    CHECK((uint32_t)info.fields[0] == id && info.fields[0] >> 32 > 0);
    CHECK(alone__call(SYS_timer_getoverrun, id, 0, 0, 0) == (int64_t)(info.fields[0] >> 32));
    signal__run_timers(vm);
    CHECK(alone__call(SYS_timer_delete, id, 0, 0, 0) == 0);
    CHECK(vm->kernel->signals.armed == 0);
}

static void test_sleep_says_what_is_left(void) {
    begin();
    clock__init(vm, VVAR_PHYSICAL);
    handle(SIGUSR1, 0, 0);
    put(BASE, 1000), put(BASE + 8, 0);
    CHECK(alone__call(SYS_nanosleep, BASE, BASE + 64, 0, 0) == CALL_BLOCKS);
    signal__raise_process(vm, SIGUSR1);
    CHECK(alone__call_again() == -EINTR);
    CHECK(word(BASE + 64) >= 900 && word(BASE + 64) < 1000);
    thread__current(vm)->interrupted = 0;
    CHECK(alone__call(SYS_nanosleep, BASE, 0, 0, 0) == CALL_BLOCKS);
    thread__current(vm)->timed_out = 1;
    CHECK(alone__call_again() == 0);
    put(BASE + 8, 1000000000);
    CHECK(alone__call(SYS_nanosleep, BASE, 0, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_nanosleep, BASE + ALONE_BYTES, 0, 0, 0) == -EFAULT);
}

int main(void) {
    static const struct test tests[] = {
        {"a frame is the host kernel's to the byte", test_layout},
        {"a handler that returns leaves no trace", test_round_trip},
        {"a forged frame gains no register that ring 3 could not set", test_forged_registers},
        {"a forged FPU state is always one that can be loaded", test_forged_fpu},
        {"a signal without a stack ends the process", test_no_stack},
        {"a handler outside of the guest's addresses ends the process", test_bad_action},
        {"the alternate stack is used, and never overflows", test_alternate_stack},
        {"defaults are Linux's", test_defaults},
        {"a guest can signal itself only", test_kill_reaches_itself_only},
        {"the queue of signals is bounded and in order", test_queue},
        {"ignoring a signal forgets it", test_ignoring_discards},
        {"a signal interrupts a call that waits, or begins it again", test_interrupts},
        {"what is ignored or blocked interrupts nothing", test_ignored_does_not_interrupt},
        {"a signal interrupts one thread", test_one_thread_is_interrupted},
        {"sigsuspend puts its mask back", test_sigsuspend},
        {"setitimer's signal comes", test_timers},
        {"timers are bounded and count what they could not tell", test_posix_timers},
        {"an interrupted sleep says what is left", test_sleep_says_what_is_left},
    };
    return alone__run_tests(tests, sizeof tests / sizeof *tests);
}
