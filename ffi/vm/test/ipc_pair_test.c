/* Pairs of sockets: the same calls made to Linux and to the engine. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "compare.h"

static void stream_pair_script(void) {
    int pair[2];
    char in[64];
    static char much[300000];
    CALL4(SYS_socketpair, AF_INET, SOCK_STREAM, 0, pair);
    CALL4(SYS_socketpair, AF_UNIX, 77, 0, pair);
    CALL4(SYS_socketpair, 99, SOCK_STREAM, 0, pair);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 77, pair);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8);
    CALL4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
    READY(pair[0]);
    CALL3(SYS_write, pair[0], "hello", 5);
    READY(pair[1]);
    CALL6(SYS_recvfrom, pair[1], in, 2, MSG_PEEK, 0, 0);
    CALL3(SYS_read, pair[1], in, 2);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_DONTWAIT, 0, 0);
    note_bytes(in, 3);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_DONTWAIT, 0, 0);
    CALL6(SYS_recvfrom, pair[1], in, sizeof in, MSG_WAITALL, 0, 0);
    CALL6(SYS_recvfrom, pair[1], 8, sizeof in, 0, 0, 0);
    CALL3(SYS_read, pair[1], in, 0);
    CALL6(SYS_sendto, pair[1], "back", 4, MSG_NOSIGNAL, 0, 0);
    int readable = -1;
    CALL3(SYS_ioctl, pair[0], FIONREAD, &readable);
    note("%d\n", readable);
    CALL2(SYS_shutdown, pair[1], 9);
    CALL2(SYS_shutdown, pair[1], SHUT_WR);
    READY(pair[0]);
    READY(pair[1]);
    CALL3(SYS_write, pair[1], "x", 1);
    CALL3(SYS_read, pair[0], in, sizeof in);
    CALL3(SYS_read, pair[0], in, sizeof in);
    CALL3(SYS_write, pair[0], "y", 1);
    CALL3(SYS_lseek, pair[0], 0, 0);
    CLOSE(pair[0]);
    READY(pair[1]);
    CALL3(SYS_read, pair[1], in, sizeof in);
    CALL3(SYS_read, pair[1], in, sizeof in);
    CLOSE(pair[1]);
    silent(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, U(pair), 0, 0);
    int64_t sent = silent(SYS_write, U(pair[0]), U(much), sizeof much, 0, 0, 0);
    note("%d\n", sent > 0 && sent < (int64_t)sizeof much);
    CALL3(SYS_write, pair[0], much, sizeof much);
    CLOSE(pair[1]);
    READY(pair[0]);
    CALL3(SYS_read, pair[0], in, 1);
    CALL3(SYS_read, pair[0], in, 1);
    CALL3(SYS_write, pair[0], much, 1);
    CLOSE(pair[0]);
}

static void message_pair_script(void) {
    const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 2; i++) {
        int pair[2];
        char in[64];
        struct iovec parts[2] = {{"abc", 3}, {"defgh", 5}}, room[2] = {{in, 2}, {in + 2, 2}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        silent(SYS_socketpair, AF_UNIX, U(types[i] | SOCK_NONBLOCK), 0, U(pair), 0, 0);
        READY(pair[1]);
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        CALL3(SYS_write, pair[0], "second", 6);
        READY(pair[1]);
        message = (struct msghdr){.msg_iov = room, .msg_iovlen = 2};
        CALL3(SYS_recvmsg, pair[1], &message, 0);
        note("%x %lu\n", (unsigned)message.msg_flags, (unsigned long)message.msg_controllen);
        note_bytes(in, 4);
        CALL6(SYS_recvfrom, pair[1], in, 3, MSG_PEEK | MSG_TRUNC, 0, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CALL3(SYS_read, pair[1], in, sizeof in);
        message.msg_iovlen = 5000;
        CALL3(SYS_recvmsg, pair[1], &message, 0);
        CALL3(SYS_sendmsg, pair[1], &message, 0);
        CALL3(SYS_sendmsg, pair[1], 8, 0);
        struct mmsghdr several[3];
        memset(several, 0, sizeof several);
        for (int k = 0; k < 3; k++) {
            several[k].msg_hdr = (struct msghdr){.msg_iov = parts, .msg_iovlen = (size_t)(k % 2 + 1)};
        }
        CALL4(SYS_sendmmsg, pair[0], several, 3, 0);
        note("%u %u %u\n", several[0].msg_len, several[1].msg_len, several[2].msg_len);
        for (int k = 0; k < 3; k++) several[k].msg_hdr = (struct msghdr){.msg_iov = room, .msg_iovlen = 2};
        CALL6(SYS_recvmmsg, pair[1], several, 3, 0, 0, 0);
        note("%u %u %u\n", several[0].msg_len, several[1].msg_len, several[2].msg_len);
        CALL6(SYS_recvmmsg, pair[1], several, 3, 0, 0, 0);
        CALL3(SYS_write, pair[0], "", 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CLOSE(pair[1]);
        CALL3(SYS_write, pair[0], "x", 1);
        CLOSE(pair[0]);
    }
}

struct control {
    struct cmsghdr head;
    int descriptors[4];
};

/* What a message brings beside its byte; what it brings is looked at and closed. */
static void note_rights(int from, size_t room, int flags) {
    char byte = 0;
    struct control control;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    int64_t count = silent(SYS_recvmsg, U(from), U(&message), U(flags), 0, 0, 0);
    note("%ld %c %x %lu\n", (long)count, byte, (unsigned)message.msg_flags, (unsigned long)message.msg_controllen);
    if (count < 0 || message.msg_controllen < sizeof control.head) return;
    note("%lu %d %d\n", (unsigned long)control.head.cmsg_len, control.head.cmsg_level, control.head.cmsg_type);
    for (size_t i = 0; i * sizeof(int) + sizeof control.head < control.head.cmsg_len; i++) {
        CALL3(SYS_fcntl, control.descriptors[i], F_GETFD, 0);
        CALL3(SYS_write, control.descriptors[i], "via", 3);
        CLOSE(control.descriptors[i]);
    }
}

static void rights_script(void) {
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        int pair[2], ends[2];
        char in[32];
        struct control control = {{sizeof control.head + 8, SOL_SOCKET, SCM_RIGHTS}, {0}};
        struct iovec part = {"m", 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 24};
        silent(SYS_socketpair, AF_UNIX, U(types[i] | SOCK_NONBLOCK), 0, U(pair), 0, 0);
        silent(SYS_pipe2, U(ends), O_NONBLOCK, 0, 0, 0, 0);
        control.descriptors[0] = control.descriptors[1] = ends[1];
        CALL3(SYS_write, pair[0], "plain", 5);
        for (int k = 0; k < 7; k++) CALL3(SYS_sendmsg, pair[0], &message, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        note_rights(pair[1], sizeof control, 0);
        note_rights(pair[1], 24, MSG_CMSG_CLOEXEC);
        note_rights(pair[1], 20, 0);
        note_rights(pair[1], 19, 0);
        note_rights(pair[1], 0, 0);
        CALL3(SYS_read, pair[1], in, sizeof in);
        CALL3(SYS_read, ends[0], in, sizeof in);
        control.descriptors[1] = 9999;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        control.head.cmsg_len = 15;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        control.head.cmsg_len = 25;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        message.msg_control = (void *)8;
        CALL3(SYS_sendmsg, pair[0], &message, 0);
        /* One is still on its way. */
        CLOSE(ends[1]);
        CLOSE(pair[0]);
        CALL3(SYS_read, ends[0], in, sizeof in);
        CLOSE(pair[1]);
        CALL3(SYS_read, ends[0], in, sizeof in);
        CLOSE(ends[0]);
    }
}

static void run_stream_pair(void) {
    compare(stream_pair_script);
}
static void run_message_pair(void) {
    compare(message_pair_script);
}
static void run_rights(void) {
    compare(rights_script);
}

const struct test pair_tests[] = {
    {"stream pairs are as Linux has them", run_stream_pair},
    {"message pairs are as Linux has them", run_message_pair},
    {"files are sent as Linux sends them", run_rights},
    {NULL, NULL},
};
