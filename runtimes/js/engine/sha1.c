/* SHA-1 (FIPS 180-4). */
#include "hash.h"

static inline uint32_t load_big32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint32_t mix(int quarter, uint32_t b, uint32_t c, uint32_t d)
{
    switch (quarter) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1u;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    default:
        return (b ^ c ^ d) + 0xca62c1d6u;
    }
}

void sha1__compress(union hash_state *state, const uint8_t *block)
{
    uint32_t schedule[80];
    for (int i = 0; i < 16; i++)
        schedule[i] = load_big32(block + 4 * i);
    for (int i = 16; i < 80; i++)
        schedule[i] = rotate_left32(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
    uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3], e = state->words[4];
    for (int i = 0; i < 80; i++) {
        uint32_t sum = rotate_left32(a, 5) + mix(i / 20, b, c, d) + e + schedule[i];
        e = d;
        d = c;
        c = rotate_left32(b, 30);
        b = a;
        a = sum;
    }
    const uint32_t mixed[5] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++)
        state->words[i] += mixed[i];
}
