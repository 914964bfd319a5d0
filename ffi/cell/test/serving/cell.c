#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../../vm/image_pack.h"
#include "../../control.h"

#define PATIENCE_NS UINT64_C(20000000000)
#define MEMORY_BYTES (UINT64_C(64) << 20)
#define SECOND UINT64_C(1000000000)

struct told told;
_Atomic uint32_t damaged;
char why[512];
int cell_image;

static struct cell_ring *ring;
static struct serve *serve;
static const char *guests_folder;
static uint32_t collected, view, last_object;
static bool complete[CELL_SLOTS];

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    printf("not ok the test itself: %s: %s\n", what, told.text);
    exit(1);
}

/* ---- the cell's words --------------------------------------------------------------------------------- */

void control__reply(uint32_t id, int error, const char *text) {
    (void)id;
    told.error = error;
    snprintf(told.text, sizeof told.text, "%s", text == NULL ? "" : text);
}

void control__reply_sandbox(uint32_t id, uint32_t sandbox, uint32_t generation, uint32_t tcp_port) {
    control__reply(id, 0, NULL);
    told.sandbox = sandbox;
    told.generation = generation;
    told.tcp_port = tcp_port;
}

void control__log(uint32_t id, enum mf_log_level level, const char *text, uint32_t bytes) {
    (void)id, (void)level;
    told.lines++;
    snprintf(told.line, sizeof told.line, "%.*s", (int)bytes, text);
}

void control__damaged(uint32_t object) {
    damaged = object;
}

/* As where a socket is written to: the server is awake before this comes back. */
void control__wake(void) {
    const struct timespec pause = {0, 50000};
    nanosleep(&pause, NULL);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

void cell_request(struct cell_request *head, const char *strings, int file) {
    struct control_request *request = calloc(1, sizeof *request);
    if (request == NULL) fail("memory");
    request->head = *head;
    request->file = file < 0 ? -1 : dup(file);
    if (strings != NULL) memcpy(request->strings, strings, head->string_bytes);
    told.lines = 0;
    told.line[0] = 0;
    told.error = 1;
    serve__handle(serve, request);
    free(request);
}

int cell_file(void) {
    int file = memfd_create("file", MFD_CLOEXEC);
    if (file < 0) fail("a file");
    return file;
}

uint32_t cell_view(void) {
    const struct image_source source = {guests_folder, "/"};
    struct vm_text text;
    int file = cell_image = cell_file();
    if (image__pack(file, &source, 1, &text) != 0) fail("pack the image");
    struct cell_request head = {.operation = CELL_VIEW, .object = ++last_object};
    cell_request(&head, NULL, file);
    if (told.error != 0) fail("open the view");
    return last_object;
}

/* One for all cells of the process: it has a signal of its own. */
static struct vm_machine *machine_of_all(void) {
    static struct vm_machine *machine;
    struct vm_text text;
    int kvm = machine == NULL ? open("/dev/kvm", O_RDWR | O_CLOEXEC) : -1;
    if (machine == NULL && (kvm < 0 || vm_machine_open(kvm, -1, &machine, &text) != 0)) fail("open the machine");
    if (kvm >= 0) close(kvm);
    return machine;
}

void cell_open(enum cell_mode mode, const char *guests) {
    guests_folder = guests;
    ring = mmap(NULL, CELL_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED || serve__open(machine_of_all(), ring, mode, &serve) != 0) fail("open the cell");
    collected = 0;
    view = cell_view();
}

static struct cell_request object_request(enum cell_operation operation, uint32_t parent) {
    return (struct cell_request){
        .operation = operation,
        .object = ++last_object,
        .parent = parent,
        .views = {view},
        .view_count = 1,
        .protocol = CELL_FRAMES,
        .memory_bytes = MEMORY_BYTES,
        .log_bytes = 64 << 10,
        .deadline_ns = now_ns() + 2 * SECOND,
    };
}

static uint32_t load(struct cell_request *head, int file) {
    cell_request(head, NULL, file);
    if (told.error != 0) fail("load the snapshot");
    return last_object;
}

uint32_t cell_load(int file, uint32_t parent) {
    struct cell_request head = object_request(CELL_LOAD, parent);
    return load(&head, file);
}

uint32_t cell_load_as(int file, enum cell_protocol protocol, uint32_t tcp_port) {
    struct cell_request head = object_request(CELL_LOAD, 0);
    head.protocol = protocol;
    head.tcp_port = tcp_port;
    return load(&head, file);
}

uint32_t cell_derive(uint32_t parent) {
    struct cell_request head = object_request(CELL_DERIVE, parent);
    cell_request(&head, NULL, -1);
    if (told.error != 0) fail("derive");
    return last_object;
}

bool cell_boot(enum cell_protocol protocol, const char *program, const char *argument) {
    return cell_boot_within(protocol, program, argument, 2 * SECOND);
}

bool cell_boot_within(enum cell_protocol protocol, const char *program, const char *argument, uint64_t ns) {
    struct cell_request head = object_request(CELL_BOOT, 0);
    char strings[512];
    int length = snprintf(strings, sizeof strings, "/%s%c%s%cHOME=/tmp%c/", program, 0, argument, 0, 0) + 1;
    head.protocol = protocol;
    head.deadline_ns = now_ns() + ns;
    head.arguments = 2;
    head.environment = 1;
    head.string_bytes = (uint32_t)length;
    cell_request(&head, strings, -1);
    return told.error == 0;
}

bool cell_take(int file, uint32_t parent) {
    struct cell_request head = {
        .operation = CELL_TAKE, .sandbox = told.sandbox, .generation = told.generation, .parent = parent};
    cell_request(&head, NULL, file);
    return told.error == 0;
}

bool cell_drop(uint32_t object) {
    struct cell_request head = {.operation = CELL_DROP, .object = object};
    cell_request(&head, NULL, -1);
    return told.error == 0;
}

void cell_keep(uint32_t count, uint64_t bytes) {
    struct cell_request head = {.operation = CELL_KEEP, .count = count, .memory_bytes = bytes};
    cell_request(&head, NULL, -1);
}

uint64_t cell_stat(const char *name) {
    struct cell_request head = {.operation = CELL_STATS};
    cell_request(&head, NULL, -1);
    size_t length = strlen(name);
    for (const char *line = told.text; line != NULL && *line != 0; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, length) == 0 && line[length] == '=') return strtoull(line + length + 1, NULL, 10);
    }
    fail(name);
    return 0;
}

/* ---- steps -------------------------------------------------------------------------------------------- */

struct mf_slot *cell_slot(uint32_t slot) {
    return (struct mf_slot *)(void *)((uint8_t *)ring + CELL_RING_SLOTS + (uint64_t)slot * MF_SLOT_BYTES);
}

static uint8_t *in_of(uint32_t slot) {
    return (uint8_t *)cell_slot(slot) + MF_SLOT_IN;
}

void put_frame(uint32_t slot, uint8_t type, uint8_t flags, const void *payload, uint32_t length) {
    struct mf_slot *shared = cell_slot(slot);
    const struct mf_frame head = {.type = type, .flags = flags, .length = length};
    uint8_t *at = in_of(slot) + shared->in_length;
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, payload, length);
    shared->in_length += (uint32_t)sizeof head + ((length + 3) & ~3u);
}

void put_request(uint32_t slot, uint8_t flags, const char *url, const char *headers) {
    const char *const strings[MF_REQUEST_STRINGS] = {"GET", url, headers, "id", ""};
    uint8_t payload[4096];
    uint32_t size = MF_REQUEST_STRINGS * 4;
    for (uint32_t i = 0; i < MF_REQUEST_STRINGS; i++) {
        uint32_t length = (uint32_t)strlen(strings[i]);
        memcpy(payload + i * 4, &length, 4);
        memcpy(payload + size, strings[i], length);
        size += length;
    }
    put_frame(slot, MF_HEAD, flags, payload, size);
}

void step_of(uint32_t slot, uint32_t sandbox, uint32_t generation) {
    *cell_slot(slot) = (struct mf_slot){
        .sandbox = sandbox,
        .generation = generation,
        .deadline_ns = now_ns() + 10 * SECOND,
        .cpu_left_ns = 10 * SECOND,
    };
}

void step_new(uint32_t slot, uint32_t object) {
    step_of(slot, MF_NEW, 0);
    cell_slot(slot)->snapshot = object;
}

void step_again(uint32_t slot) {
    const struct mf_slot before = *cell_slot(slot);
    step_of(slot, before.out_sandbox, before.out_generation);
}

void step_submit(uint32_t slot) {
    complete[slot] = false;
    ring->canceled[slot] = 0;
    ring->parked = 1;
    uint32_t tail = ring->submitted_tail;
    ring->submitted[tail % CELL_SLOTS] = slot;
    ring->submitted_tail = tail + 1;
    if (ring->sleepers > 0) syscall(SYS_futex, &ring->submitted_tail, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void step_cancel(uint32_t slot) {
    ring->canceled[slot]++;
}

bool step_is_complete(uint32_t slot) {
    for (; collected != ring->completed_tail; collected++) complete[ring->completed[collected % CELL_SLOTS]] = true;
    return complete[slot];
}

enum mf_step_result step_wait(uint32_t slot) {
    uint64_t end = now_ns() + PATIENCE_NS;
    while (!step_is_complete(slot)) {
        if (now_ns() > end) fail("a step is never complete");
        const struct timespec pause = {0, 50000};
        nanosleep(&pause, NULL);
    }
    return (enum mf_step_result)cell_slot(slot)->result;
}

static bool has_parked(void) {
    ring->wake_at = collected + CELL_SLOTS / 4;
    ring->parked = 1;
    if (ring->completed_tail == collected) return true;
    ring->parked = 0;
    return false;
}

enum mf_step_result step_wait_asleep(uint32_t slot) {
    uint64_t end = now_ns() + PATIENCE_NS;
    while (!step_is_complete(slot)) {
        if (!has_parked()) continue;
        while (ring->parked != 0) {
            if (now_ns() > end) fail("the server is never woken");
            const struct timespec pause = {0, 20000};
            nanosleep(&pause, NULL);
        }
    }
    return (enum mf_step_result)cell_slot(slot)->result;
}

enum mf_step_result step_do(uint32_t slot) {
    step_submit(slot);
    return step_wait(slot);
}

static void wait_ms(uint32_t ms) {
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

enum mf_step_result ask(uint32_t object, const char *url) {
    step_new(0, object);
    put_request(0, 0, url, "");
    enum mf_step_result result = step_do(0);
    while (result == MF_STEP_PARKED && cell_slot(0)->wake_ms != MF_NO_WAKE) {
        wait_ms(cell_slot(0)->wake_ms);
        step_again(0);
        result = step_do(0);
    }
    return result;
}

/* ---- frames ------------------------------------------------------------------------------------------- */

bool find_frame(uint32_t slot, uint8_t type, uint32_t nth, struct frame *frame) {
    const uint8_t *out = (const uint8_t *)cell_slot(slot) + MF_SLOT_OUT;
    uint32_t length = cell_slot(slot)->out_length;
    for (uint32_t at = 0; at < length;) {
        frame->head = (const struct mf_frame *)(const void *)(out + at);
        frame->payload = out + at + sizeof(struct mf_frame);
        at += (uint32_t)sizeof(struct mf_frame) + ((frame->head->length + 3) & ~3u);
        if (at > length) fail("a frame is cut");
        if (frame->head->type == type && nth-- == 0) return true;
    }
    return false;
}

uint32_t count_frames(uint32_t slot, uint8_t type) {
    struct frame frame;
    uint32_t count = 0;
    while (find_frame(slot, type, count, &frame)) count++;
    return count;
}

bool has_text(uint32_t slot, uint8_t type, const char *text) {
    struct frame frame;
    size_t length = strlen(text);
    for (uint32_t i = 0; find_frame(slot, type, i, &frame); i++) {
        if (memmem(frame.payload, frame.head->length, text, length) != NULL) return true;
    }
    return false;
}

/* ---- results ------------------------------------------------------------------------------------------ */

int run_tests(const struct test *tests, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        why[0] = 0;
        tests[i].run();
        if (why[0] == 0) printf("ok %s\n", tests[i].name);
        else printf("not ok %s: %s\n", tests[i].name, why), failed = 1;
        fflush(stdout);
    }
    return failed;
}
