#include "guest_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- to the guest ------------------------------------------------------------------------------------- */

static int guest_frames__feed(struct step *step, const uint8_t *bytes, uint32_t size) {
    return input__add(&step->sandbox->input, step->sandbox->vm, PORT_FRAMES, bytes, size);
}

int guest_frames__deliver(struct step *step, const uint8_t *frames, uint32_t length) {
    struct sandbox *sandbox = step->sandbox;
    if (!dial__is_used(&sandbox->dial)) return guest_frames__feed(step, frames, length);
    for (uint32_t at = 0; at < length;) {
        struct mf_frame head;
        if (length - at < sizeof head) return -EPROTO;
        memcpy(&head, frames + at, sizeof head);
        if (head.length > MF_GUEST_IN_BYTES) return -EPROTO;
        uint32_t size = output__frame_bytes(head.length);
        if (size > length - at) return -EPROTO;
        bool is_ours = head.type == MF_ANSWER &&
                       dial__answer(&sandbox->dial, sandbox->vm, frames + at + sizeof head, head.length);
        int error = is_ours ? 0 : guest_frames__feed(step, frames + at, size);
        if (error != 0) return error;
        at += size;
    }
    return 0;
}

/* ---- from the guest ----------------------------------------------------------------------------------- */

static uint32_t frame__length_max(uint8_t type) {
    switch ((enum mf_frame_type)type) {
    case MF_HEAD:
        return MF_HEAD_MAX;
    case MF_CHUNK:
    case MF_EXIT:
        return MF_CHUNK_MAX;
    case MF_LOG:
        return MF_LOG_MAX;
    case MF_END:
        return 0;
    case MF_CREDIT:
        return sizeof(uint32_t);
    case MF_CALL:
    case MF_ANSWER:
    case MF_CANCEL:
        break;
    }
    return UINT32_MAX;
}

static enum drained guest_frames__refuse(struct step *step, const struct mf_frame *head) {
    char text[96];
    if (frame__length_max(head->type) == UINT32_MAX) {
        snprintf(text, sizeof text, "it wrote a frame of type %u, which is none of a function's", head->type);
    } else {
        snprintf(text, sizeof text, "it wrote a frame of type %u with %u bytes, which is too long", head->type,
                 head->length);
    }
    return step__exit(step, MF_EXIT_BAD_RESPONSE, text);
}

/* One whole frame. */
static enum drained guest_frames__pass(struct step *step, const struct mf_frame *head, const uint8_t *payload) {
    if (head->type == MF_LOG && !log__allows(&step->sandbox->log, head->length)) return DRAINED;
    if (head->type == MF_EXIT) step__end_log(step);
    output__add(&step->output, head, payload);
    return head->type == MF_EXIT ? DRAINED_ENDED : DRAINED;
}

/* The whole frames of these bytes; sets how many bytes they were. */
static enum drained guest_frames__walk(struct step *step, const uint8_t *bytes, uint32_t size, uint32_t *used) {
    uint32_t at = 0;
    enum drained result = DRAINED;
    while (result == DRAINED && size - at >= sizeof(struct mf_frame)) {
        struct mf_frame head;
        memcpy(&head, bytes + at, sizeof head);
        uint32_t most = frame__length_max(head.type);
        if (most == UINT32_MAX || head.length > most) {
            result = guest_frames__refuse(step, &head);
            break;
        }
        uint32_t whole = output__frame_bytes(head.length);
        if (whole > size - at) break;
        result = guest_frames__pass(step, &head, bytes + at + sizeof head);
        at += whole;
    }
    *used = at;
    return result;
}

/* What is no whole frame yet, for the next time. */
static int guest_frames__keep(struct sandbox *sandbox, const uint8_t *bytes, uint32_t size) {
    sandbox->partial_bytes = 0;
    if (size == 0) return 0;
    if (sandbox->partial == NULL) sandbox->partial = malloc(SANDBOX_FRAME_MAX);
    if (sandbox->partial == NULL) return -ENOMEM;
    memcpy(sandbox->partial, bytes, size);
    sandbox->partial_bytes = size;
    return 0;
}

enum drained guest_frames__drain(struct step *step) {
    struct sandbox *sandbox = step->sandbox;
    enum drained result = DRAINED;
    while (vm_has_output(sandbox->vm, PORT_FRAMES)) {
        uint32_t kept = sandbox->partial_bytes, room = output__room(&step->output);
        if (room <= kept) return DRAINED_FULL;
        if (kept > 0) memcpy(step->scratch, sandbox->partial, kept);
        /* Frames are copied as they are, so that what is taken fits. */
        size_t taken = vm_take(sandbox->vm, PORT_FRAMES, step->scratch + kept, room - kept);
        uint32_t size = kept + (uint32_t)taken, used;
        enum drained walked = guest_frames__walk(step, step->scratch, size, &used);
        /* What comes behind an EXIT is nobody's. */
        if (walked == DRAINED_ENDED) used = size;
        if (guest_frames__keep(sandbox, step->scratch + used, size - used) != 0) {
            return step__exit(step, MF_EXIT_MEMORY, "the cell has no memory for its frames");
        }
        if (walked == DRAINED_ENDED) return walked;
        result = DRAINED_SOME;
    }
    return result;
}
