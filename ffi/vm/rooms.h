/*
 * Room in the host's address space for the memory of VMs, with nothing mapped in it.
 *
 * A mapping that keeps the place would be in the way: what KVM does for each new VM takes longer with every mapping of the
 * process, and each mapping that another one replaces is told to all VMs that there are.
 */
#ifndef MAYFLY_VM_ROOMS_H
#define MAYFLY_VM_ROOMS_H

#include <pthread.h>
#include <stdint.h>

#include "layout.h"

#define ROOM_BYTES ((UINT64_C(4) << 30) + SYSTEM_MAX)
/* Far from where programs, their libraries and their heaps come to lie, sanitizers' shadows too. */
#define ROOMS_FIRST UINT64_C(0x200000000000)
#define ROOMS_MAX 8192u

struct rooms {
    pthread_mutex_t lock;
    uint64_t taken[ROOMS_MAX / 64];
};

void rooms__init(struct rooms *rooms);
/* NULL when there is none. Whoever maps something in it must replace nothing (MAP_FIXED_NOREPLACE). */
uint8_t *rooms__take(struct rooms *rooms, uint64_t bytes);
/* With all that is mapped there. */
void rooms__give(struct rooms *rooms, uint8_t *room, uint64_t bytes);

#endif
