#include "epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "internal.h"

#define ALLOWED_EVENTS                                                                                        \
    (uint32_t)(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | \
               EPOLLWRBAND | EPOLLMSG | EPOLLRDHUP | EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
/* What is told whether or not it was asked for. */
#define ALWAYS_EVENTS (uint32_t)(EPOLLERR | EPOLLHUP)

static struct epoll_item *item_at(struct vm *vm, uint32_t link) {
    return &vm->kernel->epolls.items[link - 1];
}

static struct epoll *epoll_of(struct vm *vm, const struct file *file) {
    return &vm->kernel->epolls.epolls[file->object];
}

static struct file *file_of(struct vm *vm, const struct epoll_item *item) {
    return &vm->kernel->files.items[item->file - 1];
}

struct file *epoll__open(struct vm *vm) {
    struct epoll_table *table = &vm->kernel->epolls;
    for (uint32_t i = 0; i < EPOLLS_MAX; i++) {
        if (table->epolls[i].in_use) continue;
        struct file *file = file__open(vm, FILE_EPOLL, O_RDWR, i);
        if (file != NULL) table->epolls[i] = (struct epoll){.in_use = 1};
        return file;
    }
    return NULL;
}

/* The link to the item of a descriptor, or NULL. The item before it is where the link is. */
static uint32_t *link_to(struct vm *vm, struct epoll *epoll, const struct file *file, uint32_t descriptor) {
    if (epoll->last == 0) return NULL;
    uint32_t at = epoll->last;
    do {
        uint32_t *link = &item_at(vm, at)->next;
        const struct epoll_item *item = item_at(vm, *link);
        if (item->descriptor == descriptor && file_of(vm, item) == file) return link;
        at = *link;
    } while (at != epoll->last);
    return NULL;
}

static uint32_t free_item(struct epoll_table *table) {
    uint32_t index = 0;
    while (index < table->used && table->items[index].file != 0) index++;
    if (index == EPOLL_ITEMS_MAX) return 0;
    if (index == table->used) table->used++;
    return index + 1;
}

/* One epoll may hold others, and no more: a look is then bounded by items times items. */
static int64_t check_nesting(struct vm *vm, struct file *epoll, struct file *file) {
    if (file->kind != FILE_EPOLL) return 0;
    if (file == epoll) return -EINVAL;
    return epoll_of(vm, file)->holds_epolls > 0 || epoll->watched > 0 ? -ELOOP : 0;
}

int64_t epoll__add(struct vm *vm, struct file *owner, uint32_t descriptor, uint32_t events, uint64_t data) {
    struct epoll *epoll = epoll_of(vm, owner);
    struct file *file = file__of(vm, descriptor);
    if (file == NULL) return -EBADF;
    /* What never waits cannot be watched. */
    if (file__functions(file)->ready == NULL) return -EPERM;
    if (events & ~ALLOWED_EVENTS) return -EINVAL;
    int64_t status = check_nesting(vm, owner, file);
    if (status != 0) return status;
    if (link_to(vm, epoll, file, descriptor) != NULL) return -EEXIST;
    uint32_t link = free_item(&vm->kernel->epolls);
    if (link == 0) return -ENOSPC;
    struct epoll_item *item = item_at(vm, link);
    *item = (struct epoll_item){
        .file = file__index(vm, file) + 1,
        .descriptor = descriptor,
        .epoll = owner->object,
        .next = epoll->last == 0 ? link : item_at(vm, epoll->last)->next,
        .events = events,
        .data = data,
        /* Not any edge yet: what is ready already is told once. */
        .seen_edge = UINT64_MAX,
    };
    if (epoll->last != 0) item_at(vm, epoll->last)->next = link;
    epoll->last = link;
    epoll->holds_epolls += file->kind == FILE_EPOLL;
    file->watched++;
    kernel__changed(vm);
    return 0;
}

int64_t epoll__change(struct vm *vm, struct file *owner, uint32_t descriptor, uint32_t events, uint64_t data) {
    struct file *file = file__of(vm, descriptor);
    if (file == NULL) return -EBADF;
    if (events & ~ALLOWED_EVENTS) return -EINVAL;
    const uint32_t *link = link_to(vm, epoll_of(vm, owner), file, descriptor);
    if (link == NULL) return -ENOENT;
    struct epoll_item *item = item_at(vm, *link);
    if ((events | item->events) & EPOLLEXCLUSIVE) return -EINVAL;
    item->events = events;
    item->data = data;
    item->told = 0;
    item->seen_edge = UINT64_MAX;
    kernel__changed(vm);
    return 0;
}

/* Takes the item behind the link out of its ring. */
static void unlink_item(struct vm *vm, struct epoll *epoll, uint32_t *link) {
    uint32_t gone = *link;
    struct epoll_item *item = item_at(vm, gone);
    struct file *file = file_of(vm, item);
    int was_alone = item->next == gone;
    *link = item->next;
    if (was_alone) {
        epoll->last = 0;
    } else if (epoll->last == gone) {
        /* The link lies in the item before, which is the last one now. */
        uint32_t before = item->next;
        while (item_at(vm, before)->next != item->next) before = item_at(vm, before)->next;
        epoll->last = before;
    }
    file->watched--;
    epoll->holds_epolls -= file->kind == FILE_EPOLL;
    *item = (struct epoll_item){0};
    struct epoll_table *table = &vm->kernel->epolls;
    while (table->used > 0 && table->items[table->used - 1].file == 0) table->used--;
}

int64_t epoll__remove(struct vm *vm, struct file *owner, uint32_t descriptor) {
    struct file *file = file__of(vm, descriptor);
    if (file == NULL) return -EBADF;
    struct epoll *epoll = epoll_of(vm, owner);
    uint32_t *link = link_to(vm, epoll, file, descriptor);
    if (link == NULL) return -ENOENT;
    unlink_item(vm, epoll, link);
    return 0;
}

void epoll__forget(struct vm *vm, struct file *file) {
    struct epoll_table *table = &vm->kernel->epolls;
    for (uint32_t i = table->used; i-- > 0 && file->watched > 0;) {
        /* Taking one out may make the table shorter. */
        if (i >= table->used || table->items[i].file == 0 || file_of(vm, &table->items[i]) != file) continue;
        struct epoll *epoll = &table->epolls[table->items[i].epoll];
        unlink_item(vm, epoll, link_to(vm, epoll, file, table->items[i].descriptor));
    }
}

/* What an item has to tell now. */
static uint32_t look(struct vm *vm, struct epoll_item *item) {
    struct file *file = file_of(vm, item);
    if (item->told) return 0;
    /* What watches what watches others may be looked at as often as all of them together. */
    if (++vm->looks > LOOKS_MAX) return 0;
    uint32_t ready = file__ready(vm, file) & (item->events | ALWAYS_EVENTS);
    if ((item->events & EPOLLET) == 0) return ready;
    const struct file_functions *functions = file__functions(file);
    uint64_t edge = functions->edge == NULL ? 0 : functions->edge(vm, file);
    if (ready == 0) item->seen_edge = edge;
    return edge == item->seen_edge ? 0 : ready;
}

static void tell(struct vm *vm, struct epoll_item *item) {
    struct file *file = file_of(vm, item);
    const struct file_functions *functions = file__functions(file);
    if (item->events & EPOLLONESHOT) item->told = 1;
    if (item->events & EPOLLET) item->seen_edge = functions->edge == NULL ? 0 : functions->edge(vm, file);
}

uint32_t epoll__collect(struct vm *vm, struct file *owner, struct epoll_event *events, uint32_t capacity) {
    struct epoll *epoll = epoll_of(vm, owner);
    if (epoll->last == 0) return 0;
    uint32_t count = 0, first = item_at(vm, epoll->last)->next, at = first, last_told = 0;
    do {
        struct epoll_item *item = item_at(vm, at);
        uint32_t ready = look(vm, item);
        if (ready != 0) {
            events[count++] = (struct epoll_event){.events = ready, .data.u64 = item->data};
            tell(vm, item);
            last_told = at;
        }
        at = item->next;
    } while (at != first && count < capacity);
    /* Who was told comes last next time, so that a few busy ones cannot keep the others from being seen. */
    if (last_told != 0) epoll->last = last_told;
    return count;
}

void epoll__awaits(struct vm *vm, struct file *owner, struct awaited *awaited) {
    const struct epoll *epoll = epoll_of(vm, owner);
    uint32_t at = epoll->last;
    if (at == 0) return;
    do {
        const struct epoll_item *item = item_at(vm, at);
        if (!item->told && item->events & EPOLLIN) wait__add(vm, file_of(vm, item), awaited);
        at = item->next;
    } while (at != epoll->last);
}

/* ---- as a file ----------------------------------------------------------------------------------------- */

static uint32_t ready_epoll(struct vm *vm, struct file *file) {
    const struct epoll *epoll = epoll_of(vm, file);
    uint32_t at = epoll->last;
    if (at == 0) return 0;
    do {
        struct epoll_item *item = item_at(vm, at);
        if (look(vm, item) != 0) return READY_IN;
        at = item->next;
    } while (at != epoll->last);
    return 0;
}

/* The sum of what it watches: grows when any of them does. */
static uint64_t edge_epoll(struct vm *vm, struct file *file) {
    const struct epoll *epoll = epoll_of(vm, file);
    uint64_t edges = 0;
    uint32_t at = epoll->last;
    if (at == 0) return 0;
    do {
        struct file *watched = file_of(vm, item_at(vm, at));
        const struct file_functions *functions = file__functions(watched);
        if (functions->edge != NULL) edges += functions->edge(vm, watched);
        at = item_at(vm, at)->next;
    } while (at != epoll->last);
    return edges;
}

static void release_epoll(struct vm *vm, struct file *file) {
    struct epoll *epoll = epoll_of(vm, file);
    while (epoll->last != 0) unlink_item(vm, epoll, &item_at(vm, epoll->last)->next);
    *epoll = (struct epoll){0};
}

const struct file_functions file_epoll = {
    .stat = event__stat,
    .ready = ready_epoll,
    .edge = edge_epoll,
    .release = release_epoll,
};
