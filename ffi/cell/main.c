/* The program of a cell: what it was given is checked, it jails itself when the server says so, then it serves. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../shim/pages.h"
#include "control.h"
#include "jail.h"
#include "serve.h"

/* More would each keep freed memory of its own, and make malloc look for /sys to count the cores. */
#define HEAPS 4
#define REASON_BYTES 512

struct cell {
    struct cell_ring *ring;
    struct vm_machine *machine;
    int machine_error; /* why there is none */
    struct vm_text why;
    struct serve *serve; /* NULL until it has started */
};

/* No handler, no mask and no ignored signal of the server's. */
static void main__reset_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int main__has_type(int descriptor, mode_t type) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

static int main__check_descriptors(void) {
    int are_there = main__has_type(CELL_REQUESTS, S_IFSOCK) && main__has_type(CELL_TOLD, S_IFSOCK) &&
                    main__has_type(CELL_RING, S_IFREG) && main__has_type(CELL_KVM, S_IFCHR);
    if (!are_there) return -EBADF;
    return close_range(CELL_KVM + 1, ~0u, 0) == 0 ? 0 : -errno;
}

static int main__map_ring(struct cell_ring **ring) {
    struct stat status;
    if (fstat(CELL_RING, &status) != 0 || (uint64_t)status.st_size != CELL_RING_BYTES) return -EBADF;
    void *memory = mmap(NULL, CELL_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, CELL_RING, 0);
    if (memory == MAP_FAILED) return -errno;
    close(CELL_RING);
    *ring = memory;
    return (*ring)->abi == CELL_ABI ? 0 : -EPROTO;
}

/*
 * Before it is anybody's cell: nobody waits for it then, and in the jail there is no /proc, of which the engine needs one
 * file. It has one thread only, still: none must be left over when it jails itself.
 */
static void main__open_machine(struct cell *cell) {
    int pagemap = pagemap__open();
    cell->machine_error = pagemap < 0 ? pagemap : vm_machine_open(CELL_KVM, pagemap, &cell->machine, &cell->why);
    if (cell->machine_error == 0) {
        vm_machine_settle(cell->machine);
        (void)vm_machine_prepare(cell->machine);
    }
    close(CELL_KVM);
    if (pagemap >= 0) close(pagemap);
}

static int main__start(struct cell *cell, const struct cell_request *request, char *reason) {
    enum cell_mode mode = (enum cell_mode)request->mode;
    if (mode != CELL_BUILDS && mode != CELL_SERVES) return -EINVAL;
    if (cell->machine_error != 0) {
        snprintf(reason, REASON_BYTES, "%s", cell->why.bytes[0] != 0 ? cell->why.bytes : strerror(-cell->machine_error));
        return cell->machine_error;
    }
    const char *failed;
    int error = jail__enter(request->user, mode, request->address_bytes, &failed, reason, REASON_BYTES);
    if (error == 0) return serve__open(cell->machine, cell->ring, mode, &cell->serve);
    snprintf(reason, REASON_BYTES, "the jail's %s: %s", failed, strerror(-error));
    return error;
}

static void main__handle(struct cell *cell, struct control_request *request) {
    if (cell->serve != NULL) {
        serve__handle(cell->serve, request);
        return;
    }
    if (request->file >= 0) close(request->file);
    char reason[REASON_BYTES] = "";
    int error = request->head.operation == CELL_START ? main__start(cell, &request->head, reason) : -EPROTO;
    control__reply(request->head.id, error, reason);
    if (error != 0) _exit(EXIT_FAILURE);
}

int main(void) {
    static struct control_request request;
    struct cell cell = {0};
    main__reset_signals();
    mallopt(M_ARENA_MAX, HEAPS);
    int error = main__check_descriptors();
    if (error == 0) error = control__begin();
    if (error == 0) error = main__map_ring(&cell.ring);
    if (error == 0) main__open_machine(&cell);
    while (error == 0) {
        error = control__next(&request);
        if (error == 0) main__handle(&cell, &request);
    }
    /* At once: guests that still run are nobody's any more. */
    _exit(error == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE);
}
