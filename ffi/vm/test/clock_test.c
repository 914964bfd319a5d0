/* The vDSO is an ELF image that runtimes can use, and its clocks are the host's. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "alone.h"

static struct vm *vm = &alone.vm;

/* The page and the image behind it, as guests have them. Only their distance matters. */
static uint8_t *pages;

static void begin(void) {
    static uint64_t multiplier;
    while (multiplier == 0) {
        struct clock_moment moments[CLOCK_MOMENTS] = {clock__moment()};
        moments[1] = clock__moment_after(&moments[0]);
        moments[2] = clock__moment_after(&moments[1]);
        multiplier = clock__multiplier(moments);
    }
    if (pages == NULL) {
        pages = mmap(NULL, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(pages + PAGE_SIZE, vdso_image, vdso_image_size);
        mprotect(pages + PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC);
        free(alone.vvar);
        alone.vvar = pages;
    }
    alone__begin(0x10000);
    alone.machine.tsc_multiplier = multiplier;
    clock__init(vm, VVAR_PHYSICAL);
}

static uint64_t host_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

/* ---- the image ---- */

static const uint8_t *image(uint64_t offset) {
    return offset < vdso_image_size ? vdso_image + offset : NULL;
}

static uint64_t dynamic(int64_t tag) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)vdso_image;
    const Elf64_Phdr *program = (const Elf64_Phdr *)image(header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (program[i].p_type != PT_DYNAMIC) continue;
        for (const Elf64_Dyn *entry = (const Elf64_Dyn *)image(program[i].p_offset); entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == tag) return entry->d_un.d_val;
        }
    }
    return 0;
}

static uint32_t elf_hash(const char *name) {
    uint32_t hash = 0;
    for (; *name != 0; name++) {
        hash = (hash << 4) + (uint8_t)*name;
        uint32_t high = hash & 0xf0000000;
        hash ^= high >> 24;
        hash &= ~high;
    }
    return hash;
}

static const char *string(uint64_t offset) {
    return (const char *)image(dynamic(DT_STRTAB) + offset);
}

/* The index of a version by its name, found as glibc, musl and Go find it. */
static uint16_t version(const char *name) {
    const Elf64_Verdef *definition = (const Elf64_Verdef *)image(dynamic(DT_VERDEF));
    for (uint64_t i = 0; i < dynamic(DT_VERDEFNUM); i++) {
        const Elf64_Verdaux *auxiliary = (const void *)((const uint8_t *)definition + definition->vd_aux);
        if (strcmp(string(auxiliary->vda_name), name) == 0) {
            return definition->vd_hash == elf_hash(name) ? definition->vd_ndx : 0;
        }
        definition = (const void *)((const uint8_t *)definition + definition->vd_next);
    }
    return 0;
}

static void *function(const char *name) {
    const uint32_t *hash = (const uint32_t *)image(dynamic(DT_HASH));
    const Elf64_Sym *symbols = (const Elf64_Sym *)image(dynamic(DT_SYMTAB));
    const uint16_t *versions = (const uint16_t *)image(dynamic(DT_VERSYM));
    uint32_t buckets = hash[0];
    const uint32_t *chain = hash + 2 + buckets;
    for (uint32_t i = hash[2 + elf_hash(name) % buckets]; i != 0; i = chain[i]) {
        const Elf64_Sym *symbol = &symbols[i];
        if (strcmp(string(symbol->st_name), name) != 0) continue;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) return NULL;
        if (versions[i] != version("LINUX_2.6")) return NULL;
        return pages + PAGE_SIZE + symbol->st_value;
    }
    return NULL;
}

typedef int clock_function(clockid_t clock, struct timespec *time);
typedef int day_function(struct timeval *time, struct timezone *zone);
typedef time_t time_function(time_t *time);
typedef int cpu_function(unsigned *cpu, unsigned *node, void *cache);

static void test_image(void) {
    begin();
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)vdso_image;
    CHECK(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_DYN);
    CHECK(header->e_machine == EM_X86_64 && header->e_phentsize == sizeof(Elf64_Phdr));
    CHECK(vdso_image_size <= 2 * PAGE_SIZE && vdso_hook_return < vdso_image_size);
    const Elf64_Phdr *load = (const Elf64_Phdr *)image(header->e_phoff);
    CHECK(load->p_type == PT_LOAD && load->p_vaddr == 0 && load->p_filesz == vdso_image_size);
    CHECK(load->p_flags == (PF_R | PF_X));
    CHECK(strcmp(string(dynamic(DT_SONAME)), "linux-vdso.so.1") == 0);
    CHECK(version("LINUX_2.6") == 2 && version("linux-vdso.so.1") == 1);
    static const char *const names[] = {"clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char full[64];
        snprintf(full, sizeof full, "__vdso_%s", names[i]);
        CHECK(function(full) != NULL && function(full) == function(names[i]));
    }
    CHECK(function("__vdso_nothing") == NULL);
}

/* ---- the clocks ---- */

static uint64_t shown(clockid_t clock) {
    clock_function *gettime = (clock_function *)(uintptr_t)function("__vdso_clock_gettime");
    struct timespec time = {0};
    if (gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

#define CLOSE_NS UINT64_C(1000000)

/* However long another process came between, the time was read after the first and before the second. */
static int lies_between(uint64_t before, uint64_t time, uint64_t after) {
    return time + CLOSE_NS >= before && time <= after + CLOSE_NS;
}

static int agrees(clockid_t clock, int64_t offset) {
    uint64_t before = host_ns(clock), time = shown(clock) - (uint64_t)offset;
    return lies_between(before, time, host_ns(clock));
}

static void test_functions(void) {
    begin();
    CHECK(agrees(CLOCK_REALTIME, 0));
    CHECK(agrees(CLOCK_MONOTONIC, vm->kernel->clock.monotonic_offset));
    static const clockid_t monotonic[] = {CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    for (size_t i = 0; i < 3; i++) {
        uint64_t before = shown(CLOCK_MONOTONIC), time = shown(monotonic[i]);
        CHECK(before <= time && time <= shown(CLOCK_MONOTONIC));
    }
    uint64_t first = shown(CLOCK_REALTIME), coarse = shown(CLOCK_REALTIME_COARSE);
    CHECK(first <= coarse && coarse <= shown(CLOCK_REALTIME));
    /* What the page does not know asks the kernel: here, the host's. */
    CHECK(shown(CLOCK_PROCESS_CPUTIME_ID) > 0);
    clock_function *gettime = (clock_function *)(uintptr_t)function("__vdso_clock_gettime");
    struct timespec time;
    CHECK(gettime(12345, &time) == -EINVAL);

    day_function *day = (day_function *)(uintptr_t)function("__vdso_gettimeofday");
    struct timeval of_day;
    struct timezone zone = {1, 1};
    first = shown(CLOCK_REALTIME);
    CHECK(day(&of_day, &zone) == 0 && zone.tz_minuteswest == 0 && zone.tz_dsttime == 0);
    CHECK(of_day.tv_usec >= 0 && of_day.tv_usec < 1000000);
    uint64_t microseconds = (uint64_t)of_day.tv_sec * 1000000 + (uint64_t)of_day.tv_usec;
    CHECK(microseconds >= first / 1000 && microseconds <= shown(CLOCK_REALTIME) / 1000);
    CHECK(day(NULL, NULL) == 0);
    time_function *seconds = (time_function *)(uintptr_t)function("__vdso_time");
    time_t now = 0, before = (time_t)(shown(CLOCK_REALTIME) / NANOSECONDS);
    CHECK(seconds(&now) == now && now >= before && seconds(NULL) >= now);
    CHECK((uint64_t)now <= shown(CLOCK_REALTIME) / NANOSECONDS);
    clock_function *getres = (clock_function *)(uintptr_t)function("__vdso_clock_getres");
    CHECK(getres(CLOCK_MONOTONIC, &time) == 0 && time.tv_sec == 0 && time.tv_nsec == 1);
    CHECK(getres(CLOCK_MONOTONIC, NULL) == 0 && getres(12345, &time) == -EINVAL);
    cpu_function *cpu = (cpu_function *)(uintptr_t)function("__vdso_getcpu");
    unsigned one = 7, two = 7;
    CHECK(cpu(&one, &two, NULL) == 0 && one == 0 && two == 0 && cpu(NULL, NULL, NULL) == 0);
}

static void test_without_tsc(void) {
    begin();
    alone.machine.tsc_multiplier = 0;
    clock__init(vm, VVAR_PHYSICAL);
    CHECK(agrees(CLOCK_REALTIME, 0));
    uint64_t before = host_ns(CLOCK_MONOTONIC) + (uint64_t)vm->kernel->clock.monotonic_offset;
    uint64_t time = clock__monotonic_ns(vm);
    CHECK(lies_between(before, time, host_ns(CLOCK_MONOTONIC) + (uint64_t)vm->kernel->clock.monotonic_offset));
    before = host_ns(CLOCK_REALTIME), time = clock__realtime_ns(vm);
    CHECK(lies_between(before, time, host_ns(CLOCK_REALTIME)));
}

/* Readings by the vDSO and by calls, in any order and across refreshes, never step back. */
static void test_never_backwards(void) {
    begin();
    uint64_t last = 0, last_real = 0;
    for (int i = 0; i < 300000; i++) {
        uint64_t now = i & 1 ? clock__monotonic_ns(vm) : shown(CLOCK_MONOTONIC);
        uint64_t real = i & 1 ? clock__realtime_ns(vm) : shown(CLOCK_REALTIME);
        CHECK(now >= last && real >= last_real);
        last = now, last_real = real;
        if (i % 10 == 0) clock__refresh(vm);
    }
    CHECK(((struct vvar *)alone.vvar)->sequence >= 2);
}

/* A TSC measured wrong by 200 ppm is found out: the error does not grow with time. */
static void test_keeps_step(void) {
    begin();
    alone.machine.tsc_multiplier += alone.machine.tsc_multiplier / 5000;
    clock__init(vm, VVAR_PHYSICAL);
    int64_t offset = vm->kernel->clock.monotonic_offset;
    uint64_t until = host_ns(CLOCK_MONOTONIC) + 1500 * 1000000;
    uint64_t last = 0;
    while (host_ns(CLOCK_MONOTONIC) < until) {
        clock__refresh(vm);
        uint64_t now = clock__monotonic_ns(vm);
        CHECK(now >= last);
        last = now;
    }
    CHECK(agrees(CLOCK_MONOTONIC, offset));
    /* Left alone for long, or with a host that was suspended: forward at once. */
    vm->kernel->clock.monotonic_base -= 50 * NANOSECONDS;
    vm->kernel->clock.tsc_base -= 1u << 30;
    vm->kernel->clock.host_base -= NANOSECONDS;
    clock__refresh(vm);
    CHECK(agrees(CLOCK_MONOTONIC, offset));
}

/* ---- snapshots ---- */

static void test_stands_still(void) {
    begin();
    struct vvar *vvar = (struct vvar *)alone.vvar;
    uint8_t entropy[32];
    memcpy(entropy, vvar->entropy, sizeof entropy);
    uint64_t generation = vvar->generation, deadline = clock__monotonic_ns(vm) + NANOSECONDS;
    clock__freeze(vm);
    uint64_t frozen = vm->kernel->clock.frozen_monotonic;
    struct clock_state snapshot = vm->kernel->clock;
    usleep(20000);
    for (int clone = 0; clone < 3; clone++) {
        vm->kernel->clock = snapshot;
        uint64_t begun = host_ns(CLOCK_MONOTONIC);
        CHECK(clock__after_clone(vm) == 0);
        uint64_t now = clock__monotonic_ns(vm), passed = host_ns(CLOCK_MONOTONIC) - begun;
        CHECK(lies_between(frozen, now, frozen + passed));
        CHECK(agrees(CLOCK_REALTIME, 0));
        CHECK(vvar->generation == generation + 1);
        CHECK(memcmp(entropy, vvar->entropy, sizeof entropy) != 0);
        memcpy(entropy, vvar->entropy, sizeof entropy);
        uint64_t due = begun + (deadline - frozen);
        CHECK(lies_between(due, clock__host_deadline(vm, deadline), due + passed));
    }
    CHECK(clock__host_deadline(vm, NO_DEADLINE) == NO_DEADLINE);
    CHECK(clock__host_deadline(vm, 0) <= host_ns(CLOCK_MONOTONIC));
}

static void test_cpu_time(void) {
    begin();
    uint32_t other = alone__add_thread(THREAD_RUNS);
    vm->counters.cpu_ns = 1000;
    clock__account(vm);
    vm->kernel->threads.current = other;
    vm->counters.cpu_ns = 1500;
    CHECK(clock__thread_cpu_ns(vm, other) == 500 && clock__thread_cpu_ns(vm, 0) == 1000);
    CHECK(clock__process_cpu_ns(vm) == 1500);
    clock__freeze(vm);
    struct clock_state snapshot = vm->kernel->clock;
    vm->counters.cpu_ns = 70;
    vm->kernel->clock = snapshot;
    CHECK(clock__after_clone(vm) == 0);
    CHECK(clock__process_cpu_ns(vm) == 1500 && clock__thread_cpu_ns(vm, other) == 500);
    vm->counters.cpu_ns = 80;
    CHECK(clock__process_cpu_ns(vm) == 1510 && clock__thread_cpu_ns(vm, other) == 510);
}

static void test_choices(void) {
    begin();
    struct clock_choice choice;
    CHECK(clock__choose(vm, 99, &choice) == -EINVAL && clock__choose(vm, 10, &choice) == -EINVAL);
    uint64_t own_process = (uint32_t)(~PROCESS_ID << 3 | 2), stranger = (uint32_t)(~4242u << 3 | 2);
    uint64_t own_thread = (uint32_t)(~FIRST_THREAD_ID << 3 | 6), no_thread = (uint32_t)(~4242u << 3 | 6);
    CHECK(clock__choose(vm, own_process, &choice) == 0 && choice.clock == CLOCK_PROCESS_CPUTIME_ID);
    CHECK(clock__choose(vm, own_thread, &choice) == 0 && choice.clock == CLOCK_THREAD_CPUTIME_ID);
    CHECK(clock__choose(vm, stranger, &choice) == -EINVAL && clock__choose(vm, no_thread, &choice) == -EINVAL);
    CHECK(alone__call(SYS_clock_gettime, 99, 0x10000, 0, 0) == -EINVAL);
    CHECK(alone__call(SYS_clock_gettime, 0, 8, 0, 0) == -EFAULT);
    CHECK(alone__call(SYS_clock_settime, 0, 0x10000, 0, 0) == -EPERM);
    CHECK(alone__call(SYS_gettimeofday, 0x10000, 0x10010, 0, 0) == 0);
}

int main(void) {
    static const struct test tests[] = {
        {"the vDSO is an image in which runtimes find its functions", test_image},
        {"the vDSO's functions agree with the host's clocks", test_functions},
        {"without a TSC the vDSO makes calls", test_without_tsc},
        {"time never steps back, by whichever way it is read", test_never_backwards},
        {"clocks keep step with the host though the TSC was measured wrong", test_keeps_step},
        {"time stands still between a snapshot and its clones, which differ", test_stands_still},
        {"CPU time goes on in a clone where it was", test_cpu_time},
        {"only the guest's own clocks can be named", test_choices},
    };
    return alone__run_tests(tests, sizeof tests / sizeof *tests);
}
