#include "file.h"

#include <errno.h>
#include <sys/resource.h>

#include "internal.h"

static const struct file_functions *const kinds[FILE_KINDS] = {
    [FILE_REGULAR] = &file_regular,      [FILE_FOLDER] = &file_folder,         [FILE_DEVICE] = &file_device,
    [FILE_TEXT] = &file_text,            [FILE_PIPE_READ] = &file_pipe_read,   [FILE_PIPE_WRITE] = &file_pipe_write,
    [FILE_EVENT] = &file_event,          [FILE_TIMER] = &file_timer,           [FILE_SIGNALS] = &file_signals,
    [FILE_EPOLL] = &file_epoll,          [FILE_SOCKET] = &file_socket,         [FILE_PORT] = &file_port,
    [FILE_PATH] = &file_path,
};

const struct file_functions *file__functions(const struct file *file) {
    return kinds[file->kind];
}

static struct descriptor *descriptor_of(struct vm *vm, uint64_t number) {
    struct descriptor_table *table = &vm->kernel->descriptors;
    /* Linux takes a descriptor as an int: what is above does not count. */
    uint32_t index = (uint32_t)number;
    return index < table->used && table->items[index].file != 0 ? &table->items[index] : NULL;
}

struct file *file__of(struct vm *vm, uint64_t descriptor) {
    const struct descriptor *found = descriptor_of(vm, descriptor);
    return found == NULL ? NULL : &vm->kernel->files.items[found->file - 1];
}

uint32_t file__index(struct vm *vm, const struct file *file) {
    return (uint32_t)(file - vm->kernel->files.items);
}

struct file *file__open(struct vm *vm, enum file_kind kind, uint32_t flags, uint32_t object) {
    struct file_table *table = &vm->kernel->files;
    uint32_t index = 0;
    while (index < table->used && table->items[index].kind != FILE_FREE) index++;
    if (index == FILES_MAX) return NULL;
    if (index == table->used) table->used++;
    struct file *file = &table->items[index];
    *file = (struct file){.kind = (uint8_t)kind, .references = 1, .flags = flags, .object = object};
    return file;
}

void file__keep(struct file *file) {
    file->references++;
}

void file__release(struct vm *vm, struct file *file) {
    if (--file->references > 0) return;
    if (file->watched > 0) epoll__forget(vm, file);
    const struct file_functions *functions = file__functions(file);
    if (functions->release != NULL) functions->release(vm, file);
    *file = (struct file){.kind = FILE_FREE};
    struct file_table *table = &vm->kernel->files;
    while (table->used > 0 && table->items[table->used - 1].kind == FILE_FREE) table->used--;
    kernel__changed(vm);
}

uint32_t descriptor__limit(struct vm *vm) {
    uint64_t limit = process__limit(vm, RLIMIT_NOFILE);
    if (limit > vm->limits.descriptors) limit = vm->limits.descriptors;
    return limit < DESCRIPTORS_MAX ? (uint32_t)limit : DESCRIPTORS_MAX;
}

static void install_at(struct vm *vm, uint32_t index, struct file *file, int close_on_exec) {
    struct descriptor_table *table = &vm->kernel->descriptors;
    while (table->used <= index) table->items[table->used++] = (struct descriptor){0};
    table->items[index] = (struct descriptor){(uint16_t)(file__index(vm, file) + 1), close_on_exec != 0};
}

int64_t descriptor__lowest(struct vm *vm, uint32_t least) {
    const struct descriptor_table *table = &vm->kernel->descriptors;
    uint32_t index = least;
    while (index < table->used && table->items[index].file != 0) index++;
    return index < descriptor__limit(vm) ? (int64_t)index : -EMFILE;
}

int64_t descriptor__install(struct vm *vm, struct file *file, uint32_t least, int close_on_exec) {
    int64_t number = descriptor__lowest(vm, least);
    if (number < 0) file__release(vm, file);
    else install_at(vm, (uint32_t)number, file, close_on_exec);
    return number;
}

int64_t descriptor__replace(struct vm *vm, struct file *file, uint64_t number, int close_on_exec) {
    if (number >= descriptor__limit(vm)) return -EBADF;
    struct descriptor *old = descriptor_of(vm, number);
    struct file *replaced = old == NULL ? NULL : &vm->kernel->files.items[old->file - 1];
    file__keep(file);
    install_at(vm, (uint32_t)number, file, close_on_exec);
    if (replaced != NULL) file__release(vm, replaced);
    return (int64_t)number;
}

int64_t descriptor__close(struct vm *vm, uint64_t number) {
    struct descriptor *descriptor = descriptor_of(vm, number);
    if (descriptor == NULL) return -EBADF;
    struct file *file = &vm->kernel->files.items[descriptor->file - 1];
    *descriptor = (struct descriptor){0};
    struct descriptor_table *table = &vm->kernel->descriptors;
    while (table->used > 0 && table->items[table->used - 1].file == 0) table->used--;
    file__release(vm, file);
    return 0;
}

void descriptor__close_on_exec(struct vm *vm) {
    const struct descriptor_table *table = &vm->kernel->descriptors;
    for (uint32_t index = table->used; index-- > 0;) {
        if (index < table->used && table->items[index].close_on_exec) descriptor__close(vm, index);
    }
}

int descriptor__closes_on_exec(struct vm *vm, uint64_t number) {
    const struct descriptor *descriptor = descriptor_of(vm, number);
    return descriptor == NULL ? -EBADF : descriptor->close_on_exec;
}

int descriptor__set_close_on_exec(struct vm *vm, uint64_t number, int close_on_exec) {
    struct descriptor *descriptor = descriptor_of(vm, number);
    if (descriptor == NULL) return -EBADF;
    descriptor->close_on_exec = close_on_exec != 0;
    return 0;
}

uint32_t file__ready(struct vm *vm, struct file *file) {
    if (file == NULL) return READY_INVALID;
    const struct file_functions *functions = file__functions(file);
    /* What never waits, as files of the tree, is always ready. */
    uint32_t ready = functions->ready == NULL ? READY_IN | READY_OUT : functions->ready(vm, file);
    /* What carries no bytes does not tell the two apart. */
    if (file->kind == FILE_EVENT || file->kind == FILE_TIMER || file->kind == FILE_SIGNALS) return ready;
    if (ready & READY_IN) ready |= READY_IN_NORMAL;
    if (ready & READY_OUT) ready |= READY_OUT_NORMAL;
    return ready;
}
