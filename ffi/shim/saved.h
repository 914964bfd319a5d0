/* A parked sandbox as it is, so that a step which is stopped half-way can be done again from its beginning. */
#ifndef MAYFLY_SAVED_H
#define MAYFLY_SAVED_H

#include <stdint.h>

#include "instance.h"
#include "snapshots.h"

/* Copying more than this costs about as much as the way to a worker, which is what it is to save. */
#define SAVED_PAGES_MAX 384u

struct saved {
    struct snapshot state; /* for instance__restore */
    uint32_t numbers[SAVED_PAGES_MAX];
    uint8_t *pages;
};

int saved__init(struct saved *saved);
void saved__fini(struct saved *saved);

/* -E2BIG: too many of its pages are private. */
int saved__take(struct saved *saved, struct instance *instance);

#endif
