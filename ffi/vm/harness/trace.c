#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

static void trace__value(char letter, uint64_t value) {
    switch (letter) {
    case 'd':
    case 'i':
        fprintf(stderr, "%d", (int)value);
        break;
    case 'u':
    case 'z':
        fprintf(stderr, "%" PRIu64, value);
        break;
    default:
        fprintf(stderr, "0x%" PRIx64, value);
    }
}

void harness_trace(void *data, const struct vm_call_record *record) {
    (void)data;
    if (record->name == NULL) fprintf(stderr, "[%u] call %" PRIu64 "(", record->thread, record->number);
    else fprintf(stderr, "[%u] %s(", record->thread, record->name);
    for (size_t i = 0; record->arguments[i] != 0 && i < 6; i++) {
        if (i > 0) fputs(", ", stderr);
        trace__value(record->arguments[i], record->values[i]);
    }
    if (record->result < 0 && record->result > -4096) fprintf(stderr, ") = %s\n", strerrorname_np((int)-record->result));
    else fprintf(stderr, ") = 0x%" PRIx64 "\n", (uint64_t)record->result);
}
