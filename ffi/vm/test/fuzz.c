#include "fuzz.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/os.h"
#include "../schedule.h"
#include "../vm_new.h"

/*
 * fuzz [--seconds N] [--steps N] [--slow] [SEED...]
 *
 * Without seeds: those of 1 on, for so long. Prints "ok NAME", or "not ok NAME: why" with the seed.
 */

#define STEPS 400u
#define SLOWEST 512u

uint64_t fuzz__random(struct fuzz *fuzz) {
    uint64_t z = fuzz->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t fuzz__below(struct fuzz *fuzz, uint64_t bound) {
    return fuzz__random(fuzz) % bound;
}

int fuzz__one_in(struct fuzz *fuzz, uint64_t count) {
    return fuzz__below(fuzz, count) == 0;
}

/* ---- the guest ----------------------------------------------------------------------------------------- */

/* The smallest program: it is never run. */
static void write_program(const char *path) {
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr part;
        uint8_t code[2];
    } program = {
        .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                 .e_type = ET_EXEC,
                 .e_machine = EM_X86_64,
                 .e_version = EV_CURRENT,
                 .e_entry = 0x10078,
                 .e_phoff = sizeof(Elf64_Ehdr),
                 .e_ehsize = sizeof(Elf64_Ehdr),
                 .e_phentsize = sizeof(Elf64_Phdr),
                 .e_phnum = 1},
        .part = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x10000, .p_paddr = 0x10000, .p_align = 4096},
        .code = {0x0f, 0x05},
    };
    program.part.p_filesz = program.part.p_memsz = sizeof program;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    if (file < 0 || write(file, &program, sizeof program) != (ssize_t)sizeof program) abort();
    close(file);
}

static void make_folder(char *root) {
    char path[256];
    char contents[20000];
    if (mkdtemp(root) == NULL) abort();
    memset(contents, 'x', sizeof contents);
    const char *const folders[] = {"view", "view/folder", "view/folder/a", "view/b"};
    for (size_t i = 0; i < 4; i++) snprintf(path, sizeof path, "%s/%s", root, folders[i]), mkdir(path, 0755);
    const char *const files[] = {"view/file", "view/folder/file", "view/a", "view/folder/a/c"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (write(file, contents, 5000 * i) < 0) abort();
        close(file);
    }
    const char *const links[][2] = {
        {"file", "view/link"}, {"loop", "view/loop"}, {"../..", "view/up"}, {"folder/a", "view/d"}};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", root, links[i][1]);
        if (symlink(links[i][0], path) != 0) abort();
    }
    snprintf(path, sizeof path, "%s/view/program", root);
    write_program(path);
}

static void remove_folder(const char *root) {
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command) != 0) abort();
}

static const char *program_path;

static void boot(struct fuzz *fuzz, struct view *view) {
    const struct vm_limits limits = {.memory_bytes = (fuzz->seed % 4 == 0 ? 3 : 24) << 20,
                                     .file_bytes = (fuzz->seed % 4 == 1 ? 1 : 8) << 20,
                                     .files = 100,
                                     .descriptors = 64,
                                     .threads = 8,
                                     .log_bytes = 100000};
    const char *const arguments[] = {program_path, "argument", NULL}, *const environment[] = {"NAME=value", NULL};
    struct view *const views[] = {view};
    const struct vm_program program = {.arguments = arguments,
                                       .environment = environment,
                                       .folder = "/",
                                       .views = views,
                                       .view_count = 1,
                                       .limits = limits,
                                       .frames = (int)(fuzz->seed & 1)};
    struct vm_text why = {{0}};
    int error = vm__new(NULL, &limits, &fuzz->vm);
    if (error == 0) error = vm__begin(fuzz->vm, &program, &why);
    if (error != 0) {
        printf("not ok the guest begins: %s %s\n", strerror(-error), why.bytes);
        exit(1);
    }
    fuzz_memory__make(fuzz);
}

/* ---- the host ------------------------------------------------------------------------------------------ */

static void host_does_something(struct fuzz *fuzz) {
    static uint8_t bytes[70000];
    struct vm *vm = fuzz->vm;
    uint32_t port = (uint32_t)fuzz__below(fuzz, vm->kernel->ports.used + 1);
    switch (fuzz__below(fuzz, 8)) {
    case 0:
    case 1:
    case 2: vm_feed(vm, port, bytes, fuzz__below(fuzz, sizeof bytes), fuzz__one_in(fuzz, 20)); break;
    case 3:
    case 4: vm_take(vm, port, bytes, fuzz__below(fuzz, sizeof bytes)); break;
    case 5: (void)vm_connect(vm, (uint16_t)(fuzz__below(fuzz, 6) << 8)); break;
    case 6: (void)vm_ended(vm, port); break;
    default:
        if (fuzz__one_in(fuzz, 10)) vm_hang_up(vm, port);
    }
}

/* 1 when some thread runs. */
static int go_on(struct fuzz *fuzz) {
    struct vm *vm = fuzz->vm;
    for (uint32_t tries = 0; tries < 60 && vm->exit.reason == 0; tries++) {
        enum schedule_result result = schedule__pick(vm);
        if (result == SCHEDULE_ENDED) return 0;
        if (result == SCHEDULE_RUNS) {
            if (signal__deliver_pending(vm) == SIGNAL_ENDED) return 0;
            if (thread__current(vm)->state == THREAD_RUNS) return 1;
            continue;
        }
        if (tries > 40) signal__raise_process(vm, SIGCHLD);
        else host_does_something(fuzz);
        schedule__begin(vm);
    }
    return 0;
}

/* ---- sequences ----------------------------------------------------------------------------------------- */

static uint64_t slowest[SLOWEST];

static void note_time(uint32_t number, uint64_t begun) {
    uint64_t took = os__clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    if (number < SLOWEST && took > slowest[number]) slowest[number] = took;
}

static int verbose;

static void step(struct fuzz *fuzz) {
    struct vm *vm = fuzz->vm;
    uint32_t number = fuzz_call__choose(fuzz);
    const struct context *context = &vm->context;
    if (verbose) {
        const struct call *call = call__find(number);
        printf("%u: [%u] %u %s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx)\n", fuzz->step, thread__current(vm)->id,
               number, call == NULL ? "?" : call->name, context->rdi, context->rsi, context->rdx, context->r10,
               context->r8, context->r9);
        fflush(stdout);
    }
    uint64_t begun = os__clock_ns(CLOCK_THREAD_CPUTIME_ID);
    int64_t result = run__call(vm, number);
    note_time(number, begun);
    if (verbose) printf("    = %ld\n", result);
    fuzz_check__result(fuzz, number, result);
    if (fuzz__one_in(fuzz, 12)) host_does_something(fuzz);
    if (fuzz__one_in(fuzz, 12) && thread__current(vm)->state == THREAD_RUNS) schedule__take_turns(vm);
    if (fuzz__one_in(fuzz, 40)) fuzz_memory__make(fuzz);
    if (fuzz__one_in(fuzz, verbose ? 4 : 60)) fuzz_check__all(fuzz);
}

static int sequence(struct view *view, uint64_t seed, uint32_t steps) {
    struct fuzz fuzz = {.seed = seed, .random = seed * UINT64_C(0x2545f4914f6cdd1d)};
    boot(&fuzz, view);
    for (fuzz.step = 0; fuzz.step < steps && fuzz.wrong[0] == 0; fuzz.step++) {
        if (!go_on(&fuzz)) break;
        step(&fuzz);
    }
    fuzz_check__all(&fuzz);
    if (fuzz.wrong[0] != 0)
        printf("not ok the kernel stays sound: seed %lu, step %u: %s\n", seed, fuzz.step, fuzz.wrong);
    vm_close(fuzz.vm);
    return fuzz.wrong[0] != 0;
}

static void print_slowest(void) {
    for (uint32_t rank = 0; rank < 20; rank++) {
        uint32_t worst = 0;
        for (uint32_t i = 0; i < SLOWEST; i++) worst = slowest[i] > slowest[worst] ? i : worst;
        if (slowest[worst] == 0) return;
        printf("%8.3f ms %s\n", (double)slowest[worst] / 1e6,
               call__find(worst) == NULL ? "?" : call__find(worst)->name);
        slowest[worst] = 0;
    }
}

int main(int count, char **arguments) {
    char root[] = "/tmp/fuzzXXXXXX", folder[64], program[80];
    uint64_t seconds = 20, seeds = 0;
    uint32_t steps = STEPS;
    int failed = 0, slow = 0, first = 1;
    for (; first < count && strncmp(arguments[first], "--", 2) == 0; first++) {
        if (strcmp(arguments[first], "--slow") == 0) slow = 1;
        else if (strcmp(arguments[first], "--verbose") == 0) verbose = 1;
        else if (strcmp(arguments[first], "--seconds") == 0 && first + 1 < count)
            seconds = strtoull(arguments[++first], NULL, 10);
        else if (strcmp(arguments[first], "--steps") == 0 && first + 1 < count)
            steps = (uint32_t)strtoul(arguments[++first], NULL, 10);
        else return 2;
    }
    make_folder(root);
    snprintf(folder, sizeof folder, "%s/view", root);
    snprintf(program, sizeof program, "%s/program", folder);
    program_path = program;
    const char *const paths[] = {folder};
    struct view *view;
    if (view_folder__open(paths, 1, &view) != 0) return 1;
    uint64_t end = os__clock_ns(CLOCK_MONOTONIC) + seconds * 1000000000u, seed = 1;
    for (int i = first; i < count; i++, seeds++) failed += sequence(view, strtoull(arguments[i], NULL, 10), steps);
    if (first == count) {
        for (; os__clock_ns(CLOCK_MONOTONIC) < end && failed < 10; seed++, seeds++) failed += sequence(view, seed, steps);
    }
    if (failed == 0) printf("ok the kernel stays sound: %lu sequences of at most %u calls\n", seeds, steps);
    if (slow) print_slowest();
    view__close(view);
    remove_folder(root);
    return failed > 0;
}
