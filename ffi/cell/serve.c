#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "boot.h"
#include "load.h"
#include "serve_state.h"
#include "take.h"

int serve__open(struct vm_machine *machine, struct cell_ring *ring, enum cell_mode mode, struct serve **result) {
    struct serve *serve = calloc(1, sizeof *serve);
    if (serve == NULL) return -ENOMEM;
    serve->machine = machine;
    serve->mode = mode;
    pthread_mutex_init(&serve->lock, NULL);
    ring__init(&serve->ring, ring);
    int error = pool__init(&serve->pool);
    if (error == 0) error = keeper__start(serve);
    if (error == 0) error = workers__start(serve);
    /* Threads that were started have it: the cell ends with an error here. */
    if (error == 0) *result = serve;
    return error;
}

/* ---- statistics --------------------------------------------------------------------------------------- */

static void serve__stats(struct serve *serve, const struct control_request *request) {
    const struct serve_counters *counters = &serve->counters;
    struct pool *pool = &serve->pool;
    pthread_mutex_lock(&serve->lock);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"vms", pool->vms},
        {"idle", pool->idle},
        {"parked", pool->parked},
        {"idle_bytes", pool->idle_bytes},
        {"keep", pool->keep},
        {"keep_bytes", pool->keep_bytes},
        {"shells", vm_machine_shells(serve->machine)},
        {"views", serve->objects.views},
        {"snapshots", serve->objects.snapshots},
        {"workers", serve->workers.count},
        {"running", atomic_load(&serve->workers.running)},
        {"set_aside", atomic_load(&serve->workers.aside_count)},
        {"steps", atomic_load(&counters->steps)},
        {"warm_hits", atomic_load(&counters->warm_hits)},
        {"switches", atomic_load(&counters->switches)},
        {"clones", atomic_load(&counters->clones)},
        {"resets", atomic_load(&counters->resets)},
        {"destroyed", atomic_load(&counters->destroyed)},
        {"kills", atomic_load(&counters->kills)},
        {"traps", atomic_load(&counters->traps)},
        {"preempted", atomic_load(&counters->preempted)},
    };
    pthread_mutex_unlock(&serve->lock);
    char text[1024];
    size_t length = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s=%lu\n", numbers[i].name, numbers[i].value);
    }
    control__reply(request->head.id, 0, text);
}

/* ---- requests ----------------------------------------------------------------------------------------- */

/* A serving cell writes nothing and boots nothing, whoever asks. */
static bool serve__allows(const struct serve *serve, const struct control_request *request) {
    switch ((enum cell_operation)request->head.operation) {
    case CELL_DERIVE:
    case CELL_BOOT:
    case CELL_TAKE:
        return serve->mode == CELL_BUILDS;
    case CELL_START:
        return false;
    case CELL_VIEW:
    case CELL_LOAD:
    case CELL_DROP:
    case CELL_KEEP:
    case CELL_STATS:
        break;
    }
    return true;
}

static bool serve__needs_file(const struct control_request *request) {
    uint32_t operation = request->head.operation;
    return operation == CELL_VIEW || operation == CELL_LOAD || operation == CELL_TAKE;
}

static void serve__answer(struct serve *serve, const struct control_request *request) {
    switch ((enum cell_operation)request->head.operation) {
    case CELL_VIEW:
        load__view(serve, request);
        return;
    case CELL_LOAD:
        load__snapshot(serve, request);
        return;
    case CELL_DERIVE:
        load__base(serve, request);
        return;
    case CELL_BOOT:
        boot__program(serve, request);
        return;
    case CELL_TAKE:
        take__snapshot(serve, request);
        return;
    case CELL_DROP:
        load__drop(serve, request);
        return;
    case CELL_KEEP:
        pool__keep(serve, request->head.count, request->head.memory_bytes);
        control__reply(request->head.id, 0, NULL);
        return;
    case CELL_STATS:
        serve__stats(serve, request);
        return;
    case CELL_START:
        break;
    }
    load__refuse(request, -ENOSYS, "do this", "it is no request that a cell knows");
}

void serve__handle(struct serve *serve, struct control_request *request) {
    const char *problem = NULL;
    if (!serve__allows(serve, request)) problem = "the cell's mode does not allow it";
    else if (serve__needs_file(request) && request->file < 0) problem = "no file came with it";
    if (problem != NULL) load__refuse(request, -EPERM, "do this", problem);
    else serve__answer(serve, request);
    if (request->file >= 0) close(request->file);
}
