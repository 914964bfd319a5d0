#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define DEFAULT_MEMORY (1024 * MEGABYTE)
#define MEMORY_MAX_MB 32768u
#define DEFAULT_REQUEST "{\"name\":\"bob\",\"n\":7,\"x\":[1,2,3]}\n"
#define DEFAULT_RUNS 1000u
/* A quarter of them is measured in other ways. */
#define RUNS_LEAST 4u
#define RUNS_MOST 100000u

static int options__number(const char *text, uint64_t most, uint64_t *number) {
    if (strlen(text) > 10 || text[strspn(text, "0123456789")] != 0) return -1;
    *number = strtoull(text, NULL, 10);
    return *number >= 1 && *number <= most ? 0 : -1;
}

static int options__memory(struct harness_options *options, const char *value) {
    uint64_t megabytes;
    if (options__number(value, MEMORY_MAX_MB, &megabytes) != 0) {
        return harness_fail(2, "--memory with megabytes, 1 to 32768", "--memory cannot be %s", value);
    }
    options->memory_bytes = megabytes * MEGABYTE;
    return 0;
}

static int options__deadline(struct harness_options *options, const char *value) {
    if (options__number(value, UINT32_MAX, &options->deadline_ms) == 0) return 0;
    return harness_fail(2, "--deadline-ms with milliseconds", "--deadline-ms cannot be %s", value);
}

static int options__view(struct harness_options *options, const char *value) {
    char *path = realpath(value, NULL);
    if (path == NULL) return harness_fail(2, "--view with a file or folder of this host", "there is no %s", value);
    if (harness_add(options->views, &options->view_count, path) == 0) return 0;
    free(path);
    return harness_fail(2, "one --view for a folder above several", "there are too many --view");
}

static int options__variable(struct harness_options *options, const char *value) {
    if (strchr(value, '=') == NULL || value[0] == '=') {
        return harness_fail(2, "--env with NAME=VALUE", "--env cannot be %s", value);
    }
    if (harness_add(options->environment, &options->environment_count, value) == 0) return 0;
    return harness_fail(2, "fewer variables", "there are too many --env");
}

static int options__snapshot(struct harness_options *options, const char *value) {
    options->snapshot = value;
    return 0;
}

static int options__request(struct harness_options *options, const char *value) {
    options->request = value;
    return 0;
}

static int options__runs(struct harness_options *options, const char *value) {
    if (options__number(value, RUNS_MOST, &options->runs) == 0 && options->runs >= RUNS_LEAST) return 0;
    return harness_fail(2, "--runs with a number, 4 to 100000", "--runs cannot be %s", value);
}

static int options__trace(struct harness_options *options, const char *value) {
    (void)value;
    options->trace = 1;
    return 0;
}

static int options__json(struct harness_options *options, const char *value) {
    (void)value;
    options->json = 1;
    return 0;
}

static const struct {
    const char *name;
    int (*take)(struct harness_options *options, const char *value);
    unsigned commands; /* enum harness_command, a bit each */
    int is_flag;
} known[] = {
    {"--memory", options__memory, HARNESS_RUN | HARNESS_BENCH, 0},
    {"--view", options__view, HARNESS_RUN | HARNESS_BENCH, 0},
    {"--env", options__variable, HARNESS_RUN | HARNESS_BENCH, 0},
    {"--deadline-ms", options__deadline, HARNESS_RUN, 0},
    {"--snapshot", options__snapshot, HARNESS_RUN, 0},
    {"--trace", options__trace, HARNESS_RUN, 1},
    {"--request", options__request, HARNESS_BENCH, 0},
    {"--runs", options__runs, HARNESS_BENCH, 0},
    {"--json", options__json, HARNESS_BENCH, 1},
};

static const char *options__of(enum harness_command command) {
    if (command == HARNESS_RUN) return "--memory, --view, --env, --deadline-ms, --snapshot, --trace";
    return "--memory, --view, --env, --request, --runs, --json";
}

/* The option at arguments[*at], and its value. */
static int options__take(enum harness_command command, int count, char **arguments, int *at,
                         struct harness_options *options) {
    const char *name = arguments[(*at)++], *value = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) != 0 || !(known[i].commands & command)) continue;
        if (!known[i].is_flag && *at < count) value = arguments[(*at)++];
        if (!known[i].is_flag && value == NULL) {
            return harness_fail(2, "the option with its value", "%s needs a value", name);
        }
        return known[i].take(options, value);
    }
    return harness_fail(2, options__of(command), "%s has no option %s", command == HARNESS_RUN ? "run" : "bench", name);
}

int harness_add(const char **list, size_t *count, const char *item) {
    if (*count == HARNESS_LIST_MAX) return -1;
    list[(*count)++] = item;
    return 0;
}

int harness_parse(enum harness_command command, int count, char **arguments, struct harness_options *options) {
    memset(options, 0, sizeof *options);
    options->memory_bytes = DEFAULT_MEMORY;
    options->request = DEFAULT_REQUEST;
    options->runs = DEFAULT_RUNS;
    int at = 0;
    while (at < count && strncmp(arguments[at], "--", 2) == 0) {
        if (strcmp(arguments[at], "--") == 0) {
            at++;
            break;
        }
        int status = options__take(command, count, arguments, &at, options);
        if (status != 0) return status;
    }
    if (at == count) return harness_fail(2, "-- COMMAND..., at the end", "the command to run is missing");
    options->command = arguments + at;
    return harness_defaults(options);
}
