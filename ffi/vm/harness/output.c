/* What a guest wrote goes to stdout and stderr, however slowly they take it, until the deadline. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "../port.h"
#include "harness.h"

#define PIECE 65536u

/* 0 when the descriptor takes PIPE_BUF bytes without blocking (or tells at the write what is wrong with it). */
static int output__wait(int descriptor, uint64_t deadline_ns) {
    struct pollfd output = {.fd = descriptor, .events = POLLOUT};
    for (;;) {
        uint64_t now_ns = harness_now_ns(), left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        const struct timespec left = {(time_t)(left_ns / 1000000000u), (long)(left_ns % 1000000000u)};
        int ready = ppoll(&output, 1, deadline_ns == UINT64_MAX ? NULL : &left, NULL);
        if (ready > 0) return 0;
        if (ready == 0) return -ETIMEDOUT;
        if (errno != EINTR) return -errno;
    }
}

static int output__write(int descriptor, const char *bytes, size_t size, uint64_t deadline_ns) {
    while (size > 0) {
        int error = output__wait(descriptor, deadline_ns);
        if (error != 0) return error;
        ssize_t count = write(descriptor, bytes, size < PIPE_BUF ? size : PIPE_BUF);
        if (count < 0 && errno != EINTR && errno != EAGAIN) return -errno;
        if (count < 0) continue;
        bytes += count;
        size -= (size_t)count;
    }
    return 0;
}

int64_t harness_pass(struct vm *vm, uint32_t port, int descriptor, uint64_t deadline_ns) {
    static char piece[PIECE];
    int64_t total = 0;
    for (size_t size; (size = vm_take(vm, port, piece, sizeof piece)) > 0; total += (int64_t)size) {
        int error = output__write(descriptor, piece, size, deadline_ns);
        if (error != 0) return error;
    }
    return total;
}
