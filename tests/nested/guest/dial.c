/* Connects to port 3128 of its own, as a line says: what it says there is "ask", what it hears it repeats. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 3128

static int connect_to(int family, int socket) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = in6addr_loopback};
    if (family == AF_INET6) return connect(socket, (struct sockaddr *)&v6, sizeof v6);
    return connect(socket, (struct sockaddr *)&v4, sizeof v4);
}

static int error_of(int socket) {
    int error = -1;
    socklen_t size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

/* Until it may be read or written, by one of the three ways to wait. */
static void await(int socket, char way, int to_write) {
    if (way == 'p') {
        struct pollfd poll_of = {.fd = socket, .events = to_write ? POLLOUT : POLLIN};
        if (poll(&poll_of, 1, -1) != 1) printf("poll fails ");
    } else if (way == 'e') {
        struct epoll_event event = {.events = (to_write ? EPOLLOUT : EPOLLIN) | EPOLLET};
        int epoll = epoll_create1(0);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0 || epoll_wait(epoll, &event, 1, -1) != 1) printf("epoll fails ");
        close(epoll);
    } else if (way == 's') {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(socket, &set);
        if (select(socket + 1, to_write ? NULL : &set, to_write ? &set : NULL, NULL, NULL) != 1) printf("select fails ");
    }
}

static void tell_peer(int socket) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (getpeername(socket, (struct sockaddr *)&peer, &size) != 0) printf("no peer ");
    else printf("%d ", ntohs(((struct sockaddr_in *)&peer)->sin_port));
}

/* A way to wait, then whether to close first, or not at all. */
static void ask(int family, const char *how) {
    char bytes[512];
    size_t heard = 0;
    int not_waiting = *how != 'b';
    int fd = socket(family, SOCK_STREAM | (not_waiting ? SOCK_NONBLOCK : 0), 0);
    int status = connect_to(family, fd);
    if (status != 0 && errno == EINPROGRESS && not_waiting) await(fd, *how, 1), status = error_of(fd);
    if (status != 0) {
        printf("error %d\n", status > 0 ? status : errno);
        close(fd);
        return;
    }
    tell_peer(fd);
    if (send(fd, "ask", 3, MSG_NOSIGNAL) != 3) printf("cannot send: %d ", errno);
    if (how[1] == 'h') shutdown(fd, SHUT_WR);
    for (;;) {
        ssize_t count = recv(fd, bytes + heard, sizeof bytes - heard, 0);
        if (count > 0) heard += (size_t)count;
        else if (count < 0 && errno == EAGAIN) await(fd, *how, 0);
        else break;
    }
    printf("%.*s", (int)heard, bytes);
    if (how[1] == 'w') printf(" %s", send(fd, "more", 4, MSG_NOSIGNAL) == 4 ? "sent" : strerror(errno));
    printf("\n");
    close(fd);
}

/* One after the other, until one has to wait: how many there were, and then that one as well. */
static void open_many(void) {
    struct pollfd last = {.events = POLLOUT};
    for (int opened = 0;; opened++) {
        last.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect_to(AF_INET, last.fd) == 0 || errno != EINPROGRESS) break;
        if (poll(&last, 1, 0) == 1) continue;
        printf("%d, ", opened);
        fflush(stdout);
        printf("then %d more, error %d\n", poll(&last, 1, -1), error_of(last.fd));
        return;
    }
    printf("no connection\n");
}

/* One of its own comes first. */
static void listen_there(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte = 0;
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 1) != 0) printf("no listener ");
    if (connect_to(AF_INET, fd) != 0) printf("no connection ");
    int accepted = accept(listener, NULL, NULL);
    if (write(fd, "x", 1) != 1 || read(accepted, &byte, 1) != 1) printf("no byte ");
    printf("its own: %c\n", byte);
    close(accepted), close(fd), close(listener);
}

int main(void) {
    char line[64];
    setvbuf(stdout, NULL, _IOFBF, 1024);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (line[0] == '4') ask(AF_INET, line + 1);
        else if (line[0] == '6') ask(AF_INET6, line + 1);
        else if (line[0] == 'm') open_many();
        else listen_there();
        fflush(stdout);
    }
    return 0;
}
