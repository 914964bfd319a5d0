#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clone.h"
#include "fold.h"
#include "internal.h"
#include "learn.h"
#include "random.h"
#include "shell.h"
#include "snapshot.h"
#include "system_pages.h"
#include "vm_new.h"

/* What every shell has room for, so that it fits most snapshots, and switches between them. Address space costs nothing. */
#define SHELL_RESERVE (ROOM_BYTES - SYSTEM_MAX)
#define RANDOM_BYTES 16u

uint64_t clone__room(const struct vm_snapshot *snapshot, const struct vm_limits *limits) {
    uint64_t bytes = limits->memory_bytes + DATA_BANK_BYTES;
    if (bytes < snapshot->data.bytes) bytes = snapshot->data.bytes;
    return (bytes + DATA_BANK_BYTES - 1) / DATA_BANK_BYTES * DATA_BANK_BYTES;
}

/* ---- shells ---------------------------------------------------------------------------------------------- */

static int shell__fits(const struct shell *shell, const struct regions *regions, uint64_t room) {
    int has_their_views = shell->regions == NULL || regions__include(regions, shell->regions);
    return has_their_views && shell->reserve_bytes >= room;
}

static struct shell *clone__idle_shell(struct vm_machine *machine, const struct regions *regions, uint64_t room) {
    pthread_mutex_lock(&machine->lock);
    struct shell **at = &machine->idle;
    while (*at != NULL && !shell__fits(*at, regions, room)) at = &(*at)->next;
    struct shell *shell = *at;
    if (shell != NULL) {
        *at = shell->next;
        machine->idle_count--;
    }
    pthread_mutex_unlock(&machine->lock);
    return shell;
}

/* KVM learns of the memory before there is anything in it: a slot takes 75 us, and milliseconds beside others' VMs. */
static int clone__attach_own(struct shell *shell, uint64_t system_bytes) {
    const struct memory_area system = memory__system_area(shell->reserve),
                             data = memory__data_area(shell->reserve + SYSTEM_MAX, shell->reserve_bytes);
    int error = 0;
    for (uint64_t bank = 0; error == 0 && bank * SYSTEM_BANK_BYTES < system_bytes; bank++) {
        error = shell__attach(shell, &system, bank);
    }
    return error == 0 ? shell__attach(shell, &data, 0) : error;
}

static int clone__attach(struct shell *shell, const struct vm_snapshot *snapshot) {
    int error = clone__attach_own(shell, snapshot->system.bytes);
    for (uint32_t view = 0; view < snapshot->regions->views.count; view++) {
        for (uint64_t bank = 0; error == 0 && bank < VIEW_BANK_WORDS * 64; bank++) {
            if (!(snapshot->view_banks[view][bank / 64] >> (bank % 64) & 1)) continue;
            error = shell__attach(shell, &snapshot->regions->areas[view], bank);
        }
    }
    return error;
}

/* One that was made for the regions that these extend has what they have in common. */
static void clone__adopt_regions(struct shell *shell, struct regions *regions) {
    regions__keep(regions);
    if (shell->regions != NULL) regions__release(shell->regions);
    shell->regions = regions;
}

static int clone__new_shell(const struct vm_snapshot *snapshot, uint64_t room, struct shell **result) {
    struct shell *shell;
    int error = shell__new(snapshot->machine, room > SHELL_RESERVE ? room : SHELL_RESERVE, &shell);
    if (error != 0) return error;
    clone__adopt_regions(shell, snapshot->regions);
    error = clone__attach(shell, snapshot);
    if (error != 0) {
        shell__delete(shell);
        return error;
    }
    *result = shell;
    return 0;
}

static void clone__add_idle(struct vm_machine *machine, struct shell *shell) {
    pthread_mutex_lock(&machine->lock);
    shell->next = machine->idle;
    machine->idle = shell;
    machine->idle_count++;
    pthread_mutex_unlock(&machine->lock);
}

int vm_machine_prepare(struct vm_machine *machine) {
    struct shell *shell;
    int error = shell__new(machine, SHELL_RESERVE, &shell);
    if (error != 0) return error;
    error = clone__attach_own(shell, SYSTEM_BANK_BYTES);
    if (error == 0) clone__add_idle(machine, shell);
    else shell__delete(shell);
    return error;
}

int vm_snapshot_prepare(struct vm_snapshot *snapshot, uint32_t shells) {
    struct vm_machine *machine = snapshot->machine;
    uint64_t room = clone__room(snapshot, &snapshot->limits);
    for (;;) {
        pthread_mutex_lock(&machine->lock);
        uint32_t fitting = 0;
        for (const struct shell *shell = machine->idle; shell != NULL; shell = shell->next) {
            fitting += (uint32_t)shell__fits(shell, snapshot->regions, room);
        }
        int full = fitting >= shells || machine->idle_count >= SHELLS_MAX;
        pthread_mutex_unlock(&machine->lock);
        if (full) return 0;
        struct shell *shell;
        int error = clone__new_shell(snapshot, room, &shell);
        if (error != 0) return error;
        clone__add_idle(machine, shell);
    }
}

uint32_t vm_machine_shells(struct vm_machine *machine) {
    pthread_mutex_lock(&machine->lock);
    uint32_t count = machine->idle_count;
    pthread_mutex_unlock(&machine->lock);
    return count;
}

void clone__drop_shells(struct vm_machine *machine, const struct regions *regions) {
    struct shell *dropped = NULL;
    uint32_t count = 0;
    pthread_mutex_lock(&machine->lock);
    for (const struct shell *shell = machine->idle; shell != NULL; shell = shell->next) {
        count += (uint32_t)(shell->regions == regions);
    }
    /* One more is the snapshot's that asks. */
    int are_last = atomic_load(&regions->references) == count + 1;
    for (struct shell **at = &machine->idle; are_last && *at != NULL;) {
        struct shell *shell = *at;
        if (shell->regions != regions) {
            at = &shell->next;
            continue;
        }
        *at = shell->next;
        machine->idle_count--;
        shell->next = dropped;
        dropped = shell;
    }
    pthread_mutex_unlock(&machine->lock);
    while (dropped != NULL) {
        struct shell *shell = dropped;
        dropped = shell->next;
        shell__delete(shell);
    }
}

/* ---- memory ---------------------------------------------------------------------------------------------- */

static int clone__map_part(const struct vm_snapshot *flat, const struct snapshot_part *part, uint64_t bytes,
                           struct memory_area *area) {
    if (part->bytes > 0) {
        void *mapped = mmap(area->host, part->bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED_NOREPLACE, flat->file, (off_t)part->file_offset);
        if (mapped == MAP_FAILED) return -errno;
        area->mapped = part->bytes;
    }
    return memory__back(area, bytes);
}

static void clone__copy_places(const struct vm_snapshot *snapshot, const struct snapshot_part *part, uint8_t *host) {
    for (uint64_t page = 0; page < part->bytes / PAGE_SIZE; page++) {
        uint32_t place = part->places[page];
        if (place != 0) memcpy(host + page * PAGE_SIZE, atomic_load(&snapshot->contents[place - 1]), PAGE_SIZE);
    }
}

static int clone__map(struct vm *vm, const struct vm_snapshot *snapshot) {
    const struct vm_snapshot *flat = snapshot->parent == NULL ? snapshot : snapshot->parent;
    int error = clone__map_part(flat, &flat->system, snapshot->system.bytes, &vm->memory.system);
    if (error == 0) error = clone__map_part(flat, &flat->data, snapshot->data.bytes, &vm->memory.data);
    if (error != 0) return error;
    if (snapshot->parent == NULL) return 0;
    clone__copy_places(snapshot, &snapshot->system, vm->memory.system.host);
    clone__copy_places(snapshot, &snapshot->data, vm->memory.data.host);
    return 0;
}

/* ---- state ----------------------------------------------------------------------------------------------- */

int clone__state(struct vm *vm, const struct vm_snapshot *snapshot) {
    vm->context = snapshot->context;
    memset(&vm->counters, 0, sizeof vm->counters);
    vm->turn_ns = 0;
    memset(&vm->exit, 0, sizeof vm->exit);
    vm->memory.recent_count = 0;
    atomic_store(&vm->kicked, 0);
    vm->memory.translations_stale = 1;
    vm->entry.has_fpu_owner = 0;
    vm->entry.restores = !vm->machine->calls_enter_ring0 && vm->machine->fpu_bytes <= RESTORE_FPU_MAX;
    vm->entry.restored_thread = snapshot->restored_thread;
    int error = clock__after_clone(vm);
    if (error != 0) return error;
    uint8_t random[RANDOM_BYTES];
    error = random__bytes(random, sizeof random);
    uint64_t address = vm->kernel->process.random_address;
    /* A program may have unmapped its first stack: then nobody can read these bytes. */
    if (error == 0 && address != 0) (void)access__write(vm, address, random, sizeof random);
    if (error == 0) error = host__after_clone(vm);
    vm->is_unused = 1;
    return error < 0 ? error : 0;
}

static int clone__fill(struct vm *vm, struct vm_snapshot *snapshot) {
    int error = memory__init(vm, vm__bits(vm), vm->shell->reserve, clone__room(snapshot, &vm->limits));
    if (error != 0) return error;
    vm__show(vm);
    vm->memory.snapshot_bytes = snapshot->data.bytes;
    error = clone__map(vm, snapshot);
    if (error != 0) return error;
    kernel__copy_new(vm->kernel, snapshot->kernel);
    vm->is_fresh = 1;
    return clone__state(vm, snapshot);
}

int clone__first_run(struct vm *vm) {
    struct vm_snapshot *snapshot = vm->snapshot;
    vm->is_fresh = 0;
    if (atomic_load(&snapshot->learned) == NULL) {
        if (!atomic_exchange(&snapshot->is_learning, 1)) learn__begin(vm);
        return 0;
    }
    learn__apply(snapshot, vm);
    return fold__apply(snapshot, vm);
}

static int clone__make(struct vm_snapshot *snapshot, struct regions *regions, const struct vm_limits *limits,
                       struct vm **result) {
    struct vm *vm = vm__allocate();
    if (vm == NULL) return -ENOMEM;
    vm->machine = snapshot->machine;
    vm->ticker = &snapshot->machine->ticker;
    vm->limits = *limits;
    vm->snapshot = snapshot;
    snapshot__keep(snapshot);
    vm->regions = regions;
    regions__keep(regions);
    uint64_t room = clone__room(snapshot, limits);
    vm->shell = clone__idle_shell(snapshot->machine, regions, room);
    /* It may have been made for another snapshot, with fewer banks. */
    int error = vm->shell != NULL ? clone__attach(vm->shell, snapshot) : clone__new_shell(snapshot, room, &vm->shell);
    if (error == 0) {
        if (vm->shell->regions != regions) clone__adopt_regions(vm->shell, regions);
        error = clone__fill(vm, snapshot);
    }
    if (error != 0) {
        vm_close(vm);
        return error;
    }
    *result = vm;
    return 0;
}

int vm_clone(struct vm_snapshot *snapshot, struct vm **vm) {
    return clone__make(snapshot, snapshot->regions, &snapshot->limits, vm);
}

int vm_clone_to_build(struct vm_snapshot *snapshot, const struct vm_limits *limits, struct view *const *more,
                      size_t more_count, struct vm **result) {
    struct regions *regions;
    int error = regions__extend(snapshot->regions, more, more_count, &regions);
    if (error != 0) return error;
    struct vm *vm;
    error = clone__make(snapshot, regions, limits, &vm);
    regions__release(regions);
    if (error != 0) return error;
    process__set_limits(vm);
    uint32_t first = snapshot->regions->views.count;
    tree__show_more(vm, (uint16_t)(((1u << vm->views->count) - 1) & ~((1u << first) - 1)));
    *result = vm;
    return 0;
}
