#include "take.h"

#include <errno.h>

#include "../shim/os.h"
#include "../vm/port.h"
#include "load.h"
#include "log.h"
#include "serve_state.h"

#define AHEAD_NS UINT64_C(1000000000)
#define WAITING "a connection that it opened at init still waits for an answer: its init has to wait for it, too"

static void take__line(void *to, enum mf_log_level level, const char *text, uint32_t length) {
    control__log(*(const uint32_t *)to, level, text, length);
}

/* What it says of the connection is the build's to tell, not every request's. */
static void take__drain(struct vm *vm, uint32_t id) {
    static const uint32_t ports[] = {PORT_LOG, PORT_STDIO};
    const struct log_sink sink = {.line = take__line, .to = &id};
    struct log log;
    uint8_t bytes[4096];
    log__init(&log, 0);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        size_t size;
        while ((size = vm_take(vm, ports[i], bytes, sizeof bytes)) > 0) log__write(&log, &sink, bytes, size);
    }
    log__end(&log, &sink);
    log__fini(&log);
}

/* A server accepts its next connection before the snapshot: what it does for each, no clone has to do. */
static void take__connect(struct sandbox *sandbox, uint32_t id) {
    const struct object *object = sandbox->object;
    if (object->protocol != CELL_SERVER || vm_connect_ahead(sandbox->vm, object->tcp_port) != 0) return;
    const struct vm_run run = {.deadline_ns = os__now_ns() + AHEAD_NS, .cpu_ns = UINT64_MAX};
    struct vm_exit exit;
    /* What became of it is the snapshot's to see: a guest that does not wait is refused. */
    (void)vm_run(sandbox->vm, &run, &exit);
    take__drain(sandbox->vm, id);
}

static int take__write(struct vm *vm, int file, const struct object *parent, struct vm_text *why) {
    const struct vm_snapshot_options options = {.file = file, .parent = parent == NULL ? NULL : parent->snapshot};
    struct vm_snapshot *snapshot;
    int error = vm_snapshot_take(vm, &options, &snapshot, why);
    /* The server loads it where it serves. */
    if (error == 0) vm_snapshot_close(snapshot);
    return error;
}

void take__snapshot(struct serve *serve, const struct control_request *request) {
    const struct cell_request *head = &request->head;
    struct object *parent = NULL;
    if (head->parent != 0) {
        pthread_mutex_lock(&serve->lock);
        parent = object__find(serve, head->parent);
        if (parent != NULL && parent->kind != OBJECT_SNAPSHOT) parent = NULL;
        if (parent != NULL) object__use(parent);
        pthread_mutex_unlock(&serve->lock);
        if (parent == NULL) {
            load__refuse(request, -ENOENT, "take a snapshot", "there is no such parent");
            return;
        }
    }
    struct sandbox *sandbox;
    struct vm_text why = {""};
    int error = pool__resume(serve, head->sandbox, head->generation, &sandbox);
    if (error != 0) {
        load__refuse(request, error, "take a snapshot", "there is no such sandbox");
    } else {
        take__connect(sandbox, head->id);
        /* A program that was booted has had nobody who served its connections yet. */
        dial__hang_up(&sandbox->dial, sandbox->vm);
        error = sandbox->dial.was_waiting ? -EBUSY : take__write(sandbox->vm, request->file, parent, &why);
        pool__park(serve, sandbox);
        const char *text = error == -EBUSY ? WAITING : why.bytes;
        if (error != 0) load__refuse(request, error, "take a snapshot", text);
        else control__reply(head->id, 0, NULL);
    }
    if (parent == NULL) return;
    pthread_mutex_lock(&serve->lock);
    object__unuse(serve, parent);
    pthread_mutex_unlock(&serve->lock);
}
