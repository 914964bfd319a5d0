/* What a guest sees of this host when nobody says more: enough for programs to run, and nobody's secrets. */
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

/* Those that are not there are left out by the view. Of /etc, what tells libraries where things are. */
static const char *const usual_views[] = {
    "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/timezone", "/etc/alternatives", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates", "/etc/hosts", "/etc/nsswitch.conf", "/etc/mime.types",
    "/etc/services", "/etc/protocols", "/etc/fonts",
};
/* Java's settings lie outside of its installation. */
#define JAVA_SETTINGS "/etc/java-*-openjdk"

/* Of an installation, beside the program in its bin: a home folder may be one too, so not all of it. */
static const char *const installation_parts[] = {"bin", "lib", "lib64", "libexec", "pkg", "src", "pyvenv.cfg"};

static const char *const usual_variables[] = {"PATH", "HOME", "LANG", "TZ"};

static int defaults__show(struct harness_options *options, const char *path) {
    return path == NULL ? -1 : harness_add(options->views, &options->view_count, path);
}

static int defaults__is_in(const char *path, const char *folder) {
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* A home folder, as the user's variable or the host's accounts have it, or one above it. */
static int defaults__has_home(const char *folder) {
    const struct passwd *user = getpwuid(geteuid());
    const char *const homes[] = {getenv("HOME"), user == NULL ? NULL : user->pw_dir};
    int is_home = 0;
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        char *home = homes[i] == NULL ? NULL : realpath(homes[i], NULL);
        if (home != NULL && defaults__is_in(home, folder)) is_home = 1;
        free(home);
    }
    return is_home;
}

/* X of X/bin/NAME: its length, or 0 where X is none to show. */
static int defaults__prefix(const char *program) {
    int length = (int)(strrchr(program, '/') - program) - 4;
    if (length <= 0 || strncmp(program + length, "/bin", 4) != 0) return 0;
    char *named = harness_text("%.*s", length, program), *prefix = named == NULL ? NULL : realpath(named, NULL);
    int is_private = prefix == NULL || defaults__has_home(prefix);
    free(named);
    free(prefix);
    return is_private ? 0 : length;
}

static int defaults__show_installation(struct harness_options *options, const char *program) {
    int prefix = defaults__prefix(program), error = 0;
    for (size_t i = 0; error == 0 && i < sizeof installation_parts / sizeof *installation_parts; i++) {
        error = defaults__show(options, harness_text("%.*s/%s", prefix, program, installation_parts[i]));
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

/* Does a guest have the folder anyway, itself or on the way to what lies in it? */
static int defaults__has_folder(const struct harness_options *options, size_t views, const char *folder) {
    for (size_t i = 0; i < views; i++) {
        if (defaults__is_in(folder, options->views[i]) || defaults__is_in(options->views[i], folder)) return 1;
    }
    return 0;
}

/* All but what holds others' files, or secrets: the user says so where that is wanted. `views`: how many that were. */
static int defaults__show_folder(struct harness_options *options, size_t views) {
    char *folder = realpath(".", NULL);
    options->folder = "/";
    if (folder == NULL) return 0;
    options->folder = folder;
    int is_private = defaults__has_home(folder) || defaults__is_in(folder, "/etc") || strcmp(folder, "/") == 0;
    if (!is_private) return defaults__show(options, folder);
    if (defaults__has_folder(options, views, folder)) return 0;
    options->folder = "/";
    if (folder[1] != 0) options->hidden_folder = folder;
    return 0;
}

/* What each guest has of its own. */
static int defaults__is_own(const char *path) {
    return defaults__is_in(path, "/dev") || defaults__is_in(path, "/proc") || defaults__is_in(path, "/sys") ||
           strcmp(path, "/tmp") == 0;
}

/* A path of this host in the command, that the guest does not see: the first one, or NULL. */
static const char *defaults__hidden(const struct harness_options *options) {
    for (char **argument = options->command + 1; *argument != NULL; argument++) {
        char *path = realpath(*argument, NULL);
        if (path == NULL) continue;
        int is_seen = defaults__is_own(path) || defaults__has_folder(options, options->view_count, path);
        free(path);
        if (!is_seen) return *argument;
    }
    return NULL;
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
        const char *variable = harness_text("%s=%s", name, value);
        if (variable == NULL || harness_add(options->environment, &options->environment_count, variable) != 0) return -1;
    }
    return 0;
}

int harness_defaults(struct harness_options *options) {
    int status = harness_find(options->command[0], &options->command[0]);
    if (status != 0) return status;
    size_t wanted = options->view_count;
    int error = defaults__show_program(options);
    if (error == 0) error = defaults__show_folder(options, wanted);
    if (error == 0) error = defaults__show_usual(options);
    if (error == 0) error = defaults__set_usual(options);
    if (error != 0) {
        return harness_fail(2, "fewer --view and --env", "cannot show so many folders, or set so many variables");
    }
    options->hidden_argument = defaults__hidden(options);
    return 0;
}
