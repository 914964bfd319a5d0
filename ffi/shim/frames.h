/*
 * Frames: what a sandbox and the server say to each other, on every tier.
 *
 * A step hands a sandbox some frames and takes back the frames that it wrote until it ended or had
 * to wait. This header is shared by the shim and by guests; a test compares it with ffi/layout.ts.
 */
#ifndef MAYFLY_FRAMES_H
#define MAYFLY_FRAMES_H

#include <stdint.h>

enum mf_frame_type {
    MF_HEAD = 1,   /* both ways: a request, or the head of its response */
    MF_CHUNK = 2,  /* both ways: at most MF_CHUNK_MAX bytes of body, within credit */
    MF_END = 3,    /* both ways: the body is complete */
    MF_CALL = 4,   /* guest to host: a host call; answered once */
    MF_ANSWER = 5, /* host to guest */
    MF_CANCEL = 6, /* host to guest: the caller left or the deadline passed */
    MF_LOG = 7,    /* guest to host: one log line */
    MF_EXIT = 8,   /* guest to host: nothing is left to run; always the last frame */
    MF_CREDIT = 9, /* both ways: the receiver takes that many more bytes of body */
};

/* Every frame: this header, `length` bytes of payload, zero bytes up to a multiple of 4. */
struct mf_frame {
    uint8_t type;
    uint8_t flags;
    uint16_t aux;
    uint32_t length;
};

#define MF_CHUNK_MAX 65536u
#define MF_HEAD_MAX 49152u /* url, headers and parameters together */
#define MF_LOG_MAX 8192u   /* one line; longer ones are cut by the guest */
/* So much of the log's bound a line uses at least: a record of it costs more than an empty line's text. */
#define MF_LOG_LINE_COST 64u
#define MF_INITIAL_CREDIT 65536u

/*
 * MF_HEAD to a guest: MF_REQUEST_STRINGS lengths (u32), then that many UTF-8 strings, one after
 * the other. Headers are "name\nvalue\n..." with names in lower case, values as Latin-1 code
 * points in UTF-8.
 */
enum mf_request_string {
    MF_REQUEST_METHOD = 0,
    MF_REQUEST_URL = 1,
    MF_REQUEST_HEADERS = 2,
    MF_REQUEST_ID = 3,
    MF_REQUEST_CONTEXT = 4, /* see below */
    MF_REQUEST_STRINGS = 5,
};

enum mf_head_flag {
    MF_HEAD_HAS_BODY = 1, /* CHUNK frames and an END follow, some of them maybe in this step */
    MF_HEAD_DEPLOY = 2,   /* not a request: the body is the bundle, the context its settings */
};

/*
 * A request's context for JavaScript: nothing, or JSON: {"params":{..},"mount":"/.."}. For a WASI module: its mount and
 * its own variables, each with a NUL at its end: "/at", "PARAM_id=7".
 *
 * A deploy's context: {"function":{"name","tenant","version"},"mount","env":{..},"file","memoryBytes","timeoutMs",
 * "timers","logBytes"}. The guest evaluates the bundle and answers HEAD 200 with the JSON body
 * {"kind":"handler"|"fetch"|"serve"|"lambda"}, or exits with MF_EXIT_EXCEPTION.
 *
 * MF_HEAD from a guest: aux is the status; payload is the headers as above.
 * MF_CALL: payload is id (u32), operation (u32), then the operation's own bytes.
 * MF_ANSWER: payload is id (u32), error (u32, 0 or 1), then the result, or the error as UTF-8.
 * MF_LOG: aux is the level, payload the text.
 * MF_CREDIT: payload is bytes (u32).
 * MF_EXIT: aux is the code; payload is "message\nstack" of an exception (the stack may be empty).
 */
enum mf_log_level { MF_LOG_DEBUG = 0, MF_LOG_INFO = 1, MF_LOG_WARN = 2, MF_LOG_ERROR = 3 };

enum mf_exit_code {
    MF_EXIT_OK = 0,
    MF_EXIT_EXCEPTION = 1,    /* the handler threw, or the module did at deploy */
    MF_EXIT_MEMORY = 2,       /* an out-of-memory error reached the top */
    MF_EXIT_BAD_RESPONSE = 3, /* not a Response, an invalid status, an invalid header */
    MF_EXIT_BODY_ERROR = 4,   /* the response's body stream failed after its head */
    MF_EXIT_UNSUPPORTED = 5,  /* needs what this runtime cannot do; the message names it */
    MF_EXIT_STATUS = 6,       /* a program ended with a status that is not 0 */
};

#endif
