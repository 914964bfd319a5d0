/* The engine's parts, and the one state they share. */
#ifndef MF_ENGINE_H
#define MF_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guest.h"
#include "interpreter.h"
#include "memory.h"
#include "platform.h"

/* What the JavaScript library is called for; natives.c has the names. */
enum callback {
    ON_DEPLOY,     /* (context: string): the bundle is complete */
    ON_REQUEST,    /* (context: string, has_body: boolean): a request's head is there */
    ON_BODY,       /* more of the request's body, or its end, is there, and body__want was called */
    ON_WRITABLE,   /* the response's body has been written, as far as it was handed over */
    ON_ANSWER,     /* (id, failed, bytes): of a host call */
    ON_CANCEL,     /* the caller left or the deadline passed */
    ON_TIMER,      /* the earliest timer is due */
    ON_REJECTION,  /* (promise, reason): nobody handled it */
    ON_SENDABLE,   /* a host call that found no room may be tried again */
    BUILTIN,       /* (name): one of the library's own modules; called by what the bundler writes */
    CALLBACKS,
};

struct engine {
    JSRuntime *runtime;
    JSContext *context;
    JSValue callbacks[CALLBACKS];
    bool busy;        /* between a HEAD and its EXIT */
    bool deploying;   /* its body is a bundle, which is not complete yet */
    bool has_body;    /* CHUNK frames and an END belong to the request */
    bool settle;      /* collect garbage when the request is over: a snapshot may be taken of it */
    uint32_t holds;   /* what keeps a request from its end: waitUntil promises, a handler */
    uint32_t log_bytes;     /* of one request */
    uint64_t next_timer_ns; /* NO_TIMER, or the guest's clock */
};

#define NO_TIMER UINT64_MAX

extern struct engine engine;
extern struct mf_guest_io io;

/* entry.c */
void engine__call(enum callback callback, int argc, JSValueConst *argv);
/* The pending exception reached the top: it ends the request. */
void engine__fail(void);

/* clock.c: a monotonic clock that goes on where the snapshot stopped. */
void clock__begin_step(bool fresh);
void clock__end_step(void);
uint64_t clock__now_ns(void);
double clock__origin_ms(void);

/* output.c: frames to the host. */
void output__begin_step(void);
/* How much payload a frame of this type can have now; what the later ones need is kept back. */
size_t output__room(enum mf_frame_type type);
void output__frame(enum mf_frame_type type, uint8_t flags, uint16_t aux, const void *payload, size_t length);
void output__call(const void *head, size_t head_length, const void *payload, size_t length);
void output__exit(enum mf_exit_code code, const char *text, size_t length);
void output__begin_log(uint32_t bytes);
void output__log(enum mf_log_level level, const char *text, size_t length);

/* head.c: the request's head, in place while its step lasts. */
bool head__take(const uint8_t *payload, size_t length);
void head__keep(void);
JSValue head__string(enum mf_request_string which);
const char *head__bytes(enum mf_request_string which, size_t *length);

/* body.c: the request's body, as far as it has arrived and nobody has read it. */
void body__begin(bool expected, bool collect);
void body__begin_step(void);
bool body__take(const uint8_t *payload, size_t length);
bool body__take_end(void);
bool body__is_complete(void);
void body__keep(void);
/* The library waits for more: true when there is news for it. */
bool body__has_news(void);
/* The whole body as a C string, for the compiler; freed by body__drop. */
const char *body__source(size_t *length);
void body__drop(void);

/* compile.c: a script or module as a value for JS_EvalFunction; throws a SyntaxError. The source ends in a zero. */
JSValue compile__apart(JSContext *context, const char *source, size_t length, const char *file, int flags);

/* imports.c */
void imports__refuse(JSRuntime *runtime);
bool imports__were_refused(void);

/* response.c: the response's body on its way out. */
void response__begin(void);
void response__credit(uint32_t bytes);
/* Writes what credit and room allow; true when that emptied what the library had handed over. */
bool response__pump(void);
bool response__is_whole(void);
/* It became so in this step: its end is on its way to the caller as soon as the step ends. */
bool response__is_just_whole(void);
void response__begin_step(void);
/* There is credit for more, but the step has no room left for it. */
bool response__is_stuck(void);

/* calls.c */
bool calls__are_stuck(void);
bool calls__take_answer(const uint8_t *payload, size_t length);
void calls__begin_step(void);

/* rejections.c: promises that were rejected with nobody to see it. */
void rejections__watch(void);
/* Tells the library of those that are still unhandled; true when there were any. */
bool rejections__report(void);

/* async_context.c */
/* Whatever the last job entered ends with it. */
void async_context__leave(void);

/* text.c: UTF-8 as the Encoding standard has it. */
JSValue text__decode(const uint8_t *bytes, size_t length);
bool text__is_valid(const uint8_t *bytes, size_t length);
/* Like JS_ToCStringLen, with U+FFFD for lone surrogates. Freed by JS_FreeCString. */
const char *text__encode(JSValueConst string, size_t *length);

/* Each part's functions for the library. */
extern const JSCFunctionListEntry host_natives[], value_natives[], async_context_natives[], head_natives[],
    body_natives[], response_natives[], calls_natives[], text_natives[], header_text_natives[], url_natives[],
    module_natives[];
extern const int host_natives_count, value_natives_count, async_context_natives_count, head_natives_count,
    body_natives_count, response_natives_count, calls_natives_count, text_natives_count, header_text_natives_count,
    url_natives_count, module_natives_count;
extern const JSCFunctionListEntry hash_natives[];
extern const int hash_natives_count;
/* natives.c */
int natives__offer(JSContext *context);
int natives__withdraw(JSContext *context);

/* A function for the library; few of them use all that they are called with. */
#define NATIVE_FUNCTION(name) \
    static JSValue name(JSContext *context MF_UNUSED, JSValueConst self MF_UNUSED, int argc MF_UNUSED, \
                        JSValueConst *argv MF_UNUSED)
#define MF_UNUSED __attribute__((unused))
#define NATIVE(name, length, function) JS_CFUNC_DEF(name, length, function)
#define COUNT(table) ((int)(sizeof(table) / sizeof(table[0])))

#endif
