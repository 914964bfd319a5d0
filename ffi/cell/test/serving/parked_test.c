/* Many guests wait at once, some come too late, and their slots are used again at once: nobody is taken for another. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cell.h"

#define GUESTS 200u
#define AGAIN 200u
/* More than any of these guests computes, and all of the cores together in such a test. */
#define MUCH_CPU_NS UINT64_C(5000000000)

static uint32_t base;

struct parked {
    uint32_t sandbox, generation;
};

static void park(uint32_t slot, struct parked *parked) {
    *parked = (struct parked){cell_slot(slot)->out_sandbox, cell_slot(slot)->out_generation};
}

/* True: what was told of the step can be. */
static bool is_sane(uint32_t slot) {
    const struct mf_slot *told = cell_slot(slot);
    return told->cpu_ns < MUCH_CPU_NS && told->run_ns < MUCH_CPU_NS && told->trap == 0;
}

static bool begin(uint32_t slot, const char *url, struct parked *parked) {
    step_new(slot, base);
    put_request(slot, 0, url, "");
    if (step_do(slot) != MF_STEP_PARKED || !is_sane(slot)) return false;
    park(slot, parked);
    return true;
}

/* A step that is late ends its sandbox. The moment that the slot is the server's again, another step is in it. */
static bool comes_too_late(uint32_t slot, const struct parked *parked) {
    step_of(slot, parked->sandbox, parked->generation);
    cell_slot(slot)->deadline_ns = now_ns();
    step_submit(slot);
    while (!step_is_complete(slot)) continue;
    return cell_slot(slot)->result == MF_STEP_DEADLINE;
}

static bool goes_on(uint32_t slot, const struct parked *parked) {
    step_of(slot, parked->sandbox, parked->generation);
    enum mf_step_result result = step_do(slot);
    while (result == MF_STEP_PARKED && is_sane(slot)) {
        step_again(slot);
        result = step_do(slot);
    }
    return result == MF_STEP_DONE && is_sane(slot) && has_text(slot, MF_CHUNK, "slept");
}

static void those_that_are_left_go_on(void) {
    static struct parked parked[GUESTS];
    for (uint32_t i = 0; i < GUESTS; i++) CHECK(begin(i % CELL_SLOTS, "/sleep/50", &parked[i]));
    for (uint32_t i = 0; i < GUESTS; i += 2) {
        uint32_t slot = i % CELL_SLOTS;
        CHECK(comes_too_late(slot, &parked[i]));
        CHECK(begin(slot, "/sleep/20", &parked[i]));
    }
    for (uint32_t i = 0; i < GUESTS; i++) CHECK(goes_on(i % CELL_SLOTS, &parked[i]));
}

static void a_slot_is_used_again_at_once(void) {
    for (uint32_t i = 0; i < AGAIN; i++) {
        uint32_t slot = i % CELL_SLOTS;
        struct parked parked;
        CHECK(begin(slot, "/sleep/1000", &parked));
        CHECK(comes_too_late(slot, &parked));
        step_new(slot, base);
        put_request(slot, 0, "/spin/1", "");
        CHECK(step_do(slot) == MF_STEP_DONE && is_sane(slot));
        CHECK(has_text(slot, MF_CHUNK, "spun"));
    }
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    static const struct test tests[] = {
        {"guests that wait go on, whoever else came too late", those_that_are_left_go_on},
        {"a slot may be used the moment its step is complete", a_slot_is_used_again_at_once},
    };
    const struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    cell_open(CELL_BUILDS, arguments[1]);
    int runtime = cell_file();
    if (!cell_boot(CELL_FRAMES, "guest", "serve") || !cell_take(runtime, 0)) return 1;
    base = cell_load(runtime, 0);
    /* At once: its threads have no end. */
    _exit(run_tests(tests, sizeof tests / sizeof *tests));
}
