#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../access.h"
#include "harness.h"

#define PATH_SHOWN 200u

/* A guest's string, as C would spell it: what it wrote commands no terminal. */
static void trace__path(struct vm *vm, uint64_t address) {
    char path[PATH_SHOWN];
    int64_t length = access__string(vm, path, address, sizeof path);
    if (length < 0) {
        fprintf(stderr, "0x%" PRIx64, address);
        return;
    }
    fputc('"', stderr);
    for (int64_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)path[i];
        if (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\') fputc(byte, stderr);
        else fprintf(stderr, "\\x%02x", byte);
    }
    fputc('"', stderr);
}

static void trace__value(struct vm *vm, char letter, uint64_t value) {
    switch (letter) {
    case 'd':
        if ((int)value == AT_FDCWD) fputs("AT_FDCWD", stderr);
        else fprintf(stderr, "%d", (int)value);
        break;
    case 'i':
        fprintf(stderr, "%d", (int)value);
        break;
    case 'u':
    case 'z':
        fprintf(stderr, "%" PRIu64, value);
        break;
    case 's':
        trace__path(vm, value);
        break;
    default:
        fprintf(stderr, "0x%" PRIx64, value);
    }
}

static int trace__is_address(const struct vm_call_record *record) {
    static const char *const calls[] = {"mmap", "brk", "mremap"};
    for (size_t i = 0; record->name != NULL && i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(record->name, calls[i]) == 0) return 1;
    }
    return 0;
}

void harness_trace(void *data, const struct vm_call_record *record) {
    if (record->name == NULL) fprintf(stderr, "[%u] call %" PRIu64 "(", record->thread, record->number);
    else fprintf(stderr, "[%u] %s(", record->thread, record->name);
    for (size_t i = 0; i < 6 && record->arguments[i] != 0 && record->arguments[i] != '-'; i++) {
        if (i > 0) fputs(", ", stderr);
        trace__value(data, record->arguments[i], record->values[i]);
    }
    if (record->result < 0 && record->result > -4096) fprintf(stderr, ") = %s\n", strerrorname_np((int)-record->result));
    else fprintf(stderr, trace__is_address(record) ? ") = 0x%" PRIx64 "\n" : ") = %" PRId64 "\n", record->result);
}
