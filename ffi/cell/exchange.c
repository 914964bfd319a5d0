#include "exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

_Static_assert(HTTP_REQUEST_HEAD_MAX <= STEP_SCRATCH_BYTES, "a head is written there");
_Static_assert(MF_CHUNK_MAX + HTTP_PIECE_EXTRA <= STEP_SCRATCH_BYTES, "and so is a piece of body");

/* ---- to the guest ------------------------------------------------------------------------------------- */

static int exchange__connect(struct sandbox *sandbox) {
    const struct object *object = sandbox->object;
    if (object->protocol == CELL_STDIO) return (int)PORT_STDIO;
    return vm_connect(sandbox->vm, object->tcp_port);
}

static int exchange__feed(struct sandbox *sandbox, const uint8_t *bytes, size_t size) {
    return input__add(&sandbox->input, sandbox->vm, sandbox->exchange->port, bytes, size);
}

static int exchange__begin(struct step *step, const uint8_t *frame, uint32_t size) {
    struct sandbox *sandbox = step->sandbox;
    free(sandbox->exchange);
    /* Its buffers are not read before they are written. */
    struct exchange *exchange = sandbox->exchange = malloc(sizeof *exchange);
    if (exchange == NULL) return -ENOMEM;
    int port = exchange__connect(sandbox);
    if (port < 0) return port;
    exchange->port = (uint32_t)port;
    exchange->has_ended = false;
    exchange->owed = exchange->answer_bytes = 0;
    int64_t written =
        http__begin(&exchange->http, frame, size, (char *)step->scratch, STEP_SCRATCH_BYTES);
    return written < 0 ? (int)written : exchange__feed(sandbox, step->scratch, (size_t)written);
}

static int exchange__body(struct step *step, const uint8_t *body, uint32_t size, int ends) {
    struct exchange *exchange = step->sandbox->exchange;
    size_t written = http__body(&exchange->http, body, size, ends, (char *)step->scratch, STEP_SCRATCH_BYTES);
    exchange->owed += size;
    return exchange__feed(step->sandbox, step->scratch, written);
}

static int exchange__take(struct step *step, const struct mf_frame *head, const uint8_t *frame, uint32_t size) {
    struct sandbox *sandbox = step->sandbox;
    const uint8_t *payload = frame + sizeof *head;
    uint32_t bytes;
    if (head->type != MF_HEAD && sandbox->exchange == NULL) return -EPROTO;
    switch ((enum mf_frame_type)head->type) {
    case MF_HEAD:
        return exchange__begin(step, frame, size);
    case MF_CHUNK:
        return head->length > MF_CHUNK_MAX ? -EPROTO : exchange__body(step, payload, head->length, 0);
    case MF_END:
        return exchange__body(step, payload, 0, 1);
    case MF_CREDIT:
        if (head->length < sizeof bytes) return -EPROTO;
        memcpy(&bytes, payload, sizeof bytes);
        http__credit(&sandbox->exchange->http, bytes);
        return 0;
    case MF_ANSWER:
        return dial__answer(&sandbox->dial, sandbox->vm, payload, head->length) ? 0 : -EPROTO;
    case MF_CANCEL:
        return -ECANCELED;
    case MF_CALL:
    case MF_LOG:
    case MF_EXIT:
        break;
    }
    return -EPROTO;
}

int exchange__deliver(struct step *step, const uint8_t *frames, uint32_t length) {
    for (uint32_t at = 0; at < length;) {
        struct mf_frame head;
        if (length - at < sizeof head) return -EPROTO;
        memcpy(&head, frames + at, sizeof head);
        if (head.length > MF_GUEST_IN_BYTES) return -EPROTO;
        uint32_t size = output__frame_bytes(head.length);
        if (size > length - at) return -EPROTO;
        int error = exchange__take(step, &head, frames + at, size);
        if (error != 0) return error;
        at += size;
    }
    return 0;
}

/* ---- from the guest ----------------------------------------------------------------------------------- */

/* The guest takes more of the body once what it has got is out of the way. */
static void exchange__pay(struct step *step) {
    struct exchange *exchange = step->sandbox->exchange;
    if (exchange->owed == 0 || input__waiting(&step->sandbox->input) > 0) return;
    output__credit(&step->output, exchange->owed);
    exchange->owed = 0;
}

/* True: it moved on. */
static bool exchange__translate(struct step *step) {
    struct exchange *exchange = step->sandbox->exchange;
    struct output *output = &step->output;
    size_t consumed;
    size_t frames = http__answer(&exchange->http, exchange->answer, exchange->answer_bytes, exchange->has_ended,
                                 &consumed, output->frames + output->length, output__room(output));
    output->length += (uint32_t)frames;
    exchange->answer_bytes -= (uint32_t)consumed;
    if (consumed > 0) memmove(exchange->answer, exchange->answer + consumed, exchange->answer_bytes);
    return frames > 0 || consumed > 0;
}

static bool exchange__read(struct step *step) {
    struct exchange *exchange = step->sandbox->exchange;
    struct vm *vm = step->sandbox->vm;
    if (exchange->has_ended) return false;
    size_t taken = vm_take(vm, exchange->port, exchange->answer + exchange->answer_bytes,
                           EXCHANGE_ANSWER_BYTES - exchange->answer_bytes);
    exchange->answer_bytes += (uint32_t)taken;
    exchange->has_ended = vm_ended(vm, exchange->port) != 0;
    return taken > 0 || exchange->has_ended;
}

enum drained exchange__drain(struct step *step) {
    struct exchange *exchange = step->sandbox->exchange;
    if (exchange == NULL) return DRAINED;
    if (output__room(&step->output) < HTTP_FRAMES_MIN) return DRAINED_FULL;
    enum drained result = DRAINED;
    for (;;) {
        bool has_read = exchange__read(step), has_moved = exchange__translate(step);
        if (exchange->http.phase == HTTP_FAILED) return step__exit(step, MF_EXIT_BAD_RESPONSE, exchange->http.problem);
        if (exchange->http.phase == HTTP_DONE) return step__exit(step, MF_EXIT_OK, "");
        if (has_read || has_moved) result = DRAINED_SOME;
        if (output__room(&step->output) < HTTP_FRAMES_MIN) return DRAINED_FULL;
        if (!has_read && !has_moved) break;
    }
    exchange__pay(step);
    return result;
}

bool exchange__finish(struct step *step) {
    struct exchange *exchange = step->sandbox->exchange;
    if (exchange == NULL) return false;
    exchange->has_ended = true;
    while (exchange__translate(step)) continue;
    if (exchange->http.phase != HTTP_DONE) return false;
    step__exit(step, MF_EXIT_OK, "");
    return true;
}

void exchange__hang_up(struct sandbox *sandbox) {
    struct exchange *exchange = sandbox->exchange;
    if (exchange != NULL && exchange->port != PORT_STDIO) vm_hang_up(sandbox->vm, exchange->port);
    free(exchange);
    sandbox->exchange = NULL;
}
