/* A cell's life. */
#include "cell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ring.h"

#define REQUEST_ROOM_BYTES (4 << 20)

/* ---- new --------------------------------------------------------------------------------------------- */

static int cell__share(struct mf_cell *cell) {
    cell->memfd = memfd_create("mayfly-cell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (cell->memfd < 0) return -errno;
    if (ftruncate(cell->memfd, (off_t)CELL_RING_BYTES) != 0) return -errno;
    /* A file that became shorter would take this process's memory from under it. */
    if (fcntl(cell->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return -errno;
    void *memory = mmap(NULL, CELL_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, cell->memfd, 0);
    if (memory == MAP_FAILED) return -errno;
    madvise(memory, CELL_RING_BYTES, MADV_DONTFORK);
    cell->shared = memory;
    cell->shared->abi = CELL_ABI;
    return 0;
}

static void cell__release(struct mf_cell *cell) {
    wake__fini(&cell->told);
    if (cell->requests >= 0) close(cell->requests);
    if (cell->memfd >= 0) close(cell->memfd);
    if (cell->shared != NULL) munmap(cell->shared, CELL_RING_BYTES);
    free(cell);
}

int mf_cell_new(const char *wake_path, struct mf_cell **result, struct mf_ring **ring) {
    struct mf_cell *cell = calloc(1, sizeof *cell);
    if (cell == NULL) return -ENOMEM;
    cell->told = WAKE_NONE;
    cell->requests = cell->memfd = -1;
    int rc = cell__share(cell);
    if (rc == 0) rc = wake__listen(&cell->told, wake_path);
    if (rc == 0) rc = ring__map(CELL_SLOTS, &cell->ring);
    if (rc != 0) {
        cell__release(cell);
        return rc;
    }
    *result = cell;
    *ring = cell->ring;
    return 0;
}

/* ---- start ------------------------------------------------------------------------------------------- */

static int cell__open_kvm(const char *path, struct text *message) {
    int kvm = open(path, O_RDWR | O_CLOEXEC);
    if (kvm >= 0) return kvm;
    int rc = -errno;
    text__set(message, "%s cannot be opened: %s", path, strerror(-rc));
    return rc;
}

/* The cell waits until it could say something, this process never does. */
static int cell__make_blocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0 ? 0 : -errno;
}

/* Thousands of small requests find room before the cell reads any; without privileges there are fewer. */
static void cell__make_room(int requests) {
    const int bytes = REQUEST_ROOM_BYTES;
    if (setsockopt(requests, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) == 0) return;
    setsockopt(requests, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int mf_cell_start(struct mf_cell *cell, const char *program, const char *kvm_path, char *bytes, size_t capacity) {
    struct text message = {bytes, capacity};
    text__set(&message, "%s", "");
    if (cell->process != 0) return -EALREADY;
    int rc = wake__accept(&cell->told);
    if (rc == 0) rc = cell__make_blocking(cell->told.connection);
    if (rc != 0) return rc;
    int kvm = cell__open_kvm(kvm_path, &message);
    if (kvm < 0) return kvm;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        rc = -errno;
        goto close_kvm;
    }
    cell__make_room(pair[0]);
    const int descriptors[] = {pair[1], cell->told.connection, cell->memfd, kvm};
    rc = cell__spawn(program, descriptors, sizeof descriptors / sizeof *descriptors, &message);
    close(pair[1]);
    if (rc < 0) {
        close(pair[0]);
        goto close_kvm;
    }
    cell->process = rc;
    cell->requests = pair[0];
    /* Its own end is the only one then, and what it told ends with it. */
    wake__fini(&cell->told);
    close(cell->memfd);
    cell->memfd = -1;
    rc = 0;

close_kvm:
    close(kvm);
    return rc;
}

int mf_cell_process(const struct mf_cell *cell) {
    return cell->process;
}

/* ---- its part of the processors ---------------------------------------------------------------------- */

/* Some kernels share the processors out among sessions first, and niceness counts within each: a cell is a session. */
static void cell__share_session_out(pid_t process, int niceness) {
    char path[64], text[16];
    snprintf(path, sizeof path, "/proc/%d/autogroup", (int)process);
    int length = snprintf(text, sizeof text, "%d", niceness), file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    /* Without it, it has as much as this session. */
    if (write(file, text, (size_t)length) < 0) errno = 0;
    close(file);
}

int mf_cell_be_nice(const struct mf_cell *cell, int niceness) {
    if (cell->process <= 0) return -ESRCH;
    cell__share_session_out(cell->process, niceness);
    /* It leads a group of processes that has no other: so this is for all of its threads. */
    if (setpriority(PRIO_PGRP, (id_t)cell->process, niceness) == 0) return 0;
    /* More than others have is root's to give. */
    return errno == EACCES ? 0 : -errno;
}

/* ---- end --------------------------------------------------------------------------------------------- */

int cell__condemn(struct mf_cell *cell) {
    cell->is_dead = true;
    if (cell->process > 0) kill(cell->process, SIGKILL);
    return -EBADMSG;
}

int mf_cell_end(struct mf_cell *cell) {
    int status = 0;
    if (cell->process > 0) {
        kill(cell->process, SIGKILL);
        while (waitpid(cell->process, &status, __WALL) < 0 && errno == EINTR) continue;
    }
    madvise(cell->ring, ring__bytes(CELL_SLOTS), MADV_DONTNEED);
    cell__release(cell);
    return status;
}

int mf_cell_forget(struct mf_ring *ring) {
    return munmap(ring, ring__bytes(CELL_SLOTS)) == 0 ? 0 : -errno;
}
