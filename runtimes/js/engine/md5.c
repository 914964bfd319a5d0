/* MD5 (RFC 1321): broken, and still what ETags and old protocols ask for. */
#include "hash.h"

/* The first 32 bits of the fractional parts of |sin(i + 1)|. */
static const uint32_t ROUND_CONSTANTS[64] = {
    0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u,
    0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u,
    0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u,
    0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au,
    0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u,
    0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u,
    0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u,
    0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u,
};

static const int ROTATIONS[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static inline uint32_t load_little32(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static inline uint32_t mix(int quarter, uint32_t b, uint32_t c, uint32_t d)
{
    switch (quarter) {
    case 0:
        return (b & c) | (~b & d);
    case 1:
        return (d & b) | (~d & c);
    case 2:
        return b ^ c ^ d;
    default:
        return c ^ (b | ~d);
    }
}

static inline int word_of(int quarter, int i)
{
    static const int factor[4] = {1, 5, 3, 7}, start[4] = {0, 1, 5, 0};
    return (factor[quarter] * i + start[quarter]) & 15;
}

void md5__compress(union hash_state *state, const uint8_t *block)
{
    uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3];
    for (int i = 0; i < 64; i++) {
        int quarter = i >> 4;
        uint32_t sum = a + mix(quarter, b, c, d) + ROUND_CONSTANTS[i] + load_little32(block + 4 * word_of(quarter, i));
        a = d;
        d = c;
        c = b;
        b += rotate_left32(sum, ROTATIONS[quarter][i & 3]);
    }
    const uint32_t mixed[4] = {a, b, c, d};
    for (int i = 0; i < 4; i++)
        state->words[i] += mixed[i];
}
