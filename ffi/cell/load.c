#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve_state.h"

#define FILES_MAX 65536u
#define DESCRIPTORS_MAX 1024u
#define THREADS_MAX_OF_GUEST 256u

void load__refuse(const struct control_request *request, int error, const char *what, const char *why) {
    char text[512];
    snprintf(text, sizeof text, "Cannot %s: %s", what, why[0] == 0 ? strerror(-error) : why);
    control__reply(request->head.id, error, text);
}

static void load__limits(const struct cell_request *head, struct vm_limits *limits) {
    *limits = (struct vm_limits){
        .memory_bytes = head->memory_bytes,
        .file_bytes = head->memory_bytes / 2,
        .files = FILES_MAX,
        .descriptors = DESCRIPTORS_MAX,
        .threads = THREADS_MAX_OF_GUEST,
        /* Lines are counted for each request, where they are made. */
        .log_bytes = UINT64_MAX,
    };
}

/* ---- objects that use others -------------------------------------------------------------------------- */

static int load__use(struct serve *serve, const struct cell_request *head, struct object *object) {
    if (head->parent != 0) {
        struct object *parent = object__find(serve, head->parent);
        if (parent == NULL || parent->kind != OBJECT_SNAPSHOT || parent->parent != NULL) return -ENOENT;
        object->parent = parent;
        object__use(parent);
    }
    for (uint32_t i = 0; i < head->view_count; i++) {
        struct object *view = object__find(serve, head->views[i]);
        if (view == NULL || view->kind != OBJECT_VIEW) return -ENOENT;
        object->views[object->view_count++] = view;
        object__use(view);
    }
    const struct object *parent = object->parent;
    if (parent == NULL) return 0;
    if (object->view_count < parent->view_count) return -EINVAL;
    size_t bytes = parent->view_count * sizeof(struct object *);
    return memcmp(object->views, parent->views, bytes) == 0 ? 0 : -EINVAL;
}

void load__undo(struct serve *serve, struct object *object) {
    struct object *parent = object->parent, *views[CELL_VIEWS_MAX];
    uint32_t count = object->view_count;
    memcpy(views, object->views, sizeof views);
    object__close(object);
    pthread_mutex_lock(&serve->lock);
    for (uint32_t i = 0; i < count; i++) object__unuse(serve, views[i]);
    if (parent != NULL) object__unuse(serve, parent);
    pthread_mutex_unlock(&serve->lock);
}

struct object *load__begin(struct serve *serve, const struct control_request *request, uint32_t kind) {
    const struct cell_request *head = &request->head;
    struct object *object = calloc(1, sizeof *object);
    if (object == NULL) {
        load__refuse(request, -ENOMEM, "load", "");
        return NULL;
    }
    object->kind = (enum object_kind)kind;
    object->number = head->object;
    object->protocol = (enum cell_protocol)head->protocol;
    object->tcp_port = (uint16_t)head->tcp_port;
    object->log_bytes = head->log_bytes;
    load__limits(head, &object->limits);
    pthread_mutex_lock(&serve->lock);
    int error = load__use(serve, head, object);
    pthread_mutex_unlock(&serve->lock);
    bool has_protocol = head->protocol >= CELL_FRAMES && head->protocol <= CELL_SERVER;
    if (error == 0 && kind != OBJECT_VIEW && !has_protocol) error = -EINVAL;
    if (error == 0) return object;
    load__undo(serve, object);
    load__refuse(request, error, "load",
                 error == -ENOENT ? "there is no such view, or no such flat snapshot"
                                  : "the views are not those of the parent, with more below, or the protocol is none");
    return NULL;
}

int load__end(struct serve *serve, const struct control_request *request, struct object *object) {
    pthread_mutex_lock(&serve->lock);
    int error = object__add(serve, object);
    if (error == 0 && object->kind == OBJECT_SNAPSHOT) keeper__check(serve, object);
    pthread_mutex_unlock(&serve->lock);
    if (error == 0) return 0;
    load__undo(serve, object);
    load__refuse(request, error, "load", error == -EEXIST ? "the number is another object's" : "");
    return error;
}

/* ---- the requests ------------------------------------------------------------------------------------- */

void load__view(struct serve *serve, const struct control_request *request) {
    struct object *object = load__begin(serve, request, OBJECT_VIEW);
    if (object == NULL) return;
    int error = view_image__open(request->file, &object->view);
    if (error != 0) {
        load__undo(serve, object);
        load__refuse(request, error, "open the image", error == -EBADMSG ? "it is damaged" : "");
        return;
    }
    if (load__end(serve, request, object) == 0) control__reply(request->head.id, 0, NULL);
}

void load__snapshot(struct serve *serve, const struct control_request *request) {
    struct object *object = load__begin(serve, request, OBJECT_SNAPSHOT);
    if (object == NULL) return;
    struct view *views[CELL_VIEWS_MAX];
    for (uint32_t i = 0; i < object->view_count; i++) views[i] = object->views[i]->view;
    const struct vm_snapshot *parent = object->parent == NULL ? NULL : object->parent->snapshot;
    struct vm_text why;
    int error = vm_snapshot_load(serve->machine, request->file, parent, views, object->view_count, &object->snapshot,
                                 &why);
    if (error != 0) {
        load__undo(serve, object);
        load__refuse(request, error, "load the snapshot", why.bytes);
        return;
    }
    if (load__end(serve, request, object) == 0) control__reply(request->head.id, 0, NULL);
}

void load__base(struct serve *serve, const struct control_request *request) {
    if (request->head.parent == 0) {
        load__refuse(request, -EINVAL, "derive", "it needs a parent");
        return;
    }
    struct object *object = load__begin(serve, request, OBJECT_BASE);
    if (object != NULL && load__end(serve, request, object) == 0) control__reply(request->head.id, 0, NULL);
}

void load__drop(struct serve *serve, const struct control_request *request) {
    pthread_mutex_lock(&serve->lock);
    struct object *object = object__find(serve, request->head.object);
    if (object != NULL) {
        pool__forget(serve, object);
        object__drop(serve, object);
    }
    pthread_mutex_unlock(&serve->lock);
    if (object != NULL) control__reply(request->head.id, 0, NULL);
    else load__refuse(request, -ENOENT, "drop", "there is no such object");
}
