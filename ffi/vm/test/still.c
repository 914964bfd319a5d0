#include "still.h"

#include <dirent.h>
#include <sys/mman.h>

#include "../vm_new.h"

struct vm *still;
const char *test_name;
int test_failed;

struct vm_limits still__limits(void) {
    return (struct vm_limits){
        .memory_bytes = 64 << 20, .file_bytes = 8 << 20, .files = 1000, .descriptors = 256, .threads = 4};
}

static void must(int64_t result) {
    if (result >= 0) return;
    fprintf(stderr, "Cannot make a VM: %s\n", strerror((int)-result));
    abort();
}

void still__begin(struct view *const *views, size_t count, const struct vm_limits *limits) {
    must(vm__new(NULL, limits, &still));
    must(regions__new(views, count, &still->regions));
    still->views = &still->regions->views;
    still->memory.view_count = still->views->count;
    memcpy(still->memory.views, still->regions->areas, sizeof still->memory.views);
    must(tree__init(still));
    process__init(still);
    uint32_t how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    must(space__map(still, STILL_PATHS, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE, how, NULL, 0));
    must(space__map(still, STILL_DATA, STILL_DATA_BYTES, PROT_READ | PROT_WRITE, how, NULL, 0));
}

void still__end(void) {
    vm_close(still);
    still = NULL;
}

int64_t call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    const uint64_t arguments[6] = {a, b, c, d, e, f};
    return call__find((uint64_t)number)->function(still, arguments);
}

uint64_t path(int place, const char *text) {
    uint64_t address = STILL_PATHS + (uint64_t)place * 2 * PAGE_SIZE;
    access__write(still, address, text, strlen(text) + 1);
    return address;
}

int64_t do_open(const char *name, int flags, int mode) {
    return call(SYS_open, path(0, name), (uint32_t)flags, (uint32_t)mode, 0, 0, 0);
}

int64_t do_write(int64_t descriptor, const void *bytes, size_t size) {
    access__write(still, STILL_DATA, bytes, size);
    return call(SYS_write, (uint64_t)descriptor, STILL_DATA, size, 0, 0, 0);
}

int64_t do_read(int64_t descriptor, void *to, size_t size) {
    int64_t got = call(SYS_read, (uint64_t)descriptor, STILL_DATA, size, 0, 0, 0);
    if (got > 0) access__read(still, to, STILL_DATA, (size_t)got);
    return got;
}

int64_t do_close(int64_t descriptor) {
    return call(SYS_close, (uint64_t)descriptor, 0, 0, 0, 0, 0);
}

int64_t do_stat(const char *name, struct stat *stat) {
    int64_t error = call(SYS_lstat, path(0, name), STILL_DATA, 0, 0, 0, 0);
    if (error == 0) access__read(still, stat, STILL_DATA, sizeof *stat);
    return error;
}

int64_t do_path(long number, const char *name, uint64_t b) {
    return call(number, path(0, name), b, 0, 0, 0, 0);
}

int64_t do_paths(long number, const char *a, const char *b) {
    return call(number, path(0, a), path(1, b), 0, 0, 0, 0);
}

int64_t put_file(const char *name, const char *text) {
    int64_t file = do_open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0) return file;
    int64_t put = do_write(file, text, strlen(text));
    do_close(file);
    return put < 0 ? put : 0;
}

const char *get_file(const char *name) {
    static char text[PAGE_SIZE];
    int64_t file = do_open(name, O_RDONLY, 0);
    int64_t size = file < 0 ? file : do_read(file, text, sizeof text - 1);
    if (file >= 0) do_close(file);
    if (size < 0) snprintf(text, sizeof text, "?%s", strerrorname_np((int)-size));
    else text[size] = 0;
    return text;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *list(const char *name) {
    static char text[65536], bytes[65536];
    char *names[4096];
    size_t count = 0, end = 0;
    int64_t folder = do_open(name, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0) {
        snprintf(text, sizeof text, "?%s", strerrorname_np((int)-folder));
        return text;
    }
    int64_t got;
    while ((got = call(SYS_getdents64, (uint64_t)folder, STILL_DATA, 4096, 0, 0, 0)) > 0) {
        access__read(still, bytes, STILL_DATA, (size_t)got);
        for (int64_t at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(bytes + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && count < 4096) {
                names[count++] = strdup(entry->d_name);
            }
        }
    }
    do_close(folder);
    qsort(names, count, sizeof *names, compare_names);
    text[0] = 0;
    for (size_t i = 0; i < count; i++) {
        end += (size_t)snprintf(text + end, sizeof text - end, "%s ", names[i]);
        free(names[i]);
    }
    return text;
}

const char *host_folder(void) {
    static char folders[16][64];
    static int next;
    char *folder = folders[next++ % 16];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folders[0], "%.40s/still.XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) abort();
    return folder;
}

void host_put(const char *folder, const char *name, const char *text) {
    char file[PATH_BYTES];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    for (char *slash = strchr(file + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(file, 0755);
        *slash = '/';
    }
    int descriptor = open(file, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (descriptor < 0 || write(descriptor, text, strlen(text)) != (ssize_t)strlen(text)) abort();
    close(descriptor);
}

uint32_t random_below(uint32_t bound) {
    static uint64_t state = UINT64_C(0x2545f4914f6cdd1d);
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32) % bound;
}

int run_tests(const struct test *tests, size_t count) {
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        test_name = tests[i].name;
        test_failed = 0;
        tests[i].run();
        if (!test_failed) printf("ok %s\n", test_name);
        status |= test_failed;
    }
    return status;
}
