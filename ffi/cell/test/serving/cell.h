/*
 * A cell in the process of its test: its threads and its microVMs are real, the sockets to the server are not. The test is
 * the server.
 */
#ifndef MAYFLY_CELL_TEST_CELL_H
#define MAYFLY_CELL_TEST_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../cell.h"
#include "../../serve.h"

/* What the cell told last, of a request. */
struct told {
    int error;
    char text[CELL_TEXT_MAX];
    uint32_t sandbox, generation, tcp_port;
    uint32_t lines; /* of log */
    char line[MF_LOG_MAX + 1]; /* the last one */
};
extern struct told told;
extern _Atomic uint32_t damaged; /* the object that was last told to be */

/* A new serve with a ring of its own. The guests are programs in a folder. */
void cell_open(enum cell_mode mode, const char *guests);

/* Requests, that succeed: an object's number. */
uint32_t cell_view(void);
extern int cell_image; /* of the guests' folder */
uint32_t cell_load(int file, uint32_t parent);
uint32_t cell_load_as(int file, enum cell_protocol protocol, uint32_t tcp_port);
uint32_t cell_derive(uint32_t parent);
/* A program that is a file of the guests' folder. Whether it booted: `told` says more. */
bool cell_boot(enum cell_protocol protocol, const char *program, const char *argument);
bool cell_boot_within(enum cell_protocol protocol, const char *program, const char *argument, uint64_t ns);
bool cell_take(int file, uint32_t parent);
bool cell_drop(uint32_t object);
void cell_keep(uint32_t count, uint64_t bytes);
uint64_t cell_stat(const char *name);
void cell_request(struct cell_request *head, const char *strings, int file);
int cell_file(void);

/* ---- steps -------------------------------------------------------------------------------------------- */

struct frame {
    const struct mf_frame *head;
    const uint8_t *payload;
};

/* Frames in, for the next step of a slot. */
struct mf_slot *cell_slot(uint32_t slot);
void put_frame(uint32_t slot, uint8_t type, uint8_t flags, const void *payload, uint32_t length);
void put_request(uint32_t slot, uint8_t flags, const char *url, const char *headers);

/* A new slot for a step of a new sandbox, or of one that is there. */
void step_new(uint32_t slot, uint32_t object);
void step_of(uint32_t slot, uint32_t sandbox, uint32_t generation);
void step_again(uint32_t slot); /* of the sandbox that the slot's last step parked */
void step_submit(uint32_t slot);
void step_cancel(uint32_t slot);
/* Waits for it. The result. */
enum mf_step_result step_wait(uint32_t slot);
/* Likewise, asleep until the cell wakes the server. */
enum mf_step_result step_wait_asleep(uint32_t slot);
/* Whether it was completed by now. */
bool step_is_complete(uint32_t slot);
enum mf_step_result step_do(uint32_t slot);
/* A whole request of a new sandbox, with its wakes. */
enum mf_step_result ask(uint32_t object, const char *url);

/* The first frame of a type in what the last step of a slot wrote; `nth` from 0. */
bool find_frame(uint32_t slot, uint8_t type, uint32_t nth, struct frame *frame);
uint32_t count_frames(uint32_t slot, uint8_t type);
bool has_text(uint32_t slot, uint8_t type, const char *text);
uint64_t now_ns(void);

/* ---- results: "ok NAME", or "not ok NAME: why" -------------------------------------------------------- */

extern char why[512];

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            snprintf(why, sizeof why, "line %d: %s", __LINE__, #condition); \
            return;                                                         \
        }                                                                   \
    } while (0)

struct test {
    const char *name; /* a property */
    void (*run)(void);
};

int run_tests(const struct test *tests, size_t count);

#endif
