/* Host calls: a request with an id goes out, and some step later its answer comes in. */
#include <string.h>

#include "engine.h"

struct call_head {
    uint32_t id;
    uint32_t operation;
};

struct answer_head {
    uint32_t id;
    uint32_t failed;
};

static bool stuck;

bool calls__are_stuck(void)
{
    return stuck;
}

void calls__begin_step(void)
{
    if (!stuck)
        return;
    stuck = false;
    engine__call(ON_SENDABLE, 0, NULL);
}

bool calls__take_answer(const uint8_t *payload, size_t length)
{
    struct answer_head answer;
    if (length < sizeof answer)
        return false;
    memcpy(&answer, payload, sizeof answer);
    const uint8_t *result = payload + sizeof answer;
    length -= sizeof answer;
    JSValue argv[] = {
        JS_NewUint32(engine.context, answer.id),
        JS_NewBool(engine.context, answer.failed != 0),
        answer.failed ? text__decode(result, length) : JS_NewUint8ArrayCopy(engine.context, result, length),
    };
    if (JS_IsException(argv[2]))
        engine__fail();
    else
        engine__call(ON_ANSWER, COUNT(argv), (JSValueConst *)argv);
    JS_FreeValue(engine.context, argv[2]);
    return true;
}

/*
 * call(id: number, operation: number, bytes: Uint8Array): boolean
 * false: this step has no room left; ON_SENDABLE tells when to try again.
 */
NATIVE_FUNCTION(native_call)
{
    struct call_head head;
    if (JS_ToUint32(context, &head.id, argv[0]) || JS_ToUint32(context, &head.operation, argv[1]))
        return JS_EXCEPTION;
    size_t length;
    const uint8_t *bytes = interpreter__bytes(argv[2], &length);
    if (length > MF_CHUNK_MAX)
        return JS_ThrowRangeError(context, "Cannot make a host call: it has more than %u bytes", MF_CHUNK_MAX);
    if (output__room(MF_CALL) < sizeof head + length) {
        stuck = true;
        return JS_FALSE;
    }
    output__call(&head, sizeof head, bytes, length);
    return JS_TRUE;
}

const JSCFunctionListEntry calls_natives[] = {
    NATIVE("call", 3, native_call),
};
const int calls_natives_count = COUNT(calls_natives);
