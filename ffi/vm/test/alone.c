#include "alone.h"

#include <errno.h>
#include <stdlib.h>

#include "../wait.h"

struct alone alone;
char why[512];

void alone__begin(uint64_t base) {
    static struct kernel *kernel;
    if (kernel == NULL) kernel = malloc(sizeof *kernel);
    if (alone.memory == NULL) alone.memory = malloc(ALONE_BYTES);
    if (alone.vvar == NULL) alone.vvar = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    uint8_t *memory = alone.memory, *vvar = alone.vvar;
    memset(kernel, 0, sizeof *kernel);
    memset(memory, 0, ALONE_BYTES);
    memset(vvar, 0, PAGE_SIZE);
    memset(&alone, 0, sizeof alone);
    alone.memory = memory;
    alone.vvar = vvar;
    alone.base = base;
    alone.machine.xcr0 = 7;
    alone.machine.fpu_bytes = 832;
    alone.vm.machine = &alone.machine;
    alone.vm.kernel = kernel;
    alone.vm.limits = (struct vm_limits){.memory_bytes = 64 << 20, .descriptors = 256, .threads = 16};
    alone__add_thread(THREAD_RUNS);
    signal_frame__initial_fpu(&alone.fpu);
    alone.vm.context.rsp = base + ALONE_BYTES / 2;
    alone.vm.context.rip = 0x401000;
}

uint32_t alone__add_thread(enum thread_state state) {
    struct thread_table *threads = &alone.vm.kernel->threads;
    uint32_t index = threads->used++;
    threads->items[index].id = FIRST_THREAD_ID + index;
    threads->items[index].state = (uint8_t)state;
    threads->items[index].deadline = NO_DEADLINE;
    threads->alive++;
    return index;
}

static int64_t call(uint64_t number) {
    static const struct call_family *const families[] = {&calls_signals, &calls_time, &calls_process};
    struct thread *thread = thread__current(&alone.vm);
    const struct context *context = &alone.vm.context;
    const uint64_t arguments[6] = {context->rdi, context->rsi, context->rdx, context->r10, context->r8, context->r9};
    int64_t result = -ENOSYS;
    thread->call = (uint32_t)number;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (size_t i = 0; i < families[f]->count; i++) {
            if (families[f]->calls[i].number == number) result = families[f]->calls[i].function(&alone.vm, arguments);
        }
    }
    for (size_t i = 0; i < calls_host.count; i++) {
        const struct call *of_host = &calls_host.calls[i];
        if (of_host->number + HOST_CALLS == number) result = of_host->function(&alone.vm, arguments);
    }
    if (result == CALL_BLOCKS) return result;
    thread->restarting = thread->timed_out = 0;
    thread->deadline = NO_DEADLINE;
    if (result != CALL_SET_REGISTERS) alone.vm.context.rax = (uint64_t)result;
    return result;
}

int64_t alone__call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    struct context *context = &alone.vm.context;
    context->rdi = a, context->rsi = b, context->rdx = c, context->r10 = d;
    return call(number);
}

int64_t alone__call_again(void) {
    struct thread *thread = thread__current(&alone.vm);
    thread->state = THREAD_RUNS;
    thread->restarting = 1;
    return call(thread->call);
}

void *alone__at(uint64_t address) {
    return alone.memory + (address - alone.base);
}

/* ---- what the rest of the engine does ---- */

uint8_t *access__run_to_write(struct vm *vm, uint64_t address, size_t size, size_t *run) {
    (void)vm;
    if (size == 0 || address < alone.base || address >= alone.base + ALONE_BYTES) return NULL;
    uint64_t left = alone.base + ALONE_BYTES - address;
    *run = size < left ? size : left;
    return alone__at(address);
}

const uint8_t *access__run(struct vm *vm, uint64_t address, size_t size, size_t *run) {
    return access__run_to_write(vm, address, size, run);
}

int access__read(struct vm *vm, void *to, uint64_t address, size_t size) {
    size_t run;
    const uint8_t *from = access__run(vm, address, size, &run);
    if (size == 0) return 0;
    if (from == NULL || run < size) return -EFAULT;
    memcpy(to, from, size);
    return 0;
}

int access__write(struct vm *vm, uint64_t address, const void *from, size_t size) {
    size_t run;
    uint8_t *to = access__run_to_write(vm, address, size, &run);
    if (size == 0) return 0;
    if (to == NULL || run < size) return -EFAULT;
    memcpy(to, from, size);
    return 0;
}

int64_t access__string(struct vm *vm, char *to, uint64_t address, size_t capacity) {
    for (size_t i = 0; i < capacity; i++) {
        if (access__read(vm, to + i, address + i, 1) != 0) return -EFAULT;
        if (to[i] == 0) return (int64_t)i;
    }
    return -ENAMETOOLONG;
}

uint8_t *memory__at(struct vm *vm, uint64_t physical) {
    (void)vm;
    return physical == VVAR_PHYSICAL ? alone.vvar : NULL;
}

void memory__wrote(struct vm *vm, uint64_t physical, uint64_t bytes) {
    (void)vm, (void)physical, (void)bytes;
}

int entry__fpu_save(struct vm *vm, struct fpu_state *fpu) {
    (void)vm;
    *fpu = alone.fpu;
    return 0;
}

int entry__fpu_load(struct vm *vm, const struct fpu_state *fpu) {
    (void)vm;
    alone.fpu = *fpu;
    alone.fpu_loads++;
    return 0;
}

struct thread *thread__current(struct vm *vm) {
    return &vm->kernel->threads.items[vm->kernel->threads.current];
}

uint32_t thread__find(struct vm *vm, uint64_t id) {
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        if (threads->items[i].state != THREAD_FREE && threads->items[i].id == (uint32_t)id) return i + 1;
    }
    return 0;
}

int64_t thread__wait(struct vm *vm, enum wait_kind kind, uint64_t deadline) {
    struct thread *thread = thread__current(vm);
    if (!thread->restarting) thread->deadline = deadline;
    thread->state = THREAD_WAITS;
    thread->wait = (uint8_t)kind;
    return CALL_BLOCKS;
}

int thread__timed_out(struct vm *vm) {
    return thread__current(vm)->timed_out;
}

int thread__interrupted(struct vm *vm) {
    return thread__current(vm)->interrupted;
}

void kernel__changed(struct vm *vm) {
    vm->kernel->changes++;
}

int64_t wait__change(struct vm *vm, struct awaited awaited, uint64_t deadline) {
    (void)awaited;
    return thread__interrupted(vm) ? -EINTR : thread__wait(vm, WAIT_CHANGE, deadline);
}

uint64_t wait__deadline(struct vm *vm, uint64_t timeout_ns) {
    const struct thread *thread = thread__current(vm);
    return thread->restarting ? thread->deadline : clock__monotonic_ns(vm) + timeout_ns;
}

int alone__run_tests(const struct test *tests, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        why[0] = 0;
        tests[i].run();
        failed += why[0] != 0;
        if (why[0] == 0) printf("ok %s\n", tests[i].name);
        else printf("not ok %s: %s\n", tests[i].name, why);
    }
    return failed > 0;
}
