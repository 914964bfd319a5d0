/* Requests to a cell, and the files that come with them. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "cell.h"

#define REQUEST_BYTES_MAX (sizeof(struct cell_request) + CELL_STRINGS_MAX)

static int file__open(const char *path, uint32_t flags) {
    const int how = flags == MF_CELL_CREATE ? O_RDWR | O_CREAT | O_EXCL : O_RDONLY | O_NONBLOCK | O_NOCTTY;
    int file = open(path, how | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) return file;
    close(file);
    return -EINVAL;
}

static int request__send(int socket, const uint8_t *bytes, size_t length, int file) {
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = &rights;
        message.msg_controllen = sizeof rights;
        rights.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof file)};
        memcpy(CMSG_DATA(&rights.header), &file, sizeof file);
    }
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    return errno == ECONNRESET ? -EPIPE : -errno;
}

int mf_cell_send(struct mf_cell *cell, const uint8_t *request, size_t length, const char *path, uint32_t flags) {
    if (length < sizeof(struct cell_request) || length > REQUEST_BYTES_MAX) return -EINVAL;
    if (flags != MF_CELL_READ && flags != MF_CELL_CREATE) return -EINVAL;
    if (cell->is_dead || cell->requests < 0) return -EPIPE;
    int file = path == NULL ? -1 : file__open(path, flags);
    if (path != NULL && file < 0) return file;
    int rc = request__send(cell->requests, request, length, file);
    if (rc != 0 && file >= 0 && flags == MF_CELL_CREATE) unlink(path);
    if (file >= 0) close(file);
    return rc;
}
