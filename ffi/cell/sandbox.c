#include "sandbox.h"

#include <stdlib.h>

#include "exchange.h"

/* KVM's structures and page tables of a VM. */
#define OVERHEAD_BYTES (UINT64_C(400) << 10)
#define PAGE UINT64_C(4096)

void sandbox__forget(struct sandbox *sandbox) {
    input__fini(&sandbox->input);
    log__fini(&sandbox->log);
    dial__fini(&sandbox->dial);
    free(sandbox->partial);
    sandbox->partial = NULL;
    sandbox->partial_bytes = 0;
    free(sandbox->exchange);
    sandbox->exchange = NULL;
    sandbox->is_ended = false;
}

static uint64_t sandbox__refused_forks(const struct sandbox *sandbox) {
    struct vm_counters counters;
    vm_count(sandbox->vm, &counters);
    return counters.refused_forks;
}

void sandbox__begin(struct sandbox *sandbox, uint64_t log_bytes) {
    sandbox__forget(sandbox);
    log__init(&sandbox->log, log_bytes);
    sandbox->refused_forks = sandbox__refused_forks(sandbox);
}

void sandbox__note(struct sandbox *sandbox, const struct log_sink *sink) {
    uint64_t refused = sandbox__refused_forks(sandbox);
    if (refused > sandbox->refused_forks) log__tell_of_fork(sink);
    sandbox->refused_forks = refused;
}

/* Of the snapshot's pages a clone has those to itself that it ever wrote: the ones that a reset copies. */
uint64_t sandbox__memory(const struct sandbox *sandbox) {
    struct vm_counters counters;
    vm_count(sandbox->vm, &counters);
    return OVERHEAD_BYTES + counters.pages_copied * PAGE;
}
