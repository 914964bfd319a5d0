/* Answers with the bytes that the request asks for, whatever they are: `?say=%48%54...`, and then as `?then=` says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char head[65536], said[65536];

static size_t decode(const char *from, char *to) {
    size_t size = 0;
    for (; *from != 0 && *from != '&' && *from != ' '; from++) {
        if (*from == '%') {
            const char pair[3] = {from[1], from[2], 0};
            to[size++] = (char)strtol(pair, NULL, 16);
            from += 2;
        } else {
            to[size++] = *from;
        }
    }
    return size;
}

static int read_head(void) {
    size_t size = 0;
    while (size < sizeof head - 1) {
        ssize_t got = read(STDIN_FILENO, head + size, 1);
        if (got <= 0) return 0;
        head[++size] = 0;
        if (size >= 4 && strcmp(head + size - 4, "\r\n\r\n") == 0) return 1;
    }
    return 0;
}

static void then(const char *what) {
    if (strncmp(what, "exit", 4) == 0) exit(0);
    if (strncmp(what, "fail", 4) == 0) exit(7);
    if (strncmp(what, "abort", 5) == 0) abort();
    if (strncmp(what, "wait", 4) == 0) sleep(1000);
}

int main(void) {
    while (read_head()) {
        const char *say = strstr(head, "say="), *what = strstr(head, "then=");
        size_t size = say == NULL ? 0 : decode(say + 4, said);
        if (write(STDOUT_FILENO, said, size) < 0) return 1;
        if (what != NULL) then(what + 5);
    }
    return 0;
}
