/* A CGI program for the tests: what it does is the query. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void head(void) {
    printf("Content-Type: text/plain\r\n\r\n");
}

static void echo(void) {
    static char buffer[16384];
    head();
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, stdin)) > 0;) fwrite(buffer, 1, got, stdout);
}

static void answer_fully(void) {
    printf("status: 201 Made\nX-One: 1\nx-one: 2\nSet-Cookie: a=b\nset-cookie: c=d\nContent-Type: text/html\n\n<b>");
}

static void show_environment(int count, char **arguments) {
    head();
    for (int i = 0; i < count; i++) printf("%s\n", arguments[i]);
    for (char **variable = environ; *variable != NULL; variable++) printf("%s\n", *variable);
}

static void log_lines(void) {
    head();
    fprintf(stderr, "first line\nsecond ");
    fflush(stderr);
    fprintf(stderr, "line\nno end");
}

static void flood_log(void) {
    static char line[1000];
    head();
    memset(line, 'x', sizeof line - 1);
    for (int i = 0; i < 10000; i++) fprintf(stderr, "%s\n", line);
    printf("done");
}

static void show_random(void) {
    unsigned char bytes[16];
    head();
    if (getentropy(bytes, sizeof bytes) != 0) abort();
    for (size_t i = 0; i < sizeof bytes; i++) printf("%02x", bytes[i]);
}

static void sleep_a_little(void) {
    struct timespec before, after;
    head();
    clock_gettime(CLOCK_MONOTONIC, &before);
    usleep(50000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    printf("%s %lld", ms >= 49 ? "slept" : "did not sleep", (long long)time(NULL));
}

static void tick(void) {
    head();
    for (int i = 0; i < 5; i++) {
        printf("tick %d\n", i);
        fflush(stdout);
        usleep(20000);
    }
}

static void show_file(const char *path) {
    char bytes[256];
    head();
    int file = open(path, O_RDONLY);
    if (file < 0) {
        printf("%s: %s", path, strerror(errno));
        return;
    }
    ssize_t got = read(file, bytes, sizeof bytes);
    printf("%.*s", (int)got, bytes);
}

static void list_folder(const char *path) {
    head();
    DIR *folder = opendir(path);
    if (folder == NULL) {
        printf("%s", strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        printf("%s%s\n", entry->d_name, entry->d_type == DT_DIR ? "/" : "");
    }
}

static void try_to_change(void) {
    head();
    printf("write %d\n", open("data.txt", O_WRONLY) < 0 || write(3, "x", 1) < 0);
    printf("create %d\n", open("new.txt", O_WRONLY | O_CREAT, 0600) < 0);
    printf("truncate %d\n", open("data.txt", O_RDWR | O_TRUNC) < 0);
    printf("mkdir %d\n", mkdir("new", 0700) < 0);
    printf("unlink %d\n", unlink("data.txt") < 0);
    printf("rename %d\n", rename("data.txt", "other.txt") < 0);
    printf("symlink %d\n", symlink("/etc/passwd", "link") < 0);
}

/* Or the compiler would leave out what nobody looks at. */
static char *volatile kept;

static void take_memory(void) {
    for (;;) {
        kept = malloc(1 << 20);
        if (kept == NULL) abort();
        memset(kept, 1, 1 << 20);
    }
}

static void catch_lack_of_memory(void) {
    kept = malloc(1u << 30);
    head();
    printf("%s", kept == NULL ? "went on" : "got it");
}

static int recurse(volatile int *depth) {
    volatile int here[64];
    here[0] = ++*depth;
    return recurse(depth) + here[0];
}

static void spin(void) {
    for (volatile unsigned i = 0;; i++) continue;
}

static void spin_in_calls(void) {
    struct timespec now;
    for (;;) clock_gettime(CLOCK_MONOTONIC, &now);
}

static void flood(void) {
    static char bytes[65536];
    head();
    memset(bytes, 'f', sizeof bytes);
    for (;;) fwrite(bytes, 1, sizeof bytes, stdout);
}

static void count_input(void) {
    static char buffer[65536];
    unsigned long long total = 0;
    for (ssize_t got; (got = read(0, buffer, sizeof buffer)) > 0;) total += (unsigned long long)got;
    head();
    printf("%llu", total);
}

static int counter;

int main(int count, char **arguments) {
    const char *query = getenv("QUERY_STRING");
    const char *what = query == NULL ? "" : query;
    if (strcmp(what, "") == 0) head(), printf("hello");
    else if (strcmp(what, "echo") == 0) echo();
    else if (strcmp(what, "full") == 0) answer_fully();
    else if (strcmp(what, "environment") == 0) show_environment(count, arguments);
    else if (strcmp(what, "log") == 0) log_lines();
    else if (strcmp(what, "flood-log") == 0) flood_log();
    else if (strcmp(what, "random") == 0) show_random();
    else if (strcmp(what, "sleep") == 0) sleep_a_little();
    else if (strcmp(what, "tick") == 0) tick();
    else if (strncmp(what, "file=", 5) == 0) show_file(what + 5);
    else if (strncmp(what, "list=", 5) == 0) list_folder(what + 5);
    else if (strcmp(what, "change") == 0) try_to_change();
    else if (strcmp(what, "memory") == 0) take_memory();
    else if (strcmp(what, "catch-memory") == 0) catch_lack_of_memory();
    else if (strcmp(what, "recurse") == 0) return recurse(&counter);
    else if (strcmp(what, "spin") == 0) spin();
    else if (strcmp(what, "spin-in-calls") == 0) spin_in_calls();
    else if (strcmp(what, "flood") == 0) flood();
    else if (strcmp(what, "count-input") == 0) count_input();
    else if (strcmp(what, "count") == 0) head(), printf("%d", ++counter);
    else if (strcmp(what, "redirect") == 0) printf("Location: /elsewhere\n\n");
    else if (strcmp(what, "nothing") == 0) return 0;
    else if (strcmp(what, "no-head") == 0) printf("just text\n\n");
    else if (strcmp(what, "half-head") == 0) printf("Content-Type: text/plain\n");
    else if (strcmp(what, "bad-status") == 0) printf("Status: 99\n\n");
    else if (strcmp(what, "control") == 0) printf("X-A: a\x01z\n\n");
    else if (strcmp(what, "flood-head") == 0) for (;;) printf("X-A: a\n");
    else if (strcmp(what, "exit-3") == 0) head(), printf("half"), exit(3);
    else if (strcmp(what, "exit-3-late") == 0) head(), printf("half"), fflush(stdout), usleep(50000), exit(3);
    else if (strcmp(what, "exit-0") == 0) head(), printf("whole"), exit(0);
    else if (strcmp(what, "abort") == 0) head(), printf("half"), abort();
    else head(), printf("what is %s?", what);
    return 0;
}
