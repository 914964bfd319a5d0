#include "output.h"

#include <string.h>

#define EXIT_TEXT_MAX 1024u

void output__finish(struct output *output, const struct mf_frame *head) {
    uint8_t *at = output->frames + output->length;
    memcpy(at, head, sizeof *head);
    uint32_t bytes = output__frame_bytes(head->length), used = (uint32_t)sizeof *head + head->length;
    memset(at + used, 0, bytes - used);
    output->length += bytes;
}

void output__add(struct output *output, const struct mf_frame *head, const void *payload) {
    if (head->length > 0) memcpy(output__payload(output), payload, head->length);
    output__finish(output, head);
}

void output__exit(struct output *output, enum mf_exit_code code, const char *text) {
    size_t length = strnlen(text, EXIT_TEXT_MAX);
    const struct mf_frame head = {.type = MF_EXIT, .aux = (uint16_t)code, .length = (uint32_t)length};
    output__add(output, &head, text);
}

void output__credit(struct output *output, uint32_t bytes) {
    const struct mf_frame head = {.type = MF_CREDIT, .length = sizeof bytes};
    output__add(output, &head, &bytes);
}
