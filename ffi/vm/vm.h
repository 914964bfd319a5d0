/*
 * The microVM engine: Linux programs in KVM without a guest kernel, forked and reset per request.
 *
 * A guest runs in ring 3 only. What it asks of Linux leaves the VM and is served here, from a small, checked subset; it
 * reaches no file, no network and no process of the host's. This header, with port.h for the ports and view.h for what
 * guests read, is all that others use.
 *
 * Functions return 0 (or a count) or -errno about the host. What a guest did is in its exit record. Nothing prints and
 * nothing exits. VMs share what is read-only, and of their machine its ticker and its pool of shells; what a guest wrote is
 * in none of these. One thread uses a VM at a time; vm_kick may be called from any, and so may what makes clones and shells
 * of a snapshot. What was given to make something (views, a parent) has to stay open for as long as that does; a snapshot
 * may be closed before its clones.
 */
#ifndef MAYFLY_VM_H
#define MAYFLY_VM_H

#include <stddef.h>
#include <stdint.h>

#define VM_ABI 1u

struct vm;
struct vm_machine;
struct vm_snapshot;
struct view;

/* Text for people: why something was refused. Always ends with a NUL. */
struct vm_text {
    char bytes[256];
};

/* ---- the machine: what this KVM is ------------------------------------------------------------------- */

/*
 * Takes an open /dev/kvm and the process's own /proc/self/pagemap (and keeps copies of the descriptors; -1: it opens the
 * page map itself), and tries how this KVM enters a system call. Takes the signal SIGRTMIN + 5 of the process, and starts a
 * thread with the first run.
 */
int vm_machine_open(int kvm, int pagemap, struct vm_machine **machine, struct vm_text *why);
void vm_machine_close(struct vm_machine *machine);
/* Ends what it was tried with, where there is time for that: the process has no thread of the kernel's in it then. */
void vm_machine_settle(struct vm_machine *machine);
/* Makes what one clone of any snapshot can begin with. Without it a first clone takes longer. */
int vm_machine_prepare(struct vm_machine *machine);
const char *vm_machine_kind(const struct vm_machine *machine);
/* How many there are that wait for a clone (vm_snapshot_prepare). */
uint32_t vm_machine_shells(struct vm_machine *machine);

/* ---- a program becomes a VM -------------------------------------------------------------------------- */

struct vm_limits {
    uint64_t memory_bytes;  /* pages that the guest may have */
    uint64_t dirty_bytes;   /* pages that it may change after a snapshot; 0 is memory_bytes */
    uint64_t file_bytes;    /* contents of files that it writes */
    uint32_t files;         /* that it makes */
    uint32_t descriptors;
    uint32_t threads;
    uint64_t log_bytes;
};

struct vm_program {
    const char *const *arguments; /* [0] is a path in the views; NULL at the end */
    const char *const *environment;
    const char *folder; /* its working folder */
    struct view *const *views;
    size_t view_count;
    struct vm_limits limits;
    int frames; /* descriptor 3 speaks frames; stdout is a log then */
};

int vm_boot(struct vm_machine *machine, const struct vm_program *program, struct vm **vm, struct vm_text *why);
void vm_close(struct vm *vm);

/* ---- running ----------------------------------------------------------------------------------------- */

enum vm_exit_reason {
    VM_WAITS = 1,     /* for input, for room, or until `until_ns`: nothing to do before */
    VM_WROTE,         /* there is output to take (only if asked to stop for it) */
    VM_EXITED,        /* `status` */
    VM_SIGNALED,      /* a signal ended it: `status` */
    VM_OUT_OF_MEMORY, /* its limit */
    VM_DEADLINE,
    VM_CPU_TIME,
    VM_CANCELED,  /* vm_kick */
    VM_STUCK,     /* all its threads wait for one another */
    VM_BROKEN,    /* the VM is in no defined state: it can only be closed. `status` is an -errno or a KVM exit reason */
};

struct vm_exit {
    uint32_t reason; /* enum vm_exit_reason */
    int32_t status;
    uint64_t waits_for_input; /* a bit per port that some thread reads or polls */
    uint64_t until_ns; /* of CLOCK_MONOTONIC, or UINT64_MAX */
    uint64_t fault_address, fault_instruction;
    uint16_t tcp_port; /* that it waits for connections to (the first one), or 0 */
};

struct vm_run {
    uint64_t deadline_ns; /* of CLOCK_MONOTONIC, or UINT64_MAX */
    uint64_t cpu_ns;      /* how long it may compute in this run, or UINT64_MAX */
    int stop_for_output;  /* of answers */
    int stop_for_log;     /* as well */
};

int vm_run(struct vm *vm, const struct vm_run *run, struct vm_exit *exit);

enum vm_kick_reason { VM_KICK_CANCEL = 1 };
/* From any thread: the guest leaves soon, or does not begin. */
void vm_kick(struct vm *vm, enum vm_kick_reason reason);

/* Input and output of a port (port.h). How much was taken over. */
size_t vm_feed(struct vm *vm, uint32_t port, const void *bytes, size_t size, int end);
size_t vm_take(struct vm *vm, uint32_t port, void *bytes, size_t capacity);
int vm_has_output(const struct vm *vm, uint32_t port);
/* 1 when the guest ended its output and all of it was taken; a connection's port may be another's from then on. */
int vm_ended(struct vm *vm, uint32_t port);
/* A connection to a guest that listens: its port, or -ECONNREFUSED, -EAGAIN. */
int vm_connect(struct vm *vm, uint16_t tcp_port);
/*
 * Makes the connection that the next vm_connect to this port gets. A guest that runs on has accepted it, and set up what it
 * does for each, before its snapshot is taken: no clone has to.
 */
int vm_connect_ahead(struct vm *vm, uint16_t tcp_port);
/* The other end of a connection is gone. */
void vm_hang_up(struct vm *vm, uint32_t port);

/*
 * Connections that the guest makes to VM_PROXY_PORT of its own 127.0.0.1 while nobody in it listens there are the host's to
 * serve, once vm_serve_proxy said so (after a boot or a clone; a reset keeps it): a bit for each such port that is open. What
 * the guest writes is taken, what it is to read is fed; vm_hang_up when the host is done, and when vm_ended says that the guest
 * is: before that the port is no other connection's, and no snapshot is taken. Without it they are refused. There are
 * VM_DIALED_MAX at once: a guest that connects once more waits for the end of one, as for a listener whose queue is full.
 */
#define VM_PROXY_PORT 3128u
#define VM_DIALED_MAX 48u
void vm_serve_proxy(struct vm *vm, int serve);
uint64_t vm_dialed(const struct vm *vm);

/* ---- snapshot, clone, reset, switch ------------------------------------------------------------------ */

struct vm_snapshot_options {
    int file;                         /* written from its start; a regular file or a memfd, which the caller keeps */
    const struct vm_snapshot *parent; /* or NULL: only what differs from it is written */
};

/* The VM goes on afterwards as before. */
int vm_snapshot_take(struct vm *vm, const struct vm_snapshot_options *options, struct vm_snapshot **snapshot,
                     struct vm_text *why);
int vm_snapshot_load(struct vm_machine *machine, int file, const struct vm_snapshot *parent, struct view *const *views,
                     size_t view_count, struct vm_snapshot **snapshot, struct vm_text *why);
/* Checks the next chunks that nobody has looked at. 1 when all are checked, 0 when not yet, -EBADMSG. */
int vm_snapshot_check(struct vm_snapshot *snapshot, uint32_t chunks);
/* What the first request of the first clone touched, later clones have ready. `served` is that clone, before a reset. */
int vm_snapshot_learn(struct vm_snapshot *snapshot, struct vm *served);
void vm_snapshot_close(struct vm_snapshot *snapshot);

/* Makes shells, VMs without content, until there are so many that fit: making one takes half a millisecond. */
int vm_snapshot_prepare(struct vm_snapshot *snapshot, uint32_t shells);
int vm_clone(struct vm_snapshot *snapshot, struct vm **vm);
/*
 * A clone to build a difference from: it sees `more` views below the snapshot's own, and has other limits. A snapshot taken of
 * it with `snapshot` as its parent is loaded with all these views, the parent's first. Clones of differences with the same
 * views share their mapping; vm_switch between other ones is refused.
 */
int vm_clone_to_build(struct vm_snapshot *snapshot, const struct vm_limits *limits, struct view *const *more,
                      size_t more_count, struct vm **vm);
/* As it was when it was cloned. Any error: close it. */
int vm_reset(struct vm *vm);
/* As if cloned from another snapshot of the same parent. -EXDEV when that cannot be: clone anew. */
int vm_switch(struct vm *vm, struct vm_snapshot *snapshot);
/* How many pages that has to copy for a VM that did not run since its reset; UINT32_MAX: over `most`, or -EXDEV. */
uint32_t vm_switch_pages(const struct vm *vm, const struct vm_snapshot *snapshot, uint32_t most);

/* ---- watching ---------------------------------------------------------------------------------------- */

struct vm_counters {
    uint64_t calls, faults, switches, ticks, signals, zaps, unknown_calls, refused_forks;
    uint64_t refused_pages; /* times that memory was refused for its limit: a program may go on without it, or crash */
    uint64_t pages_in_use, pages_copied; /* now; at the last reset */
    uint64_t cpu_ns;
};

void vm_count(const struct vm *vm, struct vm_counters *counters);

struct vm_call_record {
    uint32_t thread;
    const char *name; /* NULL for a number that is not served */
    const char *arguments;
    uint64_t number;
    uint64_t values[6];
    int64_t result;
};
typedef void vm_trace_function(void *data, const struct vm_call_record *record);
void vm_trace(struct vm *vm, vm_trace_function *trace, void *data);

#endif
