/* What another process has of the memory: Deno lets no program that lacks a permission look at /proc. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mayfly.h"
#include "os.h"

#define PATH_BYTES 64
#define CHILDREN_MAX 64

struct footprint {
    int64_t resident_bytes, shared_bytes; /* shared: of files, and so perhaps others' as well */
};

static struct footprint family__footprint(int32_t pid) {
    char path[PATH_BYTES];
    long long resident = 0, shared = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return (struct footprint){0};
    if (fscanf(file, "%*s %lld %lld", &resident, &shared) != 2) resident = shared = 0;
    fclose(file);
    long page = sysconf(_SC_PAGESIZE);
    return (struct footprint){.resident_bytes = resident * page, .shared_bytes = shared * page};
}

static int64_t family__resident_bytes(int32_t pid) {
    return family__footprint(pid).resident_bytes;
}

/* Those that one thread of a process has started. */
static int64_t family__children_bytes(int32_t pid, int thread) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    int64_t bytes = 0;
    int child;
    for (int i = 0; i < CHILDREN_MAX && fscanf(file, "%d", &child) == 1; i++) bytes += family__resident_bytes(child);
    fclose(file);
    return bytes;
}

int64_t mf_family_memory(int32_t pid) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (threads == NULL) return -errno;
    int64_t bytes = family__resident_bytes(pid);
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0])) bytes += family__children_bytes(pid, atoi(entry->d_name));
    }
    closedir(threads);
    return bytes;
}

int64_t mf_own_memory(int32_t pid) {
    struct footprint footprint = family__footprint(pid);
    if (footprint.resident_bytes == 0) return -ENOENT;
    return footprint.resident_bytes - footprint.shared_bytes;
}
