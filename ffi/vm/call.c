#include "call.h"

#include "host.h"

static const struct call_family *const families[] = {
    &calls_memory, &calls_files,   &calls_paths,   &calls_names,   &calls_descriptors, &calls_pipes, &calls_events,
    &calls_sockets, &calls_threads, &calls_exec,  &calls_signals, &calls_time,        &calls_process,
};

static const struct call *call__in(const struct call_family *family, uint64_t number) {
    for (size_t i = 0; i < family->count; i++) {
        if (family->calls[i].number == number) return &family->calls[i];
    }
    return NULL;
}

/* Filled once, before the first VM: afterwards only read. */
static const struct call *by_number[CALL_NUMBERS_MAX];

__attribute__((constructor)) static void call__index(void) {
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        for (size_t i = 0; i < families[f]->count; i++) {
            const struct call *call = &families[f]->calls[i];
            if (call->number < CALL_NUMBERS_MAX) by_number[call->number] = call;
        }
    }
}

const struct call *call__find(uint64_t number) {
    if (number < CALL_NUMBERS_MAX) return by_number[number];
    if (number - HOST_CALLS <= UINT16_MAX) return call__in(&calls_host, number - HOST_CALLS);
    return NULL;
}
