/* The cell's side of its sockets: requests that come, and what it tells. */
#ifndef MAYFLY_CELL_CONTROL_H
#define MAYFLY_CELL_CONTROL_H

#include "cell.h"

struct control_request {
    struct cell_request head;
    char strings[CELL_STRINGS_MAX]; /* of head.string_bytes, and a NUL at the end */
    int file; /* that came with it, the receiver's to close, or -1 */
};

#define CONTROL_PATIENCE_SECONDS 10

/* Before anything else. */
int control__begin(void);

/* Waits for the next one. 0; -EPIPE when the server is gone; -EBADMSG for what is none. */
int control__next(struct control_request *request);

/* From any thread. `text` may be NULL. They never wait for long: a server that does not read ends the cell. */
void control__reply(uint32_t id, int error, const char *text);
void control__reply_sandbox(uint32_t id, uint32_t sandbox, uint32_t generation, uint32_t tcp_port);
void control__log(uint32_t id, enum mf_log_level level, const char *text, uint32_t bytes);
void control__damaged(uint32_t object);
void control__wake(void);

#endif
