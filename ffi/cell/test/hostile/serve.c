/* In the place of what a cell does: what one would do that an attacker has all power over, jail and all. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../serve.h"
#include "calls.h"
#include "lies.h"

struct serve {
    struct cell_ring *ring;
};

int serve__open(struct vm_machine *machine, struct cell_ring *ring, enum cell_mode mode, struct serve **result) {
    static struct serve serve;
    (void)machine;
    (void)mode;
    serve.ring = ring;
    *result = &serve;
    return 0;
}

static void flood(void) {
    char text[CELL_TEXT_MAX];
    memset(text, 'x', sizeof text);
    for (;;) control__log(0, MF_LOG_ERROR, text, sizeof text);
}

static void fill_memory(void) {
    for (;;) {
        char *bytes = malloc(1 << 20);
        if (bytes == NULL) return;
        memset(bytes, 1, 1 << 20);
    }
}

static void *sleep_for_ever(void *data) {
    for (;;) sleep(1000);
    return data;
}

/* How many threads there can be. */
static int64_t count_threads(void) {
    pthread_t thread;
    int64_t count = 0;
    while (count < 100000 && pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0) count++;
    return count;
}

void serve__handle(struct serve *serve, struct control_request *request) {
    const char *name = request->strings;
    int is_known = 1;
    int64_t result = 0;
    if (strcmp(name, "flood") == 0) flood();
    else if (strcmp(name, "fill memory") == 0) fill_memory();
    else if (strcmp(name, "crash") == 0) __builtin_trap();
    else if (strcmp(name, "exit") == 0) _exit(3);
    else if (strcmp(name, "threads") == 0) result = count_threads();
    else {
        result = lies__tell(name, serve->ring);
        if (result == -ENOSYS) result = calls__try(name, request->file, &is_known);
    }
    if (request->file >= 0) close(request->file);
    if (!is_known) control__reply(request->head.id, -EDOM, "no such attack");
    else control__reply_sandbox(request->head.id, (uint32_t)(result < 0 ? -result : result), result < 0, 0);
}
