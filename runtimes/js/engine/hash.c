/*
 * Hashing for the library: a state is bytes that the library holds, so that a snapshot carries it and a copy of it is a
 * copy of the hash.
 */
#include <string.h>

#include "engine.h"
#include "hash.h"

/* What the library calls them: HashAlgorithm in lib/native.ts. */
enum algorithm { MD5, SHA1, SHA224, SHA256, SHA384, SHA512, SHA3_224, SHA3_256, SHA3_384, SHA3_512, ALGORITHMS };

enum padding {
    LENGTH_LITTLE, /* 0x80, zeros, the length in bits: 8 bytes, the lowest first */
    LENGTH_BIG,    /* the same, the highest first, in an eighth of a block */
    SPONGE,        /* 0x06, zeros, the last bit */
};

struct definition {
    void (*compress)(union hash_state *state, const uint8_t *block);
    enum padding padding;
    uint32_t block_bytes;
    uint32_t digest_bytes;
    uint32_t word_bytes;
    union hash_state start;
};

static void absorb(union hash_state *state, const uint8_t *block, uint32_t block_bytes)
{
    for (uint32_t i = 0; i < block_bytes; i++)
        state->lanes[i / 8] ^= (uint64_t)block[i] << 8 * (i % 8);
    keccak__permute(state);
}

#define SHA3(bits) {NULL, SPONGE, 200 - (bits) / 4, (bits) / 8, 8, {.lanes = {0}}}

/* The start of SHA-2: fractional parts of the square roots of the first 16 primes. */
static const struct definition DEFINITIONS[ALGORITHMS] = {
    [MD5] = {md5__compress, LENGTH_LITTLE, 64, 16, 4,
             {.words = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u}}},
    [SHA1] = {sha1__compress, LENGTH_BIG, 64, 20, 4,
              {.words = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u}}},
    [SHA224] = {sha256__compress, LENGTH_BIG, 64, 28, 4,
                {.words = {0xc1059ed8u, 0x367cd507u, 0x3070dd17u, 0xf70e5939u,
                           0xffc00b31u, 0x68581511u, 0x64f98fa7u, 0xbefa4fa4u}}},
    [SHA256] = {sha256__compress, LENGTH_BIG, 64, 32, 4,
                {.words = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                           0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u}}},
    [SHA384] = {sha512__compress, LENGTH_BIG, 128, 48, 8,
                {.longs = {0xcbbb9d5dc1059ed8u, 0x629a292a367cd507u, 0x9159015a3070dd17u, 0x152fecd8f70e5939u,
                           0x67332667ffc00b31u, 0x8eb44a8768581511u, 0xdb0c2e0d64f98fa7u, 0x47b5481dbefa4fa4u}}},
    [SHA512] = {sha512__compress, LENGTH_BIG, 128, 64, 8,
                {.longs = {0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
                           0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u}}},
    [SHA3_224] = SHA3(224),
    [SHA3_256] = SHA3(256),
    [SHA3_384] = SHA3(384),
    [SHA3_512] = SHA3(512),
};

struct hash {
    uint32_t algorithm;
    uint32_t held; /* bytes in `block` */
    uint64_t total;
    union hash_state state;
    uint8_t block[HASH_BLOCK_MAX];
};

static void put_block(struct hash *hash, const struct definition *is, const uint8_t *block)
{
    if (is->compress)
        is->compress(&hash->state, block);
    else
        absorb(&hash->state, block, is->block_bytes);
}

static void update(struct hash *hash, const uint8_t *bytes, size_t length)
{
    const struct definition *is = &DEFINITIONS[hash->algorithm];
    hash->total += length;
    while (length > 0) {
        if (hash->held == 0 && length >= is->block_bytes) {
            put_block(hash, is, bytes);
            bytes += is->block_bytes;
            length -= is->block_bytes;
            continue;
        }
        size_t room = is->block_bytes - hash->held;
        size_t part = length < room ? length : room;
        memcpy(hash->block + hash->held, bytes, part);
        hash->held += (uint32_t)part;
        bytes += part;
        length -= part;
        if (hash->held == is->block_bytes) {
            put_block(hash, is, hash->block);
            hash->held = 0;
        }
    }
}

static void write_length(const struct hash *hash, const struct definition *is, uint8_t *block)
{
    uint64_t bits = hash->total << 3, high = hash->total >> 61;
    for (uint32_t i = 0; i < 8; i++) {
        if (is->padding == LENGTH_LITTLE)
            block[is->block_bytes - 8 + i] = (uint8_t)(bits >> 8 * i);
        else
            block[is->block_bytes - 1 - i] = (uint8_t)(bits >> 8 * i);
    }
    if (is->block_bytes == 128)
        block[is->block_bytes - 9] = (uint8_t)high;
}

static void finish(struct hash *hash, uint8_t *digest)
{
    const struct definition *is = &DEFINITIONS[hash->algorithm];
    uint8_t *block = hash->block;
    memset(block + hash->held, 0, is->block_bytes - hash->held);
    if (is->padding == SPONGE) {
        block[hash->held] = 0x06;
        block[is->block_bytes - 1] |= 0x80;
    } else {
        block[hash->held] = 0x80;
        if (hash->held >= is->block_bytes - is->block_bytes / 8) {
            put_block(hash, is, block);
            memset(block, 0, is->block_bytes);
        }
        write_length(hash, is, block);
    }
    put_block(hash, is, block);
    bool lowest_first = is->padding != LENGTH_BIG;
    for (uint32_t i = 0; i < is->digest_bytes; i++) {
        uint32_t word = i / is->word_bytes, byte = i % is->word_bytes;
        uint32_t shift = 8 * (lowest_first ? byte : is->word_bytes - 1 - byte);
        digest[i] = (uint8_t)(is->word_bytes == 4 ? hash->state.words[word] >> shift : hash->state.longs[word] >> shift);
    }
}

/* A state as the library hands it back; its bytes may lie anywhere. */
static uint8_t *take_state(JSContext *context, JSValueConst value, struct hash *hash)
{
    size_t length;
    uint8_t *bytes = interpreter__bytes(value, &length);
    if (bytes && length == sizeof *hash) {
        memcpy(hash, bytes, sizeof *hash);
        if (hash->algorithm < ALGORITHMS && hash->held < DEFINITIONS[hash->algorithm].block_bytes)
            return bytes;
    }
    JS_ThrowTypeError(context, "Cannot hash: this is no state of a hash");
    return NULL;
}

/* hashNew(algorithm: number): Uint8Array: the state */
NATIVE_FUNCTION(native_hash_new)
{
    struct hash hash = {0};
    if (JS_ToUint32(context, &hash.algorithm, argv[0]))
        return JS_EXCEPTION;
    if (hash.algorithm >= ALGORITHMS)
        return JS_ThrowRangeError(context, "Cannot hash: there is no algorithm %u", (unsigned)hash.algorithm);
    hash.state = DEFINITIONS[hash.algorithm].start;
    return JS_NewUint8ArrayCopy(context, (const uint8_t *)&hash, sizeof hash);
}

/* hashUpdate(state: Uint8Array, bytes: Uint8Array): void. What is detached or out of bounds by now has no bytes. */
NATIVE_FUNCTION(native_hash_update)
{
    struct hash hash;
    size_t length;
    uint8_t *state = take_state(context, argv[0], &hash);
    if (!state)
        return JS_EXCEPTION;
    const uint8_t *bytes = interpreter__bytes(argv[1], &length);
    if (!bytes)
        return JS_ThrowTypeError(context, "Cannot hash what is no Uint8Array");
    update(&hash, bytes, length);
    memcpy(state, &hash, sizeof hash);
    return JS_UNDEFINED;
}

/* hashDigest(state: Uint8Array): Uint8Array. The state stays as it is, and can go on. */
NATIVE_FUNCTION(native_hash_digest)
{
    struct hash hash;
    uint8_t digest[HASH_DIGEST_MAX];
    if (!take_state(context, argv[0], &hash))
        return JS_EXCEPTION;
    finish(&hash, digest);
    return JS_NewUint8ArrayCopy(context, digest, DEFINITIONS[hash.algorithm].digest_bytes);
}

const JSCFunctionListEntry hash_natives[] = {
    NATIVE("hashNew", 1, native_hash_new),
    NATIVE("hashUpdate", 2, native_hash_update),
    NATIVE("hashDigest", 1, native_hash_digest),
};
const int hash_natives_count = COUNT(hash_natives);
