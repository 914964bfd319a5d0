/*
 * What a cell adds to a request: microseconds, median and p99, by the engine alone and through the ring; and a burst of a
 * thousand requests that sleep. Arguments: the guests' folder, how many runs.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../../vm/port.h"
#include "../../../vm/view.h"
#include "../../../vm/vm.h"
#include "cell.h"

#define BURST 1000u
#define SAMPLES_MAX 100000u

static double samples[SAMPLES_MAX];
static uint32_t count, runs;

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name) {
    qsort(samples, count, sizeof *samples, compare);
    printf("{\"name\":\"%s\",\"count\":%u,\"median\":%.1f,\"p99\":%.1f}\n", name, count, samples[count / 2],
           samples[count * 99 / 100]);
    fflush(stdout);
    count = 0;
}

static void sample(uint64_t begun) {
    if (count < SAMPLES_MAX) samples[count++] = (double)(now_ns() - begun) / 1000;
}

/* The same bytes as a step has, without a cell: reset, feed, run, take. */
static void by_the_engine(int file, int image) {
    struct vm_machine *machine;
    struct vm_text text;
    struct view *view;
    struct vm_snapshot *snapshot;
    struct vm *vm;
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (vm_machine_open(kvm, -1, &machine, &text) != 0 || view_image__open(image, &view) != 0) exit(1);
    if (vm_snapshot_load(machine, file, NULL, &view, 1, &snapshot, &text) != 0 || vm_clone(snapshot, &vm) != 0) exit(1);
    cell_slot(0)->in_length = 0;
    put_request(0, 0, "/hello", "");
    static uint8_t out[65536];
    for (uint32_t i = 0; i < runs + 50; i++) {
        uint64_t begun = now_ns();
        struct vm_exit end;
        const struct vm_run run = {.deadline_ns = begun + 1000000000, .cpu_ns = 1000000000, .stop_for_output = 1};
        vm_feed(vm, PORT_FRAMES, (uint8_t *)cell_slot(0) + MF_SLOT_IN, cell_slot(0)->in_length, 0);
        if (vm_run(vm, &run, &end) != 0 || vm_take(vm, PORT_FRAMES, out, sizeof out) == 0) exit(1);
        if (i >= 50) sample(begun);
        if (vm_reset(vm) != 0) exit(1);
    }
    report("a request by the engine alone");
    vm_close(vm);
    vm_snapshot_close(snapshot);
    vm_machine_close(machine);
}

static void through_the_ring(uint32_t object, uint32_t pause_us, const char *name) {
    for (uint32_t i = 0; i < runs + 50; i++) {
        /* Busy, as a server is between two requests: asleep, this core would be slow to wake. */
        for (uint64_t end = now_ns() + pause_us * 1000u; now_ns() < end;) continue;
        step_new(0, object);
        put_request(0, 0, "/hello", "");
        uint64_t begun = now_ns();
        step_submit(0);
        while (!step_is_complete(0)) continue;
        if (cell_slot(0)->result != MF_STEP_DONE) exit(1);
        if (i >= 50) sample(begun);
    }
    report(name);
}

static void number(const char *name, double value) {
    printf("{\"name\":\"%s\",\"count\":1,\"median\":%.1f,\"p99\":%.1f}\n", name, value, value);
    fflush(stdout);
}

static void burst(uint32_t object, uint32_t many) {
    static uint32_t sandboxes[BURST], generations[BURST];
    uint64_t begun = now_ns();
    for (uint32_t first = 0; first < many; first += CELL_SLOTS) {
        uint32_t some = many - first < CELL_SLOTS ? many - first : CELL_SLOTS;
        for (uint32_t slot = 0; slot < some; slot++) {
            step_new(slot, object);
            put_request(slot, 0, "/sleep/50", "");
            step_submit(slot);
        }
        for (uint32_t slot = 0; slot < some; slot++) {
            if (step_wait(slot) != MF_STEP_PARKED) exit(1);
            sandboxes[first + slot] = cell_slot(slot)->out_sandbox;
            generations[first + slot] = cell_slot(slot)->out_generation;
        }
    }
    number("a burst is parked, ms", (double)(now_ns() - begun) / 1e6);
    usleep(50000);
    for (uint32_t first = 0; first < many; first += CELL_SLOTS) {
        uint32_t some = many - first < CELL_SLOTS ? many - first : CELL_SLOTS;
        for (uint32_t slot = 0; slot < some; slot++) {
            step_of(slot, sandboxes[first + slot], generations[first + slot]);
            step_submit(slot);
        }
        for (uint32_t slot = 0; slot < some; slot++) {
            while (step_wait(slot) == MF_STEP_PARKED) step_again(slot), step_submit(slot);
            if (cell_slot(slot)->result != MF_STEP_DONE) exit(1);
        }
    }
    number("a burst has answered, ms", (double)(now_ns() - begun) / 1e6);
}

int main(int arguments, char **argument) {
    if (arguments < 3) return 2;
    runs = (uint32_t)atoi(argument[2]);
    const struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    cell_open(CELL_BUILDS, argument[1]);
    int file = cell_file();
    if (!cell_boot(CELL_FRAMES, "guest", "serve") || !cell_take(file, 0)) return 1;
    uint32_t object = cell_load(file, 0);
    by_the_engine(file, cell_image);
    through_the_ring(object, 0, "a request through the ring, one after the other");
    through_the_ring(object, 100, "a request through the ring, 100 us between two");
    through_the_ring(object, 1000, "a request through the ring, 1 ms between two");
    burst(object, runs < BURST ? runs : BURST);
    _exit(0);
}
