#include "compare.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

static int in_guest;
static char journal[2][1 << 17];
static size_t journal_used;

void note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *to = journal[in_guest] + journal_used;
    int size = vsnprintf(to, sizeof journal[0] - journal_used, format, arguments);
    va_end(arguments);
    journal_used += (size_t)size;
    CHECK(journal_used < sizeof journal[0]);
}

int64_t silent(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    if (in_guest) return guest(number, a, b, c, d, e, f);
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

int64_t noted(int line, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    int64_t result = silent(number, a, b, c, d, e, f);
    note("line %d: %ld\n", line, (long)result);
    return result;
}

int make(long number, uint64_t a, uint64_t b, uint64_t c) {
    return (int)silent(number, a, b, c, 0, 0, 0);
}

void note_bytes(const void *bytes, size_t size) {
    uint64_t sum = size;
    for (size_t i = 0; i < size; i++) sum = sum * 31 + ((const uint8_t *)bytes)[i];
    note("  bytes %lx\n", (unsigned long)sum);
}

void note_ready(int line, int descriptor) {
    struct pollfd entry = {descriptor, POLLIN | POLLOUT | POLLRDHUP | POLLPRI | POLLRDNORM | POLLWRNORM, 0};
    int64_t count = silent(SYS_poll, U(&entry), 1, 0, 0, 0, 0);
    note("line %d: ready %ld %x\n", line, (long)count, (unsigned)entry.revents);
}

static void show_difference(void) {
    const char *host = journal[0], *ours = journal[1];
    while (*host != 0 && *host == *ours) host++, ours++;
    while (host > journal[0] && host[-1] != '\n') host--, ours--;
    static char text[200];
    snprintf(text, sizeof text, "Linux says \"%.*s\", the engine \"%.*s\"", (int)strcspn(host, "\n"), host,
             (int)strcspn(ours, "\n"), ours);
    test__fail(__FILE__, 0, text);
}

void compare(void (*script)(void)) {
    signal(SIGPIPE, SIG_IGN);
    for (in_guest = 0; in_guest < 2; in_guest++) {
        journal_used = 0;
        memset(journal[in_guest], 0, sizeof journal[0]);
        script();
    }
    if (strcmp(journal[0], journal[1]) != 0) show_difference();
}

uint32_t seed;

uint32_t random_below(uint32_t bound) {
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * bound) >> 32);
}
