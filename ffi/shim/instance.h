/* One instance of the engine's module, whose memory can be brought to any snapshot by copying what differs. */
#ifndef MAYFLY_INSTANCE_H
#define MAYFLY_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "engine.h"
#include "guest.h"
#include "pages.h"
#include "run.h"
#include "snapshots.h"

struct instance {
    const struct engine *engine;
    const struct base *base; /* NULL while the base image itself is made */
    int pagemap;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t exports;
    wasmtime_func_t step;
    wasmtime_global_t stack_pointer;
    uint8_t *memory;
    struct mf_guest_io *io;

    struct pages private_pages; /* without the last page, which is always copied */
    struct pages idle_pages;    /* those of them that no run wrote to in so many looks */
    uint32_t runs, looks;
    uint32_t runs_in_a_row;     /* of the same snapshot */
    uint64_t settled;           /* the serial number of the snapshot whose pages are mapped, or 0 */
    bool is_unscanned;          /* there may be private pages that private_pages lacks */
    struct run *run;            /* while its guest runs; NULL: its clock and random bytes are constant */

    /* Of the sandbox that has this instance, and the pool's. */
    struct snapshot *snapshot;
    uint32_t index;
    bool is_fresh; /* no step of this sandbox has run */
};

/* An instance of the bare module. */
int instance__new(const struct engine *engine, struct instance **out, struct text *message);
/* Makes its memory the base image. -EINVAL if that is of another module. */
int instance__attach(struct instance *instance, const struct base *base, int pagemap);
void instance__delete(struct instance *instance);

/* Calls an export by name; -EFAULT with the text of the trap. */
int instance__call(struct instance *instance, const char *name, wasmtime_val_raw_t *values, size_t count,
                   struct text *message);

uint32_t instance__stack_pointer(struct instance *instance);

/*
 * Brings memory and stack pointer to exactly the snapshot. After an error the instance must be deleted.
 * `has_remapped`: so many pages were private that all were dropped. After a run of the snapshot, which is when
 * instance->snapshot is the same, pages that the runs leave alone are given back now and then.
 */
int instance__restore(struct instance *instance, const struct snapshot *snapshot, bool *has_remapped);
/* Drops all private pages: memory is what is mapped again, and costs nothing. */
int instance__drop_pages(struct instance *instance);
/* Tells the kernel how the memory's mappings are used: after each change of them. */
int instance__advise(struct instance *instance);
/* Adds what the kernel knows to private_pages. */
int instance__scan(struct instance *instance, uint32_t limit);

/* Compares all of memory and the stack pointer with the snapshot. -EUCLEAN if they differ. */
int instance__verify(struct instance *instance, const struct snapshot *snapshot);

/* Memory that the guest cannot touch, so that it traps; and back. */
int instance__revoke_memory(struct instance *instance);
int instance__return_memory(struct instance *instance);
/* Lets the host read `io` of revoked memory. */
int instance__expose_io(struct instance *instance);

#endif
