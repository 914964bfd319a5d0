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

uint32_t image__hash(const char *path) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *path != 0; path++) hash = (hash ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ hash >> 32);
}
