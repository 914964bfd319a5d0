/* Bytes on their way to a port of a guest: what does not fit its queue waits here. */
#ifndef MAYFLY_CELL_INPUT_H
#define MAYFLY_CELL_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;

/* A guest that asks for more without reading what it has got. */
#define INPUT_BYTES_MAX (1u << 20)

struct input {
    uint8_t *bytes;
    size_t begin, end, capacity;
    bool ends; /* behind them is the end of the input */
};

void input__fini(struct input *input);
/* To the port, as far as it has room, the rest later. -ENOMEM; -ENOBUFS: too much waits already. */
int input__add(struct input *input, struct vm *vm, uint32_t port, const void *bytes, size_t size);
/* There will be no more. */
void input__finish(struct input *input, struct vm *vm, uint32_t port);
/* What waits, as far as there is room by now. True: something was fed. */
bool input__feed(struct input *input, struct vm *vm, uint32_t port);

static inline size_t input__waiting(const struct input *input) {
    return input->end - input->begin;
}

#endif
