/* SHA-256 (FIPS 180-4). */
#ifndef MAYFLY_VM_SHA256_H
#define MAYFLY_VM_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void sha256__begin(struct sha256 *sha);
void sha256__add(struct sha256 *sha, const void *bytes, size_t size);
void sha256__end(struct sha256 *sha, uint8_t digest[32]);

#endif
