/* WASI modules that try to get out, to crash the server, or to use more than they may. */
#include <errno.h>

#include "wasi_client.h"

static void expect_exit(const char *text, uint32_t code) {
    uint32_t module = wasi__load(text, 4 * MiB, "");
    struct wasi_answer *answer = wasi__get(module);
    struct mf_slot *slot = client__slot(0);
    if (slot->result != MF_STEP_DONE || answer->exit_code != code) {
        fprintf(stderr, "result %u, exit %u, log %s\n", slot->result, answer->exit_code, answer->log);
    }
    CHECK(slot->result == MF_STEP_DONE && answer->exit_code == code);
    CHECK(mf_snapshot_drop(module) == 0);
}

static void pointers_are_checked(void) {
    static const char *const CALLS[] = {
        "(call $write (i32.const 1) (i32.const -1) (i32.const 1) (i32.const 8))",
        "(call $write (i32.const 1) (i32.const 131065) (i32.const 1) (i32.const 8))",
        "(call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const -1))",
        "(call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 131069))",
        "(call $read (i32.const 0) (i32.const -8) (i32.const 2) (i32.const 8))",
        "(call $random (i32.const -1) (i32.const 1))",
        "(call $random (i32.const 1) (i32.const -1))",
        "(call $random (i32.const 131072) (i32.const 1))",
        "(call $clock (i32.const 0) (i64.const 0) (i32.const 131068))",
        "(call $environ (i32.const 131070) (i32.const 1024))",
        "(call $environ (i32.const 1024) (i32.const 131070))",
        "(call $environ_sizes (i32.const -4) (i32.const 1024))",
        "(call $environ_sizes (i32.const 1024) (i32.const -1))",
        "(call $args (i32.const -1) (i32.const 1024))",
        "(call $args (i32.const 1024) (i32.const 131071))",
        "(call $args_sizes (i32.const 131072) (i32.const 1024))",
        "(call $poll (i32.const -48) (i32.const 1024) (i32.const 1) (i32.const 1024))",
        "(call $poll (i32.const 1024) (i32.const 131060) (i32.const 1) (i32.const 1024))",
        "(call $poll (i32.const 1024) (i32.const 1024) (i32.const 1) (i32.const -2))",
        "(call $fdstat (i32.const 1) (i32.const 131060))",
        "(call $filestat (i32.const 1) (i32.const -64))",
    };
    client__open(client__options());
    for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++) {
        char text[8192];
        /* 21 is EFAULT. */
        snprintf(text, sizeof text, "(module " WASI_IMPORTS WASI_HEAD "(func (export \"_start\") "
                 "(if (i32.ne %s (i32.const 21)) (then (call $exit (i32.const 9)))) " WASI_ANSWER "))", CALLS[i]);
        expect_exit(text, MF_EXIT_OK);
    }
    client__close();
}

static void lists_of_memory_are_checked(void) {
    client__open(client__options());
    /* A piece that reaches beyond the memory; one whose end overflows 32 bits; a list of 2^29 pieces; of 2^31. */
    expect_exit(WASI_PROGRAM("(i32.store (i32.const 2048) (i32.const 131000)) (i32.store (i32.const 2052) (i32.const 100))"
                             WASI_EXPECT("(call $write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 8))", 21)
                             WASI_EXPECT("(call $read (i32.const 0) (i32.const 2048) (i32.const 1) (i32.const 8))", 21)
                             WASI_ANSWER), MF_EXIT_OK);
    expect_exit(WASI_PROGRAM("(i32.store (i32.const 2048) (i32.const 64)) (i32.store (i32.const 2052) (i32.const -1))"
                             WASI_EXPECT("(call $write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 8))", 21)
                             WASI_ANSWER), MF_EXIT_OK);
    expect_exit(WASI_PROGRAM(WASI_EXPECT("(call $write (i32.const 1) (i32.const 0) (i32.const 0x20000000) (i32.const 8))", 28)
                             WASI_EXPECT("(call $read (i32.const 0) (i32.const 0) (i32.const 0x80000000) (i32.const 8))", 28)
                             WASI_ANSWER), MF_EXIT_OK);
    /* What a read writes over is its own list. */
    expect_exit(WASI_PROGRAM("(i32.store (i32.const 2048) (i32.const 2048)) (i32.store (i32.const 2052) (i32.const 8))"
                             WASI_EXPECT("(call $read (i32.const 0) (i32.const 2048) (i32.const 1) (i32.const 2048))", 0)
                             WASI_ANSWER), MF_EXIT_OK);
    client__close();
}

static void polls_are_bounded(void) {
    client__open(client__options());
    expect_exit(WASI_PROGRAM(
        WASI_EXPECT("(call $poll (i32.const 1024) (i32.const 2048) (i32.const 0x80000000) (i32.const 8))", 28)
        WASI_EXPECT("(call $poll (i32.const 1024) (i32.const 2048) (i32.const 0) (i32.const 8))", 28)
        WASI_EXPECT("(call $poll (i32.const 1024) (i32.const 2048) (i32.const 257) (i32.const 8))", 28) WASI_ANSWER),
        MF_EXIT_OK);
    /* A clock that is due in a million years, and one that is due in 3 ms. */
    uint32_t module = wasi__load(
        WASI_PROGRAM("(i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const -1))"
                     "(drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 8)))" WASI_ANSWER),
        4 * MiB, "");
    wasi__put(0, module);
    client__run(0);
    CHECK(client__slot(0)->result == MF_STEP_PARKED);
    CHECK(client__slot(0)->wake_ms == MF_NO_WAKE);
    CHECK(client__stats().wasi_sandboxes_parked == 1);
    wasi__again(0)->flags = MF_STEP_DISCARD;
    CHECK(client__run(0)->result == MF_STEP_DONE);
    wasi__wait_until_gone();
    client__slot(0)->flags = 0;
    CHECK(mf_snapshot_drop(module) == 0);
    module = wasi__load(
        WASI_PROGRAM("(i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 3000000))"
                     "(drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 8)))" WASI_ANSWER),
        4 * MiB, "");
    wasi__put(0, module);
    client__run(0);
    int steps = 0;
    for (; client__slot(0)->result == MF_STEP_PARKED; steps++) {
        CHECK(client__slot(0)->wake_ms <= 3);
        usleep(client__slot(0)->wake_ms * 1000);
        wasi__again(0);
        client__run(0);
    }
    CHECK(steps > 0 && client__slot(0)->result == MF_STEP_DONE);
    CHECK(wasi__answer(0)->exit_code == MF_EXIT_OK);
    client__close();
}

static void memory_has_a_limit(void) {
    client__open(client__options());
    /* 4 MiB are 64 pages, of which it has two: 62 more come, then none. */
    expect_exit("(module " WASI_IMPORTS WASI_HEAD "(func (export \"_start\")"
                WASI_EXPECT("(memory.grow (i32.const 63))", -1) WASI_EXPECT("(memory.grow (i32.const 62))", 2)
                WASI_EXPECT("(memory.grow (i32.const 1))", -1) WASI_EXPECT("(memory.grow (i32.const -1))", -1) WASI_ANSWER "))",
                MF_EXIT_OK);
    CHECK(client__slot(0)->memory_peak == 4 * MiB);
    /* One that fails for lack of it. */
    expect_exit(WASI_PROGRAM("(drop (memory.grow (i32.const 60))) unreachable"), MF_EXIT_MEMORY);
    wasi__refuse("(module (memory (export \"memory\") 2000) (func (export \"_start\")))", "memoryMb");
    wasi__refuse("(module (memory (export \"memory\") 65536) (func (export \"_start\")))", "memory");
    client__close();
}

static void tables_have_a_limit(void) {
    client__open(client__options());
    expect_exit("(module " WASI_IMPORTS WASI_HEAD "(table 1 funcref) (func (export \"_start\")"
                WASI_EXPECT("(table.grow (ref.null func) (i32.const 100000000))", -1) WASI_ANSWER "))", MF_EXIT_OK);
    wasi__refuse("(module (memory (export \"memory\") 1) (table 100000000 funcref) (func (export \"_start\")))", "table");
    client__close();
}

static void crashes_end_the_request_alone(void) {
    static const char *const BODIES[] = {
        "unreachable",
        "(drop (i32.load (i32.const -4)))",
        "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
        "(call $recurse)",
        "(call_indirect (i32.const 0))",
    };
    client__open(client__options());
    uint32_t sound = wasi__load(WASI_PROGRAM(WASI_ANSWER), 4 * MiB, "");
    for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
        char text[8192];
        snprintf(text, sizeof text, "(module " WASI_IMPORTS WASI_HEAD "(table 1 funcref)"
                 "(func $recurse (call $recurse) (call $recurse))(func (export \"_start\") " WASI_ANSWER "%s))", BODIES[i]);
        uint32_t module = wasi__load(text, 4 * MiB, "");
        for (int round = 0; round < 20; round++) {
            struct wasi_answer *answer = wasi__get(module);
            CHECK(client__slot(0)->result == MF_STEP_TRAP && client__slot(0)->trap != 0);
            CHECK(strstr(answer->log, "wasm trap") != NULL);
            CHECK(wasi__get(sound)->exit_code == MF_EXIT_OK);
        }
        CHECK(mf_snapshot_drop(module) == 0);
    }
    client__close();
}

static void loops_are_killed(void) {
    static const char *const BODIES[] = {
        "(loop $again (br $again))",
        "(loop $again (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1024))) (br $again))",
        "(loop $again (drop (call $write (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 8))) (br $again))",
        "(drop (memory.grow (i32.const 60)))"
        "(loop $again (drop (call $random (i32.const 0) (i32.const 4000000))) (br $again))",
        "(drop (memory.grow (i32.const 60)))"
        "(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 4000000)) (br $again))",
    };
    client__open(client__options());
    for (size_t i = 0; i < sizeof BODIES / sizeof *BODIES; i++) {
        char text[8192];
        snprintf(text, sizeof text, "(module " WASI_IMPORTS WASI_HEAD "(func (export \"_start\") " WASI_ANSWER "%s))",
                 BODIES[i]);
        uint32_t module = wasi__load(text, 4 * MiB, "");
        for (int kind = 0; kind < 4; kind++) {
            struct mf_slot *slot = wasi__put(0, module);
            uint32_t wanted = MF_STEP_DEADLINE;
            if (kind == 0) slot->deadline_ns = mf_now_ns() + 20000000;
            if (kind == 1) slot->cpu_left_ns = 10000000, wanted = MF_STEP_CPU;
            if (kind == 2) slot->deadline_ns = mf_now_ns() + 3000000;
            if (kind == 3) wanted = MF_STEP_CANCELED;
            CHECK(client__submit(0) == 0);
            if (kind == 3) {
                usleep(5000);
                CHECK(mf_cancel(0) == 1);
            }
            CHECK(client__next() == 0);
            if (slot->result != wanted) fprintf(stderr, "body %zu, result %u, wanted %u\n", i, slot->result, wanted);
            CHECK(slot->result == wanted);
        }
        CHECK(mf_snapshot_drop(module) == 0);
    }
    client__close();
}

static void a_start_function_counts_as_the_request(void) {
    client__open(client__options());
    uint32_t module = wasi__load("(module " WASI_IMPORTS WASI_HEAD "(func $begin " WASI_ANSWER ") (start $begin)"
                                 "(func (export \"_start\")))", 4 * MiB, "");
    CHECK(wasi__get(module)->exit_code == MF_EXIT_OK);
    CHECK(wasi__answer(0)->heads == 1);
    module = wasi__load("(module " WASI_HEAD "(func $begin (loop $again (br $again))) (start $begin)"
                        "(func (export \"_start\")))", 4 * MiB, "");
    wasi__put(0, module)->deadline_ns = mf_now_ns() + 10000000;
    CHECK(client__run(0)->result == MF_STEP_DEADLINE);
    module = wasi__load("(module " WASI_HEAD "(func $begin unreachable) (start $begin)(func (export \"_start\")))",
                        4 * MiB, "");
    wasi__put(0, module);
    CHECK(client__run(0)->result == MF_STEP_TRAP);
    client__close();
}

static void other_modules_are_refused(void) {
    client__open(client__options());
    wasi__refuse("(module (import \"env\" \"foo\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))",
                 "it imports env.foo");
    wasi__refuse("(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))", "env.memory");
    wasi__refuse("(module (import \"wasi_unstable\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))"
                 "(memory (export \"memory\") 1) (func (export \"_start\")))", "wasi_unstable.fd_write");
    wasi__refuse("(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func)) (memory (export \"memory\") 1)"
                 "(func (export \"_start\")))", "fd_write");
    wasi__refuse("(module (import \"wasi_snapshot_preview1\" \"fd_fork\" (func)) (memory (export \"memory\") 1)"
                 "(func (export \"_start\")))", "fd_fork");
    wasi__refuse("(module (memory (export \"memory\") 1) (func (export \"_initialize\")))", "reactor");
    wasi__refuse("(module (memory (export \"memory\") 1))", "_start");
    wasi__refuse("(module (memory (export \"memory\") 1) (func (export \"_start\") (param i32)))", "_start");
    wasi__refuse("(module (func (export \"_start\")))", "memory");
    wasi__refuse("(component)", "component");
    wasi__refuse("(module (memory (export \"memory\") 1 2 shared) (func (export \"_start\")"
                 "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))", "");
    wasi__refuse("(module (memory (export \"memory\") i64 1) (func (export \"_start\")))", "");
    char message[256] = "";
    uint8_t *native, garbage[64];
    size_t length;
    for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (uint8_t)test__random();
    CHECK(mf_wasi_compile(garbage, sizeof garbage, MiB, &native, &length, message, sizeof message) == -EINVAL);
    CHECK(mf_wasi_compile(garbage, 0, MiB, &native, &length, message, sizeof message) == -EINVAL);
    memcpy(garbage, "\0asm\1\0\0\0", 8);
    CHECK(mf_wasi_compile(garbage, sizeof garbage, MiB, &native, &length, message, sizeof message) == -EINVAL);
    struct mf_wasi_options options = {.memory_bytes = MiB, .strings_length = 1};
    CHECK(mf_wasi_load(garbage, sizeof garbage, &options, "", "", message, sizeof message) == -EINVAL);
    client__close();
}

/* ---- frames that no server sends ------------------------------------------------------------------------------------ */

static void frames_are_checked(void) {
    client__open(client__options());
    uint32_t module = wasi__load(WASI_PROGRAM(WASI_ANSWER), 4 * MiB, "");
    static const uint8_t SHORT[4] = {MF_CHUNK, 0, 0, 0};
    for (int round = 0; round < 2000; round++) {
        struct mf_slot *slot = round % 2 ? wasi__put(0, module) : client__put(0, module, NULL, 0);
        uint8_t junk[256];
        for (size_t i = 0; i < sizeof junk; i++) junk[i] = (uint8_t)test__random();
        if (round % 3 == 0) wasi__add_frame(0, (uint8_t)(test__random() % 11), 0, junk, test__random() % sizeof junk);
        if (round % 5 == 0) {
            memcpy((uint8_t *)slot + MF_SLOT_IN + slot->in_length, round % 10 ? junk : SHORT, sizeof SHORT);
            slot->in_length += (uint32_t)sizeof SHORT;
        }
        client__run(0);
        CHECK(slot->result == MF_STEP_DONE || slot->result == MF_STEP_CANCELED ||
              (slot->result == MF_STEP_HOST_ERROR && (slot->error == -EPROTO || slot->error == -E2BIG ||
                                                      slot->error == -EINVAL)));
    }
    wasi__wait_until_gone();
    client__close();
}

const struct test wasi_hostile_tests[] = {
    {"a WASI guest's pointers are checked", pointers_are_checked},
    {"a WASI guest's lists of memory are checked", lists_of_memory_are_checked},
    {"a WASI guest's polls are bounded", polls_are_bounded},
    {"a WASI guest's memory has a limit", memory_has_a_limit},
    {"a WASI guest's tables have a limit", tables_have_a_limit},
    {"a WASI guest that crashes ends its request alone", crashes_end_the_request_alone},
    {"a WASI guest that loops is killed", loops_are_killed},
    {"a WASI module's start function counts as the request", a_start_function_counts_as_the_request},
    {"what is no WASI command is refused with the reason", other_modules_are_refused},
    {"a WASI sandbox checks the frames it is given", frames_are_checked},
    {0},
};
