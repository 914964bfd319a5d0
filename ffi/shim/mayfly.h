/*
 * The shim: what TypeScript cannot do. It hosts wasmtime on its own threads, clones and resets
 * sandboxes, and kills them. Policy stays in TypeScript.
 *
 * Every function returns 0 (or a count, or an id) or -errno, says what the *host* did, never exits
 * and never prints. What the guest did is in the slot.
 */
#ifndef MAYFLY_H
#define MAYFLY_H

#include <stddef.h>
#include <stdint.h>

#include "guest.h"

#define MF_SHIM_ABI 1u

#pragma GCC visibility push(default) /* the rest of the shim is compiled hidden */

/* ---- the ring: slots for steps, one completion queue --------------------------------------- */

/* A slot carries one step of one sandbox, in and out. Offsets are known to ffi/ring.ts. */
struct mf_slot {
    /* set by the server before a submit */
    uint32_t snapshot;       /* of a new sandbox */
    uint32_t sandbox;        /* MF_NEW, or the parked sandbox to resume */
    uint32_t generation;     /* of that sandbox; a stale one is refused with MF_STEP_STALE */
    uint32_t flags;          /* enum mf_step_flag */
    uint32_t in_length;
    uint32_t reserved0;
    uint64_t deadline_ns;    /* CLOCK_MONOTONIC; the guest is killed at it */
    uint64_t cpu_left_ns;    /* the guest is killed when it has used so much in this step */
    /* set by the shim before the completion */
    uint32_t result;         /* enum mf_step_result */
    int32_t error;           /* of MF_STEP_HOST_ERROR: -errno */
    uint32_t out_sandbox;    /* valid when parked or held */
    uint32_t out_generation;
    uint32_t out_length;
    uint32_t wake_ms;
    uint32_t start;          /* enum mf_start, of a new sandbox */
    uint32_t trap;           /* wasmtime's trap code + 1, or 0 */
    uint32_t memory_peak;    /* bytes, as the guest says */
    uint32_t dirty_pages;    /* private ones of its instance that were known before this step */
    uint64_t clone_ns;       /* time to bring the sandbox to its snapshot */
    uint64_t run_ns;         /* wall time of the guest's run */
    uint64_t cpu_ns;         /* CPU time of it; of a run that ended within a tick or two, its wall time */
    uint64_t reserved1[3];
};

#define MF_NEW 0xffffffffu
#define MF_SLOT_HEADER 256u
#define MF_SLOT_IN MF_SLOT_HEADER
#define MF_SLOT_OUT (MF_SLOT_IN + MF_GUEST_IN_BYTES)
#define MF_SLOT_BYTES (MF_SLOT_OUT + MF_GUEST_OUT_BYTES)

enum mf_step_flag {
    MF_STEP_HOLD = 1,    /* a build: keep the sandbox when it is done, for mf_freeze or more steps */
    MF_STEP_DISCARD = 2, /* no run: throw the sandbox away; completes (as MF_STEP_DONE) without a wake */
};

enum mf_step_result {
    MF_STEP_PARKED = 0,
    MF_STEP_DONE = 1,
    MF_STEP_DEADLINE = 2,   /* killed: past deadline_ns */
    MF_STEP_CPU = 3,        /* killed: past cpu_left_ns */
    MF_STEP_INLINE = 4,     /* killed: past the inline budget, or too large for it; a worker has to do it */
    MF_STEP_CANCELED = 5,   /* killed by mf_cancel */
    MF_STEP_TRAP = 6,       /* out of bounds, unreachable, stack: the guest crashed */
    MF_STEP_STALE = 7,      /* no such sandbox (any more) */
    MF_STEP_HOST_ERROR = 8,
};

enum mf_start { MF_START_NONE = 0, MF_START_WARM = 1, MF_START_CLONE = 2 };

/* The region: this header, the queue from queue_offset, `slots` slots from slots_offset to its end. */
struct mf_ring {
    uint32_t abi;            /* MF_SHIM_ABI */
    uint32_t slots;
    uint32_t slots_offset;
    uint32_t queue_offset;   /* u32 slot numbers, `slots` of them rounded up to a power of two */
    uint32_t queue_mask;
    uint32_t queue_tail;     /* written by the shim with release order, free-running */
    uint32_t parked;         /* set by mf_park, cleared by the shim when it sends the wake byte */
    uint32_t steps_waiting;  /* submitted, no worker has them yet */
    uint32_t steps_running;
    uint32_t reserved[7];
};

/* ---- cells: processes in which tenants' microVMs run (ffi/cell/cell.h) ------------------------------------- */

struct mf_cell;

/*
 * A cell that is not started: its ring, and a private copy of it, laid out as the in-process ring is, which alone the server
 * looks at. `wake_path`: where a stream socket listens for the server to connect to, before the start.
 */
int mf_cell_new(const char *wake_path, struct mf_cell **cell, struct mf_ring **ring);
/* Starts the program in namespaces of its own. `kvm` and `program` are paths that this process may open. */
int mf_cell_start(struct mf_cell *cell, const char *program, const char *kvm, char *message, size_t capacity);
/* Its process, as this one sees it. */
int mf_cell_process(const struct mf_cell *cell);
/* Its niceness beside this process, and its session's beside this one. */
int mf_cell_be_nice(const struct mf_cell *cell, int niceness);
/* A request, with a file of the host or NULL. `flags` are of enum mf_cell_file. -EPIPE: it is dead. */
int mf_cell_send(struct mf_cell *cell, const uint8_t *request, size_t length, const char *file, uint32_t flags);
/* As of the ring in the process. mf_cell_collect copies what is complete into the private ring: how many steps. */
int mf_cell_submit(struct mf_cell *cell, uint32_t slot);
int mf_cell_wake(struct mf_cell *cell);
int mf_cell_cancel(struct mf_cell *cell, uint32_t slot);
int mf_cell_collect(struct mf_cell *cell);
/* It is woken when so many more steps are complete, or when the cell has nothing more to do. */
int mf_cell_park(struct mf_cell *cell, uint32_t head, uint32_t batch);
/* A cell tells nobody which steps it has taken: brings steps_waiting up to date, as a submit and a collect do. */
void mf_cell_count(struct mf_cell *cell);
/* Kills it and waits for that; the private ring stays mapped, empty. The cell is gone. Returns how it ended (wait status). */
int mf_cell_end(struct mf_cell *cell);
/* Unmaps the private ring of a cell that is gone: nobody has a view of it any more. */
int mf_cell_forget(struct mf_ring *ring);

enum mf_cell_file {
    MF_CELL_READ = 0,   /* a regular file, read-only */
    MF_CELL_CREATE = 1, /* a new one, mode 0600, to read and write */
};

/* Packs a folder of the host into a packed image (ffi/vm/image_pack.h): lines "host path\tpath in the image\n". */
int mf_image_pack(const char *to, const char *sources, char *message, size_t capacity);

/* ---- life ------------------------------------------------------------------------------------ */

struct mf_options {
    uint32_t abi;            /* MF_SHIM_ABI */
    uint32_t slots;
    uint32_t workers;        /* threads that run short steps */
    uint32_t long_workers;   /* how many more may exist because their guests run long */
    uint32_t instances;      /* at most; running and parked */
    uint32_t warm_instances; /* idle ones that keep their private pages */
    uint32_t inline_us;      /* an inline run is killed after this */
    uint32_t long_us;        /* a run that used so much CPU time is demoted and another worker let ahead */
    uint32_t verify;         /* compare the whole memory with the snapshot after each reset and before each run */
    uint32_t reserved[7];
};

struct mf_stats {
    uint64_t steps; /* inline ones included */
    uint64_t inline_steps;
    uint64_t traps, kills;
    uint64_t resets;
    uint64_t remaps;    /* resets that dropped all private pages, because there were too many */
    uint64_t destroyed; /* instances, because a reset failed or there were enough idle ones */
    uint64_t verify_failures;
    uint64_t instances, instances_idle, instances_parked;
    uint64_t snapshots; /* without the base */
    uint64_t snapshot_bytes;
    uint64_t workers;
    uint64_t long_workers;  /* whose guests run long at this moment */
    uint64_t private_pages; /* of the idle instances */
    uint64_t wasi_modules, wasi_module_bytes; /* loaded, and their native code */
    uint64_t wasi_sandboxes, wasi_sandboxes_parked;
};

uint32_t mf_abi(void);
/* CLOCK_MONOTONIC, of which deadlines are. TypeScript calls it once, to relate its own clock to it. */
uint64_t mf_now_ns(void);
/* Lines of "GROUP.name=value": every offset, size and enum value that TypeScript knows too. Static. */
const char *mf_layout(void);
/*
 * The major version of the wasmtime library, as it writes it into what it compiles (it exports no other
 * version): -ENOSYS if it is not the one that the declarations in wasmtime.h were written for.
 */
int mf_wasmtime_version(char *text, size_t capacity);

/* Compile the engine's module to native code. The buffer is the caller's to mf_buffer_free. */
int mf_compile(const uint8_t *wasm, size_t length, uint8_t **out, size_t *out_length, char *message, size_t capacity);
/* Boot the engine with the JavaScript library and freeze the base image. Same inputs, same bytes. */
int mf_make_base(const uint8_t *native, size_t length, const uint8_t *library, size_t library_length,
                 uint8_t **out, size_t *out_length, char *message, size_t capacity);
void mf_buffer_free(uint8_t *buffer);

/* One engine a process. Takes copies of what it needs; the ring lives until mf_close. */
int mf_open(const struct mf_options *options, const uint8_t *native, size_t native_length,
            const uint8_t *base, size_t base_length, struct mf_ring **ring, char *message, size_t capacity);
/* Idle instances that are too many are gone on return, others when their sandboxes end. */
int mf_resize(uint32_t instances, uint32_t warm_instances);
int mf_stats_read(struct mf_stats *stats);
/*
 * Kills what runs, joins the threads, frees everything. The ring's region stays mapped, empty, for the server may
 * still have views of it.
 */
int mf_close(void);

/*
 * The wake socket: listen on a path, then, when the server has connected to it, accept that connection and
 * unlink the path. -EAGAIN: nobody has; -EACCES: somebody else than this process has.
 */
int mf_wake_listen(const char *path);
int mf_wake_accept(void);
/*
 * Tell the shim that the server, which has read the queue up to `head`, is about to wait on the socket.
 * 1: something arrived meanwhile, read on and do not wait.
 */
int mf_park(uint32_t head);

/* ---- snapshots and sandboxes -------------------------------------------------------------- */

/* A function's image: the pages that differ from the base. Every field of it is checked. Returns the id. */
int64_t mf_snapshot_load(const uint8_t *image, size_t length);
/* No new sandbox from it, whichever kind it is; freed when the last one is gone. */
int mf_snapshot_drop(uint32_t snapshot);
/* The image of a held sandbox. The buffer is the caller's to mf_buffer_free. The sandbox stays held. */
int mf_freeze(uint32_t sandbox, uint32_t generation, uint8_t **out, size_t *out_length);

#define MF_SNAPSHOT_BASE 0u /* the base image, of which builds start */

/* ---- WASI modules -------------------------------------------------------------------------------- */

/*
 * A WASI preview 1 command is another kind of snapshot: its id goes into a slot as any other's does. It has the same
 * frames, except that a request's context is a list of texts, each with a NUL at its end: the function's mount, then
 * variables, `NAME=value`, for its environment beside those of CGI/1.1. What it answers is its standard output.
 */
struct mf_wasi_options {
    uint64_t memory_bytes; /* of one sandbox */
    uint32_t log_bytes;    /* of one request; what is more is dropped and counted */
    uint32_t strings_length;
};

/*
 * Compile a module to native code. -EINVAL with the reason if it cannot be run. The buffer is the caller's to
 * mf_buffer_free.
 */
int mf_wasi_compile(const uint8_t *wasm, size_t length, uint64_t memory_bytes, uint8_t **out, size_t *out_length,
                    char *message, size_t capacity);
/*
 * Load what mf_wasi_compile made, which will run as it is: the caller knows that nobody has changed it. `strings` is a
 * list of texts, each with a NUL at its end: the program's name, then its own variables. `files` is the path of the
 * function's packed files, or empty. Returns the snapshot's id; -EINVAL: compiled for another wasmtime or processor.
 */
int64_t mf_wasi_load(const uint8_t *native, size_t length, const struct mf_wasi_options *options, const char *strings,
                     const char *files, char *message, size_t capacity);

/* ---- steps -------------------------------------------------------------------------------------- */

/*
 * Queue a slot for the workers, which may be asleep: mf_wake then wakes as many as there are steps for. Waking a thread
 * costs as much as a short run, so it is done once for several. Neither blocks.
 */
int mf_submit(uint32_t slot);
int mf_wake(void);
/*
 * Run it on the calling thread; the slot is complete on return and does not go through the queue. After MF_STEP_INLINE
 * nothing has happened: a parked sandbox is as it was, and the slot can be submitted as it is.
 * -ENOTSUP: the thread's stack is too small for a guest; -EBUSY: another thread's inline run is not over.
 */
int mf_run_inline(uint32_t slot);
/*
 * Kill the guest of this slot's step, or never start it if it still waits. 1: the completion is yet to come (and says
 * MF_STEP_CANCELED, unless the guest ends before it is killed); 0: the slot is complete already.
 */
int mf_cancel(uint32_t slot);

/* ---- files ------------------------------------------------------------------------------------------ */

/* Open a folder as a root for mf_mirror_file. Returns a descriptor. */
int mf_root_open(const char *path);
int mf_root_close(int root);
/*
 * Copy root/path to the file `to` (written whole, then renamed into place), if it is a regular file with one link,
 * reached without any symlink, of at most `limit` bytes. -ELOOP symlink, -EMLINK hard link, -EINVAL no regular
 * file, -EFBIG, -EAGAIN it changed while it was copied. `info` gets size, mtime in ns, inode, mode.
 */
int mf_mirror_file(int root, const char *path, const char *to, uint64_t limit, uint64_t info[4]);

/* ---- the server's socket ---------------------------------------------------------------------------- */

/*
 * The socket of this process that listens on `port`: connections that it accepts from now on hold at most about twice
 * `bytes` that nobody has read. -ENOENT: there is none.
 */
int mf_bound_receive(uint16_t port, uint32_t bytes);
/* Resident bytes of a process and of the children it has started; -ENOENT: there is none. */
int64_t mf_family_memory(int32_t pid);
/* Of them those that are no file's: the process's own, however often it maps what others map too. */
int64_t mf_own_memory(int32_t pid);

/* ---- the kernel's groups of processes ----------------------------------------------------------------- */

/*
 * /proc/self/cgroup and /proc/self/mountinfo, and groups: `folder` is one in a file system of such, or refused with -EXDEV;
 * `name` is in it. A text that is read is as long as is returned; -EFBIG: longer than `capacity`. A list has a name a line, of
 * groups in a group, and ends where there is no room for more.
 */
int64_t mf_groups_own(uint8_t *bytes, size_t capacity);
int64_t mf_groups_mounts(uint8_t *bytes, size_t capacity);
int64_t mf_group_read(const char *folder, const char *name, uint8_t *bytes, size_t capacity);
int64_t mf_group_list(const char *folder, uint8_t *bytes, size_t capacity);
/* Moving a process keeps the caller waiting for some milliseconds. */
int mf_group_write(const char *folder, const char *name, const char *text);
int mf_group_make(const char *folder, const char *name);
int mf_group_remove(const char *folder, const char *name);

#pragma GCC visibility pop

#endif
