#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

/* As many of each kind as there can be, and in circles. */

static char block[1 << 20];

static void descriptors(void) {
    while (dup(0) >= 0) {
    }
    close(500);
    call(SYS_fcntl, 0, F_DUPFD, 1 << 20), call(SYS_dup2, 0, 1 << 30), call(SYS_dup2, 0, -1),
        call(SYS_close_range, 0, -1, 0);
}

static void full_pipes(void) {
    for (int ends[2]; pipe2(ends, O_NONBLOCK) == 0;) {
        while (write(ends[1], block, sizeof block) > 0) {
        }
    }
}

static void full_sockets(void) {
    for (int i = 0; i < 2000; i++) {
        int ends[2];
        int type = (i % 3 == 0 ? SOCK_STREAM : i % 3 == 1 ? SOCK_DGRAM : SOCK_SEQPACKET) | SOCK_NONBLOCK;
        if (socketpair(AF_UNIX, type, 0, ends) != 0) break;
        while (send(ends[0], block, 30000, MSG_NOSIGNAL) > 0) {
        }
        while (send(ends[1], block, 1, MSG_NOSIGNAL) > 0 && any_below(200) != 0) {
        }
    }
}

static void connections(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(4000), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(listener, (struct sockaddr *)&name, sizeof name);
    listen(listener, 100000);
    for (int i = 0; i < 3000; i++) {
        int peer = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (peer < 0 || connect(peer, (struct sockaddr *)&name, sizeof name) != 0) break;
        while (send(peer, block, sizeof block, MSG_NOSIGNAL) > 0) {
        }
        if (i % 3 == 0) close(peer);
    }
}

static void epoll_circles(void) {
    int first = epoll_create1(0), second = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(first, EPOLL_CTL_ADD, second, &event), epoll_ctl(second, EPOLL_CTL_ADD, first, &event),
        epoll_ctl(first, EPOLL_CTL_ADD, first, &event);
    int chain = epoll_create1(0);
    for (int i = 0; i < 100; i++) {
        int next = epoll_create1(0);
        if (next < 0 || epoll_ctl(next, EPOLL_CTL_ADD, chain, &event) != 0) break;
        chain = next;
    }
    struct epoll_event events[64];
    for (int i = 0; i < 20; i++) epoll_wait(chain, events, 64, 0), epoll_wait(first, events, 64, 0);
    for (int i = 0; i < 1000; i++) {
        int counter = eventfd(1, 0);
        if (counter < 0) break;
        epoll_ctl(first, EPOLL_CTL_ADD, counter, &event), epoll_ctl(chain, EPOLL_CTL_ADD, counter, &event);
    }
    epoll_wait(chain, events, 64, 0);
}

static void passed_descriptors(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
    for (int i = 0; i < 100; i++) {
        char control[CMSG_SPACE(2 * sizeof(int))] = {0};
        struct iovec part = {block, 1};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                 .cmsg_type = SCM_RIGHTS,
                                 .cmsg_len = i % 7 == 0 ? SIZE_MAX : CMSG_LEN(2 * sizeof(int))};
        memcpy(CMSG_DATA(head), ends, sizeof ends);
        sendmsg(ends[0], &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void timers(void) {
    const struct itimerspec soon = {{0, 1}, {0, 1}}, far = {{INT64_MAX, 999999999}, {INT64_MAX, 999999999}};
    for (int i = 0; i < 2000; i++) {
        int timer = timerfd_create(i % 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME, TFD_NONBLOCK);
        if (timer < 0) break;
        timerfd_settime(timer, i % 3 == 0 ? TFD_TIMER_ABSTIME : 0, i % 5 ? &soon : &far, NULL);
        uint64_t count;
        if (read(timer, &count, 8) < 0 && errno == EBADF) break;
    }
}

static void memory_files(void) {
    for (int file; (file = (int)call(SYS_memfd_create, "m", 0)) >= 0;) {
        if (write(file, block, sizeof block) <= 0) break;
    }
}

static void floods(void) {
    for (int i = 0; i < 400; i++) {
        if (write(2, block, sizeof block) < 0) break;
    }
}

static const struct attack list[] = {
    {"descriptors", descriptors},
    {"pipes", full_pipes},
    {"sockets", full_sockets},
    {"connections", connections},
    {"epoll-circles", epoll_circles},
    {"passed-descriptors", passed_descriptors},
    {"timers", timers},
    {"memory-files", memory_files},
    {"log-flood", floods},
};
const struct attacks object_attacks = ATTACKS(list);
