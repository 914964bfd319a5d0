#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define DEFAULT_MEMORY (1024 * MEGABYTE)
#define MEMORY_MAX_MB 32768u

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

static const struct {
    const char *name;
    int (*take)(struct harness_options *options, const char *value);
} with_value[] = {
    {"--memory", options__memory}, {"--deadline-ms", options__deadline}, {"--view", options__view},
    {"--env", options__variable},  {"--snapshot", options__snapshot},
};

static int options__take(struct harness_options *options, const char *name, const char *value) {
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
        if (strcmp(name, with_value[i].name) != 0) continue;
        if (value == NULL) return harness_fail(2, "the option with its value", "%s needs a value", name);
        return with_value[i].take(options, value);
    }
    return harness_fail(2, "--trace, --memory, --deadline-ms, --view, --env, --snapshot", "there is no option %s", name);
}

int harness_add(const char **list, size_t *count, const char *item) {
    if (*count == HARNESS_LIST_MAX) return -1;
    list[(*count)++] = item;
    return 0;
}

int harness_parse(int count, char **arguments, struct harness_options *options) {
    memset(options, 0, sizeof *options);
    options->memory_bytes = DEFAULT_MEMORY;
    int at = 0;
    while (at < count && strncmp(arguments[at], "--", 2) == 0) {
        const char *name = arguments[at++];
        if (strcmp(name, "--") == 0) break;
        if (strcmp(name, "--trace") == 0) {
            options->trace = 1;
            continue;
        }
        int status = options__take(options, name, at < count ? arguments[at++] : NULL);
        if (status != 0) return status;
    }
    if (at == count) return harness_fail(2, "-- COMMAND..., at the end", "the command to run is missing");
    options->command = arguments + at;
    return harness_defaults(options);
}
