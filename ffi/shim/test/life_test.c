#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "test.h"

static void the_engine_opens_once(void) {
    char message[256];
    struct mf_options options = client__options();
    struct mf_stats stats;
    struct mf_ring *second;
    CHECK(mf_close() == -ENODEV && client__submit(0) == -ENODEV && mf_stats_read(&stats) == -ENODEV);
    client__open(options);
    CHECK(mf_open(&options, test_native, test_native_length, test_base, test_base_length, &second, message,
                  sizeof message) == -EALREADY);
    client__close();
    CHECK(client__submit(0) == -ENODEV && mf_run_inline(0) == -ENODEV && mf_park(0) == -ENODEV);
    CHECK(mf_snapshot_load(test_base, test_base_length) == -ENODEV);
}

static void options_out_of_range_are_refused(void) {
    char message[256];
    for (int i = 0; i < 7; i++) {
        struct mf_options options = client__options();
        uint32_t *const fields[] = {&options.abi,       &options.slots,     &options.workers, &options.long_workers,
                                    &options.instances, &options.inline_us, &options.long_us};
        *fields[i] = i == 3 ? 1000000 : 0;
        CHECK(mf_open(&options, test_native, test_native_length, test_base, test_base_length, &ring, message,
                      sizeof message) == -EINVAL);
    }
}

static void closing_ends_what_runs(void) {
    for (int round = 0; round < 10; round++) {
        client__open(client__options());
        for (uint32_t slot = 0; slot < 20; slot++) {
            const struct guest_command commands[] = {{slot % 3 == 0 ? GUEST_SPIN_HOST : GUEST_SPIN, 0, 0}};
            client__put(slot, MF_SNAPSHOT_BASE, commands, 1);
            CHECK(client__submit(slot) == 0);
        }
        client__put(30, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, MF_GUEST_PARKED, 0}));
        CHECK(client__submit(30) == 0);
        usleep(test__random() % 20000);
        client__close();
        /* The region is still there, and empty. */
        CHECK(ring->slots == 0 && client__slot(0)->in_length == 0);
    }
}

static void *submit_until_closed(void *argument) {
    (void)argument;
    for (;;) {
        int rc = client__submit(0);
        if (rc == -ENODEV) return NULL;
        CHECK(rc == 0 || rc == -EBUSY);
        mf_cancel(0);
        mf_park(0);
    }
}

static void closing_waits_for_those_inside(void) {
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        client__open(client__options());
        client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}));
        CHECK(pthread_create(&thread, NULL, submit_until_closed, NULL) == 0);
        usleep(test__random() % 5000);
        CHECK(mf_close() == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static bool is_readable(int fd, int timeout_ms) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void a_parked_server_is_woken_once(void) {
    char path[64], bytes[16];
    snprintf(path, sizeof path, "/tmp/mayfly-test-%d.sock", (int)getpid());
    client__open(client__options());
    CHECK(mf_wake_accept() == -EINVAL && mf_wake_listen(path) == 0 && mf_wake_listen(path) == -EALREADY);
    CHECK(mf_wake_accept() == -EAGAIN);
    int fd = connect_to(path);
    CHECK(mf_wake_accept() == 0 && access(path, F_OK) != 0);

    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_RETURN, MF_GUEST_PARKED, 0}));
    client__run(0);
    CHECK(!is_readable(fd, 0)); /* it had not parked */
    CHECK(mf_park(0) == 1 && ring->parked == 0);
    CHECK(mf_park(1) == 0 && ring->parked == 1);
    client__resume(0, client__slot(0)->out_sandbox, client__slot(0)->out_generation);
    client__slot(0)->flags = MF_STEP_DISCARD;
    client__run(0);
    CHECK(ring->parked == 1 && !is_readable(fd, 0)); /* nobody waits for a discard */
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}));
    client__run(0);
    CHECK(is_readable(fd, 5000) && read(fd, bytes, sizeof bytes) == 1 && ring->parked == 0);
    client__run(0);
    CHECK(!is_readable(fd, 0));
    client__close();
    CHECK(read(fd, bytes, sizeof bytes) == 0);
    close(fd);
}

static void *run_inline_here(void *argument) {
    *(int *)argument = mf_run_inline(0);
    return NULL;
}

static int run_inline_on_a_stack_of(size_t bytes) {
    pthread_attr_t attributes;
    pthread_t thread;
    int rc = 0;
    void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack != MAP_FAILED && pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstack(&attributes, stack, bytes) == 0);
    CHECK(pthread_create(&thread, &attributes, run_inline_here, &rc) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0 && munmap(stack, bytes) == 0);
    return rc;
}

static void a_small_stack_runs_nothing_inline(void) {
    client__open(client__options());
    client__put(0, MF_SNAPSHOT_BASE, COMMANDS({GUEST_ECHO, 0, 0}));
    CHECK(run_inline_on_a_stack_of(2 << 20) == -ENOTSUP);
    CHECK(run_inline_on_a_stack_of(16 << 20) == 0);
    client__close();
}

const struct test life_tests[] = {
    {"the engine opens once", the_engine_opens_once},
    {"options out of range are refused", options_out_of_range_are_refused},
    {"closing ends what runs", closing_ends_what_runs},
    {"closing waits for those inside", closing_waits_for_those_inside},
    {"a parked server is woken once", a_parked_server_is_woken_once},
    {"a small stack runs nothing inline", a_small_stack_runs_nothing_inline},
    {NULL, NULL},
};
