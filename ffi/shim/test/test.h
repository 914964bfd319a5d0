/* What the shim's tests share: checks, and a client of the ring as the server is one. */
#ifndef MAYFLY_TEST_H
#define MAYFLY_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../mayfly.h"
#include "guest_commands.h"

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: it is not so: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

struct test {
    const char *name; /* a property */
    void (*run)(void);
};

/* Each file's tests, ended by one without a name. */
extern const struct test pages_tests[], image_tests[], step_tests[], isolation_tests[], kill_tests[], pool_tests[],
    mirror_tests[], listener_tests[], wasi_tests[], wasi_hostile_tests[], wasi_waiting_tests[], wasi_log_tests[],
    family_tests[], life_tests[], cell_tests[];

/* The test guest, compiled, and its base image: made once. */
extern uint8_t *test_wasm, *test_native, *test_base;
extern size_t test_wasm_length, test_native_length, test_base_length;

uint8_t *test__read_file(const char *path, size_t *length);
/* A pseudo-random number; the same ones in each run of the tests. */
uint32_t test__random(void);

/* ---- the client ---- */

extern struct mf_ring *ring;

struct mf_options client__options(void);
void client__open(struct mf_options options);
void client__close(void);

struct mf_slot *client__slot(uint32_t slot);
uint8_t *client__out(uint32_t slot);
/* A step of a new sandbox, with a deadline far away. */
struct mf_slot *client__put(uint32_t slot, uint32_t snapshot, const struct guest_command *commands, uint32_t count);
/* A step of the sandbox that the slot's last step left parked. */
void client__resume(uint32_t slot, uint32_t sandbox, uint32_t generation);
/* Queues a slot, and wakes a worker for it. */
int client__submit(uint32_t slot);
/* Waits until the next step completes, and returns its slot. */
uint32_t client__next(void);
/* Submits a slot and waits for it, which must be the only one in flight. */
struct mf_slot *client__run(uint32_t slot);

#define COMMANDS(...) (const struct guest_command[]){__VA_ARGS__}, \
    sizeof((const struct guest_command[]){__VA_ARGS__}) / sizeof(struct guest_command)

/* A function's image: `pages` pages of its heap differ from the base. The buffer is mf_buffer_free's. */
uint8_t *client__build(uint32_t pages, size_t *length);
/* The same, loaded. */
uint32_t client__snapshot(uint32_t pages);
/* What COUNT says in a new sandbox. */
uint32_t client__count(uint32_t slot, uint32_t snapshot);
struct mf_stats client__stats(void);

#endif
