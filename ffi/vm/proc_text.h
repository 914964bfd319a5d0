/* What the files of /proc and /sys say: each is made whole when it is opened. */
#ifndef MAYFLY_VM_PROC_TEXT_H
#define MAYFLY_VM_PROC_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct vm;
struct thread;

struct text {
    struct vm *vm;
    uint32_t node; /* a file without a name, that it is written to */
    uint64_t size;
    int error; /* the first one */
    const struct thread *thread; /* that it is about */
};
typedef void text_maker(struct text *text);

void text__put(struct text *text, const void *bytes, size_t size);
__attribute__((format(printf, 2, 3))) void text__print(struct text *text, const char *format, ...);

/* proc_process.c */
text_maker text__maps, text__stat, text__status, text__statm, text__arguments, text__environment, text__auxiliary,
    text__name, text__limits;
/* proc_machine.c */
text_maker text__cpu, text__memory, text__machine_stat, text__uptime, text__uuid, text__cgroup, text__mount_info,
    text__mounts;

#endif
