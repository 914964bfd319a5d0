#include "object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve_state.h"

struct object *object__find(struct serve *serve, uint32_t number) {
    struct objects *objects = &serve->objects;
    return number < objects->size ? objects->table[number] : NULL;
}

static int objects__grow(struct objects *objects, uint32_t number) {
    uint32_t size = objects->size == 0 ? 64 : objects->size;
    while (size <= number) size *= 2;
    struct object **table = realloc(objects->table, size * sizeof *table);
    if (table == NULL) return -ENOMEM;
    memset(table + objects->size, 0, (size - objects->size) * sizeof *table);
    objects->table = table;
    objects->size = size;
    return 0;
}

int object__add(struct serve *serve, struct object *object) {
    struct objects *objects = &serve->objects;
    uint32_t number = object->number;
    if (number == 0 || number >= OBJECT_NUMBERS_MAX) return -EINVAL;
    if (number >= objects->size && objects__grow(objects, number) != 0) return -ENOMEM;
    if (objects->table[number] != NULL) return -EEXIST;
    objects->table[number] = object;
    object->uses = 1;
    if (object->kind == OBJECT_VIEW) objects->views++;
    if (object->kind == OBJECT_SNAPSHOT) objects->snapshots++;
    return 0;
}

void object__use(struct object *object) {
    object->uses++;
}

void object__unuse(struct serve *serve, struct object *object) {
    if (--object->uses == 0) keeper__close_object(serve, object);
}

void object__drop(struct serve *serve, struct object *object) {
    struct objects *objects = &serve->objects;
    objects->table[object->number] = NULL;
    object->is_dropped = true;
    if (object->kind == OBJECT_VIEW) objects->views--;
    if (object->kind == OBJECT_SNAPSHOT) objects->snapshots--;
    object__unuse(serve, object);
}

static const struct object *object__family(const struct object *object) {
    return object->parent == NULL ? object : object->parent;
}

bool object__is_relative(const struct object *object, const struct object *other) {
    if (object__family(object) != object__family(other) || object->view_count != other->view_count) return false;
    return memcmp(object->views, other->views, object->view_count * sizeof(struct object *)) == 0;
}

int object__clone_to_build(const struct object *base, struct vm **vm) {
    struct view *more[CELL_VIEWS_MAX];
    const struct object *parent = base->parent;
    uint32_t count = 0;
    for (uint32_t i = parent->view_count; i < base->view_count; i++) more[count++] = base->views[i]->view;
    return vm_clone_to_build(parent->snapshot, &base->limits, more, count, vm);
}

void object__close(struct object *object) {
    if (object->snapshot != NULL) vm_snapshot_close(object->snapshot);
    if (object->view != NULL) view__close(object->view);
    free(object);
}
