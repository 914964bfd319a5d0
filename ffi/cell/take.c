#include "take.h"

#include <errno.h>

#include "load.h"
#include "serve_state.h"

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
        error = vm_dialed(sandbox->vm) != 0 ? -EBUSY : take__write(sandbox->vm, request->file, parent, &why);
        pool__park(serve, sandbox);
        const char *text = error == -EBUSY ? "the function holds a connection open" : why.bytes;
        if (error != 0) load__refuse(request, error, "take a snapshot", text);
        else control__reply(head->id, 0, NULL);
    }
    if (parent == NULL) return;
    pthread_mutex_lock(&serve->lock);
    object__unuse(serve, parent);
    pthread_mutex_unlock(&serve->lock);
}
