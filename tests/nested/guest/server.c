/* Accepts one connection after another, and says to the line that comes which one it is and how long ago that was. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int main(void) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(8080)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 5) != 0) return 1;
    for (int count = 1;; count++) {
        char line[64], answer[64];
        int connection = accept(listener, NULL, NULL);
        long long accepted = now_ns();
        if (read(connection, line, sizeof line) > 0) {
            int size = snprintf(answer, sizeof answer, "%d %lld\n", count, now_ns() - accepted);
            if (write(connection, answer, (size_t)size) != size) return 1;
        }
        close(connection);
    }
}
