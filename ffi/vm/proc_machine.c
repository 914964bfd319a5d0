/* What /proc says of the machine: one CPU, and as much memory as the guest may have. */
#include <cpuid.h>
#include <string.h>

#include "internal.h"
#include "proc_text.h"
#include "random.h"

/* What a guest could ask the CPU itself. */
struct cpu_flag {
    const char *name;
    uint8_t leaf; /* 1 or 7 */
    uint8_t output; /* 1 ebx, 2 ecx, 3 edx */
    uint8_t bit;
};

static const struct cpu_flag cpu_flags[] = {
    {"fpu", 1, 3, 0},      {"tsc", 1, 3, 4},       {"cx8", 1, 3, 8},      {"cmov", 1, 3, 15},   {"mmx", 1, 3, 23},
    {"fxsr", 1, 3, 24},    {"sse", 1, 3, 25},      {"sse2", 1, 3, 26},    {"pni", 1, 2, 0},     {"pclmulqdq", 1, 2, 1},
    {"ssse3", 1, 2, 9},    {"fma", 1, 2, 12},      {"cx16", 1, 2, 13},    {"sse4_1", 1, 2, 19}, {"sse4_2", 1, 2, 20},
    {"movbe", 1, 2, 22},   {"popcnt", 1, 2, 23},   {"aes", 1, 2, 25},     {"xsave", 1, 2, 26},  {"avx", 1, 2, 28},
    {"f16c", 1, 2, 29},    {"rdrand", 1, 2, 30},   {"bmi1", 7, 1, 3},     {"avx2", 7, 1, 5},    {"bmi2", 7, 1, 8},
    {"erms", 7, 1, 9},     {"avx512f", 7, 1, 16},  {"avx512dq", 7, 1, 17}, {"rdseed", 7, 1, 18}, {"adx", 7, 1, 19},
    {"avx512cd", 7, 1, 28}, {"sha_ni", 7, 1, 29},  {"avx512bw", 7, 1, 30}, {"avx512vl", 7, 1, 31},
};

static void print_flags(struct text *text) {
    unsigned int one[4] = {0}, seven[4] = {0};
    __get_cpuid_count(1, 0, &one[0], &one[1], &one[2], &one[3]);
    __get_cpuid_count(7, 0, &seven[0], &seven[1], &seven[2], &seven[3]);
    text__print(text, "flags\t\t:");
    for (size_t i = 0; i < sizeof cpu_flags / sizeof *cpu_flags; i++) {
        const unsigned int *leaf = cpu_flags[i].leaf == 1 ? one : seven;
        if (leaf[cpu_flags[i].output] >> cpu_flags[i].bit & 1) text__print(text, " %s", cpu_flags[i].name);
    }
    text__print(text, " lm syscall nx constant_tsc\n");
}

void text__cpu(struct text *text) {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    char vendor[13] = "", model[49] = "";
    __get_cpuid(0, &a, &b, &c, &d);
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    for (unsigned int i = 0; i < 3; i++) {
        unsigned int part[4] = {0};
        if (__get_cpuid(0x80000002 + i, &part[0], &part[1], &part[2], &part[3])) memcpy(model + 16 * i, part, 16);
    }
    __get_cpuid(1, &a, &b, &c, &d);
    unsigned int family = a >> 8 & 15, extended = a >> 20 & 255;
    text__print(text, "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n", vendor,
                family == 15 ? family + extended : family, (a >> 4 & 15) | (a >> 12 & 0xf0), model);
    text__print(text, "stepping\t: %u\nphysical id\t: 0\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n", a & 15);
    print_flags(text);
    text__print(text, "clflush size\t: 64\ncache_alignment\t: 64\n\n");
}

void text__memory(struct text *text) {
    struct vm *vm = text->vm;
    uint64_t total = vm->limits.memory_bytes / 1024;
    uint64_t used = vm->kernel->frames.in_use * (PAGE_SIZE / 1024);
    uint64_t free = total > used ? total - used : 0;
    text__print(text, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n", total, free, free);
    text__print(text, "Buffers:        %8u kB\nCached:         %8u kB\nSwapCached:     %8u kB\n", 0, 0, 0);
    text__print(text, "Active:         %8lu kB\nInactive:       %8u kB\n", used, 0);
    text__print(text, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\nShmem:          %8lu kB\n", 0, 0,
                vm->kernel->tree.bytes / 1024);
    text__print(text, "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
}

void text__machine_stat(struct text *text) {
    uint64_t ticks = clock__process_cpu_ns(text->vm) / (NANOSECONDS / 100);
    uint64_t idle = clock__monotonic_ns(text->vm) / (NANOSECONDS / 100);
    uint64_t begun = (clock__realtime_ns(text->vm) - clock__monotonic_ns(text->vm)) / NANOSECONDS;
    text__print(text, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\ncpu0 %lu 0 0 %lu 0 0 0 0 0 0\nctxt 0\nbtime %lu\n", ticks, idle,
                ticks, idle, begun);
    text__print(text, "processes 1\nprocs_running 1\nprocs_blocked 0\n");
}

void text__uptime(struct text *text) {
    uint64_t ns = clock__monotonic_ns(text->vm);
    uint64_t seconds = ns / NANOSECONDS, rest = ns % NANOSECONDS / (NANOSECONDS / 100);
    text__print(text, "%lu.%02lu %lu.%02lu\n", seconds, rest, seconds, rest);
}

/* Version 4: random. */
void text__uuid(struct text *text) {
    uint8_t b[16];
    if (random__bytes(b, sizeof b) != 0) {
        text->error = -1;
        return;
    }
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    text__print(text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", b[0], b[1], b[2], b[3],
                b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void text__cgroup(struct text *text) {
    text__print(text, "0::/\n");
}

void text__mount_info(struct text *text) {
    text__print(text, "1 0 0:26 / / rw - overlay overlay rw\n2 1 0:5 / /dev rw - tmpfs tmpfs rw\n"
                      "3 1 0:4 / /proc rw - proc proc rw\n4 1 0:6 / /sys ro - sysfs sysfs ro\n");
}

void text__mounts(struct text *text) {
    text__print(text, "overlay / overlay rw 0 0\ntmpfs /dev tmpfs rw 0 0\nproc /proc proc rw 0 0\nsysfs /sys sysfs ro 0 0\n");
}
