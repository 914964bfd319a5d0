/* The few things of the operating system that several files need. */
#ifndef MAYFLY_OS_H
#define MAYFLY_OS_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

static inline uint64_t os__clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline uint64_t os__now_ns(void) {
    return os__clock_ns(CLOCK_MONOTONIC);
}

/* Sleeps while *word is `expected`; may wake for no reason. */
static inline void os__futex_wait(atomic_uint *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static inline void os__futex_wake(atomic_uint *word, int threads) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

/* Text of an error, for the caller of a function that says more than an errno. */
struct text {
    char *bytes;
    size_t capacity;
};

#define text__set(text, ...) ((void)snprintf((text)->bytes, (text)->capacity, __VA_ARGS__))

#endif
