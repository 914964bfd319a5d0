/* Hash functions: each is a state and a way to put one block into it. hash.c does the rest. */
#ifndef MF_HASH_H
#define MF_HASH_H

#include <stdint.h>

enum { HASH_BLOCK_MAX = 144, HASH_DIGEST_MAX = 64 };

union hash_state {
    uint32_t words[8];
    uint64_t longs[8];
    uint64_t lanes[25];
};

void md5__compress(union hash_state *state, const uint8_t *block);
void sha1__compress(union hash_state *state, const uint8_t *block);
void sha256__compress(union hash_state *state, const uint8_t *block);
void sha512__compress(union hash_state *state, const uint8_t *block);
/* A block of Keccak is as long as its digest leaves room for: the caller has put it into the lanes. */
void keccak__permute(union hash_state *state);

static inline uint32_t rotate_left32(uint32_t value, int by)
{
    return value << by | value >> (32 - by);
}

static inline uint32_t rotate_right32(uint32_t value, int by)
{
    return value >> by | value << (32 - by);
}

static inline uint64_t rotate_left64(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

static inline uint64_t rotate_right64(uint64_t value, int by)
{
    return value >> by | value << (64 - by);
}

#endif
