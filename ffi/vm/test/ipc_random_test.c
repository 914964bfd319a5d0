/* Any call with any arguments, over and over: the sanitizers watch, and nothing is left behind. */
#include <fcntl.h>
#include <sys/socket.h>

#include "compare.h"

#define ROUNDS 40u
#define CALLS 5000u
#define ARENA_BYTES 65536u

static uint8_t arena[ARENA_BYTES];

static uint64_t any64(void) {
    return (uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX);
}

static uint64_t any_pointer(void) {
    uint32_t offset = random_below(ARENA_BYTES + 64);
    return fake_first_address + (random_below(2) ? offset : offset & ~15u);
}

static uint64_t any_argument(void) {
    switch (random_below(12)) {
    case 0:
    case 1:
    case 2:
    case 3: return random_below(24);
    case 4:
    case 5:
    case 6: return any_pointer();
    case 7: return UINT64_C(1) << random_below(64);
    case 8: return UINT64_MAX - random_below(3);
    case 9: return random_below(70000);
    case 10: return O_NONBLOCK | random_below(8);
    default: return any64();
    }
}

/* Memory that looks now and then like what calls read from it: numbers, pointers, names of sockets. */
static void scramble(void) {
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t value = any_argument();
        memcpy(arena + random_below(ARENA_BYTES / 8) * 8, &value, sizeof value);
    }
    for (uint32_t i = 0; i < 8; i++) {
        const uint8_t names[3][16] = {
            {AF_UNIX, 0, 0, 'a'}, {AF_INET, 0, 0x80, 0, 127, 0, 0, 1}, {AF_INET6, 0, 0x80, 0}};
        memcpy(arena + random_below(ARENA_BYTES / 16) * 16, names[random_below(3)], 16);
    }
}

/* What the host may do between runs. */
static void by_host(void) {
    uint8_t bytes[3000] = {0};
    uint32_t port = random_below(PORTS_MAX + 2);
    switch (random_below(6)) {
    case 0: vm_feed(vm, port, bytes, random_below(sizeof bytes), random_below(20) == 0); break;
    case 1: vm_take(vm, port, bytes, random_below(sizeof bytes)); break;
    case 2: vm_connect(vm, 0x8000); break;
    case 3: port__end_input(vm, port); break;
    case 4: port__hang_up(vm, port); break;
    default: fake_monotonic_ns += any64() >> 20; event__fire(vm); break;
    }
}

static void one_call(void) {
    uint64_t a[6];
    for (int i = 0; i < 6; i++) a[i] = any_argument();
    int64_t result = guest(fake_number(random_below(60)), a[0], a[1], a[2], a[3], a[4], a[5]);
    for (int i = 0; i < 3 && result == CALL_BLOCKS; i++) {
        by_host();
        result = i < 2 ? again() : random_below(2) ? again_late() : again_interrupted();
    }
    CHECK(result == CALL_BLOCKS || result >= -4095);
}

static void round_of(uint32_t number) {
    seed = number;
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(port__open(vm, i) == 0);
        descriptor__install(vm, file__open(vm, FILE_PORT, O_RDWR, i), 0, 0);
    }
    for (uint32_t i = 0; i < CALLS; i++) {
        if (i % 16 == 0) scramble();
        if (i % 8 == 0) by_host();
        one_call();
    }
    for (uint32_t i = 0; i < DESCRIPTORS_MAX; i++) descriptor__close(vm, i);
    for (uint32_t i = PORT_FIRST_CONNECTION; i < PORTS_MAX; i++) port__hang_up(vm, i);
    CHECK(vm->kernel->ports.used <= PORT_FIRST_CONNECTION);
    CHECK(vm->kernel->epolls.used == 0 && vm->kernel->sockets.used == 0 && vm->kernel->files.used == 0);
}

static void any_call_with_any_arguments(void) {
    fake_first_address = (uint64_t)arena;
    fake_last_address = fake_first_address + sizeof arena;
    for (uint32_t i = 1; i <= ROUNDS; i++) round_of(i);
}

const struct test random_tests[] = {
    {"any call with any arguments leaves the VM whole", any_call_with_any_arguments},
    {NULL, NULL},
};
