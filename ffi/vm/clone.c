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

/* What a shell made ahead has room for. Address space costs nothing. */
#define SHELL_RESERVE (UINT64_C(4) << 30)
#define RANDOM_BYTES 16u

uint64_t clone__room(const struct vm_snapshot *snapshot) {
    uint64_t bytes = snapshot->limits.memory_bytes + DATA_BANK_BYTES;
    if (bytes < snapshot->data.bytes) bytes = snapshot->data.bytes;
    return (bytes + DATA_BANK_BYTES - 1) / DATA_BANK_BYTES * DATA_BANK_BYTES;
}

/* ---- shells ---------------------------------------------------------------------------------------------- */

static int shell__fits(const struct shell *shell, const struct vm_snapshot *snapshot) {
    return shell->regions == snapshot->regions && shell->reserve_bytes >= clone__room(snapshot);
}

static struct shell *clone__idle_shell(struct vm_machine *machine, const struct vm_snapshot *snapshot) {
    pthread_mutex_lock(&machine->lock);
    struct shell **at = &machine->idle;
    while (*at != NULL && !shell__fits(*at, snapshot)) at = &(*at)->next;
    struct shell *shell = *at;
    if (shell != NULL) {
        *at = shell->next;
        machine->idle_count--;
    }
    pthread_mutex_unlock(&machine->lock);
    return shell;
}

/* KVM learns of the memory before there is anything in it: a slot takes 75 us. */
static int clone__attach(struct shell *shell, const struct vm_snapshot *snapshot) {
    const struct memory_area system = memory__system_area(shell->reserve),
                             data = memory__data_area(shell->reserve + SYSTEM_MAX, shell->reserve_bytes);
    int error = 0;
    for (uint64_t bank = 0; error == 0 && bank * SYSTEM_BANK_BYTES < snapshot->system.bytes; bank++) {
        error = shell__attach(shell, &system, bank);
    }
    if (error == 0) error = shell__attach(shell, &data, 0);
    for (uint32_t view = 0; view < snapshot->regions->views.count; view++) {
        for (uint64_t bank = 0; error == 0 && bank < VIEW_BANK_WORDS * 64; bank++) {
            if (!(snapshot->view_banks[view][bank / 64] >> (bank % 64) & 1)) continue;
            error = shell__attach(shell, &snapshot->regions->areas[view], bank);
        }
    }
    return error;
}

static int clone__new_shell(const struct vm_snapshot *snapshot, uint64_t reserve, struct shell **result) {
    struct shell *shell;
    int error = shell__new(snapshot->machine, reserve, &shell);
    if (error != 0) return error;
    shell->regions = snapshot->regions;
    regions__keep(shell->regions);
    error = clone__attach(shell, snapshot);
    if (error != 0) {
        shell__delete(shell);
        return error;
    }
    *result = shell;
    return 0;
}

int vm_snapshot_prepare(struct vm_snapshot *snapshot, uint32_t shells) {
    struct vm_machine *machine = snapshot->machine;
    uint64_t reserve = clone__room(snapshot) > SHELL_RESERVE ? clone__room(snapshot) : SHELL_RESERVE;
    for (;;) {
        pthread_mutex_lock(&machine->lock);
        uint32_t fitting = 0;
        for (const struct shell *shell = machine->idle; shell != NULL; shell = shell->next) {
            fitting += (uint32_t)shell__fits(shell, snapshot);
        }
        int full = fitting >= shells || machine->idle_count >= SHELLS_MAX;
        pthread_mutex_unlock(&machine->lock);
        if (full) return 0;
        struct shell *shell;
        int error = clone__new_shell(snapshot, reserve, &shell);
        if (error != 0) return error;
        pthread_mutex_lock(&machine->lock);
        shell->next = machine->idle;
        machine->idle = shell;
        machine->idle_count++;
        pthread_mutex_unlock(&machine->lock);
    }
}

/* ---- memory ---------------------------------------------------------------------------------------------- */

static int clone__map_part(const struct vm_snapshot *flat, const struct snapshot_part *part, uint8_t *host) {
    if (part->bytes == 0) return 0;
    void *mapped = mmap(host, part->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, flat->file,
                        (off_t)part->file_offset);
    return mapped == MAP_FAILED ? -errno : 0;
}

static void clone__copy_places(const struct vm_snapshot *snapshot, const struct snapshot_part *part, uint8_t *host) {
    for (uint64_t page = 0; page < part->bytes / PAGE_SIZE; page++) {
        uint32_t place = part->places[page];
        if (place == 0) continue;
        memcpy(host + page * PAGE_SIZE, snapshot->pages + (uint64_t)(place - 1) * PAGE_SIZE, PAGE_SIZE);
    }
}

static int clone__map(struct vm *vm, const struct vm_snapshot *snapshot) {
    const struct vm_snapshot *flat = snapshot->parent == NULL ? snapshot : snapshot->parent;
    int error = clone__map_part(flat, &flat->system, vm->memory.system.host);
    if (error == 0) error = clone__map_part(flat, &flat->data, vm->memory.data.host);
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
    memset(&vm->exit, 0, sizeof vm->exit);
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
    return error < 0 ? error : 0;
}

static int clone__fill(struct vm *vm, struct vm_snapshot *snapshot) {
    vm->kernel = kernel__new();
    if (vm->kernel == NULL) return -ENOMEM;
    int error = memory__init(vm, vm->shell->reserve, clone__room(snapshot));
    if (error != 0) return error;
    vm->regions = snapshot->regions;
    regions__keep(vm->regions);
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

int vm_clone(struct vm_snapshot *snapshot, struct vm **result) {
    struct vm *vm = calloc(1, sizeof *vm);
    if (vm == NULL) return -ENOMEM;
    vm->machine = snapshot->machine;
    vm->ticker = &snapshot->machine->ticker;
    vm->limits = snapshot->limits;
    vm->snapshot = snapshot;
    snapshot__keep(snapshot);
    vm->shell = clone__idle_shell(snapshot->machine, snapshot);
    /* It may have been made for another snapshot, with fewer banks. */
    int error = vm->shell != NULL ? clone__attach(vm->shell, snapshot)
                                  : clone__new_shell(snapshot, clone__room(snapshot), &vm->shell);
    if (error == 0) error = clone__fill(vm, snapshot);
    if (error != 0) {
        vm_close(vm);
        return error;
    }
    *result = vm;
    return 0;
}

int vm_clone_to_build(struct vm_snapshot *snapshot, const struct vm_limits *limits, struct view *const *more,
                      size_t more_count, struct vm **vm) {
    (void)limits, (void)more;
    return more_count > 0 ? -ENOTSUP : vm_clone(snapshot, vm);
}
