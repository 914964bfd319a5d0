#include "image_format.h"

#include <string.h>

uint64_t image__checksum(uint64_t from, const void *words, size_t bytes) {
    const uint8_t *at = words;
    uint64_t sum = from ^ UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at + i, sizeof word);
        /* Each step has an inverse, so two sums that once differ stay different over the same words. */
        sum = (sum ^ word) * UINT64_C(0xd6e8feb86659fd93);
        sum ^= sum >> 32;
    }
    return sum;
}

uint64_t image__hash_begin(uint32_t seed) {
    return UINT64_C(0xcbf29ce484222325) ^ seed * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t image__hash_more(uint64_t hash, const char *part, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)part[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint32_t image__hash_end(uint64_t hash) {
    return (uint32_t)(hash ^ hash >> 32);
}

uint32_t image__hash(uint32_t seed, const char *path) {
    return image__hash_end(image__hash_more(image__hash_begin(seed), path, strlen(path)));
}
