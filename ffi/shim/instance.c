#include "instance.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "settled.h"

/*
 * With more private pages than its snapshot has and this many, an instance drops them all after a run: faulting some
 * in again costs less than copying a large request's pages back after each small one, and they are not kept resident.
 */
#define PRIVATE_PAGES_MAX 1024u

/*
 * Every so many runs it is looked which private pages the run left alone, and those that so many looks found alone are
 * dropped, if they are this many: a larger function or request has left them behind. Copying them back costs each run
 * 0.05 us a page, faulting one in again 2 us.
 */
#define TRIM_RUNS 4u
#define TRIM_LOOKS 16u
#define TRIM_PAGES 64u

static const wasmtime_extern_t *instance__export(struct instance *instance, const char *name, wasmtime_extern_t *out) {
    bool found = wasmtime_instance_export_get(instance->context, &instance->exports, name, strlen(name), out);
    return found ? out : NULL;
}

int instance__new(const struct engine *engine, struct instance **out, struct text *message) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return -ENOMEM;
    instance->engine = engine;
    uint32_t page_count = (uint32_t)(engine->memory_bytes / PAGE_BYTES);
    int rc = pages__init(&instance->private_pages, page_count);
    if (rc != 0) goto free_instance;
    rc = pages__init(&instance->idle_pages, page_count);
    if (rc != 0) goto free_private_pages;

    instance->store = wasmtime_store_new(engine->engine, instance, NULL);
    instance->context = wasmtime_store_context(instance->store);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_instance_pre_instantiate(engine->ready, instance->context, &instance->exports, &trap);
    if (error != NULL || trap != NULL) {
        engine__take_error(error, trap, message);
        rc = -ENOMEM;
        goto delete_store;
    }
    wasmtime_extern_t memory, step, stack_pointer;
    if (!instance__export(instance, "memory", &memory) || !instance__export(instance, "mf_step", &step) ||
        !instance__export(instance, "__stack_pointer", &stack_pointer)) {
        rc = -EINVAL;
        goto delete_store;
    }
    instance->step = step.of.func;
    instance->stack_pointer = stack_pointer.of.global;
    instance->memory = wasmtime_memory_data(instance->context, &memory.of.memory);
    *out = instance;
    return 0;

delete_store:
    wasmtime_store_delete(instance->store);
    pages__fini(&instance->idle_pages);
free_private_pages:
    pages__fini(&instance->private_pages);
free_instance:
    free(instance);
    return rc;
}

int instance__attach(struct instance *instance, const struct base *base, int pagemap) {
    if (base->memory_bytes != instance->engine->memory_bytes) return -EINVAL;
    size_t mapped_bytes = (size_t)base->mapped_pages * PAGE_BYTES;
    void *mapped = mmap(instance->memory, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                        base->memfd, 0);
    if (mapped == MAP_FAILED) return -errno;
    instance->base = base;
    instance->pagemap = pagemap;
    instance->io = (struct mf_guest_io *)(instance->memory + base->io_address);
    int rc = instance__advise(instance);
    /* What instantiation wrote beyond the mapped pages is not in the base image. */
    return rc == 0 ? instance__drop_pages(instance) : rc;
}

int instance__advise(struct instance *instance) {
    /* A huge page would make 512 pages private by one write; a child process has no business in here. */
    madvise(instance->memory, instance->base->memory_bytes, MADV_NOHUGEPAGE);
    return madvise(instance->memory, instance->base->memory_bytes, MADV_DONTFORK) == 0 ? 0 : -errno;
}

void instance__delete(struct instance *instance) {
    if (instance->settled != 0) instance__unsettle(instance);
    wasmtime_store_delete(instance->store);
    pages__fini(&instance->idle_pages);
    pages__fini(&instance->private_pages);
    free(instance);
}

int instance__call(struct instance *instance, const char *name, wasmtime_val_raw_t *values, size_t count,
                   struct text *message) {
    wasmtime_extern_t function;
    if (!instance__export(instance, name, &function)) return -EINVAL;
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_func_call_unchecked(instance->context, &function.of.func, values, count, &trap);
    if (error == NULL && trap == NULL) return 0;
    engine__take_error(error, trap, message);
    return -EFAULT;
}

uint32_t instance__stack_pointer(struct instance *instance) {
    wasmtime_val_t value;
    wasmtime_global_get(instance->context, &instance->stack_pointer, &value);
    return (uint32_t)value.of.i32;
}

static int instance__set_stack_pointer(struct instance *instance, uint32_t stack_pointer) {
    wasmtime_val_t value = {.kind = WASM_I32, .of.i32 = (int32_t)stack_pointer};
    wasmtime_error_t *error = wasmtime_global_set(instance->context, &instance->stack_pointer, &value);
    if (error == NULL) return 0;
    wasmtime_error_delete(error);
    return -EINVAL;
}

/* ---- the state ------------------------------------------------------------------------------------- */

static uint8_t *instance__page(struct instance *instance, uint32_t page) {
    return instance->memory + (size_t)page * PAGE_BYTES;
}

/* Where pages are looked up in a snapshot; they must be asked for in ascending order. */
struct lookup {
    const struct base *base;
    const struct snapshot *snapshot;
    uint32_t place, place_below;
};

static const uint8_t *snapshot__find(const struct snapshot *snapshot, uint32_t *place, uint32_t page) {
    while (*place < snapshot->page_count && snapshot->numbers[*place] < page) ++*place;
    bool is_found = *place < snapshot->page_count && snapshot->numbers[*place] == page;
    return is_found ? snapshot->pages + (size_t)*place * PAGE_BYTES : NULL;
}

/* What the page is in the snapshot. */
static const uint8_t *lookup__page(struct lookup *lookup, uint32_t page) {
    const struct snapshot *snapshot = lookup->snapshot;
    const uint8_t *found = snapshot__find(snapshot, &lookup->place, page);
    if (found == NULL && snapshot->below != NULL) found = snapshot__find(snapshot->below, &lookup->place_below, page);
    return found != NULL ? found : base__page(lookup->base, page);
}

int instance__scan(struct instance *instance, uint32_t limit) {
    uint32_t page_count = (uint32_t)(instance->engine->memory_bytes / PAGE_BYTES) - 1;
    int rc = pagemap__scan(instance->pagemap, instance->memory, page_count, limit, &instance->private_pages);
    if (rc == 0) instance->is_unscanned = false;
    return rc;
}

int instance__drop_pages(struct instance *instance) {
    if (madvise(instance->memory, instance->base->memory_bytes, MADV_DONTNEED) != 0) return -errno;
    pages__clear(&instance->private_pages);
    instance->looks = 0;
    instance->is_unscanned = false;
    return 0;
}

/* Takes out of idle_pages what the snapshot has or the run wrote to. */
static void instance__look_for_idle_pages(struct instance *instance, const struct snapshot *snapshot) {
    struct pages_cursor cursor = pages__first(&instance->idle_pages);
    struct lookup lookup = {.base = instance->base, .snapshot = snapshot};
    uint32_t page = 0;
    while (pages__next(&instance->idle_pages, &cursor, &page)) {
        const uint8_t *there = base__page(instance->base, page);
        bool is_the_snapshot_s = lookup__page(&lookup, page) != there;
        if (is_the_snapshot_s || memcmp(instance__page(instance, page), there, PAGE_BYTES) != 0) {
            pages__remove(&instance->idle_pages, page);
        }
    }
}

static int instance__drop_idle_pages(struct instance *instance) {
    struct pages_cursor cursor = pages__first(&instance->idle_pages);
    uint32_t page = 0;
    bool is_more = pages__next(&instance->idle_pages, &cursor, &page);
    while (is_more) {
        uint32_t first = page, end = page;
        do {
            pages__remove(&instance->private_pages, page);
            end++;
            is_more = pages__next(&instance->idle_pages, &cursor, &page);
        } while (is_more && page == end);
        size_t length = (size_t)(end - first) * PAGE_BYTES;
        if (madvise(instance__page(instance, first), length, MADV_DONTNEED) != 0) return -errno;
    }
    return 0;
}

/* After a run of the snapshot, before it is restored. */
static int instance__trim(struct instance *instance, const struct snapshot *snapshot) {
    if (++instance->runs % TRIM_RUNS != 0) return 0;
    if (instance->looks == 0) {
        if (instance->private_pages.count <= snapshot->page_count + TRIM_PAGES) return 0;
        pages__copy(&instance->idle_pages, &instance->private_pages);
    }
    instance__look_for_idle_pages(instance, snapshot);
    if (++instance->looks < TRIM_LOOKS) return 0;
    instance->looks = 0;
    return instance->idle_pages.count < TRIM_PAGES ? 0 : instance__drop_idle_pages(instance);
}

/*
 * Copies all private pages from the snapshot, in runs: a copy of one page, with its length known to the compiler, takes
 * longer, because it becomes a string instruction that starts on an odd word.
 */
static void instance__copy_pages(struct instance *instance, const struct snapshot *snapshot) {
    struct lookup lookup = {.base = instance->base, .snapshot = snapshot};
    uint32_t page = 0, last_page = instance->base->memory_pages - 1;
    struct pages_cursor cursor = pages__first(&instance->private_pages);
    bool is_last = !pages__next(&instance->private_pages, &cursor, &page);
    while (!is_last) {
        uint8_t *to = instance__page(instance, page);
        const uint8_t *from = lookup__page(&lookup, page);
        size_t length = 0;
        do {
            length += PAGE_BYTES;
            is_last = !pages__next(&instance->private_pages, &cursor, &page);
        } while (!is_last && instance__page(instance, page) == to + length &&
                 lookup__page(&lookup, page) == from + length);
        memcpy(to, from, length);
    }
    memcpy(instance__page(instance, last_page), lookup__page(&lookup, last_page), PAGE_BYTES);
}

/* `is_again`: after a run of the same one. */
static int instance__map_for(struct instance *instance, const struct snapshot *snapshot, bool is_again) {
    /* What is saved of a sandbox stands on what its instance has mapped. */
    if (snapshot->below != NULL) return 0;
    instance->runs_in_a_row = is_again ? instance->runs_in_a_row + 1 : 0;
    if (instance->settled != 0 && instance->settled != snapshot->serial) return instance__unsettle(instance);
    return instance__may_settle(instance, snapshot) ? instance__settle(instance, snapshot) : 0;
}

int instance__restore(struct instance *instance, const struct snapshot *snapshot, bool *has_remapped) {
    struct pages *private_pages = &instance->private_pages;
    uint32_t limit = snapshot->page_count + PRIVATE_PAGES_MAX;
    *has_remapped = false;
    int mapped = instance__map_for(instance, snapshot, instance->snapshot == snapshot);
    if (mapped != 0) return mapped;
    if (instance->is_unscanned) {
        int rc = instance__scan(instance, limit);
        if (rc != 0) return rc;
    }
    if (private_pages->count >= limit) {
        int rc = instance__drop_pages(instance);
        if (rc != 0) return rc;
        *has_remapped = true;
    } else if (instance->snapshot == snapshot) {
        int rc = instance__trim(instance, snapshot);
        if (rc != 0) return rc;
    }

    /* Pages of the snapshot that are not mapped are private once they have been copied. */
    uint32_t last_page = instance->base->memory_pages - 1;
    bool is_mapped = instance->settled != 0 && instance->settled == snapshot->serial;
    for (uint32_t i = 0; i < snapshot->page_count && !is_mapped; i++) {
        if (snapshot->numbers[i] != last_page) pages__add(private_pages, snapshot->numbers[i]);
    }
    instance__copy_pages(instance, snapshot);
    return instance__set_stack_pointer(instance, snapshot->stack_pointer);
}

int instance__verify(struct instance *instance, const struct snapshot *snapshot) {
    const struct base *base = instance->base;
    struct pages present;
    int rc = pages__init(&present, base->memory_pages);
    if (rc != 0) return rc;
    /* Not by the scan that restoring relies on; pages that do not exist are zero in any case. */
    rc = pagemap__read(instance->pagemap, instance->memory, base->memory_pages, UINT32_MAX, &present);
    for (uint32_t page = 0; page < base->mapped_pages; page++) pages__add(&present, page);
    for (const struct snapshot *part = snapshot; part != NULL; part = part->below) {
        for (uint32_t i = 0; i < part->page_count; i++) pages__add(&present, part->numbers[i]);
    }

    struct pages_cursor cursor = pages__first(&present);
    struct lookup lookup = {.base = base, .snapshot = snapshot};
    uint32_t page;
    while (rc == 0 && pages__next(&present, &cursor, &page)) {
        const uint8_t *wanted = lookup__page(&lookup, page);
        if (memcmp(instance__page(instance, page), wanted, PAGE_BYTES) != 0) rc = -EUCLEAN;
    }
    if (rc == 0 && instance__stack_pointer(instance) != snapshot->stack_pointer) rc = -EUCLEAN;
    pages__fini(&present);
    return rc;
}

/* ---- revoking memory -------------------------------------------------------------------------------- */

int instance__revoke_memory(struct instance *instance) {
    return mprotect(instance->memory, instance->engine->memory_bytes, PROT_NONE) == 0 ? 0 : -errno;
}

int instance__return_memory(struct instance *instance) {
    return mprotect(instance->memory, instance->engine->memory_bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -errno;
}

int instance__expose_io(struct instance *instance) {
    uint64_t start = instance->base->io_address / PAGE_BYTES * PAGE_BYTES;
    uint64_t end = instance->base->io_address + sizeof(struct mf_guest_io);
    return mprotect(instance->memory + start, end - start, PROT_READ) == 0 ? 0 : -errno;
}
