/* WASI sandboxes that wait: for input, for a reader, for a clock; resumed, thrown away and killed at any moment. */
#include <errno.h>
#include <fcntl.h>

#include "wasi_client.h"

/* Reads 4,096 bytes at a time and writes them, until there are none. */
static const char ECHO[] = WASI_PROGRAM(
    WASI_ANSWER "(loop $more"
    "  (i32.store (i32.const 1024) (i32.const 4096)) (i32.store (i32.const 1028) (i32.const 4096))"
    "  (if (call $read (i32.const 0) (i32.const 1024) (i32.const 1) (i32.const 1032)) (then (call $exit (i32.const 1))))"
    "  (i32.store (i32.const 1028) (i32.load (i32.const 1032)))"
    "  (if (i32.eqz (i32.load (i32.const 1032))) (then return))"
    "  (loop $write"
    "    (if (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 1036)) (then (call $exit (i32.const 2))))"
    "    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.load (i32.const 1036))))"
    "    (i32.store (i32.const 1028) (i32.sub (i32.load (i32.const 1028)) (i32.load (i32.const 1036))))"
    "    (br_if $write (i32.load (i32.const 1028))))"
    "  (br $more))");

static const char FLOOD[] = WASI_PROGRAM(
    WASI_ANSWER "(i32.store (i32.const 1024) (i32.const 0)) (i32.store (i32.const 1028) (i32.const 50000))"
    "(loop $more (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 1036))) (br $more))");

static void input_comes_as_it_is_taken(void) {
    static uint8_t bytes[MF_INITIAL_CREDIT];
    client__open(client__options());
    uint32_t module = wasi__load(ECHO, 4 * MiB, "");
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    wasi__put_with_body(0, module);
    client__run(0);
    CHECK(client__slot(0)->result == MF_STEP_PARKED && client__slot(0)->wake_ms == MF_NO_WAKE);
    CHECK(client__stats().wasi_sandboxes_parked == 1);
    uint32_t credit = MF_INITIAL_CREDIT, read = 0, written = 0;
    for (int round = 0; round < 50; round++) {
        uint32_t size = 1 + test__random() % credit;
        wasi__again(0);
        if (written > 0) wasi__add_frame(0, MF_CREDIT, 0, &written, sizeof written);
        wasi__add_frame(0, MF_CHUNK, 0, bytes, size);
        client__run(0);
        struct wasi_answer *answer = wasi__answer(0);
        CHECK(client__slot(0)->result == MF_STEP_PARKED);
        CHECK(answer->body_length == size && memcmp(answer->body, bytes, size) == 0);
        credit += answer->credit - size;
        CHECK(credit == MF_INITIAL_CREDIT);
        read += size;
        written = size;
    }
    wasi__again(0);
    wasi__add_frame(0, MF_END, 0, NULL, 0);
    client__run(0);
    CHECK(client__slot(0)->result == MF_STEP_DONE && wasi__answer(0)->exit_code == MF_EXIT_OK);
    /* More than there is credit for. */
    wasi__put_with_body(0, module);
    wasi__add_frame(0, MF_CHUNK, 0, bytes, sizeof bytes);
    wasi__add_frame(0, MF_CHUNK, 0, bytes, 1);
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR && client__slot(0)->error == -EPROTO);
    client__close();
}

static void output_waits_for_its_reader(void) {
    client__open(client__options());
    uint32_t module = wasi__load(FLOOD, 4 * MiB, "");
    wasi__put(0, module);
    client__run(0);
    for (int round = 0; round < 20; round++) {
        CHECK(client__slot(0)->result == MF_STEP_PARKED && client__slot(0)->wake_ms == MF_NO_WAKE);
        CHECK(wasi__answer(0)->body_length == MF_INITIAL_CREDIT);
        /* Without credit nothing comes. */
        wasi__again(0);
        client__run(0);
        CHECK(client__slot(0)->result == MF_STEP_PARKED && client__slot(0)->out_length == 0);
        uint32_t credit = MF_INITIAL_CREDIT;
        wasi__again(0);
        wasi__add_frame(0, MF_CREDIT, 0, &credit, sizeof credit);
        client__run(0);
    }
    wasi__again(0);
    wasi__add_frame(0, MF_CANCEL, 0, NULL, 0);
    CHECK(client__run(0)->result == MF_STEP_CANCELED);
    wasi__wait_until_gone();
    client__close();
}

static void nothing_breaks_at_any_moment(void) {
    static const char *const BODIES[] = {
        "(loop $again (br $again))",
        "(loop $again (drop (call $random (i32.const 1024) (i32.const 100))) (br $again))",
        "(loop $again (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br $again))",
        "(i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 100000))"
        "(loop $again (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 8))) (br $again))",
        WASI_ANSWER,
        WASI_ANSWER "(call $exit (i32.const 0))",
    };
    enum { MODULES = sizeof BODIES / sizeof *BODIES, SLOTS = 16 };
    client__open(client__options());
    uint32_t modules[MODULES + 1];
    for (int i = 0; i < MODULES; i++) {
        char text[8192];
        snprintf(text, sizeof text, WASI_PROGRAM("%s"), BODIES[i]);
        modules[i] = wasi__load(text, 4 * MiB, "");
    }
    modules[MODULES] = wasi__load(FLOOD, 4 * MiB, "");
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        wasi__put(slot, modules[test__random() % (MODULES + 1)])->deadline_ns = mf_now_ns() + test__random() % 5000000;
        CHECK(client__submit(slot) == 0);
    }
    for (int round = 0; round < 3000; round++) {
        if (round % 3 == 0) mf_cancel(test__random() % SLOTS);
        uint32_t number = client__next();
        struct mf_slot *slot = client__slot(number);
        if (slot->result == MF_STEP_PARKED) {
            wasi__again(number);
            if (test__random() % 4 == 0) slot->flags = MF_STEP_DISCARD;
        } else {
            CHECK(slot->result != MF_STEP_HOST_ERROR && slot->result != MF_STEP_STALE && slot->result != MF_STEP_TRAP);
            wasi__put(number, modules[test__random() % (MODULES + 1)]);
        }
        slot->deadline_ns = mf_now_ns() + test__random() % 5000000;
        CHECK(client__submit(number) == 0);
    }
    /* Closing ends what runs, and takes down what is parked. */
    client__close();
}

/* ---- files ------------------------------------------------------------------------------------------------- */

static void put_pack(const char *path, const char *const *names, uint32_t count) {
    uint8_t pack[2048] = "mayflyfp";
    uint32_t abi = 1, at = 24 + count * 24, name_at = 0;
    uint64_t names_length = 0, length = 3;
    for (uint32_t i = 0; i < count; i++) names_length += strlen(names[i]);
    memcpy(pack + 8, &abi, sizeof abi);
    memcpy(pack + 12, &count, sizeof count);
    memcpy(pack + 16, &names_length, sizeof names_length);
    uint64_t content_at = at + names_length;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *entry = pack + 24 + i * 24;
        uint32_t name_length = (uint32_t)strlen(names[i]);
        memcpy(entry, &name_at, sizeof name_at);
        memcpy(entry + 4, &name_length, sizeof name_length);
        memcpy(entry + 8, &content_at, sizeof content_at);
        memcpy(entry + 16, &length, sizeof length);
        memcpy(pack + at + name_at, names[i], name_length);
        name_at += name_length;
    }
    memcpy(pack + content_at, "abc", 3);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(pack, 1, content_at + 3, file) == content_at + 3 && fclose(file) == 0);
}

static void folders_are_read_in_any_steps(void) {
    static const char *const NAMES[] = {"a", "b/c", "b/d/e", "f"};
    static const char PATH[] = "wasi_waiting_test.pack";
    client__open(client__options());
    put_pack(PATH, NAMES, 4);
    /* With every size of buffer from 0 on; then by cookies beyond all; then on what is no folder. */
    uint32_t module = wasi__load(
        WASI_PROGRAM("(local $room i32)" WASI_EXPECT("(call $prestat (i32.const 3) (i32.const 1024))", 0)
                     WASI_EXPECT("(call $prestat (i32.const 4) (i32.const 1024))", 8)
                     "(loop $more"
                     WASI_EXPECT("(call $readdir (i32.const 3) (i32.const 4096) (local.get $room) (i64.const 0) (i32.const 1024))", 0)
                     "  (if (i32.gt_u (i32.load (i32.const 1024)) (local.get $room)) (then (call $exit (i32.const 9))))"
                     "  (local.set $room (i32.add (local.get $room) (i32.const 1)))"
                     "  (br_if $more (i32.lt_u (local.get $room) (i32.const 300))))"
                     WASI_EXPECT("(call $readdir (i32.const 3) (i32.const 4096) (i32.const 300) (i64.const -1) (i32.const 1024))", 0)
                     WASI_EXPECT("(i32.load (i32.const 1024))", 0)
                     WASI_EXPECT("(call $readdir (i32.const 3) (i32.const 4096) (i32.const -1) (i64.const 0) (i32.const 1024))", 21)
                     WASI_EXPECT("(call $readdir (i32.const 1) (i32.const 4096) (i32.const 300) (i64.const 0) (i32.const 1024))", 8)
                     "(i32.store8 (i32.const 1100) (i32.const 97))"
                     WASI_EXPECT("(call $open (i32.const 3) (i32.const 0) (i32.const 1100) (i32.const 1) (i32.const 0)"
                                 "(i64.const 2) (i64.const 0) (i32.const 0) (i32.const 1024))", 0)
                     WASI_EXPECT("(i32.load (i32.const 1024))", 4)
                     WASI_EXPECT("(call $open (i32.const 3) (i32.const 0) (i32.const 1100) (i32.const -1) (i32.const 0)"
                                 "(i64.const 2) (i64.const 0) (i32.const 0) (i32.const 1024))", 21)
                     WASI_EXPECT("(call $open (i32.const 4) (i32.const 0) (i32.const 1100) (i32.const 1) (i32.const 0)"
                                 "(i64.const 2) (i64.const 0) (i32.const 0) (i32.const 1024))", 54)
                     WASI_EXPECT("(call $seek (i32.const 4) (i64.const -1) (i32.const 0) (i32.const 1024))", 28)
                     WASI_EXPECT("(call $seek (i32.const 4) (i64.const 0x7fffffffffffffff) (i32.const 2) (i32.const 1024))", 28)
                     WASI_EXPECT("(call $seek (i32.const 4) (i64.const 0x7fffffffffffffff) (i32.const 0) (i32.const 1024))", 0)
                     "(i32.store (i32.const 1200) (i32.const 4096)) (i32.store (i32.const 1204) (i32.const 100))"
                     WASI_EXPECT("(call $read (i32.const 4) (i32.const 1200) (i32.const 1) (i32.const 1024))", 0)
                     WASI_EXPECT("(i32.load (i32.const 1024))", 0)
                     WASI_EXPECT("(call $pread (i32.const 4) (i32.const 1200) (i32.const 1) (i64.const 1) (i32.const 1024))", 0)
                     WASI_EXPECT("(i32.load (i32.const 1024))", 2)
                     WASI_EXPECT("(call $pread (i32.const 4) (i32.const 1200) (i32.const 1) (i64.const -1) (i32.const 1024))", 28)
                     WASI_ANSWER), 4 * MiB, PATH);
    struct wasi_answer *answer = wasi__get(module);
    CHECK(client__slot(0)->result == MF_STEP_DONE);
    CHECK(answer->exit_code == MF_EXIT_OK);
    client__close();
    unlink(PATH);
}

static void a_damaged_pack_is_refused(void) {
    static const char *const BAD[][2] = {{"b", "a"}, {"a", "a"}, {"../a", "b"}, {"/a", "b"}, {"a//b", "c"},
                                         {"a/", "b"}, {".", "b"}, {"a/../b", "c"}, {"", "a"}};
    static const char PATH[] = "wasi_waiting_test.pack";
    static const char STRINGS[] = "x";
    char message[256] = "";
    size_t length, native_length;
    client__open(client__options());
    uint8_t *native, *wasm = wasi__assemble(WASI_PROGRAM(WASI_ANSWER), &length);
    CHECK(mf_wasi_compile(wasm, length, MiB, &native, &native_length, message, sizeof message) == 0);
    struct mf_wasi_options options = {.memory_bytes = MiB, .strings_length = sizeof STRINGS};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        put_pack(PATH, BAD[i], 2);
        CHECK(mf_wasi_load(native, native_length, &options, STRINGS, PATH, message, sizeof message) == -EBADMSG);
    }
    /* Whatever bit is wrong: refused, or read within its bounds. */
    static const char *const GOOD[] = {"a", "b/c"};
    for (long at = 0; at < 24 + 2 * 24 + 4; at++) {
        put_pack(PATH, GOOD, 2);
        FILE *file = fopen(PATH, "r+b");
        CHECK(file != NULL && fseek(file, at, SEEK_SET) == 0);
        CHECK(fputc(0xff, file) == 0xff && fclose(file) == 0);
        int64_t id = mf_wasi_load(native, native_length, &options, STRINGS, PATH, message, sizeof message);
        if (id > 0) CHECK(mf_snapshot_drop((uint32_t)id) == 0);
        else CHECK(id == -EBADMSG);
    }
    free(wasm);
    mf_buffer_free(native);
    client__close();
    unlink(PATH);
}

const struct test wasi_waiting_tests[] = {
    {"a WASI guest's input comes as it is taken", input_comes_as_it_is_taken},
    {"a WASI guest's output waits for its reader", output_waits_for_its_reader},
    {"WASI sandboxes are resumed, killed and thrown away at any moment", nothing_breaks_at_any_moment},
    {"a WASI guest reads its folders in any steps, and its files within their bounds", folders_are_read_in_any_steps},
    {"a damaged pack of files is refused", a_damaged_pack_is_refused},
    {0},
};
