#include "wait.h"

#include <errno.h>

#include "internal.h"

int64_t wait__change(struct vm *vm, struct awaited awaited, uint64_t deadline) {
    struct thread *thread = thread__current(vm);
    if (thread__interrupted(vm)) return -EINTR;
    int64_t result = thread__wait(vm, WAIT_CHANGE, deadline);
    thread->awaited_ports = awaited.ports;
    thread->awaited_listeners = awaited.listeners;
    return result;
}

int64_t wait__input(struct vm *vm, struct file *file, uint64_t deadline) {
    struct awaited awaited = {0};
    wait__add(vm, file, &awaited);
    return wait__change(vm, awaited, deadline);
}

int64_t wait__room(struct vm *vm, uint64_t deadline) {
    return wait__change(vm, (struct awaited){0}, deadline);
}

int64_t wait__moved(struct vm *vm, int64_t result, uint64_t progress) {
    if (result == CALL_BLOCKS) thread__current(vm)->progress = progress;
    return result < 0 && result != CALL_BLOCKS && progress > 0 ? (int64_t)progress : result;
}

uint64_t wait__take_progress(struct vm *vm) {
    struct thread *thread = thread__current(vm);
    uint64_t progress = thread->restarting ? thread->progress : 0;
    thread->progress = 0;
    return progress;
}

uint64_t wait__deadline(struct vm *vm, uint64_t timeout_ns) {
    const struct thread *thread = thread__current(vm);
    if (thread->restarting) return thread->deadline;
    uint64_t now = clock__monotonic_ns(vm);
    return timeout_ns < NO_DEADLINE - now ? now + timeout_ns : NO_DEADLINE;
}

void wait__add(struct vm *vm, struct file *file, struct awaited *awaited) {
    if (file->kind == FILE_PORT) awaited->ports |= UINT64_C(1) << file->object;
    if (file->kind == FILE_SOCKET) socket__awaits(vm, file, awaited);
    if (file->kind == FILE_EPOLL) epoll__awaits(vm, file, awaited);
}

struct awaited wait__all(struct vm *vm) {
    struct awaited awaited = {0};
    const struct thread_table *threads = &vm->kernel->threads;
    for (uint32_t i = 0; i < threads->used; i++) {
        const struct thread *thread = &threads->items[i];
        if (thread->state != THREAD_WAITS || thread->wait != WAIT_CHANGE) continue;
        awaited.ports |= thread->awaited_ports;
        awaited.listeners |= thread->awaited_listeners;
    }
    return awaited;
}
