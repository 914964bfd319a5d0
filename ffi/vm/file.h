/*
 * Descriptors and open files.
 *
 * A descriptor names an open file (what Linux calls a file description: flags, position), an open file stands for an
 * object by kind and index. Kinds bring their functions in a table; a NULL function is the error that Linux gives.
 */
#ifndef MAYFLY_VM_FILE_H
#define MAYFLY_VM_FILE_H

#include <stdint.h>

struct vm;
struct guest_vector;

#define DESCRIPTORS_MAX 1024u
#define FILES_MAX 4096u

enum file_kind {
    FILE_FREE = 0,
    FILE_REGULAR, /* a node of the tree: tree.h */
    FILE_FOLDER,
    FILE_DEVICE, /* null, zero, full, random: object is which */
    FILE_TEXT,   /* made when opened: /proc files */
    FILE_PIPE_READ,
    FILE_PIPE_WRITE,
    FILE_EVENT,
    FILE_TIMER,
    FILE_SIGNALS,
    FILE_EPOLL,
    FILE_SOCKET,
    FILE_PORT, /* the host's: port.h */
    FILE_PATH, /* opened with O_PATH: names, cannot be read */
    FILE_KINDS,
};

struct file {
    uint8_t kind;
    uint8_t reserved;
    uint16_t watched; /* by this many items of epolls, which forget it with the last reference */
    uint32_t references;
    uint32_t flags; /* access mode, O_APPEND, O_NONBLOCK, O_DIRECTORY, O_PATH */
    uint32_t object;
    uint64_t position;
    uint64_t extra; /* the kind's own */
};

struct file_table {
    uint32_t used;
    struct file items[FILES_MAX];
};

struct descriptor {
    uint16_t file; /* index + 1; 0 is free */
    uint16_t close_on_exec;
};

struct descriptor_table {
    uint32_t used; /* descriptors from here on are free */
    struct descriptor items[DESCRIPTORS_MAX];
};

/* Bits of poll(2) and epoll(7), which agree. */
#define READY_IN 0x001u
#define READY_PRIORITY 0x002u
#define READY_OUT 0x004u
#define READY_ERROR 0x008u
#define READY_HANGUP 0x010u
#define READY_INVALID 0x020u
#define READY_IN_NORMAL 0x040u /* these two come with IN and OUT: no kind says them itself */
#define READY_OUT_NORMAL 0x100u
#define READY_READ_HANGUP 0x2000u

struct stat;

struct file_functions {
    /* `offset` is -1 for read and write at the file's position. May return CALL_BLOCKS. */
    int64_t (*read)(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset);
    int64_t (*write)(struct vm *vm, struct file *file, uint64_t address, uint64_t size, int64_t offset);
    int64_t (*seek)(struct vm *vm, struct file *file, int64_t offset, int whence);
    int64_t (*stat)(struct vm *vm, struct file *file, struct stat *stat);
    int64_t (*control)(struct vm *vm, struct file *file, uint64_t request, uint64_t argument); /* ioctl */
    int64_t (*truncate)(struct vm *vm, struct file *file, uint64_t size);
    int64_t (*entries)(struct vm *vm, struct file *file, uint64_t address, uint64_t size); /* getdents64 */
    uint32_t (*ready)(struct vm *vm, struct file *file);
    /* A number that grows whenever readiness may have come anew: what edge-triggered epoll looks at. */
    uint64_t (*edge)(struct vm *vm, struct file *file);
    void (*release)(struct vm *vm, struct file *file); /* the last reference went */
};

extern const struct file_functions file_regular, file_folder, file_device, file_text, file_pipe_read, file_pipe_write,
    file_event, file_timer, file_signals, file_epoll, file_socket, file_port, file_path;

const struct file_functions *file__functions(const struct file *file);

/* The open file of a descriptor, or NULL for EBADF. */
struct file *file__of(struct vm *vm, uint64_t descriptor);
uint32_t file__index(struct vm *vm, const struct file *file);

/* A new open file with one reference, or NULL for ENFILE. The caller gives it to a descriptor or releases it. */
struct file *file__open(struct vm *vm, enum file_kind kind, uint32_t flags, uint32_t object);
void file__keep(struct file *file);
void file__release(struct vm *vm, struct file *file);

/* RLIMIT_NOFILE, and the VM's own limit. */
uint32_t descriptor__limit(struct vm *vm);
/* The lowest free descriptor at or above `least`, or -EMFILE. */
int64_t descriptor__lowest(struct vm *vm, uint32_t least);
/* The lowest free descriptor at or above `least`, for the file (takes over its reference): or -EMFILE, having released it. */
int64_t descriptor__install(struct vm *vm, struct file *file, uint32_t least, int close_on_exec);
/* dup2: in the place of what the descriptor names; takes a reference of its own. */
int64_t descriptor__replace(struct vm *vm, struct file *file, uint64_t descriptor, int close_on_exec);
int64_t descriptor__close(struct vm *vm, uint64_t descriptor);
/* -EBADF, or the flag; sets it. */
int descriptor__closes_on_exec(struct vm *vm, uint64_t descriptor);
int descriptor__set_close_on_exec(struct vm *vm, uint64_t descriptor, int close_on_exec);
/* exec: closes what asked for it. */
void descriptor__close_on_exec(struct vm *vm);

/*
 * read, readv, write and writev of a file at its position: messages of a socket stay whole, and a write that waits for
 * room goes on where it was.
 */
int64_t file__read(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count);
int64_t file__write(struct vm *vm, struct file *file, const struct guest_vector *parts, uint32_t count);

/* ioctl of what has bytes to read and nothing else: FIONREAD. */
int64_t file__control_readable(struct vm *vm, uint64_t request, uint64_t argument, uint32_t readable);

/* poll's and epoll's question. READY_INVALID for no file. */
uint32_t file__ready(struct vm *vm, struct file *file);

#endif
