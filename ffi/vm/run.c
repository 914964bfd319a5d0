#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../shim/os.h"
#include "clone.h"
#include "dirty.h"
#include "internal.h"
#include "schedule.h"
#include "shell.h"
#include "wait.h"

/* Of a page fault's error code. */
#define FAULT_PROTECTION 1u
#define FAULT_WRITE 2u
#define FAULT_EXECUTE 16u

#define SIGNAL_CODE_KERNEL 0x80
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_GENERAL 13u

static void run__end(struct vm *vm, enum vm_exit_reason reason, int32_t status) {
    vm->exit.reason = reason;
    vm->exit.status = status;
}

/* Counted, and told once: a program that does not run may need it. */
static void run__unknown(struct vm *vm, uint64_t number) {
    vm->counters.unknown_calls++;
    uint64_t place = number < CALL_NUMBERS_MAX ? number : CALL_NUMBERS_MAX - 1;
    uint64_t bit = UINT64_C(1) << (place % 64);
    if (vm->unknown_calls[place / 64] & bit) return;
    vm->unknown_calls[place / 64] |= bit;
    char line[64];
    snprintf(line, sizeof line, "mayfly: system call %lu is not served\n", number);
    port__say(vm, line);
}

static void run__trace(struct vm *vm, const struct call *call, uint64_t number, const uint64_t values[6], int64_t result) {
    struct vm_call_record record = {
        .thread = thread__current(vm)->id,
        .name = call == NULL ? NULL : call->name,
        .arguments = call == NULL ? "xxxxxx" : call->arguments,
        .number = number,
        .result = result == CALL_BLOCKS ? -EINPROGRESS : result,
    };
    memcpy(record.values, values, sizeof record.values);
    vm->trace(vm->trace_data, &record);
}

int64_t run__call(struct vm *vm, uint32_t number) {
    struct context *context = &vm->context;
    const uint64_t values[6] = {context->rdi, context->rsi, context->rdx, context->r10, context->r8, context->r9};
    const struct call *call = call__find(number);
    struct thread *thread = thread__current(vm);
    thread->call = number;
    vm->looks = 0;
    int64_t result = -ENOSYS;
    if (call == NULL) run__unknown(vm, number);
    else result = call->function(vm, values);
    if (vm->trace != NULL) run__trace(vm, call, number, values, result);
    if (result == CALL_BLOCKS) return result;
    /* `interrupted` stays for signal__deliver_pending, which may begin the call again. */
    thread->restarting = thread->timed_out = thread->woken = 0;
    thread->deadline = NO_DEADLINE;
    thread->progress = 0;
    if (result != CALL_SET_REGISTERS) context->rax = (uint64_t)result;
    return result;
}

static void run__called(struct vm *vm) {
    vm->counters.calls++;
    run__call(vm, (uint32_t)vm->context.rax);
}

struct exception_signal {
    uint8_t signal, code;
};

static const struct exception_signal exception_signals[32] = {
    [0] = {SIGFPE, FPE_INTDIV}, [1] = {SIGTRAP, TRAP_TRACE}, [3] = {SIGTRAP, SIGNAL_CODE_KERNEL},
    [4] = {SIGSEGV, SIGNAL_CODE_KERNEL}, [5] = {SIGSEGV, SIGNAL_CODE_KERNEL}, [6] = {SIGILL, ILL_ILLOPN},
    [11] = {SIGBUS, SIGNAL_CODE_KERNEL}, [12] = {SIGBUS, SIGNAL_CODE_KERNEL}, [13] = {SIGSEGV, SIGNAL_CODE_KERNEL},
    [14] = {SIGSEGV, SEGV_MAPERR}, [16] = {SIGFPE, FPE_FLTINV}, [17] = {SIGBUS, BUS_ADRALN}, [19] = {SIGFPE, FPE_FLTINV},
};

static void run__exception(struct vm *vm) {
    const struct entry_state *entry = &vm->entry;
    vm->counters.faults++;
    vm->exit.fault_address = entry->address;
    vm->exit.fault_instruction = vm->context.rip;
    struct exception_signal what = exception_signals[entry->vector];
    uint64_t address = vm->context.rip;
    if (entry->vector == VECTOR_PAGE_FAULT) {
        int there = space__fault(vm, entry->address, (entry->error & FAULT_WRITE) != 0,
                                 (entry->error & FAULT_EXECUTE) != 0);
        if (there == 1) return;
        if (there == -ENOMEM) {
            run__end(vm, VM_OUT_OF_MEMORY, 0);
            return;
        }
        address = entry->address;
        if (entry->error & FAULT_PROTECTION) what.code = SEGV_ACCERR;
        /* Mapped, but there is nothing: beyond the end of a file. */
        const struct area *area = space__area(vm, address);
        if (!(entry->error & FAULT_PROTECTION) && area != NULL && area->file != 0 && area->protection != 0) {
            what = (struct exception_signal){SIGBUS, BUS_ADRERR};
        }
    }
    if (entry->vector == VECTOR_GENERAL) address = 0;
    if (what.signal == 0) {
        run__end(vm, VM_BROKEN, -EPROTO);
        return;
    }
    signal__fault(vm, what.signal, what.code, address, entry->error, entry->vector);
}

/* Whoever kicked: a tick lets another thread go on, also where a deadline ends the run. */
static void run__kicked(struct vm *vm) {
    unsigned reasons = atomic_exchange(&vm->kicked, 0);
    int is_over = reasons & KICK_LOOK ? dirty__is_over(vm) : 0;
    if (is_over < 0) run__end(vm, VM_BROKEN, is_over);
    else if (is_over > 0) run__end(vm, VM_OUT_OF_MEMORY, 0);
    else if (reasons & VM_KICK_CANCEL) run__end(vm, VM_CANCELED, 0);
    if (vm->exit.reason == 0 && (reasons & KICK_TICK) && vm->entry.place != ENTRY_IN_STUB) {
        vm->counters.ticks++;
        schedule__take_turns(vm);
    }
    if (vm->exit.reason != 0) return;
    if (reasons & KICK_DEADLINE) run__end(vm, VM_DEADLINE, 0);
    else if (reasons & KICK_CPU) run__end(vm, VM_CPU_TIME, 0);
}

static void run__enter(struct vm *vm) {
    switch (entry__run(vm)) {
    case ENTRY_CALL:
        run__called(vm);
        break;
    case ENTRY_EXCEPTION:
        run__exception(vm);
        break;
    case ENTRY_KICKED:
        break;
    case ENTRY_BROKEN:
        run__end(vm, VM_BROKEN, vm->entry.failure);
        break;
    }
}

/* Bytes that the host wants to know of at once. */
static uint64_t run__written(const struct vm *vm, const struct vm_run *run) {
    const struct port_table *ports = &vm->kernel->ports;
    uint64_t written = 0;
    for (uint32_t i = 0; i < ports->used; i++) {
        if (i == PORT_LOG ? run->stop_for_log : run->stop_for_output) written += ports->items[i].written;
    }
    return written;
}

/* Until it has to wait, or something ends it. */
static void run__loop(struct vm *vm, const struct vm_run *run) {
    uint64_t written = run__written(vm, run);
    while (vm->exit.reason == 0) {
        if (atomic_load(&vm->kicked) != 0) {
            run__kicked(vm);
            continue;
        }
        if (vm->entry.place != ENTRY_IN_STUB) {
            enum schedule_result result = schedule__pick(vm);
            if (result == SCHEDULE_ENDED) return;
            if (result == SCHEDULE_KICKED) continue;
            if (result == SCHEDULE_WAITS) {
                struct awaited awaited = wait__all(vm);
                vm->exit.waits_for_input = awaited.ports;
                if (awaited.listeners != 0) vm->exit.tcp_port = socket__awaited_tcp_port(vm, awaited.listeners);
                /* A write that waits for room needs the host, too: to take what lies in the way. */
                int needs_host = awaited.ports != 0 || awaited.listeners != 0 || port__with_output(vm) != 0;
                int stuck = !needs_host && vm->exit.until_ns == UINT64_MAX;
                run__end(vm, stuck ? VM_STUCK : VM_WAITS, 0);
                return;
            }
            if (signal__deliver_pending(vm) == SIGNAL_ENDED) return;
            if (thread__current(vm)->state != THREAD_RUNS) continue;
            if (run__written(vm, run) != written) {
                run__end(vm, VM_WROTE, 0);
                return;
            }
            if (!entry__may_go_on(vm->context.rip)) {
                signal__fault(vm, SIGSEGV, SEGV_MAPERR, vm->context.rip, 0, VECTOR_GENERAL);
                continue;
            }
            clock__refresh(vm);
        }
        run__enter(vm);
    }
}

int vm_run(struct vm *vm, const struct vm_run *run, struct vm_exit *exit) {
    if (vm->broken) return -EIO;
    memset(&vm->exit, 0, sizeof vm->exit);
    vm->exit.until_ns = UINT64_MAX;
    int error = vm->is_fresh ? clone__first_run(vm) : 0;
    if (error != 0) return error;
    if (vm->is_unused) clock__after_waiting(vm);
    vm->is_unused = 0;
    int place = ticker__begin(vm->ticker, vm, run->deadline_ns, run->cpu_ns);
    if (place < 0) return place;
    uint64_t begun = os__clock_ns(CLOCK_THREAD_CPUTIME_ID), ticks = vm->counters.ticks;
    vm->run_begun_cpu = begun;
    schedule__begin(vm);
    run__loop(vm, run);
    ticker__end(vm->ticker, place);
    /* What the ticker asked for was about this run. */
    atomic_fetch_and(&vm->kicked, VM_KICK_CANCEL);
    uint64_t computed = os__clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    vm->counters.cpu_ns += computed;
    vm->run_begun_cpu = 0;
    int had_turns = vm->counters.ticks != ticks || vm->exit.reason == VM_WAITS;
    vm->turn_ns = had_turns ? 0 : vm->turn_ns + computed;
    vm->broken = vm->exit.reason == VM_BROKEN;
    *exit = vm->exit;
    return 0;
}

void vm_kick(struct vm *vm, enum vm_kick_reason reason) {
    atomic_fetch_or(&vm->kicked, (unsigned)reason);
    ticker__kick(vm->ticker, vm);
}

void vm_trace(struct vm *vm, vm_trace_function *trace, void *data) {
    vm->trace = trace;
    vm->trace_data = data;
}

void vm_count(const struct vm *vm, struct vm_counters *counters) {
    *counters = vm->counters;
    counters->pages_in_use = vm->kernel->frames.in_use;
}
