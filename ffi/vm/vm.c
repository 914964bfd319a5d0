#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "path.h"
#include "program.h"
#include "shell.h"
#include "system_pages.h"
#include "tables.h"
#include "vm_new.h"

/* Room for lazily filled areas; what the guest may have is counted by frames__take. */
#define DATA_SPARE_BYTES DATA_BANK_BYTES

struct kernel *kernel__new(void) {
    void *kernel = mmap(NULL, page_up(sizeof(struct kernel)), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return kernel == MAP_FAILED ? NULL : kernel;
}

void kernel__delete(struct kernel *kernel) {
    munmap(kernel, page_up(sizeof *kernel));
}

/* One mapping for all, because of what mappings cost (rooms.h). A heap that grows and shrinks would do the same. */
struct vm_allocation {
    struct vm vm;
    struct kernel kernel;
    struct memory_bits bits;
};

static struct vm_allocation *vm__allocation(struct vm *vm) {
    return (struct vm_allocation *)(void *)vm;
}

struct vm *vm__allocate(void) {
    void *mapped = mmap(NULL, page_up(sizeof(struct vm_allocation)), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    struct vm_allocation *allocation = mapped;
    allocation->vm.kernel = &allocation->kernel;
    return &allocation->vm;
}

void vm__free(struct vm *vm) {
    munmap(vm__allocation(vm), page_up(sizeof(struct vm_allocation)));
}

struct memory_bits *vm__bits(struct vm *vm) {
    return &vm__allocation(vm)->bits;
}

static int vm__make(struct vm *vm, struct vm_machine *machine) {
    int error = memory__init(vm, vm__bits(vm), NULL, vm->limits.memory_bytes + DATA_SPARE_BYTES);
    if (error == 0 && machine != NULL) error = shell__new(machine, 0, &vm->shell);
    if (error != 0) return error;
    vm->kernel->space.next_table = TABLE_FIRST;
    if (machine != NULL) error = system_pages__make(vm);
    if (error != 0) return error;
    struct thread_table *threads = &vm->kernel->threads;
    threads->next_id = FIRST_THREAD_ID + 1;
    threads->alive = threads->used = 1;
    threads->items[0].id = FIRST_THREAD_ID;
    threads->items[0].state = THREAD_RUNS;
    threads->items[0].deadline = NO_DEADLINE;
    vm->entry.has_fpu_owner = 1;
    return 0;
}

int vm__new(struct vm_machine *machine, const struct vm_limits *limits, struct vm **result) {
    struct vm *vm = vm__allocate();
    if (vm == NULL) return -ENOMEM;
    vm->machine = machine;
    vm->ticker = machine == NULL ? NULL : &machine->ticker;
    vm->limits = *limits;
    int error = vm__make(vm, machine);
    if (error != 0) {
        vm_close(vm);
        return error;
    }
    *result = vm;
    return 0;
}

void vm_close(struct vm *vm) {
    if (vm->memory.data.host != NULL) memory__fini(vm);
    if (vm->shell != NULL) shell__delete(vm->shell);
    if (vm->regions != NULL) regions__release(vm->regions);
    if (vm->snapshot != NULL) vm_snapshot_close(vm->snapshot);
    vm__free(vm);
}

void vm__show(struct vm *vm) {
    vm->views = &vm->regions->views;
    vm->memory.view_count = vm->views->count;
    memcpy(vm->memory.views, vm->regions->areas, sizeof vm->memory.views);
}

static int vm__views(struct vm *vm, const struct vm_program *program) {
    int error = regions__new(program->views, program->view_count, &vm->regions);
    if (error != 0) return error;
    vm__show(vm);
    return 0;
}

static int vm__install(struct vm *vm, enum file_kind kind, uint32_t flags, uint32_t port) {
    struct file *file = file__open(vm, kind, flags, port);
    if (file == NULL) return -ENFILE;
    int64_t descriptor = descriptor__install(vm, file, 0, 0);
    return descriptor < 0 ? (int)descriptor : 0;
}

/* stdin, stdout, stderr and, for a program that speaks frames, descriptor 3. */
static int vm__descriptors(struct vm *vm, int frames) {
    int error = port__open(vm, PORT_STDIO);
    if (error == 0) error = port__open(vm, PORT_LOG);
    if (error == 0 && frames) error = port__open(vm, PORT_FRAMES);
    if (error == 0) error = vm__install(vm, FILE_PORT, O_RDONLY, PORT_STDIO);
    if (error == 0) error = vm__install(vm, FILE_PORT, O_WRONLY, frames ? PORT_LOG : PORT_STDIO);
    if (error == 0) error = vm__install(vm, FILE_PORT, O_WRONLY, PORT_LOG);
    if (error == 0 && frames) error = vm__install(vm, FILE_PORT, O_RDWR, PORT_FRAMES);
    return error;
}

int vm__begin(struct vm *vm, const struct vm_program *program, struct vm_text *why) {
    int error = vm__views(vm, program);
    if (error == 0) error = tree__init(vm);
    if (error != 0) return error;
    process__init(vm);
    size_t length = strlen(program->folder);
    if (length >= PATH_BYTES) return -ENAMETOOLONG;
    memcpy(vm->kernel->process.folder, program->folder, length + 1);
    error = vm__descriptors(vm, program->frames);
    if (error != 0) return error;
    error = program__load(vm, program->arguments[0], program->arguments, program->environment);
    if (error != 0) {
        snprintf(why->bytes, sizeof why->bytes, "cannot load %.200s: %s", program->arguments[0], strerror(-error));
        return error;
    }
    return vm->shell == NULL ? 0 : entry__begin(vm);
}

int vm_boot(struct vm_machine *machine, const struct vm_program *program, struct vm **result, struct vm_text *why) {
    why->bytes[0] = 0;
    struct vm *vm;
    int error = vm__new(machine, &program->limits, &vm);
    if (error == 0) {
        error = vm__begin(vm, program, why);
        if (error != 0) vm_close(vm);
    }
    if (error != 0) {
        if (why->bytes[0] == 0) snprintf(why->bytes, sizeof why->bytes, "cannot make a VM: %s", strerror(-error));
        return error;
    }
    *result = vm;
    return 0;
}
