#include "rooms.h"

#include <string.h>
#include <sys/mman.h>

static uint32_t rooms__needed(uint64_t bytes) {
    return (uint32_t)((bytes + ROOM_BYTES - 1) / ROOM_BYTES);
}

static int rooms__is_taken(const struct rooms *rooms, uint32_t room) {
    return rooms->taken[room / 64] >> (room % 64) & 1;
}

static void rooms__flip(struct rooms *rooms, uint32_t first, uint32_t count) {
    for (uint32_t room = first; room < first + count; room++) rooms->taken[room / 64] ^= UINT64_C(1) << (room % 64);
}

void rooms__init(struct rooms *rooms) {
    memset(rooms, 0, sizeof *rooms);
    pthread_mutex_init(&rooms->lock, NULL);
}

uint8_t *rooms__take(struct rooms *rooms, uint64_t bytes) {
    uint32_t needed = rooms__needed(bytes), count = 0, room = 0;
    pthread_mutex_lock(&rooms->lock);
    for (; room < ROOMS_MAX && count < needed; room++) count = rooms__is_taken(rooms, room) ? 0 : count + 1;
    if (count == needed) rooms__flip(rooms, room - needed, needed);
    pthread_mutex_unlock(&rooms->lock);
    return count < needed ? NULL : (uint8_t *)(uintptr_t)(ROOMS_FIRST + (room - needed) * ROOM_BYTES);
}

void rooms__give(struct rooms *rooms, uint8_t *room, uint64_t bytes) {
    uint32_t first = (uint32_t)(((uint64_t)(uintptr_t)room - ROOMS_FIRST) / ROOM_BYTES);
    munmap(room, bytes);
    pthread_mutex_lock(&rooms->lock);
    rooms__flip(rooms, first, rooms__needed(bytes));
    pthread_mutex_unlock(&rooms->lock);
}
