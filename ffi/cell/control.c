#include "control.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- requests ---------------------------------------------------------------------------------------- */

/* The descriptor that came with a message; any more are closed, for there should be none. */
static int control__file_of(struct msghdr *message) {
    int file = -1;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
            if (file < 0) file = descriptor;
            else close(descriptor);
        }
    }
    return file;
}

static int control__is_whole(const struct control_request *request, size_t size) {
    const struct cell_request *head = &request->head;
    if (size < sizeof *head || head->string_bytes > CELL_STRINGS_MAX) return 0;
    if (size != sizeof *head + head->string_bytes || head->view_count > CELL_VIEWS_MAX) return 0;
    return head->string_bytes == 0 || request->strings[head->string_bytes - 1] == 0;
}

int control__next(struct control_request *request) {
    struct iovec parts[] = {{&request->head, sizeof request->head}, {request->strings, CELL_STRINGS_MAX}};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights;
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = &rights, .msg_controllen = sizeof rights};
    ssize_t size;
    do {
        size = recvmsg(CELL_REQUESTS, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    request->file = -1;
    if (size <= 0) return -EPIPE;
    request->file = control__file_of(&message);
    int is_cut = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    if (!is_cut && control__is_whole(request, (size_t)size)) {
        request->strings[request->head.string_bytes] = 0;
        return 0;
    }
    if (request->file >= 0) close(request->file);
    request->file = -1;
    return -EBADMSG;
}

/* ---- what it tells ----------------------------------------------------------------------------------- */

static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;

/*
 * The socket has a limit of time (control__begin): a server that has read nothing for so long is gone or stuck, and a
 * message that is half sent can't be taken back.
 */
static void control__send(const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(CELL_TOLD, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) _exit(EXIT_FAILURE);
        done += (size_t)sent;
    }
}

static void control__tell(struct cell_told told, const char *text, size_t bytes) {
    char message[sizeof told + CELL_TEXT_MAX];
    if (bytes > CELL_TEXT_MAX) bytes = CELL_TEXT_MAX;
    told.text_bytes = (uint32_t)bytes;
    memcpy(message, &told, sizeof told);
    if (bytes > 0) memcpy(message + sizeof told, text, bytes);
    pthread_mutex_lock(&telling);
    control__send(message, sizeof told + bytes);
    pthread_mutex_unlock(&telling);
}

int control__begin(void) {
    const struct timeval patience = {.tv_sec = CONTROL_PATIENCE_SECONDS};
    return setsockopt(CELL_TOLD, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 ? 0 : -errno;
}

void control__reply(uint32_t id, int error, const char *text) {
    control__tell((struct cell_told){.telling = CELL_REPLY, .id = id, .error = error}, text,
                  text == NULL ? 0 : strlen(text));
}

void control__reply_sandbox(uint32_t id, uint32_t sandbox, uint32_t generation, uint32_t tcp_port) {
    struct cell_told told = {
        .telling = CELL_REPLY, .id = id, .sandbox = sandbox, .generation = generation, .tcp_port = tcp_port};
    control__tell(told, NULL, 0);
}

void control__log(uint32_t id, enum mf_log_level level, const char *text, uint32_t bytes) {
    control__tell((struct cell_told){.telling = CELL_LOG, .level = (uint8_t)level, .id = id}, text, bytes);
}

void control__damaged(uint32_t object) {
    control__tell((struct cell_told){.telling = CELL_DAMAGED, .id = object}, NULL, 0);
}

void control__wake(void) {
    pthread_mutex_lock(&telling);
    /* A full socket has bytes in it that wake the server as well. */
    send(CELL_TOLD, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    pthread_mutex_unlock(&telling);
}
