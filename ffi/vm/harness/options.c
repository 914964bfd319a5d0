#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define DEFAULT_MEMORY (1024 * MEGABYTE)

/* What programs of this host need of it. Names that are not there are left out by the view. */
static const char *const usual_views[] = {
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
    "/etc/ssl", "/etc/ca-certificates", "/etc/alternatives", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/mime.types",
    "/etc/services", "/etc/protocols",
};

static const char *const usual_environment[] = {"PATH", "HOME", "LANG", "TZ"};

static int options__number(const char *text, uint64_t most, uint64_t *number) {
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text == 0 || *end != 0 || value == 0 || value > most) return -1;
    *number = value;
    return 0;
}

static int options__add(const char **list, size_t *count, const char *item) {
    if (*count == HARNESS_LIST_MAX) return -1;
    list[(*count)++] = item;
    return 0;
}

static int options__wrong(const char *what, const char *value) {
    fprintf(stderr, "Error: %s: %s\n", what, value);
    return 2;
}

static int options__one(struct harness_options *options, const char *name, const char *value) {
    uint64_t number;
    if (strcmp(name, "--memory") == 0) {
        if (options__number(value, 32768, &number) != 0) return options__wrong("--memory takes megabytes, 1 to 32768", value);
        options->memory_bytes = number * MEGABYTE;
    } else if (strcmp(name, "--deadline-ms") == 0) {
        if (options__number(value, UINT32_MAX, &number) != 0) return options__wrong("--deadline-ms takes milliseconds", value);
        options->deadline_ms = number;
    } else if (strcmp(name, "--view") == 0) {
        if (options__add(options->views, &options->view_count, value) != 0) return options__wrong("too many views", value);
    } else if (strcmp(name, "--env") == 0) {
        if (strchr(value, '=') == NULL) return options__wrong("--env takes NAME=VALUE", value);
        if (options__add(options->environment, &options->environment_count, value) != 0) {
            return options__wrong("too many variables", value);
        }
    } else {
        return options__wrong("there is no such option", name);
    }
    return 0;
}

/* PATH is searched here, for a guest's first program is named by its path. */
static char *options__find(const char *command) {
    static char found[PATH_MAX];
    if (strchr(command, '/') != NULL) return realpath(command, found);
    const char *path = getenv("PATH");
    for (const char *at = path == NULL ? "/usr/bin" : path; *at != 0; at += strspn(at, ":")) {
        int length = (int)strcspn(at, ":");
        char candidate[PATH_MAX];
        if (snprintf(candidate, sizeof candidate, "%.*s/%s", length, at, command) < (int)sizeof candidate &&
            access(candidate, X_OK) == 0) {
            return realpath(candidate, found);
        }
        at += length;
    }
    return NULL;
}

static void options__defaults(struct harness_options *options) {
    static char folder[PATH_MAX], program[PATH_MAX], variables[4][PATH_MAX + 16];
    for (size_t i = 0; i < sizeof usual_views / sizeof *usual_views; i++) {
        options__add(options->views, &options->view_count, usual_views[i]);
    }
    if (getcwd(folder, sizeof folder) != NULL && strcmp(folder, "/") != 0) {
        options__add(options->views, &options->view_count, folder);
    }
    const char *slash = strrchr(options->command[0], '/');
    snprintf(program, sizeof program, "%.*s", (int)(slash - options->command[0]), options->command[0]);
    if (slash != options->command[0]) options__add(options->views, &options->view_count, program);
    for (size_t i = 0; i < sizeof usual_environment / sizeof *usual_environment; i++) {
        const char *value = getenv(usual_environment[i]);
        if (value == NULL) continue;
        snprintf(variables[i], sizeof variables[i], "%s=%s", usual_environment[i], value);
        options__add(options->environment, &options->environment_count, variables[i]);
    }
}

int harness_parse(int count, char **arguments, struct harness_options *options) {
    memset(options, 0, sizeof *options);
    options->memory_bytes = DEFAULT_MEMORY;
    int at = 0;
    for (; at < count && strncmp(arguments[at], "--", 2) == 0; at++) {
        if (strcmp(arguments[at], "--") == 0) {
            at++;
            break;
        }
        if (strcmp(arguments[at], "--trace") == 0) {
            options->trace = 1;
            continue;
        }
        if (at + 1 == count) return options__wrong("a value is missing after", arguments[at]);
        int status = options__one(options, arguments[at], arguments[at + 1]);
        if (status != 0) return status;
        at++;
    }
    if (at == count) return options__wrong("a command is missing", "say it after --");
    options->command = arguments + at;
    char *program = options__find(options->command[0]);
    if (program == NULL) return options__wrong("there is no such program", options->command[0]);
    options->command[0] = program;
    options__defaults(options);
    return 0;
}
