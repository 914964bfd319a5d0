/* What /proc says of the process and its threads. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "contents.h"
#include "internal.h"
#include "proc_text.h"

void text__put(struct text *text, const void *bytes, size_t size) {
    if (text->error != 0 || size == 0) return;
    int64_t written = contents__write(text->vm, text->node, bytes, size, text->size);
    if (written != (int64_t)size) text->error = -1;
    text->size += size;
}

void text__print(struct text *text, const char *format, ...) {
    char line[PATH_BYTES + 256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text__put(text, line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void area_name(struct vm *vm, const struct area *area, char name[PATH_BYTES]) {
    name[0] = 0;
    if (area->flags & AREA_STACK) strcpy(name, "[stack]");
    else if (area->flags & AREA_HEAP) strcpy(name, "[heap]");
    else if (area->start == VDSO_ADDRESS) strcpy(name, "[vdso]");
    else if (area->start == VVAR_ADDRESS) strcpy(name, "[vvar]");
    else if (area->file != 0) tree__path(vm, vm->kernel->files.items[area->file - 1].object, name, PATH_BYTES);
}

void text__maps(struct text *text) {
    struct vm *vm = text->vm;
    const struct area_table *areas = &vm->kernel->areas;
    for (uint32_t i = 0; i < areas->used; i++) {
        const struct area *area = &areas->items[i];
        uint64_t inode = 0;
        if (area->file != 0) inode = tree__node(vm, vm->kernel->files.items[area->file - 1].object)->inode;
        char name[PATH_BYTES];
        area_name(vm, area, name);
        text__print(text, "%08lx-%08lx %c%c%c%c %08lx %s %lu%s%s\n", area->start, area->end,
                    area->protection & PROT_READ ? 'r' : '-', area->protection & PROT_WRITE ? 'w' : '-',
                    area->protection & PROT_EXEC ? 'x' : '-', area->flags & AREA_SHARED ? 's' : 'p',
                    area->file != 0 ? area->file_offset : 0, inode != 0 ? "00:1a" : "00:00", inode,
                    name[0] != 0 ? "                    " : "", name);
    }
}

static uint64_t virtual_bytes(const struct vm *vm) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < vm->kernel->areas.used; i++) {
        bytes += vm->kernel->areas.items[i].end - vm->kernel->areas.items[i].start;
    }
    return bytes;
}

void text__statm(struct text *text) {
    uint32_t pages = text->vm->kernel->frames.in_use;
    text__print(text, "%lu %u 0 0 0 %u 0\n", virtual_bytes(text->vm) / PAGE_SIZE, pages, pages);
}

static void put_guest_bytes(struct text *text, uint64_t start, uint64_t end) {
    char bytes[PAGE_SIZE];
    while (start < end) {
        size_t size = end - start < sizeof bytes ? (size_t)(end - start) : sizeof bytes;
        if (access__read(text->vm, bytes, start, size) != 0) return;
        text__put(text, bytes, size);
        start += size;
    }
}

void text__arguments(struct text *text) {
    const struct process *process = &text->vm->kernel->process;
    put_guest_bytes(text, process->arguments_start, process->arguments_end);
}

void text__environment(struct text *text) {
    const struct process *process = &text->vm->kernel->process;
    put_guest_bytes(text, process->environment_start, process->environment_end);
}

void text__auxiliary(struct text *text) {
    const uint64_t *pairs = text->vm->kernel->process.auxiliary;
    uint32_t count = 0;
    while (count < 2 * AUXILIARY_MAX - 2 && pairs[count] != 0) count += 2;
    text__put(text, pairs, (count + 2) * sizeof *pairs);
}

/* ---- names and numbers --------------------------------------------------------------------------------- */

static int name_size(const struct thread *thread) {
    return (int)strnlen(thread->name, sizeof thread->name);
}

void text__name(struct text *text) {
    text__print(text, "%.*s\n", name_size(text->thread), text->thread->name);
}

static char state_of(const struct text *text) {
    return text->thread->state == THREAD_WAITS ? 'S' : 'R';
}

void text__stat(struct text *text) {
    struct vm *vm = text->vm;
    const struct thread *thread = text->thread;
    const struct process *process = &vm->kernel->process;
    text__print(text, "%u (%.*s) %c %u %u %u 0 -1 4194304 0 0 0 0 ", thread->id, name_size(thread), thread->name,
                state_of(text), PROCESS_PARENT, PROCESS_ID, PROCESS_ID);
    uint64_t ticks = clock__process_cpu_ns(vm) / (NANOSECONDS / 100);
    text__print(text, "%lu 0 0 0 20 %d %u 0 0 %lu %u 18446744073709551615 ", ticks, process->nice,
                vm->kernel->threads.alive, virtual_bytes(vm), vm->kernel->frames.in_use);
    text__print(text, "0 0 %lu 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 %lu %lu %lu %lu %lu 0\n", STACK_TOP,
                vm->kernel->space.heap_start, process->arguments_start, process->arguments_end,
                process->environment_start, process->environment_end);
}

void text__status(struct text *text) {
    struct vm *vm = text->vm;
    const struct thread *thread = text->thread;
    uint64_t size = virtual_bytes(vm) / 1024, resident = vm->kernel->frames.in_use * (PAGE_SIZE / 1024);
    text__print(text, "Name:\t%.*s\nUmask:\t%04o\nState:\t%c (%s)\n", name_size(thread), thread->name,
                vm->kernel->process.mask, state_of(text), state_of(text) == 'R' ? "running" : "sleeping");
    text__print(text, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", PROCESS_ID, thread->id,
                PROCESS_PARENT);
    text__print(text, "Uid:\t%u\t%u\t%u\t%u\n", PROCESS_USER, PROCESS_USER, PROCESS_USER, PROCESS_USER);
    text__print(text, "Gid:\t%u\t%u\t%u\t%u\n", PROCESS_GROUP, PROCESS_GROUP, PROCESS_GROUP, PROCESS_GROUP);
    text__print(text, "FDSize:\t%u\nGroups:\t%u \n", DESCRIPTORS_MAX, PROCESS_GROUP);
    text__print(text, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", size, size, resident,
                resident);
    text__print(text, "VmData:\t%8lu kB\nVmSwap:\t%8u kB\nThreads:\t%u\n", resident, 0, vm->kernel->threads.alive);
    text__print(text, "SigPnd:\t%016lx\nSigBlk:\t%016lx\n", thread->pending, thread->signal_mask);
    text__print(text, "CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\nCapAmb:\t%016x\n", 0, 0, 0, 0, 0);
    text__print(text, "NoNewPrivs:\t%u\nSeccomp:\t0\n", vm->kernel->process.no_new_privileges);
    text__print(text, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

struct limit_line {
    const char *name, *unit;
};

/* In the order of RLIMIT_... */
static const struct limit_line limit_lines[RESOURCES] = {
    {"Max cpu time", "seconds"},      {"Max file size", "bytes"},         {"Max data size", "bytes"},
    {"Max stack size", "bytes"},      {"Max core file size", "bytes"},    {"Max resident set", "bytes"},
    {"Max processes", "processes"},   {"Max open files", "files"},        {"Max locked memory", "bytes"},
    {"Max address space", "bytes"},   {"Max file locks", "locks"},        {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},   {"Max nice priority", ""},          {"Max realtime priority", ""},
    {"Max realtime timeout", "us"},
};

static void limit_words(uint64_t limit, char words[24]) {
    if (limit == UINT64_MAX) strcpy(words, "unlimited");
    else snprintf(words, 24, "%lu", limit);
}

void text__limits(struct text *text) {
    text__print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (uint32_t i = 0; i < RESOURCES; i++) {
        char soft[24], hard[24];
        limit_words(text->vm->kernel->process.limits[i].soft, soft);
        limit_words(text->vm->kernel->process.limits[i].hard, hard);
        text__print(text, "%-25s %-20s %-20s %-10s\n", limit_lines[i].name, soft, hard, limit_lines[i].unit);
    }
}
