/*
 * The microVM engine's figures: microvm CASE [options of the harness] -- COMMAND. The command reads requests from stdin
 * and writes answers to stdout.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cases.h"
#include "server_cases.h"

static const struct {
    const char *name;
    void (*run)(const struct harness_options *options);
} cases[] = {
    {"reset", case_reset}, {"clone", case_clone},   {"switch", case_switch}, {"exits", case_exits},
    {"many", case_many},   {"paused", case_paused}, {"soak", case_soak},
    {"serve", case_serve},
};

int main(int count, char **arguments) {
    struct harness_options options;
    const struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; count > 2 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(arguments[1], cases[i].name) != 0) continue;
        int status = harness_parse(HARNESS_RUN, count - 2, arguments + 2, &options);
        if (status == 0) cases[i].run(&options);
        return status;
    }
    if (count > 2 && strcmp(arguments[1], "run") == 0) return harness_run(count - 2, arguments + 2);
    if (count > 3 && strcmp(arguments[1], "pack") == 0) return case_pack(count - 2, arguments + 2);
    if (count > 3 && strcmp(arguments[1], "file") == 0) return case_file(count - 2, arguments + 2);
    if (count > 3 && strcmp(arguments[1], "load") == 0) return case_load(count - 2, arguments + 2);
    fprintf(stderr, "Usage: microvm CASE [options] -- COMMAND\n");
    return 2;
}
