#include "wake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "os.h"

int wake__listen(struct wake *wake, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (wake->listener >= 0 || wake->connection >= 0) return -EALREADY;
    size_t length = strlen(path) + 1;
    if (length > sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    char *copy = strdup(path);
    if (copy == NULL) return -ENOMEM;
    /* A server that was killed leaves its socket behind. */
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) unlink(path);
    int rc;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) {
        rc = -errno;
        goto free_path;
    }
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0) {
        rc = -errno;
        goto close_listener;
    }
    wake->listener = listener;
    wake->path = copy;
    return 0;

close_listener:
    close(listener);
free_path:
    free(copy);
    return rc;
}

static void wake__stop_listening(struct wake *wake) {
    if (wake->listener < 0) return;
    close(wake->listener);
    unlink(wake->path);
    free(wake->path);
    wake->listener = -1;
    wake->path = NULL;
}

int wake__accept(struct wake *wake) {
    if (wake->listener < 0) return -EINVAL;
    int connection = accept4(wake->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return -errno;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid != getpid()) {
        close(connection);
        return -EACCES;
    }
    wake__stop_listening(wake);
    wake->connection = connection;
    return 0;
}

void wake__fini(struct wake *wake) {
    wake__stop_listening(wake);
    if (wake->connection >= 0) close(wake->connection);
    wake->connection = -1;
}
