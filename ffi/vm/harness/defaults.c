/* What a guest sees of this host when nobody says more: enough for programs to run, and nobody's secrets. */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

/* Those that are not there are left out by the view. Of /etc, what tells libraries where things are. */
static const char *const usual_views[] = {
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/timezone", "/etc/alternatives", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/mime.types",
    "/etc/services", "/etc/protocols", "/etc/fonts",
};
/* Java's settings lie outside of its installation. */
#define JAVA_SETTINGS "/etc/java-*-openjdk"

/* Of an installation, beside the program in its bin: a home folder may be one too, so not all of it. */
static const char *const installation_parts[] = {"bin", "lib", "lib64", "libexec", "pkg", "src", "pyvenv.cfg"};

static const char *const usual_variables[] = {"PATH", "HOME", "LANG", "TZ"};

__attribute__((format(printf, 1, 2))) static const char *defaults__text(const char *format, ...) {
    char *text;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    return length < 0 ? NULL : text;
}

static int defaults__show(struct harness_options *options, const char *path) {
    return path == NULL ? -1 : harness_add(options->views, &options->view_count, path);
}

/* The path of the program as PATH finds it: a link stays one, for some programs ask how they were called. */
static const char *defaults__find(const char *command) {
    if (strchr(command, '/') != NULL) return access(command, X_OK) == 0 ? command : NULL;
    const char *path = getenv("PATH");
    if (path == NULL) path = "/usr/bin:/bin";
    while (*path != 0) {
        int length = (int)strcspn(path, ":");
        const char *candidate = defaults__text("%.*s/%s", length, path, command);
        if (length > 0 && candidate != NULL && access(candidate, X_OK) == 0) return candidate;
        free((char *)candidate);
        path += length + (path[length] == ':');
    }
    return NULL;
}

/* X of X/bin/NAME: its length, or 0. */
static int defaults__prefix(const char *program) {
    int length = (int)(strrchr(program, '/') - program) - 4;
    return length > 0 && strncmp(program + length, "/bin", 4) == 0 ? length : 0;
}

static int defaults__show_installation(struct harness_options *options, const char *program) {
    int prefix = defaults__prefix(program), error = 0;
    for (size_t i = 0; error == 0 && i < sizeof installation_parts / sizeof *installation_parts; i++) {
        error = defaults__show(options, defaults__text("%.*s/%s", prefix, program, installation_parts[i]));
    }
    return error;
}

/* A link in an installation stays one: some programs ask how they were called. What is shown alone is never a link. */
static int defaults__show_program(struct harness_options *options) {
    const char *resolved = realpath(options->command[0], NULL);
    if (resolved == NULL) return -1;
    int error = 0;
    if (defaults__prefix(options->command[0]) == 0) options->command[0] = (char *)resolved;
    else error = defaults__show_installation(options, options->command[0]);
    if (error != 0 || defaults__prefix(resolved) == 0) return error != 0 ? error : defaults__show(options, resolved);
    return defaults__show_installation(options, resolved);
}

/* Not of the whole host, and not of a home folder: a guest that is started there does not see what lies in it. */
static int defaults__show_folder(struct harness_options *options) {
    const char *folder = realpath(".", NULL);
    const char *home = getenv("HOME");
    options->folder = "/";
    if (folder == NULL || strcmp(folder, "/") == 0 || (home != NULL && strcmp(folder, home) == 0)) return 0;
    options->folder = folder;
    return defaults__show(options, folder);
}

static int defaults__show_usual(struct harness_options *options) {
    int error = 0;
    for (size_t i = 0; error == 0 && i < sizeof usual_views / sizeof *usual_views; i++) {
        error = defaults__show(options, usual_views[i]);
    }
    glob_t found;
    if (glob(JAVA_SETTINGS, 0, NULL, &found) != 0) return error;
    for (size_t i = 0; error == 0 && i < found.gl_pathc; i++) error = defaults__show(options, strdup(found.gl_pathv[i]));
    globfree(&found);
    return error;
}

static int defaults__has(const struct harness_options *options, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < options->environment_count; i++) {
        if (strncmp(options->environment[i], name, length) == 0 && options->environment[i][length] == '=') return 1;
    }
    return 0;
}

static int defaults__set_usual(struct harness_options *options) {
    for (size_t i = 0; i < sizeof usual_variables / sizeof *usual_variables; i++) {
        const char *name = usual_variables[i], *value = getenv(name);
        if (value == NULL || defaults__has(options, name)) continue;
        const char *variable = defaults__text("%s=%s", name, value);
        if (variable == NULL || harness_add(options->environment, &options->environment_count, variable) != 0) return -1;
    }
    return 0;
}

int harness_defaults(struct harness_options *options) {
    const char *program = defaults__find(options->command[0]);
    if (program != NULL && program[0] != '/') program = realpath(program, NULL);
    if (program == NULL) {
        return harness_fail(2, "the path of a program of this host", "cannot find the program %s", options->command[0]);
    }
    options->command[0] = (char *)program;
    int error = defaults__show_program(options);
    if (error == 0) error = defaults__show_folder(options);
    if (error == 0) error = defaults__show_usual(options);
    if (error == 0) error = defaults__set_usual(options);
    if (error == 0) return 0;
    return harness_fail(2, "fewer --view and --env", "cannot show so many folders, or set so many variables");
}
