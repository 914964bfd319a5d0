/* The same random calls on files, once by Linux and once by the engine over a view of the same files: the same answers. */
#include <dirent.h>

#include "still.h"

#define STEPS 60000
#define PARTS 6u

static const char *host;
static struct view *view;
static char base[256]; /* where both begin, as seen from their roots */

static void random_name(char *name) {
    static const char *const parts[PARTS] = {"a", "b", "c", "d", "..", "."};
    char *at = name;
    uint32_t count = 1 + random_below(4);
    for (uint32_t i = 0; i < count; i++) {
        /* One step up at most, and not at the start: the two worlds differ above. */
        const char *part = parts[random_below(i == 0 ? 4 : PARTS)];
        at += sprintf(at, "%s%s", i == 0 ? "" : "/", part);
    }
    if (random_below(20) == 0) strcat(name, "/");
}

static int64_t result_of(int64_t result) {
    return result < 0 ? -errno : result;
}

static uint64_t sum_of(const uint8_t *bytes, int64_t size) {
    uint64_t sum = 1;
    for (int64_t i = 0; i < size; i++) sum = sum * 31 + bytes[i];
    return sum;
}

/* ---- one step in each world: a number that has to be the same -------------------------------------------- */

struct step {
    uint32_t kind;
    char a[64], b[64];
    uint32_t value;
};

static const int open_flags[] = {O_RDONLY,
                                 O_RDWR,
                                 O_WRONLY | O_CREAT,
                                 O_RDWR | O_CREAT | O_EXCL,
                                 O_RDWR | O_CREAT | O_TRUNC,
                                 O_RDONLY | O_DIRECTORY,
                                 O_RDWR | O_NOFOLLOW,
                                 O_WRONLY | O_CREAT | O_APPEND,
                                 O_PATH,
                                 O_PATH | O_NOFOLLOW};
#define OPEN_KINDS (sizeof open_flags / sizeof *open_flags)

/* Opens a file and writes, truncates, reads in it: what all of it gave, mixed. */
static int64_t host_file(const struct step *step) {
    static uint8_t bytes[16384];
    struct stat stat;
    int file = open(step->a, open_flags[step->value % OPEN_KINDS], 0600);
    if (file < 0) return -errno;
    if (fstat(file, &stat) != 0 || S_ISDIR(stat.st_mode)) {
        close(file);
        return 0;
    }
    memset(bytes, (int)step->value, sizeof bytes);
    int64_t sum = result_of(pwrite(file, bytes, step->value % 9000, step->value % 7001));
    sum = sum * 31 + result_of(write(file, bytes, step->value % 600));
    if (step->value % 3 == 0) sum = sum * 31 + result_of(ftruncate(file, step->value % 9001));
    sum = sum * 31 + result_of(lseek(file, (off_t)step->value % 5000, (int)(step->value % 3)));
    int64_t got = result_of(read(file, bytes, sizeof bytes));
    close(file);
    return sum * 31 + (got < 0 ? got : (int64_t)sum_of(bytes, got));
}

static int64_t guest_file(const struct step *step) {
    static uint8_t bytes[16384];
    struct stat stat;
    int64_t file = do_open(step->a, open_flags[step->value % OPEN_KINDS], 0600);
    if (file < 0) return file;
    call(SYS_fstat, (uint64_t)file, STILL_DATA, 0, 0, 0, 0);
    access__read(still, &stat, STILL_DATA, sizeof stat);
    /* What positions in a folder mean is each file system's own. */
    if (S_ISDIR(stat.st_mode)) {
        do_close(file);
        return 0;
    }
    memset(bytes, (int)step->value, sizeof bytes);
    access__write(still, STILL_DATA, bytes, sizeof bytes);
    uint64_t number = (uint64_t)file, value = step->value;
    int64_t sum = call(SYS_pwrite64, number, STILL_DATA, value % 9000, value % 7001, 0, 0);
    sum = sum * 31 + call(SYS_write, number, STILL_DATA, value % 600, 0, 0, 0);
    if (value % 3 == 0) sum = sum * 31 + call(SYS_ftruncate, number, value % 9001, 0, 0, 0, 0);
    sum = sum * 31 + call(SYS_lseek, number, value % 5000, value % 3, 0, 0, 0);
    int64_t got = do_read(file, bytes, sizeof bytes);
    do_close(file);
    return sum * 31 + (got < 0 ? got : (int64_t)sum_of(bytes, got));
}

static int64_t look(int64_t error, const struct stat *stat) {
    if (error != 0) return error;
    int64_t seen = stat->st_mode & S_IFMT;
    if (!S_ISDIR(stat->st_mode)) seen = seen * 1000 + (int64_t)stat->st_nlink;
    return S_ISREG(stat->st_mode) ? seen * 100000 + stat->st_size : seen;
}

static int64_t host_step(const struct step *step) {
    struct stat stat;
    char target[64];
    switch (step->kind) {
    case 0: return result_of(mkdir(step->a, 0755));
    case 1: return result_of(rmdir(step->a));
    case 2: return result_of(unlink(step->a));
    case 3: return result_of(rename(step->a, step->b));
    case 4: return result_of(link(step->a, step->b));
    case 5: return result_of(symlink(step->b, step->a));
    case 6: return look(result_of(lstat(step->a, &stat)), &stat);
    case 7: return result_of(readlink(step->a, target, sizeof target));
    case 8: return result_of(truncate(step->a, step->value % 5000));
    case 9: return result_of(access(step->a, F_OK));
    default: return host_file(step);
    }
}

static int64_t guest_step(const struct step *step) {
    struct stat stat;
    switch (step->kind) {
    case 0: return do_path(SYS_mkdir, step->a, 0755);
    case 1: return do_path(SYS_rmdir, step->a, 0);
    case 2: return do_path(SYS_unlink, step->a, 0);
    case 3: return do_paths(SYS_rename, step->a, step->b);
    case 4: return do_paths(SYS_link, step->a, step->b);
    case 5: return do_paths(SYS_symlink, step->b, step->a);
    case 6: return look(do_stat(step->a, &stat), &stat);
    case 7: return call(SYS_readlink, path(0, step->a), STILL_DATA, 64, 0, 0, 0);
    case 8: return do_path(SYS_truncate, step->a, step->value % 5000);
    case 9: return do_path(SYS_access, step->a, F_OK);
    default: return guest_file(step);
    }
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As list(), of the host's. */
static const char *host_list(const char *folder) {
    static char text[4096];
    char *names[256];
    size_t count = 0, end = 0;
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        snprintf(text, sizeof text, "?%s", strerrorname_np(errno));
        return text;
    }
    for (struct dirent *item; count < 256 && (item = readdir(stream)) != NULL;) {
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) names[count++] = strdup(item->d_name);
    }
    closedir(stream);
    qsort(names, count, sizeof *names, compare_names);
    text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        end += (size_t)snprintf(text + end, sizeof text - end, "%s ", names[i]);
        free(names[i]);
    }
    return text;
}

static void run(const char *command) {
    if (system(command) != 0) abort();
}

/* The view shows one copy of the files at the path where Linux works on the other. */
static void begin(void) {
    char name[300], command[700];
    host = host_folder();
    snprintf(base, sizeof base, "%s/top/work", host);
    snprintf(name, sizeof name, "%s/top", host);
    host_put(name, "work/a", "view's a");
    host_put(name, "work/b/a", "view's b/a");
    host_put(name, "work/b/c/d", "view's b/c/d");
    host_put(name, "work/c/a", "view's c/a");
    snprintf(command, sizeof command, "cd %s && ln -s b work/d && ln -s ../a work/c/b", name);
    run(command);
    const char *shown = name;
    if (view_folder__open(&shown, 1, &view) != 0) abort();
    struct vm_limits limits = still__limits();
    limits.memory_bytes = UINT64_C(256) << 20;
    limits.file_bytes = UINT64_C(128) << 20;
    still__begin(&view, 1, &limits);
    do_path(SYS_chdir, base, 0);
}

static void answers_are_those_of_linux(void) {
    begin();
    char copy[300], command[700];
    snprintf(copy, sizeof copy, "%s/other", host);
    snprintf(command, sizeof command, "mkdir %s && cp -a %s/top %s/top", copy, host, copy);
    run(command);
    snprintf(copy, sizeof copy, "%s/other/top/work", host);
    CHECK(chdir(copy) == 0);
    int refused = 0;
    for (int i = 0; i < STEPS; i++) {
        struct step step = {.kind = random_below(14), .value = random_below(1u << 20)};
        random_name(step.a);
        random_name(step.b);
        int64_t guest = guest_step(&step);
        /* What the view has as a folder stays there: Linux's overlays refuse that, too. */
        if (guest == -EXDEV) {
            refused++;
            continue;
        }
        int64_t linux_result = host_step(&step);
        if (guest != linux_result) {
            printf("# step %d: kind %u, %s, %s, %u: %ld, but Linux says %ld\n", i, step.kind, step.a, step.b, step.value,
                   guest, linux_result);
        }
        CHECK(guest == linux_result);
        if (i % 16 != 0) continue;
        char folder[64];
        random_name(folder);
        char seen[4096];
        snprintf(seen, sizeof seen, "%s", list(folder));
        SAYS(seen, host_list(folder));
    }
    CHECK(refused < STEPS / 10);
    CHECK(chdir("/") == 0);
    still__end();
    view__close(view);
    snprintf(command, sizeof command, "rm -rf %s", host);
    run(command);
}

static const struct test tests[] = {
    {"answers are those of Linux", answers_are_those_of_linux},
};

int main(void) {
    return run_tests(tests, sizeof tests / sizeof *tests);
}
