/* prctl, arch_prctl, personality: what a process may say of itself. */
#include <asm/prctl.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "calls_control.h"
#include "internal.h"

#define NAME_BYTES 16u

static int64_t set_name(struct vm *vm, uint64_t address) {
    char name[NAME_BYTES] = {0};
    /* A longer one is cut. */
    int64_t length = access__string(vm, name, address, NAME_BYTES);
    if (length < 0 && length != -ENAMETOOLONG) return length;
    name[NAME_BYTES - 1] = 0;
    memcpy(thread__current(vm)->name, name, NAME_BYTES);
    return 0;
}

static int64_t write_int(struct vm *vm, uint64_t address, uint32_t value) {
    return access__write(vm, address, &value, sizeof value);
}

/* A flag that can be set and asked for; anything beside 0 and 1 is wrong. */
static int64_t set_flag(uint8_t *flag, uint64_t value) {
    if (value > 1) return -EINVAL;
    *flag = (uint8_t)value;
    return 0;
}

static int64_t set_no_new_privileges(struct process *process, const uint64_t arguments[6]) {
    if (arguments[1] != 1 || arguments[2] != 0 || arguments[3] != 0 || arguments[4] != 0) return -EINVAL;
    process->no_new_privileges = 1;
    return 0;
}

static int64_t set_death_signal(struct process *process, uint64_t signal) {
    if (signal > SIGNALS) return -EINVAL;
    process->parent_death_signal = (uint32_t)signal;
    return 0;
}

int64_t call_prctl(struct vm *vm, const uint64_t arguments[6]) {
    struct process *process = &vm->kernel->process;
    uint64_t value = arguments[1];
    switch ((int32_t)arguments[0]) {
    case PR_SET_NAME:
        return set_name(vm, value);
    case PR_GET_NAME:
        return access__write(vm, value, thread__current(vm)->name, NAME_BYTES);
    case PR_SET_PDEATHSIG:
        return set_death_signal(process, value);
    case PR_GET_PDEATHSIG:
        return write_int(vm, value, process->parent_death_signal);
    case PR_SET_DUMPABLE:
        return set_flag(&process->dumpable, value);
    case PR_GET_DUMPABLE:
        return process->dumpable;
    case PR_SET_KEEPCAPS:
        return set_flag(&process->keeps_capabilities, value);
    case PR_GET_KEEPCAPS:
        return process->keeps_capabilities;
    case PR_SET_NO_NEW_PRIVS:
        return set_no_new_privileges(process, arguments);
    case PR_GET_NO_NEW_PRIVS:
        return process->no_new_privileges;
    case PR_SET_CHILD_SUBREAPER:
        process->is_subreaper = value != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return write_int(vm, value, process->is_subreaper);
    case PR_SET_TIMERSLACK:
        process->timer_slack = value == 0 ? 50000 : value;
        return 0;
    case PR_GET_TIMERSLACK:
        return (int64_t)(process->timer_slack & INT64_MAX);
    case PR_CAPBSET_READ:
        return value <= CAP_LAST_CAP ? 0 : -EINVAL;
    case PR_CAPBSET_DROP:
        return -EPERM;
    case PR_GET_SECUREBITS:
    case PR_GET_SECCOMP:
        return 0;
    case PR_SET_VMA: /* names for areas: nobody reads them, and who sets one does not look at the answer */
    case PR_SET_THP_DISABLE:
        return 0;
    case PR_GET_THP_DISABLE:
        return 0;
    default:
        return -EINVAL;
    }
}

/* Bases that a program can load into FS and GS by itself, too. */
int64_t call_arch_prctl(struct vm *vm, const uint64_t arguments[6]) {
    uint64_t value = arguments[1];
    switch ((int32_t)arguments[0]) {
    case ARCH_SET_FS:
        if (value >= USER_LAST) return -EPERM;
        vm->context.fs_base = value;
        /* A guest may have changed it by itself, with wrfsbase. */
        vm->entry.fs_base = BASE_UNKNOWN;
        return 0;
    case ARCH_SET_GS:
        if (value >= USER_LAST) return -EPERM;
        vm->context.gs_base = value;
        vm->entry.gs_base = BASE_UNKNOWN;
        return 0;
    case ARCH_GET_FS:
        return access__write(vm, value, &vm->context.fs_base, sizeof value);
    case ARCH_GET_GS:
        return access__write(vm, value, &vm->context.gs_base, sizeof value);
    default:
        return -EINVAL;
    }
}

/* ADDR_NO_RANDOMIZE and the like change nothing here; other systems' ways are not offered. */
#define PERSONALITY_ASK UINT32_MAX
#define PERSONALITY_LINUX_MASK 0xffu

int64_t call_personality(struct vm *vm, const uint64_t arguments[6]) {
    struct process *process = &vm->kernel->process;
    uint32_t wanted = (uint32_t)arguments[0], old = process->personality;
    if (wanted == PERSONALITY_ASK) return old;
    if (wanted & PERSONALITY_LINUX_MASK) return -EINVAL;
    process->personality = wanted;
    return old;
}
