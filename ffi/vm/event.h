/* Descriptors that stand for something that happens: a counter (eventfd), a clock (timerfd), signals (signalfd). */
#ifndef MAYFLY_VM_EVENT_H
#define MAYFLY_VM_EVENT_H

#include <stdint.h>

#include "file.h"

#define EVENTS_MAX 1024u

enum event_kind { EVENT_FREE = 0, EVENT_COUNTER, EVENT_TIMER, EVENT_SIGNALS };

struct event {
    uint8_t kind;
    uint8_t is_semaphore; /* of a counter */
    uint8_t clock;        /* of a timer: CLOCK_REALTIME, or CLOCK_MONOTONIC for all others */
    uint8_t reserved[5];
    uint64_t value;    /* of a counter; how often a timer expired since it was read */
    uint64_t next;     /* of a timer: when it expires, by its clock; 0 is never */
    uint64_t interval; /* 0 is once */
    uint64_t mask;     /* signals */
    uint64_t edges;
};

struct event_table {
    uint32_t used;
    uint32_t reserved;
    struct event items[EVENTS_MAX];
};

struct event *event__of(struct vm *vm, const struct file *file);
/* A new open file of such an event: NULL for -ENFILE. */
struct file *event__open(struct vm *vm, enum file_kind file_kind, enum event_kind kind, uint32_t flags);
void event__release(struct vm *vm, struct file *file);

/* Timers whose time has come expire: what waits for them is told. */
void event__fire(struct vm *vm);
/* CLOCK_MONOTONIC of the guest's when the next timer expires, or UINT64_MAX: event__fire has something to do then. */
uint64_t event__next_deadline(struct vm *vm);
/* By a timer's clock; 0 disarms. */
void event__set_timer(struct vm *vm, struct event *timer, uint64_t next, uint64_t interval);
/* How long until it expires, by when it is armed: not 0. */
uint64_t event__timer_left(struct vm *vm, struct event *timer);
uint64_t event__timer_now(struct vm *vm, const struct event *timer);

/* What all kinds share. */
int64_t event__stat(struct vm *vm, struct file *file, struct stat *stat);
uint64_t event__edge(struct vm *vm, struct file *file);

#endif
