#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/vm.h"

void input__fini(struct input *input) {
    free(input->bytes);
    *input = (struct input){0};
}

static int input__reserve(struct input *input, size_t size) {
    size_t waiting = input__waiting(input);
    if (waiting + size > INPUT_BYTES_MAX) return -ENOBUFS;
    if (input->capacity - input->end >= size) return 0;
    uint8_t *bytes = malloc(waiting + size);
    if (bytes == NULL) return -ENOMEM;
    if (waiting > 0) memcpy(bytes, input->bytes + input->begin, waiting);
    free(input->bytes);
    input->bytes = bytes;
    input->begin = 0;
    input->end = waiting;
    input->capacity = waiting + size;
    return 0;
}

int input__add(struct input *input, struct vm *vm, uint32_t port, const void *bytes, size_t size) {
    size_t fed = input__waiting(input) == 0 ? vm_feed(vm, port, bytes, size, 0) : 0;
    if (fed == size) return 0;
    int error = input__reserve(input, size - fed);
    if (error != 0) return error;
    memcpy(input->bytes + input->end, (const uint8_t *)bytes + fed, size - fed);
    input->end += size - fed;
    return 0;
}

void input__finish(struct input *input, struct vm *vm, uint32_t port) {
    input->ends = true;
    if (input__waiting(input) == 0) vm_feed(vm, port, "", 0, 1);
}

bool input__feed(struct input *input, struct vm *vm, uint32_t port) {
    size_t waiting = input__waiting(input);
    if (waiting == 0) return false;
    size_t fed = vm_feed(vm, port, input->bytes + input->begin, waiting, input->ends);
    input->begin += fed;
    if (fed == waiting) {
        free(input->bytes);
        *input = (struct input){.ends = input->ends};
    }
    return fed > 0;
}
