#include "guest.h"

#include <string.h>

/* The way out of the guest, taken with registers that a system call never has. */

static const uint64_t places[] = {0,
                                  0x1000,
                                  0x7fffffffffff,
                                  0x800000000000,
                                  0xffff800000000000,
                                  0xffffffff81000000,
                                  UINT64_MAX,
                                  CALL_STUB,
                                  RESTORE_STUB,
                                  SYSTEM_ADDRESS + 0x7800,
                                  SYSTEM_ADDRESS + 0x7810,
                                  SYSTEM_ADDRESS + 0x7000,
                                  SYSTEM_ADDRESS - 1,
                                  SYSTEM_ADDRESS};
static const uint64_t flags[] = {0,       0x100,   0x200,   0x3000,   0x4000,     0x10000,
                                 0x20000, 0x40000, 0x80000, 0x247fd7, UINT64_MAX, 0x2};
#define COUNT(list) (sizeof list / sizeof *list)

struct forged {
    uint64_t way, rcx, r11, rax;
};

/* mov rcx, r11, rax, rdi = 0; then by the way */
static void forge(const struct forged *forged, const uint8_t *last, size_t last_size) {
    uint8_t code[64] = {0x48, 0xb9, 0, 0, 0,    0,    0, 0, 0, 0, 0x49, 0xbb, 0, 0, 0,    0,
                        0,    0,    0, 0, 0x48, 0xb8, 0, 0, 0, 0, 0,    0,    0, 0, 0x31, 0xff};
    memcpy(code + 2, &forged->rcx, 8), memcpy(code + 12, &forged->r11, 8), memcpy(code + 22, &forged->rax, 8);
    memcpy(code + 32, last, last_size);
    survives_code(code, 32 + last_size);
}

static void by_out(void) {
    static const uint8_t out[] = {0xe6, 0x55, 0xc3}, out4[] = {0xe7, 0x55, 0xc3}, in[] = {0xe4, 0x55, 0xc3},
                         outs[] = {0xba, 0x55, 0, 0, 0, 0x6e, 0xc3};
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t j = 0; j < COUNT(flags); j++) {
            const struct forged forged = {0, places[i], flags[j], 39};
            forge(&forged, out, sizeof out);
        }
        const struct forged forged = {0, places[i], 2, 39};
        forge(&forged, out4, sizeof out4), forge(&forged, in, sizeof in), forge(&forged, outs, sizeof outs);
    }
}

static void by_jump(uint64_t to) {
    uint8_t jump[] = {0x48, 0xba, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe2};
    memcpy(jump + 2, &to, 8);
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t j = 0; j < COUNT(flags); j += 3) {
            const struct forged forged = {to, places[i], flags[j], 39};
            forge(&forged, jump, sizeof jump);
        }
    }
}

static void into_stub(void) {
    by_jump(CALL_STUB);
    for (uint64_t i = 1; i < 8; i++) by_jump(CALL_STUB + i);
}

static void into_restore_stub(void) {
    by_jump(RESTORE_STUB);
    for (uint64_t i = 1; i < 0x50; i += 7) by_jump(RESTORE_STUB + i);
}

static void forged_call_numbers(void) {
    static const uint8_t out[] = {0xe6, 0x55, 0xc3}, direct[] = {0x0f, 0x05, 0xc3};
    for (unsigned i = 0; i < 200; i++) {
        const struct forged forged = {0, 0x1000, 2, i < 100 ? any() : 0x4d460000 + any_below(70000)};
        forge(&forged, out, sizeof out), forge(&forged, direct, sizeof direct);
    }
}

/* A hook that is the attacker's: it must not run in the next request. */
static void leave_hook(void) {
    call(0x4d460000, (uint64_t)(uintptr_t)forged_call_numbers);
    call(0x4d460000, SYSTEM_ADDRESS);
    call(0x4d460000, UINT64_C(0x1234567000));
    call(0x4d460001), call(0x4d460002);
}

static const struct attack list[] = {
    {"forged-out", by_out},
    {"forged-stub", into_stub},
    {"forged-restore-stub", into_restore_stub},
    {"forged-call-numbers", forged_call_numbers},
    {"hook-left-behind", leave_hook},
};
const struct attacks stub_attacks = ATTACKS(list);
