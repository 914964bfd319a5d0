/* The WASI guest of the conformance suite: tests/conformance/cases.ts says what each behaviour is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static char from_hex(const char *digits) {
    const char pair[3] = {digits[0], digits[1], 0};
    return (char)strtol(pair, NULL, 16);
}

/* The decoded value of a key of the query; "" if it is not there. */
static const char *asked(const char *key) {
    static char value[256];
    size_t length = strlen(key), at = 0;
    const char *query = variable("QUERY_STRING");
    while (strncmp(query, key, length) != 0 || query[length] != '=') {
        query = strchr(query, '&');
        if (query == NULL) return "";
        query++;
    }
    for (const char *from = query + length + 1; *from != 0 && *from != '&' && at < sizeof value - 1; from++) {
        if (*from == '%') {
            value[at++] = from_hex(from + 1);
            from += 2;
        } else {
            value[at++] = *from == '+' ? ' ' : *from;
        }
    }
    value[at] = 0;
    return value;
}

static void head(const char *type) {
    printf("Content-Type: %s\n\n", type);
}

static unsigned long count_body(void) {
    static char bytes[65536];
    unsigned long total = 0;
    for (ssize_t got; (got = read(STDIN_FILENO, bytes, sizeof bytes)) > 0;) total += (unsigned long)got;
    return total;
}

static void hello(void) {
    head("text/plain");
    printf("hello");
}

static void echo(void) {
    static char bytes[65536];
    head(variable("CONTENT_TYPE"));
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, stdin)) > 0;) fwrite(bytes, 1, got, stdout);
}

static void describe(void) {
    unsigned long length = count_body();
    head("application/json");
    printf("{\"method\":\"%s\",\"path\":\"%s%s\",\"query\":\"%s\",\"header\":\"%s\",\"length\":%lu}",
           variable("REQUEST_METHOD"), variable("SCRIPT_NAME"), variable("PATH_INFO"), asked("q"),
           variable("HTTP_X_TEST"), length);
}

static void answer_status(void) {
    printf("Status: %s\n\n", asked("code"));
}

static void headers(void) {
    printf("Set-Cookie: a=1; Path=/\nSet-Cookie: b=2\nX-Answer: 42\n\n");
}

static void stream(void) {
    char piece[1024];
    memset(piece, 'x', sizeof piece);
    head("text/plain");
    for (long left = atol(asked("count")); left > 0; left--) {
        fwrite(piece, 1, sizeof piece, stdout);
        fflush(stdout);
    }
}

static void count(void) {
    unsigned long bytes = count_body();
    head("application/json");
    printf("{\"bytes\":%lu}", bytes);
}

static int counter;

static void increment(void) {
    head("text/plain");
    printf("%d", ++counter);
}

static void show_random(void) {
    unsigned number;
    if (getentropy(&number, sizeof number) != 0) abort();
    head("text/plain");
    printf("%u", number);
}

static void write_log(void) {
    fprintf(stderr, "a line\n");
    head("text/plain");
    printf("logged");
}

/* What CGI says of the request is in the environment, too; every one of these is in its specification. */
static int is_of_request(const char *name) {
    static const char *const BEGINNINGS[] = {"REQUEST_", "SCRIPT_NAME=", "PATH_INFO=", "QUERY_STRING=", "SERVER_",
                                             "GATEWAY_INTERFACE=", "CONTENT_", "HTTP_"};
    for (size_t i = 0; i < sizeof BEGINNINGS / sizeof *BEGINNINGS; i++) {
        if (strncmp(name, BEGINNINGS[i], strlen(BEGINNINGS[i])) == 0) return 1;
    }
    return 0;
}

static void env(void) {
    const char *between = "";
    head("application/json");
    printf("[");
    for (char **at = environ; *at != NULL; at++) {
        if (is_of_request(*at)) continue;
        printf("%s\"%.*s\"", between, (int)strcspn(*at, "="), *at);
        between = ",";
    }
    printf("]");
}

static void sleep_and_answer(void) {
    usleep((useconds_t)atoi(asked("ms")) * 1000);
    head("text/plain");
    printf("woke");
}

static void nonsense(void) {
    printf("forty-two");
}

static void spin(void) {
    for (volatile unsigned turn = 0;; turn++) continue;
}

static void wait_for_ever(void) {
    for (;;) sleep(1000);
}

/* Or the compiler would leave out what nobody looks at. */
static char *volatile held;

static void allocate(void) {
    for (;;) {
        held = malloc(65536);
        if (held == NULL) abort();
        memset(held, 1, 65536);
    }
}

static int recurse(volatile int *depth) {
    volatile int here[64];
    here[0] = ++*depth;
    return recurse(depth) + here[0];
}

static void recurse_without_end(void) {
    counter = recurse(&counter);
}

static void cut(void) {
    head("text/plain");
    printf("half of it");
    fflush(stdout);
    usleep(20000);
    abort();
}

static const struct {
    const char *name;
    void (*run)(void);
} BEHAVIOURS[] = {
    {"hello", hello},       {"echo", echo},           {"describe", describe}, {"status", answer_status},
    {"headers", headers},   {"stream", stream},       {"count", count},       {"increment", increment},
    {"random", show_random}, {"log", write_log},      {"env", env},           {"sleep", sleep_and_answer},
    {"throw", abort},       {"nonsense", nonsense},   {"spin", spin},         {"wait", wait_for_ever},
    {"allocate", allocate}, {"recurse", recurse_without_end}, {"cut", cut},
};

int main(void) {
    const char *what = asked("do");
    for (size_t i = 0; i < sizeof BEHAVIOURS / sizeof *BEHAVIOURS; i++) {
        if (strcmp(what, BEHAVIOURS[i].name) != 0) continue;
        BEHAVIOURS[i].run();
        return 0;
    }
    return 1;
}
