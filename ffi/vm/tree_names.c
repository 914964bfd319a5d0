#include "tree_names.h"

#include <string.h>

#include "tree.h"

static uint32_t units_for(size_t size) {
    return (uint32_t)((size + NAME_UNIT_BYTES - 1) / NAME_UNIT_BYTES);
}

uint32_t tree_names__take(struct name_table *names, const char *name, size_t size) {
    uint32_t units = units_for(size);
    uint32_t first;
    if (names->free[units] != 0) {
        first = names->free[units] - 1;
        memcpy(&names->free[units], names->items[first].bytes, sizeof names->free[units]);
    } else {
        if (units > NAME_UNITS_MAX - names->used) return NAME_NONE;
        first = names->used;
        names->used += units;
    }
    memcpy(names->items[first].bytes, name, size);
    return first;
}

void tree_names__give(struct name_table *names, uint32_t name, size_t size) {
    uint32_t units = units_for(size);
    memcpy(names->items[name].bytes, &names->free[units], sizeof names->free[units]);
    names->free[units] = name + 1;
}
