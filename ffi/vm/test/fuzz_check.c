#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../tables.h"
#include "fuzz.h"

/* Who a page of the data area belongs to. */
enum owner { OWNER_NONE = 0, OWNER_FREE, OWNER_SPACE, OWNER_FILE, OWNER_QUEUE };

struct owners {
    uint8_t *of; /* by page */
    uint32_t count;
};

void fuzz__wrong(struct fuzz *fuzz, const char *format, ...) {
    if (fuzz->wrong[0] != 0) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fuzz->wrong, sizeof fuzz->wrong, format, arguments);
    va_end(arguments);
}

static void own(struct fuzz *fuzz, struct owners *owners, uint64_t address, uint32_t pages, enum owner owner) {
    uint64_t first = (address - DATA_BASE) >> PAGE_SHIFT;
    if (address < DATA_BASE || first + pages > owners->count) {
        fuzz__wrong(fuzz, "owner %d has page 0x%lx, which was never taken", owner, address);
        return;
    }
    for (uint64_t page = first; page < first + pages; page++) {
        if (owners->of[page] != OWNER_NONE)
            fuzz__wrong(fuzz, "page 0x%lx is of %d and %d", page, owners->of[page], owner);
        owners->of[page] = (uint8_t)owner;
    }
}

/* ---- areas and page tables ----------------------------------------------------------------------------- */

static void check_areas(struct fuzz *fuzz) {
    const struct kernel *kernel = fuzz->vm->kernel;
    const struct area_table *areas = &kernel->areas;
    uint64_t last = 0;
    for (uint32_t i = 0; i < areas->used; i++) {
        const struct area *area = &areas->items[i];
        if (area->start < last || area->start >= area->end || area->end > USER_LAST)
            fuzz__wrong(fuzz, "area %u is out of order", i);
        if (((area->start | area->end | area->file_offset) & PAGE_MASK) != 0)
            fuzz__wrong(fuzz, "area %u ends inside a page", i);
        if (area->file > kernel->files.used) fuzz__wrong(fuzz, "area %u has no such file", i);
        if (area->file != 0 && kernel->files.items[area->file - 1].kind != FILE_REGULAR)
            fuzz__wrong(fuzz, "area %u has file of another kind", i);
        last = area->end;
    }
}

static void check_entry(struct fuzz *fuzz, struct owners *owners, uint64_t address, uint64_t entry) {
    struct vm *vm = fuzz->vm;
    const struct area *area = space__area(vm, address);
    uint64_t physical = entry & PTE_ADDRESS;
    if (area == NULL) {
        fuzz__wrong(fuzz, "0x%lx has a page and no area", address);
        return;
    }
    if (!(entry & PTE_USER)) fuzz__wrong(fuzz, "0x%lx is the system's", address);
    if ((entry & PTE_WRITE) && !(area->protection & PROT_WRITE)) fuzz__wrong(fuzz, "0x%lx can be written", address);
    if (!(entry & PTE_NO_EXEC) && !(area->protection & PROT_EXEC)) fuzz__wrong(fuzz, "0x%lx can be executed", address);
    if ((entry & PTE_PRESENT) && area->protection == PROT_NONE) fuzz__wrong(fuzz, "0x%lx can be read", address);
    if (memory__seen(vm, physical) == NULL) fuzz__wrong(fuzz, "0x%lx leads nowhere", address);
    if (physical < DATA_BASE) fuzz__wrong(fuzz, "0x%lx leads to the system's pages", address);
    if (physical >= VIEW_BASE) {
        if (entry & PTE_WRITE) fuzz__wrong(fuzz, "0x%lx is a view's and can be written", address);
        return;
    }
    if (!(entry & PTE_SHARED)) {
        own(fuzz, owners, physical, 1, OWNER_SPACE);
        return;
    }
    uint64_t page = (physical - DATA_BASE) >> PAGE_SHIFT;
    if (page >= owners->count || owners->of[page] != OWNER_FILE)
        fuzz__wrong(fuzz, "0x%lx is shared and no file's", address);
}

static void check_tables(struct fuzz *fuzz, struct owners *owners) {
    uint64_t *entry;
    for (uint64_t at = 0; fuzz->wrong[0] == 0 && table__next(fuzz->vm, &at, SYSTEM_ADDRESS, &entry); at += PAGE_SIZE) {
        check_entry(fuzz, owners, at, *entry);
    }
}

/* ---- files --------------------------------------------------------------------------------------------- */

static void check_files(struct fuzz *fuzz) {
    static uint32_t references[FILES_MAX], watched[FILES_MAX];
    struct kernel *kernel = fuzz->vm->kernel;
    memset(references, 0, sizeof references);
    memset(watched, 0, sizeof watched);
    for (uint32_t i = 0; i < kernel->descriptors.used; i++) {
        if (kernel->descriptors.items[i].file != 0) references[kernel->descriptors.items[i].file - 1]++;
    }
    for (uint32_t i = 0; i < kernel->areas.used; i++) {
        if (kernel->areas.items[i].file != 0) references[kernel->areas.items[i].file - 1]++;
    }
    for (uint32_t i = 0; i < kernel->epolls.used; i++) {
        if (kernel->epolls.items[i].file != 0) watched[kernel->epolls.items[i].file - 1]++;
    }
    for (uint32_t i = 0; i < FILES_MAX; i++) {
        const struct file *file = &kernel->files.items[i];
        if (i >= kernel->files.used && file->kind != FILE_FREE) fuzz__wrong(fuzz, "file %u is beyond those in use", i);
        if ((file->kind == FILE_FREE) != (file->references == 0))
            fuzz__wrong(fuzz, "file %u of kind %u has %u references", i, file->kind, file->references);
        if (file->references != references[i])
            fuzz__wrong(fuzz, "file %u (kind %u) counts %u references of %u", i, file->kind, file->references,
                        references[i]);
        if (file->watched != watched[i])
            fuzz__wrong(fuzz, "file %u counts %u watchers of %u", i, file->watched, watched[i]);
    }
}

static void check_pipes(struct fuzz *fuzz) {
    const struct kernel *kernel = fuzz->vm->kernel;
    static uint32_t readers[PIPES_MAX], writers[PIPES_MAX];
    memset(readers, 0, sizeof readers);
    memset(writers, 0, sizeof writers);
    for (uint32_t i = 0; i < kernel->files.used; i++) {
        const struct file *file = &kernel->files.items[i];
        if (file->kind == FILE_PIPE_READ) readers[file->object]++;
        if (file->kind == FILE_PIPE_WRITE) writers[file->object]++;
    }
    for (uint32_t i = 0; i < kernel->pipes.used; i++) {
        const struct pipe *pipe = &kernel->pipes.items[i];
        if (pipe->readers != readers[i] || pipe->writers != writers[i])
            fuzz__wrong(fuzz, "pipe %u miscounts its ends", i);
        if (pipe->readers + pipe->writers > 0 && pipe->queue.size > pipe->capacity)
            fuzz__wrong(fuzz, "pipe %u holds %u bytes", i, pipe->queue.size);
    }
}

static void check_sockets(struct fuzz *fuzz) {
    const struct kernel *kernel = fuzz->vm->kernel;
    static uint8_t open[SOCKETS_MAX];
    memset(open, 0, sizeof open);
    for (uint32_t i = 0; i < kernel->files.used; i++) {
        const struct file *file = &kernel->files.items[i];
        if (file->kind == FILE_SOCKET && open[file->object]++ != 0)
            fuzz__wrong(fuzz, "socket %u is open twice", file->object);
    }
    for (uint32_t i = 0; i < kernel->sockets.used; i++) {
        const struct socket *socket = &kernel->sockets.items[i];
        if (open[i] && socket->state == SOCKET_FREE) fuzz__wrong(fuzz, "socket %u is open and free", i);
        if (socket->state == SOCKET_FREE) continue;
        if (socket->peer > kernel->sockets.used) fuzz__wrong(fuzz, "socket %u has no such peer", i);
        if (socket->input.size > QUEUE_BYTES) fuzz__wrong(fuzz, "socket %u holds %u bytes", i, socket->input.size);
        if (socket->peer != 0 && kernel->sockets.items[socket->peer - 1].state == SOCKET_FREE)
            fuzz__wrong(fuzz, "socket %u has a peer that is gone", i);
    }
}

/* ---- the tree ------------------------------------------------------------------------------------------ */

static void own_contents(struct fuzz *fuzz, struct owners *owners, uint64_t frame, uint32_t height, uint64_t *frames,
                         uint64_t *blocks) {
    own(fuzz, owners, frame, 1, OWNER_FILE);
    *frames += 1;
    if (height == 0) *blocks += 1;
    if (height == 0 || fuzz->wrong[0] != 0) return;
    const uint64_t *entries = (const uint64_t *)(const void *)frames__at(fuzz->vm, frame);
    for (uint32_t i = 0; i < 512; i++) {
        if (entries[i] != 0) own_contents(fuzz, owners, entries[i], height - 1, frames, blocks);
    }
}

static uint32_t nodes_with_name(struct fuzz *fuzz, uint32_t folder) {
    const struct tree *tree = &fuzz->vm->kernel->tree;
    uint32_t count = 0, previous = TREE_NONE;
    for (uint32_t at = tree->items[folder].first_child; at != TREE_NONE; at = tree->items[at].next) {
        const struct tree_node *node = &tree->items[at];
        if (node->parent != folder || node->previous != previous || node->type == TREE_FREE)
            fuzz__wrong(fuzz, "node %u is linked wrong in %u", at, folder);
        if (tree__child(fuzz->vm, folder, tree__name(fuzz->vm, node), node->name_size) != at)
            fuzz__wrong(fuzz, "node %u is not found by its name", at);
        if (++count > TREE_NODES_MAX) fuzz__wrong(fuzz, "folder %u is a circle", folder);
        if (fuzz->wrong[0] != 0) return count;
        previous = at;
    }
    if (tree->items[folder].last_child != previous) fuzz__wrong(fuzz, "folder %u has another last child", folder);
    return count;
}

static void check_tree(struct fuzz *fuzz, struct owners *owners) {
    const struct kernel *kernel = fuzz->vm->kernel;
    const struct tree *tree = &kernel->tree;
    static uint32_t opens[TREE_NODES_MAX], aliases[TREE_NODES_MAX];
    memset(opens, 0, sizeof opens);
    memset(aliases, 0, sizeof aliases);
    for (uint32_t i = 0; i < kernel->files.used; i++) {
        const struct file *file = &kernel->files.items[i];
        int is_node = file->kind == FILE_REGULAR || file->kind == FILE_FOLDER || file->kind == FILE_PATH ||
                      file->kind == FILE_TEXT;
        if (is_node && file->object >= tree->used) fuzz__wrong(fuzz, "file %u has no such node", i);
        else if (is_node) opens[file->object]++;
    }
    uint64_t frames = 0;
    uint32_t made = 0, named = 1, linked = 1;
    for (uint32_t i = TREE_ROOT; i < tree->used && fuzz->wrong[0] == 0; i++) {
        const struct tree_node *node = &tree->items[i];
        if (node->type == TREE_FREE) {
            if (opens[i] != 0) fuzz__wrong(fuzz, "node %u is free and open", i);
            continue;
        }
        uint64_t blocks = 0;
        if (node->pages != 0) own_contents(fuzz, owners, node->pages, node->height, &frames, &blocks);
        if (blocks != node->blocks) fuzz__wrong(fuzz, "node %u counts %lu pages of %lu", i, node->blocks, blocks);
        if (opens[i] != node->opens)
            fuzz__wrong(fuzz, "node %u of type %u counts %u openings of %u", i, node->type, node->opens, opens[i]);
        made += i != TREE_ROOT && (node->flags & NODE_KEPT) != 0;
        if (node->type == TREE_ALIAS) aliases[node->target]++;
        if (node->type == TREE_FOLDER) linked += nodes_with_name(fuzz, i);
        if (i != TREE_ROOT) named += !(node->flags & NODE_NAMELESS);
    }
    if (frames * PAGE_SIZE != tree->bytes)
        fuzz__wrong(fuzz, "the tree counts %lu bytes of %lu", tree->bytes, frames * PAGE_SIZE);
    if (made != tree->made) fuzz__wrong(fuzz, "the tree counts %u nodes of %u", tree->made, made);
    if (named != linked) fuzz__wrong(fuzz, "%u nodes have names, %u are in folders", named, linked);
    if (tree->bytes > fuzz->vm->limits.file_bytes) fuzz__wrong(fuzz, "files hold %lu bytes", tree->bytes);
    for (uint32_t i = TREE_ROOT; i < tree->used; i++) {
        if (aliases[i] != 0 && tree->items[i].type != TREE_FILE && tree->items[i].type != TREE_LINK)
            fuzz__wrong(fuzz, "node %u has aliases and is no file", i);
        if (aliases[i] > tree->items[i].links)
            fuzz__wrong(fuzz, "node %u has %u aliases and %u links", i, aliases[i], tree->items[i].links);
    }
}

/* ---- frames -------------------------------------------------------------------------------------------- */

static void own_queue(struct fuzz *fuzz, struct owners *owners, const struct queue *queue) {
    for (uint32_t i = 0; i < QUEUE_PAGES; i++) {
        if (queue->pages[i] != 0) own(fuzz, owners, queue->pages[i], 1, OWNER_QUEUE);
    }
}

static void own_by_kernel(struct fuzz *fuzz, struct owners *owners) {
    const struct kernel *kernel = fuzz->vm->kernel;
    for (uint32_t i = 0; i < kernel->pipes.used; i++) own_queue(fuzz, owners, &kernel->pipes.items[i].queue);
    for (uint32_t i = 0; i < kernel->sockets.used; i++) own_queue(fuzz, owners, &kernel->sockets.items[i].input);
    for (uint32_t i = 0; i < kernel->ports.used; i++) {
        const struct port *port = &kernel->ports.items[i];
        if (port->input.pages != 0) own(fuzz, owners, port->input.pages, PORT_QUEUE_BYTES / PAGE_SIZE, OWNER_QUEUE);
        if (port->output.pages != 0) own(fuzz, owners, port->output.pages, PORT_QUEUE_BYTES / PAGE_SIZE, OWNER_QUEUE);
    }
}

static void own_free(struct fuzz *fuzz, struct owners *owners) {
    const struct frame_table *frames = &fuzz->vm->kernel->frames;
    for (uint32_t page = 0; page < frames->used * 64; page++) {
        if (!(frames->items[page / 64] >> (page % 64) & 1)) continue;
        if (page / 64 < frames->lowest) fuzz__wrong(fuzz, "free page 0x%x is not looked for", page);
        own(fuzz, owners, DATA_BASE + page * PAGE_SIZE, 1, OWNER_FREE);
    }
}

/* Whatever was in a page before: who gets it finds zeros. */
static void check_taken(struct fuzz *fuzz) {
    static const uint8_t zeros[4096];
    struct vm *vm = fuzz->vm;
    uint64_t taken[64];
    uint32_t count = 0;
    while (count < 64 && (taken[count] = frames__take(vm, 1 + count % 3)) != 0) {
        for (uint32_t page = 0; page < 1 + count % 3; page++) {
            uint8_t *at = frames__at(vm, taken[count] + page * PAGE_SIZE);
            if (memcmp(at, zeros, sizeof zeros) != 0) fuzz__wrong(fuzz, "a page that was taken holds something");
            memset(at, 7, PAGE_SIZE);
        }
        count++;
    }
    for (uint32_t i = 0; i < count; i++) frames__give(vm, taken[i], 1 + i % 3);
}

static void check_frames(struct fuzz *fuzz, struct owners *owners) {
    const struct frame_table *frames = &fuzz->vm->kernel->frames;
    uint32_t in_use = 0;
    for (uint32_t page = 0; page < owners->count; page++) {
        if (owners->of[page] == OWNER_NONE) fuzz__wrong(fuzz, "page 0x%x belongs to nobody", page);
        in_use += owners->of[page] > OWNER_FREE;
    }
    if (in_use != frames->in_use) fuzz__wrong(fuzz, "%u pages are in use, counted %u", in_use, frames->in_use);
    if (frames->in_use > fuzz->vm->limits.memory_bytes / PAGE_SIZE)
        fuzz__wrong(fuzz, "%u pages are too many", frames->in_use);
}

/* ---- snapshots ----------------------------------------------------------------------------------------- */

static void check_packing(struct fuzz *fuzz) {
    static struct kernel copy;
    const struct kernel *kernel = fuzz->vm->kernel;
    uint64_t size = kernel__packed_size(kernel);
    uint8_t *packed = malloc(size), *again = malloc(size);
    kernel__pack(kernel, packed);
    if (kernel__unpack(&copy, packed, size) != 0) fuzz__wrong(fuzz, "the kernel does not unpack");
    else if (kernel__packed_size(&copy) != size) fuzz__wrong(fuzz, "the kernel unpacks to another size");
    else {
        kernel__pack(&copy, again);
        if (memcmp(packed, again, size) != 0) fuzz__wrong(fuzz, "the kernel unpacks to another");
    }
    if (kernel__unpack(&copy, packed, size - 1) == 0) fuzz__wrong(fuzz, "a kernel that was cut unpacks");
    free(packed);
    free(again);
}

void fuzz_check__all(struct fuzz *fuzz) {
    struct owners owners = {.count = fuzz->vm->kernel->frames.next};
    owners.of = calloc(owners.count + 1, 1);
    check_areas(fuzz);
    check_files(fuzz);
    check_pipes(fuzz);
    check_sockets(fuzz);
    check_tree(fuzz, &owners);
    own_by_kernel(fuzz, &owners);
    own_free(fuzz, &owners);
    check_tables(fuzz, &owners);
    check_frames(fuzz, &owners);
    check_packing(fuzz);
    check_taken(fuzz);
    free(owners.of);
}

void fuzz_check__result(struct fuzz *fuzz, uint32_t number, int64_t result) {
    const struct kernel *kernel = fuzz->vm->kernel;
    if (result < 0 && result > -4096 && strerrorname_np((int)-result) == NULL)
        fuzz__wrong(fuzz, "call %u says error %ld", number, result);
    if (kernel->threads.current >= kernel->threads.used) fuzz__wrong(fuzz, "call %u left no current thread", number);
    if (kernel->threads.alive > fuzz->vm->limits.threads)
        fuzz__wrong(fuzz, "call %u left %u threads", number, kernel->threads.alive);
    if (kernel->frames.in_use > fuzz->vm->limits.memory_bytes / PAGE_SIZE)
        fuzz__wrong(fuzz, "call %u left %u pages", number, kernel->frames.in_use);
}
