#include "guest.h"

#include <string.h>
#include <sys/mman.h>

/* Every number with every kind of argument. */

static uint8_t arena[65536] __attribute__((aligned(4096)));

static uint64_t odd(void) {
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      3,
                                      4,
                                      7,
                                      8,
                                      16,
                                      63,
                                      64,
                                      255,
                                      1024,
                                      4095,
                                      4096,
                                      65536,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      1ul << 32,
                                      1ul << 40,
                                      1ul << 47,
                                      0x7fffffffffffffff,
                                      1ul << 63,
                                      UINT64_MAX,
                                      UINT64_MAX - 4095,
                                      UINT64_MAX - 7,
                                      SYSTEM_ADDRESS,
                                      SYSTEM_ADDRESS - 1,
                                      SYSTEM_ADDRESS + 0x6000,
                                      0x7fffe0100000,
                                      0x800000000000,
                                      0xffff800000000000,
                                      0x10000};
    switch (any_below(4)) {
    case 0: return any();
    case 1: return (uint64_t)(uintptr_t)arena + any_below(sizeof arena);
    case 2: return any_below(16);
    default: return values[any_below(sizeof values / sizeof *values)];
    }
}

static int ends_it(uint64_t number) {
    /* exit, exit_group, pause, rt_sigsuspend, and what waits for good */
    return number == 60 || number == 231 || number == 34 || number == 130 || number == 15;
}

static void ask(void *data) {
    const uint64_t number = *(uint64_t *)data;
    uint64_t a = odd(), b = odd(), c = odd();
    register uint64_t d __asm__("r10") = odd();
    register uint64_t e __asm__("r8") = odd();
    register uint64_t f __asm__("r9") = odd();
    uint64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(d), "r"(e), "r"(f)
                     : "rcx", "r11", "memory");
}

static void fill(void) {
    for (size_t i = 0; i < sizeof arena; i += 8) {
        uint64_t value = any_below(3) ? odd() : 0;
        memcpy(arena + i, &value, 8);
    }
}

static void random_calls(void) {
    for (unsigned i = 0; i < 400; i++) {
        uint64_t number = any_below(462);
        if (ends_it(number)) continue;
        if (i % 20 == 0) fill();
        survives(ask, &number);
    }
}

/* Each once, in order. */
static void all_numbers(void) {
    fill();
    for (uint64_t number = 0; number < 520; number++) {
        if (!ends_it(number)) survives(ask, &number);
    }
}

/* A pointer to each odd place in each argument. */
static void odd_pointers(void) {
    static const uint64_t places[] = {1,
                                      0xfff,
                                      SYSTEM_ADDRESS - 1,
                                      SYSTEM_ADDRESS - 4,
                                      SYSTEM_ADDRESS,
                                      CALL_STUB,
                                      0x7ffffffffffc,
                                      0x7fffffffffff,
                                      0x800000000000,
                                      0xffff800000000000,
                                      UINT64_MAX - 7,
                                      UINT64_MAX};
    for (uint64_t number = 0; number < 460; number++) {
        if (ends_it(number) || number == 23 || number == 7 || number == 0) continue;
        for (size_t i = 0; i < sizeof places / sizeof *places; i += 4) {
            uint64_t p = places[(i + number) % (sizeof places / sizeof *places)];
            call((long)number, p, p, p, p, p, p);
            call((long)number, 1, p, 8, p, 0, p);
        }
    }
}

static const struct attack list[] = {
    {"random-calls", random_calls},
    {"all-call-numbers", all_numbers},
    {"odd-pointers", odd_pointers},
};
const struct attacks call_attacks = ATTACKS(list);
