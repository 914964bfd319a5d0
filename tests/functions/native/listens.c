/* A server under a name that makes it a program on standard input. */
#include <arpa/inet.h>
#include <sys/socket.h>

int main(void) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9000), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0) return 1;
    return accept(listener, 0, 0) < 0;
}
