#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "test.h"

static int listen_on(struct sockaddr_in *address) {
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)address, size) == 0 && listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)address, &size) == 0);
    return listener;
}

static int room_of_a_connection(int listener, const struct sockaddr_in *address) {
    int room = 0;
    socklen_t size = sizeof room;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(client >= 0 && connect(client, (const struct sockaddr *)address, sizeof *address) == 0);
    int server = accept(listener, NULL, NULL);
    CHECK(server >= 0 && getsockopt(server, SOL_SOCKET, SO_RCVBUF, &room, &size) == 0);
    close(server);
    close(client);
    return room;
}

static void accepted_connections_are_bounded(void) {
    struct sockaddr_in address, others;
    int listener = listen_on(&address), other = listen_on(&others);
    int before = room_of_a_connection(other, &others);
    CHECK(mf_bound_receive(ntohs(address.sin_port), 20000) == 0);
    CHECK(room_of_a_connection(listener, &address) == 2 * 20000); /* the kernel counts its own overhead in */
    CHECK(room_of_a_connection(other, &others) == before);
    close(listener);
    close(other);
}

static void a_port_without_listener_is_told(void) {
    struct sockaddr_in address;
    int listener = listen_on(&address);
    close(listener);
    CHECK(mf_bound_receive(ntohs(address.sin_port), 20000) == -ENOENT);
}

const struct test listener_tests[] = {
    {"connections are bounded on the listener that is named, and on no other", accepted_connections_are_bounded},
    {"a port that nobody listens on is told", a_port_without_listener_is_told},
    {NULL, NULL},
};
