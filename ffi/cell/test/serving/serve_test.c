/* Steps of guests that speak frames: what they answer, how they end, what is left of them. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../../vm/vm.h"
#include "../../dial.h"
#include "cell.h"

static uint32_t base, function; /* the runtime's snapshot, and a function's, a difference */

static void make_snapshots(void) {
    int runtime = cell_file(), difference = cell_file();
    if (!cell_boot(CELL_FRAMES, "guest", "serve") || !cell_take(runtime, 0)) {
        printf("not ok a runtime boots: %s\n", told.text);
        exit(1);
    }
    base = cell_load(runtime, 0);
    uint32_t derived = cell_derive(base);
    step_new(0, derived);
    cell_slot(0)->flags = MF_STEP_HOLD;
    put_request(0, MF_HEAD_DEPLOY | MF_HEAD_HAS_BODY, "/deploy", "");
    put_frame(0, MF_CHUNK, 0, "mine ", 5);
    put_frame(0, MF_END, 0, "", 0);
    step_do(0);
    told.sandbox = cell_slot(0)->out_sandbox;
    told.generation = cell_slot(0)->out_generation;
    if (!cell_take(difference, base)) {
        printf("not ok a function is built: %s\n", told.text);
        exit(1);
    }
    step_again(0);
    cell_slot(0)->flags = MF_STEP_DISCARD;
    step_do(0);
    function = cell_load(difference, base);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

static void answers(void) {
    CHECK(ask(base, "/hello") == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "/hello"));
    CHECK(count_frames(0, MF_END) == 1 && count_frames(0, MF_EXIT) == 1);
    CHECK(cell_slot(0)->start == MF_START_CLONE || cell_slot(0)->start == MF_START_WARM);
    CHECK(cell_slot(0)->memory_peak > 0 && cell_slot(0)->cpu_ns > 0 && cell_slot(0)->run_ns > 0);
}

static void has_fresh_state(void) {
    for (int i = 0; i < 20; i++) {
        CHECK(ask(base, "/count") == MF_STEP_DONE);
        CHECK(has_text(0, MF_CHUNK, "1"));
    }
    CHECK(cell_slot(0)->start == MF_START_WARM);
}

static void switches(void) {
    for (int i = 0; i < 10; i++) {
        CHECK(ask(function, "/count") == MF_STEP_DONE);
        CHECK(has_text(0, MF_CHUNK, "mine 1"));
        CHECK(ask(base, "/count") == MF_STEP_DONE);
        CHECK(has_text(0, MF_CHUNK, "1") && !has_text(0, MF_CHUNK, "mine"));
    }
    CHECK(cell_stat("switches") > 0);
}

/* A VM whose answer came is back a little later. */
static void settle(void) {
    while (cell_stat("idle") + cell_stat("parked") < cell_stat("vms")) usleep(100);
}

static void ask_and_settle(uint32_t object, const char *answer) {
    CHECK(ask(object, "/count") == MF_STEP_DONE && has_text(0, MF_CHUNK, answer));
    settle();
}

static void share_vms(void) {
    settle();
    cell_keep(0, 0);
    cell_keep(16, UINT64_C(256) << 20);
    ask_and_settle(base, "1");
    uint64_t clones = cell_stat("clones"), switches = cell_stat("switches");
    for (int i = 0; i < 10; i++) {
        ask_and_settle(function, "mine 1");
        ask_and_settle(base, "1");
    }
    CHECK(cell_stat("clones") == clones);
    CHECK(cell_stat("switches") == switches + 20);
}

/* For what the test sends, however slow the machine is. */
static void waits_without_a_thread(void) {
    uint64_t parked = cell_stat("parked");
    for (uint32_t slot = 0; slot < CELL_SLOTS; slot++) {
        step_new(slot, base);
        put_request(slot, MF_HEAD_HAS_BODY, "/body", "");
        step_submit(slot);
    }
    for (uint32_t slot = 0; slot < CELL_SLOTS; slot++) CHECK(step_wait(slot) == MF_STEP_PARKED);
    CHECK(cell_stat("parked") == parked + CELL_SLOTS);
    for (uint32_t slot = 0; slot < CELL_SLOTS; slot++) {
        step_again(slot);
        put_frame(slot, MF_END, 0, "", 0);
        CHECK(step_do(slot) == MF_STEP_DONE);
        CHECK(has_text(slot, MF_CHUNK, "0"));
    }
    CHECK(cell_stat("parked") == parked);
}

/* That the last step of a slot gave. */
static uint32_t credit_of(uint32_t slot) {
    uint32_t credit = 0;
    struct frame frame;
    for (uint32_t i = 0; find_frame(slot, MF_CREDIT, i, &frame); i++) {
        credit += *(const uint32_t *)(const void *)frame.payload;
    }
    return credit;
}

#define MANY 1000u

static void many_wait_at_once(void) {
    static uint32_t sandboxes[MANY], generations[MANY];
    uint64_t parked = cell_stat("parked");
    for (uint32_t i = 0; i < MANY; i++) {
        step_new(0, base);
        put_request(0, 0, "/sleep/200", "");
        CHECK(step_do(0) == MF_STEP_PARKED);
        sandboxes[i] = cell_slot(0)->out_sandbox;
        generations[i] = cell_slot(0)->out_generation;
    }
    CHECK(cell_stat("parked") == parked + MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        step_of(0, sandboxes[i], generations[i]);
        while (step_do(0) == MF_STEP_PARKED) step_again(0);
        CHECK(has_text(0, MF_CHUNK, "slept"));
    }
    CHECK(cell_stat("parked") == parked && cell_stat("idle") <= cell_stat("keep"));
}

static void reads_a_body(void) {
    static uint8_t piece[MF_CHUNK_MAX];
    uint32_t sent = 0, steps = 0;
    step_new(0, base);
    put_request(0, MF_HEAD_HAS_BODY, "/body", "");
    put_frame(0, MF_CHUNK, 0, piece, sizeof piece);
    for (sent = 1; step_do(0) == MF_STEP_PARKED && steps < 1000; steps++) {
        uint32_t credit = credit_of(0);
        step_again(0);
        if (sent < 40 && credit > 0) put_frame(0, MF_CHUNK, 0, piece, sizeof piece), sent++;
        else if (sent == 40) put_frame(0, MF_END, 0, "", 0), sent++;
    }
    CHECK(cell_slot(0)->result == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "2621440"));
}

static void takes_more_than_the_port_holds(void) {
    static uint8_t piece[40000];
    step_new(0, base);
    put_request(0, MF_HEAD_HAS_BODY, "/deaf", "");
    for (int i = 0; i < 3; i++) put_frame(0, MF_CHUNK, 0, piece, sizeof piece);
    CHECK(step_do(0) == MF_STEP_PARKED);
    int steps = 0;
    enum mf_step_result result = MF_STEP_PARKED;
    for (; result == MF_STEP_PARKED && steps < 64; steps++) {
        step_again(0);
        for (int i = 0; i < 3; i++) put_frame(0, MF_CHUNK, 0, piece, sizeof piece);
        result = step_do(0);
    }
    CHECK(result == MF_STEP_DONE && steps > 4);
    CHECK(has_text(0, MF_EXIT, "reads"));
}

static void streams_more_than_a_step_holds(void) {
    uint64_t bytes = 0;
    uint32_t steps = 0;
    step_new(0, base);
    put_request(0, 0, "/stream/100", "");
    for (;; steps++) {
        enum mf_step_result result = step_do(0);
        struct frame frame;
        for (uint32_t i = 0; find_frame(0, MF_CHUNK, i, &frame); i++) bytes += frame.head->length;
        if (result == MF_STEP_DONE) break;
        CHECK(result == MF_STEP_PARKED && cell_slot(0)->wake_ms == 0);
        step_again(0);
    }
    CHECK(bytes == 100 * MF_CHUNK_MAX && steps >= 25);
    CHECK(count_frames(0, MF_EXIT) == 1);
}

static void takes_frames_byte_by_byte(void) {
    uint32_t chunks = 0;
    step_new(0, base);
    put_request(0, 0, "/dribble", "");
    while (step_do(0) == MF_STEP_PARKED) {
        chunks += count_frames(0, MF_CHUNK);
        step_again(0);
    }
    CHECK(cell_slot(0)->result == MF_STEP_DONE);
    CHECK(chunks + count_frames(0, MF_CHUNK) == 1);
}

/* ---- ends --------------------------------------------------------------------------------------------- */

static void dies_of_its_deadline(void) {
    uint64_t begun = now_ns();
    step_new(0, base);
    cell_slot(0)->deadline_ns = begun + 50000000;
    put_request(0, 0, "/spin", "");
    CHECK(step_do(0) == MF_STEP_DEADLINE);
    CHECK(cell_slot(0)->cpu_ns > 0);
    CHECK(ask(base, "/count") == MF_STEP_DONE && has_text(0, MF_CHUNK, "1"));
}

static void dies_of_its_cpu_time(void) {
    step_new(0, base);
    cell_slot(0)->cpu_left_ns = 30000000;
    put_request(0, 0, "/spin", "");
    CHECK(step_do(0) == MF_STEP_CPU);
    CHECK(cell_slot(0)->cpu_ns >= 30000000);
}

static void dies_when_it_is_canceled(void) {
    step_new(0, base);
    put_request(0, 0, "/spin", "");
    step_submit(0);
    usleep(20000);
    CHECK(!step_is_complete(0));
    step_cancel(0);
    CHECK(step_wait(0) == MF_STEP_CANCELED);
}

static void never_starts_when_it_is_late(void) {
    step_new(0, base);
    cell_slot(0)->deadline_ns = now_ns();
    put_request(0, 0, "/hello", "");
    CHECK(step_do(0) == MF_STEP_DEADLINE);
    CHECK(cell_slot(0)->out_length == 0 && cell_slot(0)->start == MF_START_NONE);
}

static void ends_in_every_way(void) {
    struct frame frame;
    CHECK(ask(base, "/exit/3") == MF_STEP_DONE);
    CHECK(has_text(0, MF_EXIT, "exited with status 3"));
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_STATUS);
    CHECK(ask(base, "/exit/0") == MF_STEP_DONE && has_text(0, MF_EXIT, "exited with status 0"));
    CHECK(ask(base, "/abort") == MF_STEP_TRAP && cell_slot(0)->trap == 6);
    CHECK(ask(base, "/memory") == MF_STEP_DONE);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_MEMORY);
    CHECK(ask(base, "/stuck") == MF_STEP_DONE);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_EXCEPTION);
    CHECK(ask(base, "/count") == MF_STEP_DONE && has_text(0, MF_CHUNK, "1"));
}

static void refuses_frames_that_are_none(void) {
    struct frame frame;
    CHECK(ask(base, "/call") == MF_STEP_DONE);
    CHECK(count_frames(0, MF_CALL) == 0);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_BAD_RESPONSE);
    CHECK(ask(base, "/huge") == MF_STEP_DONE);
    CHECK(count_frames(0, MF_CHUNK) == 0);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_BAD_RESPONSE);
    CHECK(ask(base, "/count") == MF_STEP_DONE && has_text(0, MF_CHUNK, "1"));
}

static void shows_no_half_of_a_frame(void) {
    step_new(0, base);
    put_request(0, 0, "/partial", "");
    CHECK(step_do(0) == MF_STEP_PARKED);
    CHECK(count_frames(0, MF_HEAD) == 1 && count_frames(0, MF_CHUNK) == 0);
    step_again(0);
    cell_slot(0)->flags = MF_STEP_DISCARD;
    CHECK(step_do(0) == MF_STEP_DONE);
}

static void knows_who_is_gone(void) {
    step_new(0, base);
    put_request(0, 0, "/sleep/1000", "");
    CHECK(step_do(0) == MF_STEP_PARKED);
    uint32_t sandbox = cell_slot(0)->out_sandbox, generation = cell_slot(0)->out_generation;
    step_of(0, sandbox, generation + 1);
    CHECK(step_do(0) == MF_STEP_STALE);
    step_of(0, sandbox, generation);
    cell_slot(0)->flags = MF_STEP_DISCARD;
    CHECK(step_do(0) == MF_STEP_DONE);
    step_of(0, sandbox, generation);
    CHECK(step_do(0) == MF_STEP_STALE);
    step_of(0, 123456, 0);
    CHECK(step_do(0) == MF_STEP_STALE);
    step_new(0, 9999);
    CHECK(step_do(0) == MF_STEP_HOST_ERROR && cell_slot(0)->error < 0);
}

/* ---- sharing ------------------------------------------------------------------------------------------ */

static void long_runs_let_short_ones_ahead(void) {
    for (uint32_t slot = 1; slot <= 8; slot++) {
        step_new(slot, base);
        put_request(slot, 0, "/spin", "");
        cell_slot(slot)->deadline_ns = now_ns() + UINT64_C(60000000000);
        cell_slot(slot)->cpu_left_ns = UINT64_MAX;
        step_submit(slot);
    }
    for (int i = 0; i < 5; i++) CHECK(ask(base, "/count") == MF_STEP_DONE && has_text(0, MF_CHUNK, "1"));
    for (uint32_t slot = 1; slot <= 8; slot++) CHECK(!step_is_complete(slot));
    CHECK(cell_stat("preempted") > 0);
    for (uint32_t slot = 1; slot <= 8; slot++) step_cancel(slot);
    for (uint32_t slot = 1; slot <= 8; slot++) CHECK(step_wait(slot) == MF_STEP_CANCELED);
}

#define CROWD 48u
#define EACH_LATE 6u

/* Of a crowd that computes some are late: how many others ran on before the last of these was ended. */
static uint64_t run_before_late_ones(void) {
    uint64_t deadline = now_ns() + 500000000;
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        step_new(slot, base);
        put_request(slot, 0, "/spin", "");
        cell_slot(slot)->deadline_ns = slot % EACH_LATE == 0 ? deadline : deadline + UINT64_C(60000000000);
        cell_slot(slot)->cpu_left_ns = UINT64_MAX;
        step_submit(slot);
    }
    while (now_ns() < deadline) usleep(1000);
    uint64_t before = cell_stat("preempted");
    for (uint32_t slot = 0; slot < CROWD; slot += EACH_LATE) step_wait(slot);
    uint64_t run = cell_stat("preempted") - before;
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        if (slot % EACH_LATE != 0) step_cancel(slot);
    }
    for (uint32_t slot = 0; slot < CROWD; slot++) {
        if (slot % EACH_LATE != 0) step_wait(slot);
    }
    return run;
}

static void late_runs_end_first(void) {
    uint64_t least = UINT64_MAX;
    /* This thread may be late itself to see it. */
    for (int tries = 0; tries < 5 && least >= CROWD / 4; tries++) {
        uint64_t run = run_before_late_ones();
        if (run < least) least = run;
        for (uint32_t slot = 0; slot < CROWD; slot++) {
            CHECK(cell_slot(slot)->result == (slot % EACH_LATE == 0 ? MF_STEP_DEADLINE : MF_STEP_CANCELED));
        }
    }
    CHECK(least < CROWD / 4);
}

static void long_runs_end_right(void) {
    for (uint32_t slot = 0; slot < 8; slot++) {
        step_new(slot, base);
        put_request(slot, 0, "/spin/100", "");
        step_submit(slot);
    }
    for (uint32_t slot = 0; slot < 8; slot++) {
        CHECK(step_wait(slot) == MF_STEP_DONE && has_text(slot, MF_CHUNK, "spun"));
    }
}

static void threads_take_turns_over_short_runs(void) {
    CHECK(ask(base, "/turns") == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "it had a turn"));
}

/* ---- logs --------------------------------------------------------------------------------------------- */

static void logs_lines_before_the_end(void) {
    struct frame frame;
    CHECK(ask(base, "/lines/3") == MF_STEP_DONE);
    CHECK(count_frames(0, MF_LOG) == 3);
    CHECK(find_frame(0, MF_LOG, 2, &frame) && memcmp(frame.payload, "line 2", 6) == 0 && frame.head->length == 6);
}

static void bounds_the_log(void) {
    uint32_t lines = 0;
    step_new(0, base);
    put_request(0, 0, "/lines/5000", "");
    while (step_do(0) == MF_STEP_PARKED) {
        lines += count_frames(0, MF_LOG);
        step_again(0);
    }
    CHECK(cell_slot(0)->result == MF_STEP_DONE);
    lines += count_frames(0, MF_LOG);
    CHECK(lines == (64 << 10) / MF_LOG_LINE_COST + 1);
    CHECK(has_text(0, MF_LOG, "more lines were dropped"));
}

static void keeps_characters_whole(void) {
    struct frame frame;
    CHECK(ask(base, "/strange") == MF_STEP_DONE);
    CHECK(find_frame(0, MF_LOG, 0, &frame));
    CHECK(frame.head->length <= MF_LOG_MAX && frame.head->length % 3 == 0);
    CHECK(find_frame(0, MF_LOG, 1, &frame));
    CHECK(frame.head->length == 9 && memcmp(frame.payload, "nul in it", 9) == 0);
    CHECK(has_text(0, MF_LOG, "no end"));
}

static void wakes_the_server(void) {
    for (uint32_t round = 0; round < 50; round++) {
        uint32_t count = 1 + round % 12;
        for (uint32_t slot = 0; slot < count; slot++) {
            /* One that computes on, among those that are over at once: nobody waits for it. */
            step_new(slot, base);
            put_request(slot, 0, slot == 5 ? "/spin" : "/count", "");
            step_submit(slot);
        }
        for (uint32_t slot = 0; slot < count; slot++) {
            if (slot != 5) CHECK(step_wait_asleep(slot) == MF_STEP_DONE);
        }
        if (count <= 5) continue;
        step_cancel(5);
        CHECK(step_wait_asleep(5) == MF_STEP_CANCELED);
    }
}

/* ---- objects ------------------------------------------------------------------------------------------ */

static void keeps_what_is_used(void) {
    step_new(1, function);
    put_request(1, 0, "/sleep/1", "");
    CHECK(step_do(1) == MF_STEP_PARKED);
    CHECK(cell_drop(function));
    CHECK(!cell_drop(function));
    step_again(1);
    usleep(5000);
    CHECK(step_do(1) == MF_STEP_DONE && has_text(1, MF_CHUNK, "slept"));
    step_new(1, function);
    CHECK(step_do(1) == MF_STEP_HOST_ERROR);
}

static void keeps_as_many_as_it_may(void) {
    cell_keep(2, UINT64_MAX);
    waits_without_a_thread();
    if (why[0] != 0) return;
    CHECK(cell_stat("idle") <= 2);
    cell_keep(0, 0);
    CHECK(cell_stat("idle") == 0);
    while (cell_stat("vms") > cell_stat("parked")) usleep(1000);
    cell_keep(16, UINT64_C(256) << 20);
    CHECK(ask(base, "/count") == MF_STEP_DONE);
    CHECK(cell_slot(0)->start == MF_START_CLONE);
    /* A VM is reset after its answer. */
    while (cell_slot(0)->start != MF_START_WARM) CHECK(ask(base, "/count") == MF_STEP_DONE);
}

static void finds_damage(void) {
    int file = cell_file();
    CHECK(cell_boot(CELL_FRAMES, "guest", "serve") && cell_take(file, 0));
    off_t size = lseek(file, 0, SEEK_END);
    uint32_t fine = cell_load(file, 0);
    uint8_t byte;
    CHECK(pread(file, &byte, 1, size - 5000) == 1);
    byte ^= 1;
    CHECK(pwrite(file, &byte, 1, size - 5000) == 1);
    uint32_t bad = cell_load(file, 0);
    while (damaged != bad && damaged != fine) usleep(1000);
}

/* ---- the proxy ---------------------------------------------------------------------------------------- */

#define ANSWER_OF(id) ((const uint32_t[2]){(id), 0})

static uint32_t call_id(uint32_t slot, uint32_t operation) {
    struct frame frame;
    for (uint32_t i = 0; find_frame(slot, MF_CALL, i, &frame); i++) {
        const uint32_t *words = (const uint32_t *)(const void *)frame.payload;
        if (words[1] == (0x500 | operation)) return words[0];
    }
    return 0;
}

static void put_answer(uint32_t slot, uint32_t id, const char *text) {
    uint8_t payload[256] = {0};
    memcpy(payload, &id, sizeof id);
    memcpy(payload + 8, text, strlen(text));
    put_frame(slot, MF_ANSWER, 0, payload, 8 + (uint32_t)strlen(text));
}

static void serves_its_proxy(void) {
    step_new(0, base);
    put_request(0, 0, "/dial", "");
    CHECK(step_do(0) == MF_STEP_PARKED);
    uint32_t open = call_id(0, 1), write = call_id(0, 2), read = call_id(0, 3);
    CHECK(open != 0 && write != 0 && read != 0 && open >> 31 == 1);
    CHECK(has_text(0, MF_CALL, "hello"));
    step_again(0);
    put_answer(0, open, "");
    put_answer(0, write, "");
    put_answer(0, read, "good ");
    CHECK(step_do(0) == MF_STEP_PARKED && call_id(0, 3) == read);
    step_again(0);
    put_answer(0, read, "day");
    CHECK(step_do(0) == MF_STEP_PARKED && call_id(0, 3) == read);
    step_again(0);
    put_answer(0, read, "");
    CHECK(step_do(0) == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "good day"));
}

struct dials {
    uint32_t opened, closed, most, held;
    uint32_t reads[VM_DIALED_MAX]; /* that are answered when as many were opened as there can be at once */
    uint8_t was_read[1024];
};

/* Calls of the last step, answered in the next: with ! to what is read, once. */
static void answer_dials(struct dials *dials) {
    static struct dial_call { uint32_t id, operation; } calls[8 * VM_DIALED_MAX];
    uint32_t count = 0;
    struct frame frame;
    for (; count < 8 * VM_DIALED_MAX && find_frame(0, MF_CALL, count, &frame); count++)
        memcpy(&calls[count], frame.payload, sizeof *calls);
    step_again(0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t operation = calls[i].operation & 0xff, number = (calls[i].id & ~DIAL_ID) >> 8;
        if (operation == 1) dials->opened++;
        if (operation == 4) dials->closed++;
        bool is_first = operation == 3 && !dials->was_read[number % 1024]++;
        if (is_first && dials->opened < VM_DIALED_MAX) dials->reads[dials->held++] = calls[i].id;
        else put_answer(0, calls[i].id, is_first ? "!" : "");
    }
    if (dials->opened - dials->closed > dials->most) dials->most = dials->opened - dials->closed;
    if (dials->opened < VM_DIALED_MAX) return;
    for (uint32_t i = 0; i < dials->held; i++) put_answer(0, dials->reads[i], "!");
    dials->held = 0;
}

static void lets_connections_wait_for_each_other(void) {
    struct dials dials = {0};
    uint32_t steps = 0;
    enum mf_step_result result;
    step_new(0, base);
    put_request(0, 0, "/dial/60", "");
    while ((result = step_do(0)) == MF_STEP_PARKED && ++steps < 1000) answer_dials(&dials);
    CHECK(result == MF_STEP_DONE && has_text(0, MF_CHUNK, "60 heard"));
    CHECK(dials.opened == 60 && dials.most == VM_DIALED_MAX);
}

/* ---- booting ------------------------------------------------------------------------------------------ */

static void says_why_it_did_not_boot(void) {
    CHECK(!cell_boot(CELL_FRAMES, "guest", "fail"));
    CHECK(strstr(told.text, "exited with status 7") != NULL);
    CHECK(strcmp(told.line, "it cannot begin") == 0);
    CHECK(!cell_boot(CELL_FRAMES, "guest", "abort") && strstr(told.text, "signal 6") != NULL);
    CHECK(!cell_boot(CELL_FRAMES, "guest", "spin") && strstr(told.text, "within its buildTimeoutMs") != NULL);
    CHECK(!cell_boot(CELL_FRAMES, "guest", "memory") && strstr(told.text, "64 MB") != NULL);
    CHECK(!cell_boot(CELL_FRAMES, "guest", "stdin") && strstr(told.text, "never waited for a request") != NULL);
    CHECK(!cell_boot(CELL_FRAMES, "guest", "early") && strstr(told.text, "before its first request") != NULL);
    CHECK(!cell_boot(CELL_FRAMES, "nothing", "") && strstr(told.text, "Cannot boot: cannot load /nothing") != NULL);
}

static atomic_bool computes_beside;

static void *compute_beside(void *data) {
    while (computes_beside) continue;
    return data;
}

/* It computes for 100 ms, and has a third of its core. */
static bool boots_beside_others(uint64_t within_ns) {
    cpu_set_t all, one;
    pthread_t others[2];
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    computes_beside = true;
    for (int i = 0; i < 2; i++) pthread_create(&others[i], NULL, compute_beside, NULL);
    bool has_booted = cell_boot_within(CELL_FRAMES, "guest", "compute", within_ns);
    computes_beside = false;
    for (int i = 0; i < 2; i++) pthread_join(others[i], NULL);
    sched_setaffinity(0, sizeof all, &all);
    return has_booted;
}

static void boots_where_there_is_too_little(void) {
    bool has_booted = false;
    /* The machine may have even less at times. */
    for (int tries = 0; tries < 10 && !has_booted; tries++) has_booted = boots_beside_others(150000000);
    CHECK(has_booted);
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    static const struct test tests[] = {
        {"a request is answered", answers},
        {"each request finds the state of the snapshot", has_fresh_state},
        {"a VM is switched between functions of a runtime", switches},
        {"functions that are alike share VMs", share_vms},
        {"guests that wait hold no thread", waits_without_a_thread},
        {"a thousand guests of one snapshot wait at once", many_wait_at_once},
        {"a body comes as the guest takes it", reads_a_body},
        {"input that is never read has a bound", takes_more_than_the_port_holds},
        {"a response is longer than a step", streams_more_than_a_step_holds},
        {"a frame may come byte by byte", takes_frames_byte_by_byte},
        {"a guest that computes on is killed at its deadline", dies_of_its_deadline},
        {"a guest that computes on is killed when its CPU time is used up", dies_of_its_cpu_time},
        {"a guest that computes on is killed when it is canceled", dies_when_it_is_canceled},
        {"a step that is late never starts", never_starts_when_it_is_late},
        {"a guest's end is told, and the next request sees nothing of it", ends_in_every_way},
        {"frames that are none of a function's are refused", refuses_frames_that_are_none},
        {"half of a frame is not shown", shows_no_half_of_a_frame},
        {"a sandbox that is gone is stale", knows_who_is_gone},
        {"the server is woken for what is complete, however many steps wait", wakes_the_server},
        {"a long run lets short ones ahead", long_runs_let_short_ones_ahead},
        {"a run that was set aside and is late by then ends before others go on", late_runs_end_first},
        {"a run that was set aside goes on as it was", long_runs_end_right},
        {"a guest's threads take turns, however short its runs are", threads_take_turns_over_short_runs},
        {"lines of a log come before the request's end", logs_lines_before_the_end},
        {"a log is bounded", bounds_the_log},
        {"lines are cut between characters", keeps_characters_whole},
        {"a guest's connection to its proxy is served by host calls", serves_its_proxy},
        {"connections to the proxy beyond those at once wait for these", lets_connections_wait_for_each_other},
        {"no more VMs are idle than may be", keeps_as_many_as_it_may},
        {"a damaged snapshot is told of", finds_damage},
        {"an object is dropped once nothing uses it", keeps_what_is_used},
        {"a program's time to boot is what it computes and waits, also where others compute", boots_where_there_is_too_little},
        {"why a program did not boot is said", says_why_it_did_not_boot},
    };
    const struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);
    cell_open(CELL_BUILDS, arguments[1]);
    make_snapshots();
    /* At once: its threads have no end. */
    _exit(run_tests(tests, sizeof tests / sizeof *tests));
}
