/* What the functions of WASI do. Each returns an enum wasi_errno. */
#ifndef MAYFLY_WASI_OPERATIONS_H
#define MAYFLY_WASI_OPERATIONS_H

#include "wasi_call.h"

/* wasi_process.c: what a program knows of itself and the world. */
uint32_t wasi__args_get(struct wasi_call *call);
uint32_t wasi__args_sizes_get(struct wasi_call *call);
uint32_t wasi__environ_get(struct wasi_call *call);
uint32_t wasi__environ_sizes_get(struct wasi_call *call);
uint32_t wasi__clock_res_get(struct wasi_call *call);
uint32_t wasi__clock_time_get(struct wasi_call *call);
uint32_t wasi__random_get(struct wasi_call *call);
uint32_t wasi__sched_yield(struct wasi_call *call);

/* wasi_streams.c: these may have to wait. */
uint32_t wasi__fd_read(struct wasi_call *call);
uint32_t wasi__fd_write(struct wasi_call *call);
/* wasi_poll.c */
uint32_t wasi__poll_oneoff(struct wasi_call *call);

/* wasi_descriptors.c: the function's own files. */
uint32_t wasi__fd_close(struct wasi_call *call);
uint32_t wasi__fd_fdstat_get(struct wasi_call *call);
uint32_t wasi__fd_filestat_get(struct wasi_call *call);
uint32_t wasi__fd_pread(struct wasi_call *call);
uint32_t wasi__fd_prestat_get(struct wasi_call *call);
uint32_t wasi__fd_prestat_dir_name(struct wasi_call *call);
uint32_t wasi__fd_readdir(struct wasi_call *call);
uint32_t wasi__fd_seek(struct wasi_call *call);
uint32_t wasi__fd_tell(struct wasi_call *call);
uint32_t wasi__path_filestat_get(struct wasi_call *call);
uint32_t wasi__path_open(struct wasi_call *call);

/* wasi_descriptors.c: what nobody may do, and what there is nothing to do for. */
uint32_t wasi__refuse_change(struct wasi_call *call);
uint32_t wasi__accept_descriptor(struct wasi_call *call);
uint32_t wasi__refuse_descriptor(struct wasi_call *call);
uint32_t wasi__has_no_link(struct wasi_call *call);
uint32_t wasi__is_missing(struct wasi_call *call);

/* An open file or folder of the guest's, or NULL. */
struct wasi_descriptor *wasi__descriptor(const struct wasi_call *call, uint32_t number);
/* From an open file, at a place in it. */
uint32_t wasi__read_file(struct wasi_call *call, const struct wasi_descriptor *descriptor, uint64_t from,
                         uint64_t *length);

#endif
