/* Times of the vDSO lie between times of system calls before and after. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS 200

static long long nanoseconds(struct timespec time) {
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long by_call(clockid_t clock) {
    struct timespec time;
    syscall(SYS_clock_gettime, clock, &time);
    return nanoseconds(time);
}

static long long by_vdso(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return nanoseconds(time);
}

static int agrees(clockid_t clock) {
    for (int i = 0; i < ROUNDS; i++) {
        long long before = by_call(clock), between = by_vdso(clock), after = by_call(clock);
        if (before <= between && between <= after) continue;
        printf("clock %d: %lld, %lld, %lld\n", clock, before, between, after);
        return 0;
    }
    return 1;
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "tsc") == 0) {
        printf("%llu\n", __rdtsc());
        return 0;
    }
    if (!agrees(CLOCK_MONOTONIC) || !agrees(CLOCK_REALTIME)) return 1;
    struct timespec pause = {.tv_nsec = 2000000};
    long long before = by_vdso(CLOCK_MONOTONIC);
    nanosleep(&pause, NULL);
    if (by_vdso(CLOCK_MONOTONIC) - before < pause.tv_nsec) return 2;
    puts("done");
    return 0;
}
