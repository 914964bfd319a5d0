/* One request in one instance of a WASI module: it runs on a stack of its own, which it leaves when it has to wait. */
#ifndef MAYFLY_WASI_SANDBOX_H
#define MAYFLY_WASI_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "mayfly.h"
#include "run.h"
#include "wasi_call.h"
#include "wasi_environment.h"
#include "wasi_module.h"
#include "wasi_output.h"

#define WASI_DESCRIPTORS_MAX 64u
#define WASI_STDIN 0u
#define WASI_STDOUT 1u
#define WASI_STDERR 2u
#define WASI_FIRST_DESCRIPTOR 3u

/* An open file or folder. */
struct wasi_descriptor {
    bool is_open;
    struct wasi_place place;
    uint64_t offset;
};

enum wasi_stage { WASI_NEW, WASI_INSTANTIATES, WASI_CALLS, WASI_OVER };

struct wasi_sandbox {
    struct wasi_module *module;
    uint32_t index, generation;
    struct run *run; /* while a step runs */
    struct wasi_sandbox *next_spare;

    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_memory_t memory;
    bool has_memory;       /* `memory` is known */
    uint64_t memory_began; /* its bytes then */
    wasmtime_func_t start;
    wasmtime_call_future_t *future;
    wasm_trap_t *trap;
    wasmtime_error_t *error;
    enum wasi_stage stage;

    uint64_t started_ns;
    uint64_t wake_ns;     /* UINT64_MAX: nothing but frames can wake it */
    bool has_exited;      /* by proc_exit */
    uint32_t exit_status;
    /* A call of a function that may wait. */
    struct wasi_call call;
    uint32_t (*waiting)(struct wasi_call *call);
    wasmtime_val_t *result;

    bool has_head, input_has_ended, is_canceled;
    uint32_t input_at, input_length, input_owed; /* bytes that the guest took and the server was not told of */
    uint8_t input[MF_INITIAL_CREDIT];

    struct wasi_descriptor descriptors[WASI_DESCRIPTORS_MAX];
    struct wasi_output output;
    struct wasi_environment environment;
};

/* Ready for its first step. */
void wasi_sandbox__start(struct wasi_sandbox *sandbox, const struct wasi_engine *engine, struct wasi_module *module);
/* Whatever the guest was doing. */
void wasi_sandbox__stop(struct wasi_sandbox *sandbox);

/* Takes a step's frames. -EPROTO if they make no sense; -E2BIG. */
int wasi_sandbox__deliver(struct wasi_sandbox *sandbox, const uint8_t *frames, uint32_t length);
/* Runs the guest until it waits (false) or has ended. */
bool wasi_sandbox__run(struct wasi_sandbox *sandbox);
/* The guest has ended: the frames that say how. False: it crashed, with that trap code + 1. */
bool wasi_sandbox__finish(struct wasi_sandbox *sandbox, uint32_t *trap);

uint64_t wasi_sandbox__memory_bytes(const struct wasi_sandbox *sandbox);

#endif
