/*
 * A program that speaks HTTP/1.1 itself, on stdin and stdout or as a server: for the tests of a cell. It answers with the
 * path, how many requests it has had, and how long the body was.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 8080

static char text[1 << 20];
static size_t size;
static unsigned requests;

static int more(int from) {
    ssize_t count = read(from, text + size, sizeof text - 1 - size);
    if (count <= 0) return 0;
    size += (size_t)count;
    text[size] = 0;
    return 1;
}

static void drop(size_t bytes) {
    size -= bytes;
    memmove(text, text + bytes, size + 1);
}

/* 0 at the end of the input. */
static int read_body(int from, const char *head, size_t *body) {
    const char *length = strcasestr(head, "content-length: ");
    if (length != NULL) {
        *body = strtoul(length + 16, NULL, 10);
        for (size_t left = *body; left > 0;) {
            if (size == 0 && !more(from)) return 0;
            size_t part = left < size ? left : size;
            drop(part);
            left -= part;
        }
        return 1;
    }
    if (strcasestr(head, "transfer-encoding: chunked") == NULL) return 1;
    for (;;) {
        char *line;
        while ((line = strstr(text, "\r\n")) == NULL) if (!more(from)) return 0;
        size_t part = strtoul(text, NULL, 16), whole = (size_t)(line - text) + 2 + part + 2;
        while (size < whole) if (!more(from)) return 0;
        drop(whole);
        *body += part;
        if (part == 0) return 1;
    }
}

static void answer(int to, const char *head, size_t body) {
    char path[256] = "", out[1024], content[512];
    sscanf(head, "%*s %255s", path);
    int length = snprintf(content, sizeof content, "%s request %u body %zu", path, ++requests, body);
    if (strcmp(path, "/die") == 0) exit(5);
    if (strcmp(path, "/nonsense") == 0) length = snprintf(out, sizeof out, "nonsense\r\n\r\n");
    else if (strcmp(path, "/close") == 0) length = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\n\r\n%s", content);
    else length = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", length, content);
    if (write(to, out, (size_t)length) != length) exit(6);
    if (strcmp(path, "/close") == 0) shutdown(to, SHUT_WR);
}

static void talk(int from, int to) {
    static char head[65536];
    size = 0;
    text[0] = 0;
    for (;;) {
        char *end;
        while ((end = strstr(text, "\r\n\r\n")) == NULL) if (!more(from)) return;
        size_t length = (size_t)(end - text) + 4, body = 0;
        memcpy(head, text, length);
        head[length] = 0;
        drop(length);
        if (!read_body(from, head, &body)) return;
        answer(to, head, body);
    }
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "stdio") == 0) {
        talk(0, 1);
        return 0;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0) return 1;
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) return 2;
        talk(connection, connection);
        close(connection);
    }
}
