#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "contents.h"
#include "file_device.h"
#include "internal.h"
#include "path.h"
#include "proc_text.h"

/* The process's own folder, /proc/PID, is written "@" below. Its threads' folders show the same. */
struct proc_row {
    const char *path;
    const char *words; /* of a link: where to; of a text that never differs: what it says */
    text_maker *maker;
    uint16_t mode;
    uint8_t type;   /* enum view_node_type */
    uint8_t device; /* enum device */
};

#define FOLDER(path) {path, NULL, NULL, 0555, VIEW_FOLDER, 0}
#define LINK(path, words) {path, words, NULL, 0777, VIEW_LINK, 0}
#define TEXT(path, maker) {path, NULL, maker, 0444, VIEW_SPECIAL, 0}
#define WORDS(path, words) {path, words, NULL, 0444, VIEW_SPECIAL, 0}
#define DEVICE(path, device) {path, NULL, NULL, 0666, VIEW_SPECIAL, device}

/* A folder's index is below its contents'. The first rows are known by name. */
enum { ROW_ROOT, ROW_SHM, ROW_SELF, ROW_THREAD_SELF, ROW_PROCESS, ROW_TASKS, ROW_FDS, ROW_FD, ROW_EXE, ROW_CWD };

static const struct proc_row rows[] = {
    [ROW_ROOT] = FOLDER(""),
    [ROW_SHM] = {"/dev/shm", NULL, NULL, 01777, VIEW_FOLDER, 0},
    [ROW_SELF] = LINK("/proc/self", NULL),
    [ROW_THREAD_SELF] = LINK("/proc/thread-self", NULL),
    [ROW_PROCESS] = FOLDER("@"),
    [ROW_TASKS] = FOLDER("@/task"),
    [ROW_FDS] = FOLDER("@/fd"),
    [ROW_FD] = LINK("@/fd/", NULL), /* one for each */
    [ROW_EXE] = LINK("@/exe", NULL),
    [ROW_CWD] = LINK("@/cwd", NULL),
    LINK("@/root", "/"),
    TEXT("@/auxv", text__auxiliary),
    TEXT("@/cgroup", text__cgroup),
    TEXT("@/cmdline", text__arguments),
    TEXT("@/comm", text__name),
    TEXT("@/environ", text__environment),
    TEXT("@/limits", text__limits),
    TEXT("@/maps", text__maps),
    TEXT("@/mountinfo", text__mount_info),
    TEXT("@/mounts", text__mounts),
    WORDS("@/oom_score", "0\n"),
    WORDS("@/oom_score_adj", "0\n"),
    TEXT("@/stat", text__stat),
    TEXT("@/statm", text__statm),
    TEXT("@/status", text__status),

    FOLDER("/proc"),
    TEXT("/proc/cpuinfo", text__cpu),
    WORDS("/proc/filesystems", "nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\n"),
    WORDS("/proc/loadavg", "0.00 0.00 0.00 1/1 100\n"),
    TEXT("/proc/meminfo", text__memory),
    LINK("/proc/mounts", "self/mounts"),
    TEXT("/proc/stat", text__machine_stat),
    TEXT("/proc/uptime", text__uptime),
    WORDS("/proc/version", "Linux version 6.1.0 (mayfly) #1\n"),
    FOLDER("/proc/sys"),
    FOLDER("/proc/sys/fs"),
    WORDS("/proc/sys/fs/file-max", "4096\n"),
    WORDS("/proc/sys/fs/nr_open", "1024\n"),
    WORDS("/proc/sys/fs/pipe-max-size", "65536\n"),
    FOLDER("/proc/sys/kernel"),
    WORDS("/proc/sys/kernel/cap_last_cap", "40\n"),
    WORDS("/proc/sys/kernel/hostname", "mayfly\n"),
    WORDS("/proc/sys/kernel/ngroups_max", "65536\n"),
    WORDS("/proc/sys/kernel/osrelease", "6.1.0\n"),
    WORDS("/proc/sys/kernel/ostype", "Linux\n"),
    WORDS("/proc/sys/kernel/pid_max", "32768\n"),
    WORDS("/proc/sys/kernel/threads-max", "256\n"),
    FOLDER("/proc/sys/kernel/random"),
    TEXT("/proc/sys/kernel/random/boot_id", text__uuid),
    WORDS("/proc/sys/kernel/random/entropy_avail", "256\n"),
    TEXT("/proc/sys/kernel/random/uuid", text__uuid),
    FOLDER("/proc/sys/net"),
    FOLDER("/proc/sys/net/core"),
    WORDS("/proc/sys/net/core/somaxconn", "128\n"),
    FOLDER("/proc/sys/vm"),
    WORDS("/proc/sys/vm/max_map_count", "16384\n"),
    WORDS("/proc/sys/vm/overcommit_memory", "1\n"),

    FOLDER("/dev"),
    LINK("/dev/fd", "/proc/self/fd"),
    DEVICE("/dev/full", DEVICE_FULL),
    DEVICE("/dev/null", DEVICE_NULL),
    DEVICE("/dev/random", DEVICE_RANDOM),
    LINK("/dev/stderr", "/proc/self/fd/2"),
    LINK("/dev/stdin", "/proc/self/fd/0"),
    LINK("/dev/stdout", "/proc/self/fd/1"),
    DEVICE("/dev/tty", DEVICE_TTY),
    DEVICE("/dev/urandom", DEVICE_URANDOM),
    DEVICE("/dev/zero", DEVICE_ZERO),

    FOLDER("/etc"),
    WORDS("/etc/group", "root:x:0:\nfunction:x:1000:\n"),
    WORDS("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nfunction:x:1000:1000:function:/tmp:/bin/sh\n"),

    FOLDER("/sys"),
    FOLDER("/sys/devices"),
    FOLDER("/sys/devices/system"),
    FOLDER("/sys/devices/system/cpu"),
    WORDS("/sys/devices/system/cpu/online", "0\n"),
    WORDS("/sys/devices/system/cpu/possible", "0\n"),
    WORDS("/sys/devices/system/cpu/present", "0\n"),
    FOLDER("/sys/devices/system/cpu/cpu0"),
    WORDS("/sys/devices/system/cpu/cpu0/online", "1\n"),
};
#define ROWS (sizeof rows / sizeof *rows)

/* ---- handles: a row, the thread whose folder it is in (0: the process's), a descriptor's number ---------- */

struct proc_name {
    uint32_t row;
    uint32_t thread; /* id */
    uint32_t descriptor;
};

static uint64_t handle_of(struct proc_name name) {
    return (uint64_t)name.row | (uint64_t)name.descriptor << 8 | (uint64_t)name.thread << 24;
}

static struct proc_name name_of(uint64_t handle) {
    struct proc_name name = {.row = (uint32_t)(handle & 0xff),
                             .descriptor = (uint32_t)(handle >> 8 & 0xffff),
                             .thread = (uint32_t)(handle >> 24)};
    if (name.row >= ROWS) name.row = ROW_ROOT;
    return name;
}

static void describe(struct proc_name name, struct view_node *node) {
    const struct proc_row *row = &rows[name.row];
    *node = (struct view_node){.type = row->type, .mode = row->mode, .handle = handle_of(name)};
    node->inode = node->handle + 1;
}

static const struct thread *thread_of(struct vm *vm, uint32_t id) {
    const struct thread_table *table = &vm->kernel->threads;
    for (uint32_t i = 0; i < table->used; i++) {
        if (table->items[i].state != THREAD_FREE && table->items[i].id == id) return &table->items[i];
    }
    return NULL;
}

/* ---- finding ------------------------------------------------------------------------------------------- */

/* A number as it is written, and nothing else: what follows it, or NULL. */
static const char *read_number(const char *text, uint32_t *number) {
    const char *at = text;
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > INT32_MAX) return NULL;
    }
    if (at == text || (*text == '0' && at > text + 1) || (*at != 0 && *at != '/')) return NULL;
    *number = (uint32_t)value;
    return at;
}

/* What is below the process's folder or a thread's. */
static int find_in_process(struct vm *vm, const char *rest, struct proc_name *name) {
    if (strncmp(rest, "/task/", 6) == 0) {
        rest = read_number(rest + 6, &name->thread);
        if (rest == NULL || thread_of(vm, name->thread) == NULL || strncmp(rest, "/task", 5) == 0) return -ENOENT;
    }
    if (strncmp(rest, "/fd/", 4) == 0) {
        rest = read_number(rest + 4, &name->descriptor);
        if (rest == NULL || *rest != 0 || file__of(vm, name->descriptor) == NULL) return -ENOENT;
        name->row = ROW_FD;
        return 0;
    }
    for (name->row = ROW_PROCESS; name->row < ROWS; name->row++) {
        const char *path = rows[name->row].path;
        if (path[0] == '@' && strcmp(path + 1, rest) == 0) return 0;
    }
    return -ENOENT;
}

int proc__find(struct vm *vm, const char *path, struct view_node *node) {
    struct proc_name name = {0};
    uint32_t number;
    const char *rest = strncmp(path, "/proc/", 6) == 0 ? read_number(path + 6, &number) : NULL;
    int error = 0;
    if (rest != NULL) {
        error = number == PROCESS_ID ? find_in_process(vm, rest, &name) : -ENOENT;
    } else {
        while (name.row < ROWS && strcmp(rows[name.row].path, path) != 0) name.row++;
        if (name.row == ROWS) error = -ENOENT;
    }
    if (error == 0) describe(name, node);
    return error;
}

/* ---- reading folders ----------------------------------------------------------------------------------- */

static int number_entry(char name[256], uint32_t number, struct proc_name found, struct view_node *node) {
    snprintf(name, 256, "%u", number);
    describe(found, node);
    return 1;
}

static int descriptor_entry(struct vm *vm, struct proc_name folder, uint64_t *cursor, char name[256],
                            struct view_node *node) {
    const struct descriptor_table *table = &vm->kernel->descriptors;
    while (*cursor < table->used) {
        uint32_t number = (uint32_t)(*cursor)++;
        if (table->items[number].file == 0) continue;
        return number_entry(name, number, (struct proc_name){ROW_FD, folder.thread, number}, node);
    }
    return 0;
}

static int thread_entry(struct vm *vm, uint64_t *cursor, char name[256], struct view_node *node) {
    const struct thread_table *table = &vm->kernel->threads;
    while (*cursor < table->used) {
        const struct thread *thread = &table->items[(*cursor)++];
        if (thread->state == THREAD_FREE) continue;
        return number_entry(name, thread->id, (struct proc_name){ROW_PROCESS, thread->id, 0}, node);
    }
    return 0;
}

/* The name of a row in a folder, or NULL when it is not there. */
static const char *name_in(const struct proc_row *row, const char *folder) {
    size_t size = strlen(folder);
    if (strncmp(row->path, folder, size) != 0 || row->path[size] != '/') return NULL;
    const char *name = row->path + size + 1;
    return *name == 0 || strchr(name, '/') != NULL ? NULL : name;
}

static int row_entry(struct proc_name folder, uint64_t *cursor, char name[256], struct view_node *node) {
    while (*cursor < ROWS) {
        uint32_t row = (uint32_t)(*cursor)++;
        const char *found = name_in(&rows[row], rows[folder.row].path);
        if (found == NULL || (row == ROW_TASKS && folder.thread != 0)) continue;
        snprintf(name, 256, "%s", found);
        describe((struct proc_name){row, folder.thread, 0}, node);
        return 1;
    }
    /* The process's folder, which is in /proc by its number. */
    if (*cursor != ROWS || strcmp(rows[folder.row].path, "/proc") != 0) return 0;
    (*cursor)++;
    return number_entry(name, PROCESS_ID, (struct proc_name){ROW_PROCESS, 0, 0}, node);
}

int proc__entry(struct vm *vm, uint64_t folder, uint64_t *cursor, char name[256], struct view_node *node) {
    struct proc_name at = name_of(folder);
    if (at.row == ROW_FDS) return descriptor_entry(vm, at, cursor, name, node);
    if (at.row == ROW_TASKS) return thread_entry(vm, cursor, name, node);
    return row_entry(at, cursor, name, node);
}

/* ---- links --------------------------------------------------------------------------------------------- */

static const char *const kind_names[FILE_KINDS] = {
    [FILE_FREE] = "free:",
    [FILE_REGULAR] = "",
    [FILE_FOLDER] = "",
    [FILE_PATH] = "",
    [FILE_DEVICE] = "/dev/",
    [FILE_TEXT] = "/proc",
    [FILE_PIPE_READ] = "pipe:",
    [FILE_PIPE_WRITE] = "pipe:",
    [FILE_EVENT] = "anon_inode:[eventfd]",
    [FILE_TIMER] = "anon_inode:[timerfd]",
    [FILE_SIGNALS] = "anon_inode:[signalfd]",
    [FILE_EPOLL] = "anon_inode:[eventpoll]",
    [FILE_SOCKET] = "socket:",
    [FILE_PORT] = "pipe:",
};

static int64_t file_target(struct vm *vm, const struct file *file, char *to, size_t capacity) {
    if (file->kind == FILE_REGULAR || file->kind == FILE_FOLDER || file->kind == FILE_PATH) {
        int64_t size = tree__path(vm, file->object, to, capacity);
        if (size == 0) return snprintf(to, capacity, file->object == TREE_ROOT ? "/" : "/ (deleted)");
        return size;
    }
    if (file->kind == FILE_DEVICE) {
        for (uint32_t row = 0; row < ROWS; row++) {
            if (rows[row].device == file->object) return snprintf(to, capacity, "%s", rows[row].path);
        }
    }
    const char *name = kind_names[file->kind];
    if (name[strlen(name) - 1] != ':') return snprintf(to, capacity, "%s", name);
    return snprintf(to, capacity, "%s[%u]", name, 1u + file__index(vm, file));
}

static int64_t link_target(struct vm *vm, struct proc_name name, char *to, size_t capacity) {
    switch (name.row) {
    case ROW_SELF: return snprintf(to, capacity, "%u", PROCESS_ID);
    case ROW_THREAD_SELF: return snprintf(to, capacity, "%u/task/%u", PROCESS_ID, thread__current(vm)->id);
    case ROW_EXE: return snprintf(to, capacity, "%s", vm->kernel->process.program);
    case ROW_CWD: {
        const char *folder = vm->kernel->process.folder;
        return snprintf(to, capacity, "%s", folder[0] == 0 ? "/" : folder);
    }
    case ROW_FD: {
        const struct file *file = file__of(vm, name.descriptor);
        return file == NULL ? -ENOENT : file_target(vm, file, to, capacity);
    }
    default: return rows[name.row].words == NULL ? -EINVAL : snprintf(to, capacity, "%s", rows[name.row].words);
    }
}

int64_t proc__target(struct vm *vm, uint64_t handle, char *to, size_t capacity) {
    char target[PATH_BYTES];
    int64_t size = link_target(vm, name_of(handle), target, sizeof target);
    if (size < 0) return size;
    if ((size_t)size > capacity) size = (int64_t)capacity;
    memcpy(to, target, (size_t)size);
    return size;
}

uint32_t proc__linked_file(struct vm *vm, uint64_t handle) {
    struct proc_name name = name_of(handle);
    const struct file *file = name.row == ROW_FD ? file__of(vm, name.descriptor) : NULL;
    return file == NULL ? 0 : file__index(vm, file) + 1;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

uint64_t proc__device(uint64_t handle) {
    uint32_t device = rows[name_of(handle).row].device;
    if (device == DEVICE_TTY) return makedev(5, 0);
    return device == 0 ? 0 : makedev(DEVICE_MAJOR, device);
}

int proc__is_writable(uint64_t folder) {
    return name_of(folder).row == ROW_SHM;
}

static int open_text(struct vm *vm, struct proc_name name, struct file **file) {
    const struct proc_row *row = &rows[name.row];
    int error = place__open_nameless(vm, FILE_TEXT, O_RDONLY, row->mode, file);
    if (error != 0) return error;
    struct text text = {.vm = vm, .node = (*file)->object};
    text.thread = thread_of(vm, name.thread != 0 ? name.thread : PROCESS_ID);
    if (text.thread == NULL) text.thread = thread__current(vm);
    if (row->maker != NULL) row->maker(&text);
    else text__put(&text, row->words, strlen(row->words));
    if (text.error == 0) return 0;
    file__release(vm, *file);
    return -ENOMEM;
}

int proc__open(struct vm *vm, uint64_t handle, uint32_t flags, struct file **file) {
    struct proc_name name = name_of(handle);
    const struct proc_row *row = &rows[name.row];
    if (row->device == DEVICE_TTY) return -ENXIO;
    if (row->device != 0) {
        *file = file__open(vm, FILE_DEVICE, flags & (O_ACCMODE | O_APPEND | O_NONBLOCK), row->device);
        return *file == NULL ? -ENFILE : 0;
    }
    if (row->maker == NULL && row->words == NULL) return -EACCES;
    return (flags & O_ACCMODE) != O_RDONLY ? -EACCES : open_text(vm, name, file);
}
