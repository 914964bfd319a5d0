/* What Deno's server does not let be set of its socket. */
#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mayfly.h"
#include "os.h"

static bool listener__is_ours(int fd, uint16_t port) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens) return false;
    struct sockaddr_storage address = {0};
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return false;
    if (address.ss_family == AF_INET) return ((struct sockaddr_in *)&address)->sin_port == htons(port);
    if (address.ss_family == AF_INET6) return ((struct sockaddr_in6 *)&address)->sin6_port == htons(port);
    return false;
}

int mf_bound_receive(uint16_t port, uint32_t bytes) {
    DIR *descriptors = opendir("/proc/self/fd");
    if (!descriptors) return -errno;
    int rc = -ENOENT;
    for (struct dirent *entry; rc == -ENOENT && (entry = readdir(descriptors));) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        int fd = atoi(entry->d_name);
        int size = (int)bytes;
        if (!listener__is_ours(fd, port)) continue;
        rc = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0 ? 0 : -errno;
    }
    closedir(descriptors);
    return rc;
}
