/* WASI modules as sandboxes: requests, answers, waiting. */
#include <errno.h>

#include "wasi_client.h"

static void a_request_is_answered(void) {
    client__open(client__options());
    uint32_t module = wasi__load(WASI_PROGRAM(WASI_ANSWER), 64 * MiB, "");
    struct wasi_answer *answer = wasi__get(module);
    struct mf_slot *slot = client__slot(0);
    CHECK(slot->result == MF_STEP_DONE);
    CHECK(slot->start == MF_START_CLONE);
    CHECK(slot->memory_peak == 2 * 65536);
    CHECK(answer->heads == 1 && answer->status == 200);
    CHECK(strcmp(answer->headers, "content-type\na/plain\n\n") == 0);
    CHECK(answer->ends == 1 && answer->exits == 1 && answer->exit_code == MF_EXIT_OK);
    CHECK(mf_snapshot_drop(module) == 0);
    CHECK(mf_snapshot_drop(module) == -ENOENT);
    wasi__put(0, module);
    CHECK(client__run(0)->result == MF_STEP_HOST_ERROR);
    client__close();
}

static void a_thousand_requests_share_nothing(void) {
    client__open(client__options());
    uint32_t module = wasi__load("(module " WASI_IMPORTS WASI_HEAD "(global $count (mut i32) (i32.const 0))"
                                 "(func (export \"_start\")"
                                 "  (global.set $count (i32.add (global.get $count) (i32.const 1)))" WASI_EXPECT(
                                     "(global.get $count)", 1) WASI_EXPECT("(i32.load (i32.const 4096))", 0)
                                     WASI_EXPECT("(i32.load (i32.const 131000))", 0)
                                 "  (i32.store (i32.const 4096) (i32.const 1))"
                                 "  (i32.store (i32.const 131000) (i32.const 1))" WASI_ANSWER "))",
                                 64 * MiB, "");
    uint64_t began_ns = mf_now_ns();
    for (int i = 0; i < 1000; i++) {
        CHECK(wasi__get(module)->exit_code == MF_EXIT_OK);
        CHECK(client__slot(0)->result == MF_STEP_DONE);
    }
    printf("(%.1f us each) ", (double)(mf_now_ns() - began_ns) / 1e6);
    wasi__wait_until_gone();
    client__close();
}

const struct test wasi_tests[] = {
    {"a WASI module answers a request", a_request_is_answered},
    {"a thousand requests to a WASI module share nothing", a_thousand_requests_share_nothing},
    {0},
};
