/* The module's only imports. */
#ifndef MF_PLATFORM_H
#define MF_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#define MF_IMPORT(name) __attribute__((import_module("mayfly"), import_name(name)))
#define MF_EXPORT(name) __attribute__((export_name(name)))

MF_IMPORT("clock") int64_t mayfly_clock(uint32_t which);
MF_IMPORT("random") void mayfly_random(void *bytes, size_t length);

static inline uint64_t platform__wall_ns(void)
{
    return (uint64_t)mayfly_clock(0);
}

static inline uint64_t platform__monotonic_ns(void)
{
    return (uint64_t)mayfly_clock(1);
}

static inline void platform__random(void *bytes, size_t length)
{
    mayfly_random(bytes, length);
}

#endif
