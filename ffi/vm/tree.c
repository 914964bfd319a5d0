#include "tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "contents.h"
#include "internal.h"
#include "layers.h"
#include "random.h"
#include "tree_names.h"

struct tree_node *tree__node(struct vm *vm, uint32_t index) {
    return &vm->kernel->tree.items[index];
}

const char *tree__name(struct vm *vm, const struct tree_node *node) {
    return vm->kernel->names.items[node->name].bytes;
}

int64_t tree__now(struct vm *vm) {
    return (int64_t)clock__realtime_ns(vm);
}

/* ---- finding names ------------------------------------------------------------------------------------- */

/* Keyed, so that no guest knows which names fall into one bucket and make a path of a thousand parts a long walk. */
static uint32_t hash_of(const struct tree *tree, uint32_t folder, const char *name, size_t size) {
    uint64_t hash = tree->key ^ folder;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)name[i]) * (tree->key | 1);
    hash = (hash ^ hash >> 32) * (tree->key | 1);
    return (uint32_t)(hash >> 32);
}

static void link_bucket(struct tree *tree, uint32_t index) {
    struct tree_node *node = &tree->items[index];
    uint32_t *bucket = &tree->items[node->hash & (tree->buckets - 1)].bucket;
    node->next_in_bucket = *bucket;
    *bucket = index;
}

static void unlink_bucket(struct tree *tree, uint32_t index) {
    const struct tree_node *node = &tree->items[index];
    uint32_t *at = &tree->items[node->hash & (tree->buckets - 1)].bucket;
    while (*at != index) at = &tree->items[*at].next_in_bucket;
    *at = node->next_in_bucket;
}

static int has_name(const struct tree_node *node) {
    return node->type != TREE_FREE && !(node->flags & NODE_NAMELESS);
}

/* There are as many buckets as nodes, about; so they double when the nodes do. */
static void grow_buckets(struct tree *tree) {
    tree->buckets *= 2;
    for (uint32_t i = 0; i < tree->used; i++) tree->items[i].bucket = TREE_NONE;
    for (uint32_t i = TREE_ROOT + 1; i < tree->used; i++) {
        if (has_name(&tree->items[i])) link_bucket(tree, i);
    }
}

uint32_t tree__child(struct vm *vm, uint32_t folder, const char *name, size_t size) {
    const struct tree *tree = &vm->kernel->tree;
    uint32_t hash = hash_of(tree, folder, name, size);
    uint32_t index = tree->items[hash & (tree->buckets - 1)].bucket;
    for (; index != TREE_NONE; index = tree->items[index].next_in_bucket) {
        const struct tree_node *node = &tree->items[index];
        if (node->hash != hash || node->parent != folder || node->name_size != size) continue;
        if (memcmp(tree__name(vm, node), name, size) == 0) return index;
    }
    return TREE_NONE;
}

/* ---- making nodes and giving them names ---------------------------------------------------------------- */

static uint32_t take_node(struct tree *tree) {
    uint32_t index = tree->free;
    if (index != TREE_NONE) {
        tree->free = tree->items[index].next;
    } else {
        if (tree->used == TREE_NODES_MAX) return TREE_NONE;
        index = tree->used++;
        tree->items[index].bucket = TREE_NONE;
        if (tree->used == 2 * tree->buckets) grow_buckets(tree);
    }
    uint32_t bucket = tree->items[index].bucket;
    tree->items[index] = (struct tree_node){.flags = NODE_NAMELESS, .bucket = bucket};
    return index;
}

static void give_node(struct tree *tree, uint32_t index) {
    uint32_t bucket = tree->items[index].bucket;
    if (tree->items[index].flags & NODE_KEPT) tree->made--;
    tree->items[index] = (struct tree_node){.bucket = bucket, .next = tree->free};
    tree->free = index;
}

static void append_child(struct tree *tree, uint32_t folder, uint32_t index) {
    struct tree_node *parent = &tree->items[folder], *node = &tree->items[index];
    node->parent = folder;
    node->previous = parent->last_child;
    node->next = TREE_NONE;
    node->serial = ++tree->next_serial;
    if (parent->last_child == TREE_NONE) parent->first_child = index;
    else tree->items[parent->last_child].next = index;
    parent->last_child = index;
}

static void remove_child(struct tree *tree, uint32_t index) {
    const struct tree_node *node = &tree->items[index];
    struct tree_node *parent = &tree->items[node->parent];
    if (node->previous == TREE_NONE) parent->first_child = node->next;
    else tree->items[node->previous].next = node->next;
    if (node->next == TREE_NONE) parent->last_child = node->previous;
    else tree->items[node->next].previous = node->previous;
}

int tree__rename(struct vm *vm, uint32_t index, uint32_t folder, const char *name, size_t size) {
    struct tree_node *node = tree__node(vm, index);
    uint32_t text = tree_names__take(&vm->kernel->names, name, size);
    if (text == NAME_NONE) return -ENOSPC;
    node->name = text;
    node->name_size = (uint16_t)size;
    node->hash = hash_of(&vm->kernel->tree, folder, name, size);
    node->flags &= (uint8_t)~NODE_NAMELESS;
    append_child(&vm->kernel->tree, folder, index);
    link_bucket(&vm->kernel->tree, index);
    return 0;
}

void tree__unname(struct vm *vm, uint32_t index) {
    struct tree_node *node = tree__node(vm, index);
    unlink_bucket(&vm->kernel->tree, index);
    remove_child(&vm->kernel->tree, index);
    tree_names__give(&vm->kernel->names, node->name, node->name_size);
    node->flags = (uint8_t)((node->flags | NODE_NAMELESS) & ~NODE_OVER);
    node->parent = node->previous = node->next = TREE_NONE;
}

uint32_t tree__add(struct vm *vm, uint32_t folder, const char *name, size_t size, enum tree_type type) {
    struct tree *tree = &vm->kernel->tree;
    uint32_t index = take_node(tree);
    if (index == TREE_NONE) return TREE_NONE;
    struct tree_node *node = tree__node(vm, index);
    node->type = (uint8_t)type;
    node->links = folder != TREE_NONE;
    node->inode = ++tree->next_serial;
    node->accessed_ns = node->modified_ns = node->changed_ns = tree__now(vm);
    if (folder != TREE_NONE && tree__rename(vm, index, folder, name, size) != 0) {
        give_node(tree, index);
        return TREE_NONE;
    }
    return index;
}

int tree__init(struct vm *vm) {
    struct tree *tree = &vm->kernel->tree;
    int error = random__bytes(&tree->key, sizeof tree->key);
    if (error != 0) return error;
    tree->used = 2;
    tree->buckets = 2;
    tree->items[TREE_NONE] = tree->items[TREE_ROOT] = (struct tree_node){.type = TREE_FREE};
    struct tree_node *root = tree__node(vm, TREE_ROOT);
    int64_t now = tree__now(vm);
    *root = (struct tree_node){.type = TREE_FOLDER, .flags = NODE_KEPT, .mode = 0755, .links = 1, .inode = 1};
    root->layers = layers__all(vm);
    root->accessed_ns = root->modified_ns = root->changed_ns = now;
    tree->next_serial = 1;

    struct layer_node below;
    if (layers__find(vm, "/tmp", root->layers, &below) != 0) return 0;
    uint32_t temporary = tree__add(vm, TREE_ROOT, "tmp", 3, TREE_FOLDER);
    if (temporary == TREE_NONE) return -ENOSPC;
    tree__node(vm, temporary)->mode = 01777;
    return tree__own(vm, temporary);
}

/* ---- how long nodes live ------------------------------------------------------------------------------- */

int tree__own(struct vm *vm, uint32_t index) {
    struct tree_node *node = tree__node(vm, index);
    if (node->flags & NODE_KEPT) return 0;
    if (vm->kernel->tree.made >= vm->limits.files) return -ENOSPC;
    vm->kernel->tree.made++;
    node->flags |= NODE_KEPT;
    return 0;
}

void tree__keep(struct vm *vm, uint32_t index) {
    tree__node(vm, index)->opens++;
}

void tree__release(struct vm *vm, uint32_t index) {
    tree__node(vm, index)->opens--;
    tree__forget(vm, index);
}

static int is_needed(const struct tree_node *node) {
    if (node->opens > 0 || node->first_child != TREE_NONE) return 1;
    if (node->flags & NODE_NAMELESS) return node->links > 0;
    return (node->flags & NODE_KEPT) || node->type == TREE_GONE || node->type == TREE_ALIAS || node->links > 1;
}

void tree__forget(struct vm *vm, uint32_t index) {
    while (index != TREE_NONE && index != TREE_ROOT) {
        const struct tree_node *node = tree__node(vm, index);
        if (node->type == TREE_FREE || is_needed(node)) return;
        uint32_t parent = node->parent;
        if (has_name(node)) tree__unname(vm, index);
        contents__clear(vm, index);
        give_node(&vm->kernel->tree, index);
        index = parent;
    }
}

void tree__remove(struct vm *vm, uint32_t index) {
    struct tree_node *node = tree__node(vm, index);
    uint32_t target = node->type == TREE_ALIAS ? node->target : TREE_NONE;
    tree__unname(vm, index);
    node->links--;
    tree__forget(vm, index);
    if (target == TREE_NONE) return;
    tree__node(vm, target)->links--;
    tree__forget(vm, target);
}

/* ---- paths --------------------------------------------------------------------------------------------- */

int64_t tree__path(struct vm *vm, uint32_t index, char *to, size_t capacity) {
    size_t size = 0;
    for (uint32_t at = index; at != TREE_ROOT && at != TREE_NONE; at = tree__node(vm, at)->parent) {
        const struct tree_node *node = tree__node(vm, at);
        if (!has_name(node)) break;
        size += node->name_size + 1u;
    }
    if (size + 1 > capacity) return -ENAMETOOLONG;
    to[size] = 0;
    size_t end = size;
    for (uint32_t at = index; end > 0; at = tree__node(vm, at)->parent) {
        const struct tree_node *node = tree__node(vm, at);
        end -= node->name_size;
        memcpy(to + end, tree__name(vm, node), node->name_size);
        to[--end] = '/';
    }
    return (int64_t)size;
}
