/* What the tests of WASI modules share: modules from text, requests to them, and their answers. */
#ifndef MAYFLY_WASI_CLIENT_H
#define MAYFLY_WASI_CLIENT_H

#include "test.h"

#define MiB (1024u * 1024)

/* Of every module that is loaded. */
#define WASI_LOG_BYTES 20000

/* Compiles and loads a module from its text. */
uint32_t wasi__load(const char *text, uint64_t memory_bytes, const char *files);
/* The same for one that must be refused; the reason has this in it. */
void wasi__refuse(const char *text, const char *reason);
/* Bytes of a module from its text, for the caller to free. */
uint8_t *wasi__assemble(const char *text, size_t *length);

/* Puts a request into a slot: a GET without a body. */
struct mf_slot *wasi__put(uint32_t slot, uint32_t module);
/* The same with a body, whose frames are to be added. */
struct mf_slot *wasi__put_with_body(uint32_t slot, uint32_t module);
/* Appends a frame to what a slot's step will take. */
void wasi__add_frame(uint32_t slot, uint8_t type, uint8_t flags, const void *bytes, uint32_t length);
/* A slot's next step, of the sandbox that its last one left parked, without any frames so far. */
struct mf_slot *wasi__again(uint32_t slot);

/* A step completes before its sandbox is taken down. */
void wasi__wait_until_gone(void);

/* What a slot's step wrote. */
struct wasi_answer {
    uint32_t heads, ends, exits;
    uint32_t status, exit_code, credit;
    char headers[1024], body[70000], log[WASI_LOG_BYTES + 4096];
    uint32_t body_length;
};

struct wasi_answer *wasi__answer(uint32_t slot);
/* A GET of a new sandbox that ends in one step. */
struct wasi_answer *wasi__get(uint32_t module);

/*
 * A module that answers what its `_start` body does. It has a memory of two pages with the text of a head at 16 (23
 * bytes), an iovec of it at 0, scratch space from 1024, and the imports that `WASI_IMPORTS` names.
 */
#define WASI_IMPORTS                                                                                                 \
    "(import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))"            \
    "(import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result i32)))"              \
    "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"                                     \
    "(import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))"                 \
    "(import \"wasi_snapshot_preview1\" \"clock_time_get\" (func $clock (param i32 i64 i32) (result i32)))"          \
    "(import \"wasi_snapshot_preview1\" \"environ_get\" (func $environ (param i32 i32) (result i32)))"               \
    "(import \"wasi_snapshot_preview1\" \"environ_sizes_get\" (func $environ_sizes (param i32 i32) (result i32)))"   \
    "(import \"wasi_snapshot_preview1\" \"args_get\" (func $args (param i32 i32) (result i32)))"                     \
    "(import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $args_sizes (param i32 i32) (result i32)))"         \
    "(import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $poll (param i32 i32 i32 i32) (result i32)))"          \
    "(import \"wasi_snapshot_preview1\" \"fd_prestat_get\" (func $prestat (param i32 i32) (result i32)))"            \
    "(import \"wasi_snapshot_preview1\" \"fd_readdir\" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))"    \
    "(import \"wasi_snapshot_preview1\" \"fd_seek\" (func $seek (param i32 i64 i32 i32) (result i32)))"              \
    "(import \"wasi_snapshot_preview1\" \"fd_pread\" (func $pread (param i32 i32 i32 i64 i32) (result i32)))"        \
    "(import \"wasi_snapshot_preview1\" \"fd_fdstat_get\" (func $fdstat (param i32 i32) (result i32)))"              \
    "(import \"wasi_snapshot_preview1\" \"fd_filestat_get\" (func $filestat (param i32 i32) (result i32)))"          \
    "(import \"wasi_snapshot_preview1\" \"path_open\""                                                               \
    "  (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"                                       \
    "(import \"wasi_snapshot_preview1\" \"path_filestat_get\""                                                       \
    "  (func $path_filestat (param i32 i32 i32 i32 i32) (result i32)))"

#define WASI_HEAD                                                                                                    \
    "(memory (export \"memory\") 2)"                                                                                 \
    "(data (i32.const 0) \"\\10\\00\\00\\00\\17\\00\\00\\00\")"                                                      \
    "(data (i32.const 16) \"content-type: a/plain\\n\\n\")"

/* Writes the head. */
#define WASI_ANSWER "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
/* Ends with a status that is not 0 unless an expression is that number. */
#define WASI_EXPECT(expression, number) \
    "(if (i32.ne " expression " (i32.const " #number ")) (then (call $exit (i32.const " #number "))))"
#define WASI_PROGRAM(body) "(module " WASI_IMPORTS WASI_HEAD "(func (export \"_start\") " body "))"

#endif
