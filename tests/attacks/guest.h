/*
 * A hostile guest: it waits for the name of an attack and a seed, tries it, and says that it is done, if it still can.
 * "check" instead describes all that it can see of itself: the answer must be the same after any attack.
 */
#ifndef ATTACKS_GUEST_H
#define ATTACKS_GUEST_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attack {
    const char *name;
    void (*run)(void);
};

struct attacks {
    const struct attack *items;
    size_t count;
};

extern const struct attacks instruction_attacks, page_attacks, stub_attacks, signal_attacks, call_attacks,
    memory_attacks, object_attacks, file_attacks, thread_attacks, long_attacks;

#define ATTACKS(list) {list, sizeof list / sizeof *list}

/* Of the request's seed. */
uint64_t any(void);
uint64_t any_below(uint64_t bound);

/* Runs what may fault, or change its stack and registers: 1 when a signal ended it. */
int survives(void (*attack)(void *), void *data);
/* Runs bytes as code. */
int survives_code(const uint8_t *code, size_t size);

/* Places in the guest's address space that are not its own. */
#define SYSTEM_ADDRESS UINT64_C(0x7ffff0000000)
#define CALL_STUB (SYSTEM_ADDRESS + 0x6000)
#define RESTORE_STUB (SYSTEM_ADDRESS + 0x6100)

#define call(...) syscall(__VA_ARGS__)

#endif
