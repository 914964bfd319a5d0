#include "random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define SEED_BYTES (2 * sizeof(uint64_t))

/* A system call for each clone would cost a twentieth of a small request. */
static _Thread_local struct {
    uint8_t bytes[256 * SEED_BYTES];
    uint32_t left;
} piece;

int random__fill(uint8_t *bytes, uint32_t length) {
    while (length > 0) {
        ssize_t got = getrandom(bytes, length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        bytes += got;
        length -= (uint32_t)got;
    }
    return 0;
}

int random__seed(uint64_t seed[2]) {
    if (piece.left == 0) {
        int rc = random__fill(piece.bytes, sizeof piece.bytes);
        if (rc != 0) return rc;
        piece.left = sizeof piece.bytes / SEED_BYTES;
    }
    uint8_t *bytes = piece.bytes + (--piece.left) * SEED_BYTES;
    memcpy(seed, bytes, SEED_BYTES);
    memset(bytes, 0, SEED_BYTES);
    return 0;
}
