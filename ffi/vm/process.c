#include "process.h"

#include <string.h>
#include <sys/resource.h>

#include "internal.h"

#define TIMER_SLACK_NS 50000u
#define MASK_DEFAULT 022u

static uint64_t at_most(uint64_t value, uint64_t most) {
    return value < most ? value : most;
}

void process__set_limits(struct vm *vm) {
    struct process *process = &vm->kernel->process;
    uint64_t descriptors = at_most(vm->limits.descriptors, DESCRIPTORS_MAX);
    uint64_t threads = at_most(vm->limits.threads, THREADS_MAX);
    process->limits[RLIMIT_NOFILE] = (struct process_limit){descriptors, descriptors};
    process->limits[RLIMIT_NPROC] = (struct process_limit){threads, threads};
}

void process__init(struct vm *vm) {
    struct process *process = &vm->kernel->process;
    memset(process, 0, sizeof *process);
    process->mask = MASK_DEFAULT;
    process->dumpable = 1;
    process->timer_slack = TIMER_SLACK_NS;
    strcpy(process->folder, "/");
    for (uint32_t i = 0; i < RESOURCES; i++) process->limits[i] = (struct process_limit){RLIM_INFINITY, RLIM_INFINITY};
    struct process_limit none = {0, 0};
    process->limits[RLIMIT_STACK] = (struct process_limit){STACK_BYTES, RLIM_INFINITY};
    process__set_limits(vm);
    process->limits[RLIMIT_SIGPENDING] = (struct process_limit){SIGNALS_QUEUED_MAX, SIGNALS_QUEUED_MAX};
    process->limits[RLIMIT_CORE] = none;
    process->limits[RLIMIT_MEMLOCK] = none;
    process->limits[RLIMIT_MSGQUEUE] = none;
    process->limits[RLIMIT_NICE] = none;
    process->limits[RLIMIT_RTPRIO] = none;
}

uint64_t process__limit(struct vm *vm, uint32_t resource) {
    return vm->kernel->process.limits[resource].soft;
}
