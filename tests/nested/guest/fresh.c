/* Says on each line what has to differ between clones, and what time it is. */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../../../ffi/vm/clock.h"
#include "../../../ffi/vm/layout.h"

static void hex(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) printf("%02x", ((const uint8_t *)bytes)[i]);
    putchar(' ');
}

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(void) {
    const struct vvar *vvar = (const struct vvar *)VVAR_ADDRESS;
    char line[16];
    uint8_t random[16];
    int device = open("/dev/urandom", O_RDONLY);
    while (read(0, line, sizeof line) > 0) {
        hex((const void *)getauxval(AT_RANDOM), 16);
        if (getrandom(random, sizeof random, 0) != sizeof random) return 1;
        hex(random, sizeof random);
        if (read(device, random, sizeof random) != sizeof random) return 1;
        hex(random, sizeof random);
        hex(vvar->entropy, 16);
        printf("%llu %lld %lld\n", (unsigned long long)vvar->generation, now(CLOCK_MONOTONIC), now(CLOCK_REALTIME));
        fflush(stdout);
    }
    return 0;
}
