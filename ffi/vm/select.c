/* select(2): descriptors as bits of three sets. */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "poll.h"

enum set { SET_READ, SET_WRITE, SET_EXCEPT, SETS };

static const uint32_t tells[SETS] = {
    [SET_READ] = READY_IN | READY_HANGUP | READY_ERROR,
    [SET_WRITE] = READY_OUT | READY_ERROR,
    [SET_EXCEPT] = READY_PRIORITY,
};

#define WORDS (DESCRIPTORS_MAX / 64)

struct selection {
    uint32_t count, bytes; /* of each set, in whole words */
    uint64_t address[SETS];
    uint64_t asked[SETS][WORDS], found[SETS][WORDS];
};

static int is_in(const uint64_t *set, uint32_t descriptor) {
    return (set[descriptor / 64] >> (descriptor % 64)) & 1;
}

static int64_t read_sets(struct vm *vm, struct selection *selection, const uint64_t a[6]) {
    int32_t count = (int32_t)a[0];
    if (count < 0) return -EINVAL;
    memset(selection, 0, sizeof *selection);
    selection->count = count < (int32_t)DESCRIPTORS_MAX ? (uint32_t)count : DESCRIPTORS_MAX;
    selection->bytes = (selection->count + 63) / 64 * 8;
    for (int set = 0; set < SETS; set++) {
        uint64_t address = selection->address[set] = a[1 + set];
        if (address != 0 && access__read(vm, selection->asked[set], address, selection->bytes) != 0) return -EFAULT;
    }
    return 0;
}

static int64_t look(struct vm *vm, struct selection *selection, struct awaited *awaited) {
    int64_t total = 0;
    for (uint32_t i = 0; i < selection->count; i++) {
        if (!is_in(selection->asked[SET_READ], i) && !is_in(selection->asked[SET_WRITE], i) &&
            !is_in(selection->asked[SET_EXCEPT], i))
            continue;
        struct file *file = file__of(vm, i);
        if (file == NULL || file->kind == FILE_PATH) return -EBADF;
        uint32_t ready = file__ready(vm, file);
        for (int set = 0; set < SETS; set++) {
            if (!is_in(selection->asked[set], i) || (ready & tells[set]) == 0) continue;
            selection->found[set][i / 64] |= UINT64_C(1) << (i % 64);
            total++;
        }
        if (is_in(selection->asked[SET_READ], i)) wait__add(vm, file, awaited);
    }
    return total;
}

static int64_t select_sets(struct vm *vm, const uint64_t a[6], const struct patience *patience) {
    struct selection selection;
    struct awaited awaited = {0};
    int64_t total = read_sets(vm, &selection, a);
    if (total == 0) total = look(vm, &selection, &awaited);
    if (total == 0) total = patience__wait(vm, patience, awaited);
    for (int set = 0; set < SETS && total >= 0; set++) {
        uint64_t address = selection.address[set];
        if (address != 0 && access__write(vm, address, selection.found[set], selection.bytes) != 0) total = -EFAULT;
    }
    if (total != CALL_BLOCKS) patience__tell_left(vm, patience);
    return total;
}

int64_t select__call_select(struct vm *vm, const uint64_t a[6]) {
    struct patience patience;
    int64_t status = patience__read(vm, a[4], PATIENCE_TIMEVAL, &patience);
    return status != 0 ? status : select_sets(vm, a, &patience);
}

int64_t select__call_pselect6(struct vm *vm, const uint64_t a[6]) {
    struct patience patience;
    struct {
        uint64_t address, size;
    } mask = {0, 0};
    int64_t status = patience__read(vm, a[4], PATIENCE_TIMESPEC, &patience);
    if (status == 0 && a[5] != 0 && access__read(vm, &mask, a[5], sizeof mask) != 0) status = -EFAULT;
    if (status == 0) status = patience__use_mask(vm, mask.address, mask.size);
    return status != 0 ? status : select_sets(vm, a, &patience);
}
