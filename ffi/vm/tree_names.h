/* Where the names of nodes are. For the tree alone. */
#ifndef MAYFLY_VM_TREE_NAMES_H
#define MAYFLY_VM_TREE_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct name_table;

#define NAME_NONE UINT32_MAX

/* NAME_NONE when there is no room. `size` is 1 to TREE_NAME_MAX. */
uint32_t tree_names__take(struct name_table *names, const char *name, size_t size);
void tree_names__give(struct name_table *names, uint32_t name, size_t size);

#endif
