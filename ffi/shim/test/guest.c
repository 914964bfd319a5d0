/* A guest that speaks guest.h and does what guest_commands.h says. No JavaScript, no libc. */
#include "../guest.h"
#include "guest_commands.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("mayfly"), import_name(#name)))

IMPORT(clock) extern int64_t host_clock(int32_t which);
IMPORT(random) extern void host_random(uint32_t address, uint32_t length);

#define PAGE 4096u
#define LIBRARY_BYTES (256u * 1024)
#define HEAP_START ((uint32_t)&__heap_base + PAGE)

extern uint8_t __heap_base;

static struct mf_guest_io io;
static uint8_t library[LIBRARY_BYTES];
static uint32_t count, library_length;
static volatile uint32_t sink;

static uint8_t *at(uint32_t address) {
    return (uint8_t *)address;
}

static uint32_t memory_bytes(void) {
    return (uint32_t)__builtin_wasm_memory_size(0) << 16;
}

EXPORT(_initialize) void initialize(void) {
    io.abi = MF_GUEST_ABI;
    io.wake_ms = MF_NO_WAKE;
}

EXPORT(mf_init) int32_t init(void) {
    /* As an allocator's fencepost: something in the last page. */
    *(volatile uint32_t *)at(memory_bytes() - 16) = 0xfe9ce905;
    sink = (uint32_t)host_clock(0);
    host_random((uint32_t)&sink, sizeof sink);
    return 0;
}

EXPORT(mf_alloc) uint32_t alloc(uint32_t size) {
    return size <= LIBRARY_BYTES ? (uint32_t)library : 0;
}

static void write_out(const void *bytes, uint32_t length) {
    const uint8_t *from = bytes;
    for (uint32_t i = 0; i < length && io.out_length < MF_GUEST_OUT_BYTES; i++) io.out[io.out_length++] = from[i];
}

EXPORT(mf_boot) int32_t boot(uint32_t address, uint32_t length) {
    static const char REFUSED[] = "the library is refused";
    library_length = length;
    if (length > 0 && *at(address) == '!') {
        write_out(REFUSED, sizeof REFUSED - 1);
        return -1;
    }
    for (uint32_t page = 0; page < 40; page++) *(volatile uint32_t *)at(HEAP_START + page * PAGE) = page + length;
    return 0;
}

EXPORT(mf_io) uint32_t get_io(void) {
    return (uint32_t)&io;
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 4;
}

static void scribble(uint32_t seed, uint32_t pages) {
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t page = next_random(&seed) % (memory_bytes() / PAGE);
        uint32_t address = page * PAGE + next_random(&seed) % PAGE;
        /* It still has to be able to run: not its own stack, data or io. */
        if (address >= HEAP_START) *(volatile uint8_t *)at(address) = (uint8_t)(next_random(&seed) | 1);
    }
}

static void dirty(uint32_t first, uint32_t pages) {
    for (uint32_t i = 0; i < pages; i++) ++*(volatile uint32_t *)at(HEAP_START + (first + i) * PAGE);
}

static uint32_t recurse(uint32_t depth) {
    volatile uint32_t frame[64];
    if (depth == UINT32_MAX) return 0;
    frame[depth % 64] = depth;
    return recurse(depth + 1) + frame[(depth + 1) % 64];
}

static void spin_us(uint32_t us) {
    int64_t until = host_clock(1) + (int64_t)us * 1000;
    while (host_clock(1) < until) sink++;
}

static void lose_stack_pointer(void) {
    __asm__ volatile("global.get __stack_pointer\n"
                     "i32.const 4096\n"
                     "i32.sub\n"
                     "global.set __stack_pointer\n");
}

/* The state to end the step with, or -1 to go on. */
static int32_t execute(const struct guest_command *command) {
    switch ((enum guest_op)command->op) {
    case GUEST_ECHO:
        write_out(&command->a, 8);
        return -1;
    case GUEST_COUNT:
        count++;
        write_out(&count, sizeof count);
        return -1;
    case GUEST_SEED:
        write_out(&io.fresh, sizeof io.fresh);
        write_out(io.seed, sizeof io.seed);
        return -1;
    case GUEST_CLOCK: {
        int64_t now = host_clock((int32_t)command->a);
        write_out(&now, sizeof now);
        return -1;
    }
    case GUEST_RANDOM:
        host_random(HEAP_START, command->a);
        write_out(at(HEAP_START), command->a);
        return -1;
    case GUEST_RANDOM_AT:
        host_random(command->a, command->b);
        return -1;
    case GUEST_SCRIBBLE:
        scribble(command->a, command->b);
        return -1;
    case GUEST_DIRTY:
        dirty(command->a, command->b);
        return -1;
    case GUEST_FILL:
        for (uint32_t address = HEAP_START; address < memory_bytes(); address += 8) {
            *(volatile uint64_t *)at(address) = 0x5555555555555555u;
        }
        return -1;
    case GUEST_RETURN:
        io.wake_ms = command->b;
        return (int32_t)command->a;
    case GUEST_OUT_LENGTH:
        io.out_length = command->a;
        return (int32_t)command->b;
    case GUEST_SPIN:
        for (;;) sink++;
    case GUEST_SPIN_READ:
        for (;;) (void)sink;
    case GUEST_SPIN_HOST:
        for (;;) host_random(HEAP_START, 65536);
    case GUEST_SPIN_US:
        spin_us(command->a);
        return -1;
    case GUEST_TRAP:
        __builtin_trap();
    case GUEST_OUT_OF_BOUNDS:
        sink = *(volatile uint32_t *)at(0xfffffff0);
        return -1;
    case GUEST_RECURSE:
        sink = recurse(0);
        return -1;
    case GUEST_DIVIDE:
        sink = 1 / command->a;
        return -1;
    case GUEST_STACK_POINTER:
        lose_stack_pointer();
        return -1;
    case GUEST_USED:
        io.memory_used = command->a;
        return -1;
    }
    return MF_GUEST_FAULT;
}

EXPORT(mf_step) int32_t step(uint32_t in_length) {
    const struct guest_command *commands = (const struct guest_command *)io.in;
    for (uint32_t i = 0; i < in_length / sizeof *commands; i++) {
        int32_t state = execute(&commands[i]);
        if (state >= 0) return state;
    }
    return MF_GUEST_DONE;
}
