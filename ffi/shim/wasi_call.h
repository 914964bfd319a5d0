/*
 * One call of a function of WASI by a guest. Its arguments are the guest's and so are hostile: addresses become
 * pointers in wasi_mem and nowhere else.
 */
#ifndef MAYFLY_WASI_CALL_H
#define MAYFLY_WASI_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wasi_abi.h"

#define WASI_ARGUMENTS_MAX 9
/* As much as Linux takes at once; it bounds how long a call can be. */
#define WASI_IOVS_MAX 1024u

struct wasi_sandbox;

struct wasi_call {
    struct wasi_sandbox *sandbox;
    uint8_t *memory;
    uint64_t memory_bytes;
    uint64_t arguments[WASI_ARGUMENTS_MAX];
    uint64_t started_ns; /* of a poll_oneoff, which counts from there; 0 before it is known */
};

static inline uint32_t wasi_call__u32(const struct wasi_call *call, int argument) {
    return (uint32_t)call->arguments[argument];
}

/* NULL unless all of it is the guest's. Any alignment. */
static inline uint8_t *wasi_mem(const struct wasi_call *call, uint32_t address, uint64_t length) {
    bool is_inside = length <= call->memory_bytes && address <= call->memory_bytes - length;
    return is_inside ? call->memory + address : NULL;
}

static inline uint32_t wasi__get_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t wasi__get_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void wasi__put_u32(uint8_t *at, uint32_t value) {
    memcpy(at, &value, sizeof value);
}

static inline void wasi__put_u64(uint8_t *at, uint64_t value) {
    memcpy(at, &value, sizeof value);
}

/* WASI_FAULT, or the value is there. */
static inline uint32_t wasi_call__store_u32(const struct wasi_call *call, uint32_t address, uint32_t value) {
    uint8_t *to = wasi_mem(call, address, sizeof value);
    if (to == NULL) return WASI_FAULT;
    wasi__put_u32(to, value);
    return WASI_OK;
}

static inline uint32_t wasi_call__store_u64(const struct wasi_call *call, uint32_t address, uint64_t value) {
    uint8_t *to = wasi_mem(call, address, sizeof value);
    if (to == NULL) return WASI_FAULT;
    wasi__put_u64(to, value);
    return WASI_OK;
}

/* A piece of memory of a list (address u32, length u32) of them, read once. */
struct wasi_iov {
    uint8_t *bytes;
    uint32_t length;
};

/* The list at an address, checked as a whole: all pieces are the guest's. */
static inline uint32_t wasi_call__check_iovs(const struct wasi_call *call, uint32_t address, uint32_t count) {
    if (count > WASI_IOVS_MAX) return WASI_INVAL;
    return wasi_mem(call, address, (uint64_t)count * 8) == NULL ? WASI_FAULT : WASI_OK;
}

/* The piece at a place of a list that was checked. False: it is not the guest's. */
static inline bool wasi_call__iov(const struct wasi_call *call, uint32_t address, uint32_t place,
                                  struct wasi_iov *iov) {
    const uint8_t *entry = wasi_mem(call, address + place * 8, 8);
    if (entry == NULL) return false;
    iov->length = wasi__get_u32(entry + 4);
    iov->bytes = wasi_mem(call, wasi__get_u32(entry), iov->length);
    return iov->bytes != NULL;
}

#endif
