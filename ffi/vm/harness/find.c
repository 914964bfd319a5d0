/* Which file a command's name stands for, and whether that can be run. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define FIRST_LINE_BYTES 256

static int find__is_runnable(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

/* As PATH finds it: a link stays one, for some programs ask how they were called. */
static char *find__in_path(const char *name) {
    const char *path = getenv("PATH");
    if (path == NULL) path = "/usr/bin:/bin";
    while (*path != 0) {
        int length = (int)strcspn(path, ":");
        char *candidate = harness_text("%.*s/%s", length, path, name);
        if (length > 0 && candidate != NULL && find__is_runnable(candidate)) return candidate;
        free(candidate);
        path += length + (path[length] == ':');
    }
    return NULL;
}

/* The first word after "#!": 0, or -1 where there is none. */
static int find__interpreter(const char *line, char interpreter[FIRST_LINE_BYTES]) {
    const char *word = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(word, " \t\n");
    memcpy(interpreter, word, length);
    interpreter[length] = 0;
    return length > 0 ? 0 : -1;
}

static int find__check_contents(const char *path) {
    char line[FIRST_LINE_BYTES] = "", interpreter[FIRST_LINE_BYTES];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, line, sizeof line - 1);
    if (file >= 0) close(file);
    /* What may be run but not read shows nothing to a guest either. */
    if (size < 0) return harness_fail(HARNESS_NO_PROGRAM, "a program that you may read", "Cannot read %s", path);
    if (strncmp(line, "\177ELF", 4) == 0) return 0;
    if (strncmp(line, "#!", 2) != 0 || find__interpreter(line, interpreter) != 0) {
        return harness_fail(HARNESS_NO_PROGRAM, "an interpreter before it, as in: python3 FILE",
                            "Cannot run %s: it is neither a program nor a script", path);
    }
    if (access(interpreter, F_OK) == 0) return 0;
    return harness_fail(HARNESS_NO_PROGRAM, "an interpreter of this host in its first line",
                        "Cannot run %s: its interpreter %s is not there", path, interpreter);
}

static int find__check(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0) {
        return harness_fail(HARNESS_NOT_FOUND, "the path of a program of this host", "There is no %s", path);
    }
    if (S_ISDIR(file.st_mode)) {
        return harness_fail(HARNESS_NO_PROGRAM, "a program in it", "Cannot run %s: it is a folder", path);
    }
    if (!S_ISREG(file.st_mode)) {
        return harness_fail(HARNESS_NO_PROGRAM, "a program", "Cannot run %s: it is no regular file", path);
    }
    if (access(path, X_OK) != 0) {
        return harness_fail(HARNESS_NO_PROGRAM, "chmod +x, or an interpreter before it",
                            "Cannot run %s: it is not executable", path);
    }
    return find__check_contents(path);
}

int harness_find(const char *name, char **path) {
    if (strchr(name, '/') != NULL) *path = strdup(name);
    else *path = name[0] == 0 ? NULL : find__in_path(name);
    if (*path == NULL) {
        return harness_fail(HARNESS_NOT_FOUND, "the path of a program of this host", "Cannot find the program \"%s\"",
                            name);
    }
    int status = find__check(*path);
    if (status != 0 || (*path)[0] == '/') return status;
    *path = realpath(*path, NULL);
    return 0;
}
