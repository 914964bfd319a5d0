/* Answers frames on descriptor 3: a request gets a log line, a call to the host, and what the host said as its body. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../../../ffi/shim/frames.h"

static uint8_t frame[MF_CHUNK_MAX + 64];

static void send_frame(uint8_t type, uint16_t aux, const void *payload, uint32_t length) {
    struct mf_frame head = {.type = type, .aux = aux, .length = length};
    memcpy(frame, &head, sizeof head);
    memcpy(frame + sizeof head, payload, length);
    size_t size = (sizeof head + length + 3) & ~(size_t)3;
    for (size_t at = 0; at < size;) {
        ssize_t count = write(3, frame + at, size - at);
        if (count <= 0) _exit(2);
        at += (size_t)count;
    }
}

static int receive(struct mf_frame *head, uint8_t *payload) {
    if (read(3, head, sizeof *head) != sizeof *head) return 0;
    size_t size = (head->length + 3) & ~UINT32_C(3);
    for (size_t at = 0; at < size;) {
        ssize_t count = read(3, payload + at, size - at);
        if (count <= 0) return 0;
        at += (size_t)count;
    }
    return 1;
}

int main(void) {
    static uint8_t payload[MF_CHUNK_MAX];
    struct mf_frame head;
    while (receive(&head, payload)) {
        if (head.type != MF_HEAD) return 3;
        send_frame(MF_LOG, MF_LOG_INFO, "asked", 5);
        send_frame(MF_CALL, 0, payload, head.length);
        if (!receive(&head, payload) || head.type != MF_ANSWER) return 4;
        send_frame(MF_HEAD, 200, "", 0);
        send_frame(MF_CHUNK, 0, payload, head.length);
        send_frame(MF_END, 0, "", 0);
    }
    return 0;
}
