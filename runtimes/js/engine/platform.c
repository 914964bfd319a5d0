/*
 * What the C library would ask of WASI, asked of the host's two imports instead. Symbols defined
 * here keep libc's own out of the module, and its WASI imports with them.
 */
#define _GNU_SOURCE
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"

static const uint64_t NANOSECONDS = 1000000000u;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    uint64_t now = clock == CLOCK_REALTIME ? platform__wall_ns() : platform__monotonic_ns();
    time->tv_sec = (time_t)(now / NANOSECONDS);
    time->tv_nsec = (long)(now % NANOSECONDS);
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    (void)zone;
    uint64_t now = platform__wall_ns();
    time->tv_sec = (time_t)(now / NANOSECONDS);
    time->tv_usec = (suseconds_t)(now % NANOSECONDS / 1000);
    return 0;
}

int getentropy(void *buffer, size_t length)
{
    platform__random(buffer, length);
    return 0;
}
