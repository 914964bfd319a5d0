/* What the process is told of itself, and the hook that runs in each clone. */
#include <asm/prctl.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "../random.h"
#include "alone.h"

#define BASE UINT64_C(0x10000000)
#define BEYOND (BASE + ALONE_BYTES)

static struct vm *vm = &alone.vm;

static void begin(void) {
    alone__begin(BASE);
    process__init(vm);
    clock__init(vm, VVAR_PHYSICAL);
}

static uint64_t word(uint64_t address) {
    uint64_t value;
    memcpy(&value, alone__at(address), sizeof value);
    return value;
}

static void put(uint64_t address, uint64_t value) {
    memcpy(alone__at(address), &value, sizeof value);
}

static void test_ids(void) {
    begin();
    CHECK(alone__call(SYS_getpid, 0, 0, 0, 0) == 100 && alone__call(SYS_getuid, 0, 0, 0, 0) == 1000);
    CHECK(alone__call(SYS_setuid, 0, 0, 0, 0) == -EPERM && alone__call(SYS_setuid, 1000, 0, 0, 0) == 0);
    CHECK(alone__call(SYS_setgid, 0, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_setresuid, UINT32_MAX, 1000, UINT32_MAX, 0) == 0);
    CHECK(alone__call(SYS_setresuid, UINT32_MAX, 0, UINT32_MAX, 0) == -EPERM);
    CHECK(alone__call(SYS_setgroups, 0, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_getpgid, 1, 0, 0, 0) == -ESRCH && alone__call(SYS_setsid, 0, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_wait4, UINT64_MAX, 0, 0, 0) == -ECHILD);
}

static void test_capabilities(void) {
    begin();
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    memcpy(alone__at(BASE), &header, sizeof header);
    memset(alone__at(BASE + 64), 0xff, 24);
    CHECK(alone__call(SYS_capset, BASE, BASE + 64, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_capget, BASE, BASE + 64, 0, 0) == 0 && word(BASE + 64) == 0 && word(BASE + 80) == 0);
    CHECK(alone__call(SYS_capset, BASE, BASE + 64, 0, 0) == 0);
    put(BASE, 5);
    CHECK(alone__call(SYS_capget, BASE, 0, 0, 0) == 0 && (uint32_t)word(BASE) == _LINUX_CAPABILITY_VERSION_3);
    put(BASE, 5);
    CHECK(alone__call(SYS_capget, BASE, BASE + 64, 0, 0) == -EINVAL);
}

static void test_limits(void) {
    begin();
    CHECK(alone__call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, BASE) == 0 && word(BASE) == 256 && word(BASE + 8) == 256);
    put(BASE, 100), put(BASE + 8, 300);
    CHECK(alone__call(SYS_prlimit64, 0, RLIMIT_NOFILE, BASE, 0) == -EPERM);
    put(BASE, 101), put(BASE + 8, 100);
    CHECK(alone__call(SYS_prlimit64, 0, RLIMIT_NOFILE, BASE, 0) == -EINVAL);
    put(BASE, 50);
    CHECK(alone__call(SYS_prlimit64, 100, RLIMIT_NOFILE, BASE, BEYOND) == -EFAULT);
    CHECK(process__limit(vm, RLIMIT_NOFILE) == 256);
    CHECK(alone__call(SYS_setrlimit, RLIMIT_NOFILE, BASE, 0, 0) == 0 && process__limit(vm, RLIMIT_NOFILE) == 50);
    CHECK(alone__call(SYS_prlimit64, 1, RLIMIT_NOFILE, 0, BASE) == -EPERM);
    CHECK(alone__call(SYS_prlimit64, 0, RESOURCES, 0, BASE) == -EINVAL);
    CHECK(alone__call(SYS_getrlimit, UINT32_MAX, BASE, 0, 0) == -EINVAL);
}

static void test_names(void) {
    begin();
    strcpy(alone__at(BASE), "a name that is far too long");
    CHECK(alone__call(SYS_prctl, PR_SET_NAME, BASE, 0, 0) == 0);
    CHECK(alone__call(SYS_prctl, PR_GET_NAME, BASE + 64, 0, 0) == 0);
    CHECK(strcmp(alone__at(BASE + 64), "a name that is ") == 0);
    CHECK(alone__call(SYS_prctl, PR_SET_NAME, BEYOND, 0, 0) == -EFAULT);
    CHECK(alone__call(SYS_prctl, PR_SET_MM, 0, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_prctl, PR_SET_DUMPABLE, 2, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_prctl, PR_SET_PDEATHSIG, 65, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_prctl, PR_CAPBSET_READ, 4242, 0, 0) == -EINVAL);
    struct utsname name;
    CHECK(alone__call(SYS_uname, BASE, 0, 0, 0) == 0);
    memcpy(&name, alone__at(BASE), sizeof name);
    CHECK(strcmp(name.sysname, "Linux") == 0 && strcmp(name.nodename, "function") == 0);
}

static void test_bases(void) {
    const uint64_t bad[] = {USER_LAST, UINT64_C(1) << 47, UINT64_MAX, UINT64_C(0xffff800000000000)};
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(alone__call(SYS_arch_prctl, ARCH_SET_FS, bad[i], 0, 0) == -EPERM && vm->context.fs_base == 0);
        CHECK(alone__call(SYS_arch_prctl, ARCH_SET_GS, bad[i], 0, 0) == -EPERM && vm->context.gs_base == 0);
    }
    CHECK(alone__call(SYS_arch_prctl, ARCH_SET_FS, BASE + 8, 0, 0) == 0 && vm->context.fs_base == BASE + 8);
    CHECK(alone__call(SYS_arch_prctl, ARCH_GET_FS, BASE, 0, 0) == 0 && word(BASE) == BASE + 8);
    CHECK(alone__call(SYS_arch_prctl, 0x3001, BASE, 0, 0) == -EINVAL);
}

static void test_random(void) {
    begin();
    CHECK(alone__call(SYS_getrandom, BASE, 32, 0, 0) == 32);
    CHECK(alone__call(SYS_getrandom, BASE + 32, 32, 1, 0) == 32);
    CHECK(memcmp(alone__at(BASE), alone__at(BASE + 32), 32) != 0);
    CHECK(alone__call(SYS_getrandom, BASE, 32, 8, 0) == -EINVAL);
    CHECK(alone__call(SYS_getrandom, BASE, 32, 6, 0) == -EINVAL);
    CHECK(alone__call(SYS_getrandom, BEYOND, 1, 0, 0) == -EFAULT);
    CHECK(alone__call(SYS_getrandom, BEYOND - 10, UINT64_MAX, 0, 0) == 10);
    CHECK(random__give(vm, BASE, UINT64_MAX) <= (int64_t)RANDOM_BYTES_MAX);
}

static void test_one_cpu(void) {
    begin();
    CHECK(alone__call(SYS_sched_getaffinity, 0, 128, BASE, 0) == 8 && word(BASE) == 1);
    CHECK(alone__call(SYS_sched_getaffinity, 0, 7, BASE, 0) == -EINVAL);
    CHECK(alone__call(SYS_sched_getaffinity, 4242, 8, BASE, 0) == -ESRCH);
    put(BASE, 2);
    CHECK(alone__call(SYS_sched_setaffinity, 0, 8, BASE, 0) == -EINVAL);
    CHECK(alone__call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0) == 0);
    CHECK(alone__call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0) == 0);
    CHECK(alone__call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_membarrier, 3, 0, 0, 0) == -EINVAL);
    put(BASE, 50);
    CHECK(alone__call(SYS_sched_setscheduler, 0, 1, BASE, 0) == -EPERM);
    CHECK(alone__call(SYS_setpriority, PRIO_PROCESS, 0, (uint64_t)-5, 0) == -EACCES);
    CHECK(alone__call(SYS_setpriority, PRIO_PROCESS, 0, 5, 0) == 0);
    CHECK(alone__call(SYS_getpriority, PRIO_PROCESS, 0, 0, 0) == 15);
}

/* ---- the hook ---- */

static void test_hook(void) {
    begin();
    CHECK(host__after_clone(vm) == 0);
    CHECK(alone__call(HOST_CALLS + HOST_RETURN, 0, 0, 0, 0) == -EPERM);
    CHECK(alone__call(HOST_CALLS + HOST_AFTER_CLONE, USER_LAST, 0, 0, 0) == -EINVAL);
    CHECK(alone__call(HOST_CALLS + HOST_AFTER_CLONE, 0x404000, 0, 0, 0) == 0);

    struct thread *thread = thread__current(vm);
    thread->state = THREAD_WAITS;
    thread->wait = WAIT_CHANGE;
    thread->call = SYS_read;
    thread->deadline = 4242;
    thread->signal_mask = 2;
    vm->context.rax = SYS_read;
    struct thread saved = *thread;
    struct context context = vm->context;

    CHECK(clock__after_clone(vm) == 0 && host__after_clone(vm) == 1);
    CHECK(thread->state == THREAD_RUNS);
    CHECK(vm->context.rip == 0x404000 && vm->context.rdi == 2 && vm->context.rsi == VVAR_ADDRESS);
    CHECK(context.rsp - vm->context.rsp > 128 && (vm->context.rsp + 8) % 16 == 0);
    CHECK(word(vm->context.rsp) == VDSO_ADDRESS + vdso_hook_return);
    /* A signal meanwhile waits for its end. */
    vm->kernel->signals.actions[SIGUSR1 - 1] = (struct signal_action){0x405000, 0x04000000, 0x406000, 0};
    signal__raise_current(vm, SIGUSR1);
    CHECK(signal__deliver_pending(vm) == SIGNAL_NONE);
    /* The hook may do to its stack what it likes. */
    memset(alone.memory, 0xee, ALONE_BYTES);
    CHECK(alone__call(HOST_CALLS + HOST_GENERATION, 0, 0, 0, 0) == 2);
    CHECK(alone__call(HOST_CALLS + HOST_RETURN, 0, 0, 0, 0) == CALL_BLOCKS);
    CHECK(memcmp(&context, &vm->context, sizeof context) == 0);
    CHECK(thread->pending == SIGNAL_BIT(SIGUSR1));
    /* It waits again, with a signal that its mask lets through: for that it is interrupted. */
    CHECK(thread->interrupted && thread->state == THREAD_WAITS);
    thread->interrupted = 0, thread->pending = 0;
    saved.context = context;
    CHECK(memcmp(thread, &saved, sizeof saved) == 0);
    CHECK(alone__call(HOST_CALLS + HOST_RETURN, 0, 0, 0, 0) == -EPERM);
}

static void test_hook_without_stack(void) {
    begin();
    vm->kernel->host.after_clone = 0x404000;
    vm->context.rsp = 0;
    CHECK(host__after_clone(vm) == -EFAULT);
}

/* ---- everything ---- */

static void test_tables(void) {
    static const struct call_family *const families[] = {&calls_signals, &calls_time, &calls_process};
    uint8_t seen[CALL_NUMBERS_MAX] = {0};
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (size_t i = 0; i < families[f]->count; i++) {
            const struct call *call = &families[f]->calls[i];
            CHECK(call->function != NULL && call->number < CALL_NUMBERS_MAX && !seen[call->number]++);
        }
    }
}

static uint64_t strange(void) {
    static const uint64_t values[] = {0, 1, 2, 8, 100, BASE, BASE + 512, BEYOND - 4, BEYOND, USER_LAST, INT64_MAX, UINT64_MAX,
                                      UINT32_MAX, UINT64_C(0x8000000000000000), UINT64_C(0x800000000000), 1000, 40};
    uint64_t value = values[(size_t)rand() % (sizeof values / sizeof *values)];
    return rand() % 4 == 0 ? value + (uint64_t)(rand() % 64) : value;
}

/* Nothing that a guest passes makes a call write outside of its memory or leave a table wrong (under sanitizers). */
static void test_strange_arguments(void) {
    static const struct call_family *const families[] = {&calls_signals, &calls_time, &calls_process};
    srand(7);
    for (int round = 0; round < 300; round++) {
        begin();
        for (uint64_t i = 0; i < 2048; i++) *(uint8_t *)alone__at(BASE + i) = rand() % 3 == 0 ? (uint8_t)rand() : 0;
        for (int step = 0; step < 60; step++) {
            const struct call_family *family = families[rand() % 3];
            uint64_t number = family->calls[(size_t)rand() % family->count].number;
            if (thread__current(vm)->state == THREAD_WAITS) thread__current(vm)->interrupted = 1;
            if (thread__current(vm)->state == THREAD_WAITS) alone__call_again();
            thread__current(vm)->state = THREAD_RUNS;
            vm->context.rip = 0x401002;
            alone__call(number, strange(), strange(), strange(), strange());
            if (vm->exit.reason != 0 || signal__deliver_pending(vm) == SIGNAL_ENDED) break;
            CHECK(vm->kernel->signals.used <= SIGNALS_QUEUED_MAX && vm->kernel->signals.armed <= SIGNAL_TIMERS_MAX);
            CHECK((thread__current(vm)->signal_mask & UNBLOCKABLE) == 0);
            CHECK(vm->context.rip < USER_LAST && vm->context.fs_base < USER_LAST && vm->context.gs_base < USER_LAST);
        }
    }
}

int main(void) {
    static const struct test tests[] = {
        {"a guest stays the user it is", test_ids},
        {"a guest has no capabilities", test_capabilities},
        {"limits can be lowered only", test_limits},
        {"names are cut, and what prctl does not know it refuses", test_names},
        {"the bases of FS and GS stay within the guest", test_bases},
        {"random bytes are fresh, and bounded in a call", test_random},
        {"there is one CPU, and no policy but the plain one", test_one_cpu},
        {"a clone's hook runs first and leaves no trace", test_hook},
        {"a hook without a stack is refused", test_hook_without_stack},
        {"each number is served once", test_tables},
        {"strange arguments harm nothing", test_strange_arguments},
    };
    return alone__run_tests(tests, sizeof tests / sizeof *tests);
}
