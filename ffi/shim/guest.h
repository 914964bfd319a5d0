/*
 * The Wasm engine's contract with its host (the shim): one module runs every JavaScript function.
 *
 * Exports, besides `memory` and `__stack_pointer`:
 *   _initialize()                 once, in a new instance
 *   mf_init() -> i32              makes the runtime; 0 or -1
 *   mf_alloc(size) -> ptr         for the library's source only
 *   mf_boot(ptr, length) -> i32   evaluates the JavaScript library; 0 or -1, text in `out`
 *   mf_io() -> ptr                the address of struct mf_guest_io, constant
 *   mf_step(in_length) -> i32     takes the frames in `in`, runs until nothing is runnable;
 *                                 enum mf_guest_state
 * Imports:
 *   mayfly.clock(which) -> i64    nanoseconds; 0 wall clock, 1 monotonic
 *   mayfly.random(ptr, length)    fresh random bytes
 * and nothing else: the whole state of an instance is its memory and one global.
 *
 * While the base image is made both imports are constant, so that the image is reproducible.
 */
#ifndef MAYFLY_GUEST_H
#define MAYFLY_GUEST_H

#include "frames.h"

#define MF_GUEST_ABI 1u
#define MF_GUEST_IN_BYTES (128u * 1024)
#define MF_GUEST_OUT_BYTES (256u * 1024)
#define MF_NO_WAKE 0xffffffffu

enum mf_guest_state {
    MF_GUEST_PARKED = 0, /* waits for frames, or for wake_ms to pass (mf_step(0) then) */
    MF_GUEST_DONE = 1,   /* wrote MF_EXIT */
    MF_GUEST_FAULT = 2,  /* the host's frames made no sense to it */
};

struct mf_guest_io {
    uint32_t abi;
    uint32_t out_length; /* kept true while frames are written, so that a killed guest's log survives */
    uint32_t wake_ms;    /* from now to the first timer; MF_NO_WAKE: none */
    uint32_t fresh;      /* host: 1 in the first step of a clone: take `seed`, restart clocks */
    uint64_t seed[2];    /* host: random for each clone */
    uint32_t memory_used;  /* guest: bytes its heap held at most in this step */
    uint32_t reserved;
    uint8_t in[MF_GUEST_IN_BYTES];
    uint8_t out[MF_GUEST_OUT_BYTES];
};

#endif
