/*
 * A cell: the jailed process in which one tenant's microVMs run. This header is what a cell and the server agree on.
 *
 * The server starts the program `mayfly-cell` with these descriptors and no others (0 to 2 are /dev/null), and talks to it in
 * three ways:
 *
 * - requests (struct cell_request) over a socket that keeps messages apart; a file that one is about comes with it;
 * - steps, in slots of a ring (struct mf_ring, struct mf_slot of ../shim/mayfly.h), the same as for the Wasm engine: a slot
 *   carries one step of one sandbox, frames (../shim/frames.h) in and out. The ring is a memfd of this cell's own;
 * - what the cell tells (struct cell_told) over a stream socket: a byte when steps completed, replies, lines of logs.
 *
 * The cell believes the server. The server believes nothing: the shim copies what it reads of the ring, once, before it
 * looks at it, and TypeScript checks what it is told.
 */
#ifndef MAYFLY_CELL_H
#define MAYFLY_CELL_H

#include <stdatomic.h>
#include <stdint.h>

#include "../shim/mayfly.h"

#define CELL_ABI 1u

enum cell_descriptor {
    CELL_REQUESTS = 3, /* SOCK_SEQPACKET */
    CELL_TOLD = 4,     /* SOCK_STREAM: Deno reads the other end */
    CELL_RING = 5,     /* memfd, sealed in its size: struct cell_ring */
    CELL_KVM = 6,
};

/* ---- the ring ---------------------------------------------------------------------------------------- */

#define CELL_SLOTS 64u /* a power of two */

/* Slots begin at CELL_RING_SLOTS, each of MF_SLOT_BYTES. Queues run free: an index is taken modulo CELL_SLOTS. */
struct cell_ring {
    uint32_t abi;
    uint32_t reserved0[15];
    /* the server writes */
    _Atomic uint32_t submitted_tail;
    _Atomic uint32_t parked; /* 1: the server waits for a byte; the cell clears it when it sends one */
    _Atomic uint32_t wake_at; /* while there are steps to take, it need not be woken before completed_tail is there */
    _Atomic uint32_t canceled[CELL_SLOTS]; /* counts the cancellations of a slot's step: odd while one is wanted */
    uint32_t submitted[CELL_SLOTS];
    /* the cell writes */
    _Atomic uint32_t submitted_head; /* a futex too: workers sleep on submitted_tail */
    _Atomic uint32_t completed_tail;
    _Atomic uint32_t sleepers; /* not 0: somebody is to be woken when submitted_tail has changed */
    uint32_t completed[CELL_SLOTS];
};

#define CELL_RING_SLOTS 4096u
#define CELL_RING_BYTES (CELL_RING_SLOTS + (uint64_t)CELL_SLOTS * MF_SLOT_BYTES)

/* ---- requests ---------------------------------------------------------------------------------------- */

enum cell_operation {
    CELL_START = 1, /* first, once: jails itself. `user`, `mode`, `address_bytes`; replies with what is not in force */
    CELL_VIEW,      /* `object` is a packed image: the file that comes with it */
    CELL_LOAD,      /* `object` is a snapshot: the file; `parent` or 0; `views`: the parent's first, then more */
    CELL_DERIVE,    /* `object` is for building a difference: `parent`, `views` (the parent's first), limits */
    CELL_BOOT,      /* `object` is a program, booted until it waits for its first request: replies with its sandbox, at
                     * four times its deadline where the machine has too little */
    CELL_TAKE,      /* writes the snapshot of held `sandbox`, `generation` into the file; `parent` or 0 */
    CELL_DROP,      /* `object`, of any kind, once nothing uses it */
    CELL_KEEP,      /* how many idle VMs to keep and how much memory they may have: `count`, `memory_bytes` */
    CELL_STATS,     /* replies with "name=value\n" lines */
};

enum cell_mode {
    CELL_BUILDS = 1, /* boots programs and writes snapshots */
    CELL_SERVES = 2, /* only loads, clones and resets: seccomp allows no more */
};

/* How a guest is spoken to. */
enum cell_protocol {
    CELL_FRAMES = 1, /* descriptor 3 speaks frames */
    CELL_STDIO = 2,  /* HTTP/1.1 on stdin and stdout */
    CELL_SERVER = 3, /* HTTP/1.1 over a connection to `tcp_port` */
};

#define CELL_VIEWS_MAX 8u
#define CELL_STRINGS_MAX 49152u

struct cell_request {
    uint32_t operation, id; /* the reply has the id */
    uint32_t object, parent; /* numbers that the server gives; from 1 */
    uint32_t views[CELL_VIEWS_MAX], view_count;
    uint32_t protocol; /* enum cell_protocol, of a program or a snapshot */
    uint32_t tcp_port; /* of CELL_SERVER: where a snapshot listens */
    uint32_t sandbox, generation;
    uint32_t count;
    uint32_t user;  /* to become; 0: the one that it is */
    uint32_t mode;
    uint32_t arguments, environment; /* strings of a program, in this order, then its folder */
    uint32_t string_bytes;
    uint64_t memory_bytes, log_bytes, address_bytes, deadline_ns;
    /* `string_bytes` bytes follow, each string with a NUL at its end */
};

/* ---- what it tells ----------------------------------------------------------------------------------- */

enum cell_telling {
    CELL_WAKE = 0, /* one zero byte, without the rest: steps completed */
    CELL_REPLY = 1,
    CELL_LOG = 2, /* a line that a program wrote while it booted: `id` is the request's */
    CELL_DAMAGED = 3, /* a snapshot, found so after it was loaded: `id` is its object */
};

#define CELL_TEXT_MAX 16384u

struct cell_told {
    uint8_t telling; /* enum cell_telling */
    uint8_t level;   /* enum mf_log_level */
    uint16_t reserved;
    uint32_t id;
    int32_t error; /* 0, or -errno, the text says why */
    uint32_t sandbox, generation;
    uint32_t tcp_port; /* that a program listens on */
    uint32_t text_bytes;
    /* `text_bytes` of UTF-8 follow */
};

_Static_assert(sizeof(struct cell_ring) <= CELL_RING_SLOTS, "the ring's head is a page");
_Static_assert(sizeof(struct cell_told) == 28, "TypeScript reads it");

#endif
