#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "test.h"

static char folder[64], path_buffer[4][128];

/* A path below the test's folder. */
static const char *below(const char *name) {
    static int turn;
    char *path = path_buffer[turn++ % 4];
    snprintf(path, sizeof path_buffer[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(below(name), "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static int make_root(void) {
    strcpy(folder, "/tmp/mayfly-mirror-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK(mkdir(below("root"), 0700) == 0 && mkdir(below("root/sub"), 0700) == 0);
    int root = mf_root_open(below("root"));
    CHECK(root >= 0);
    return root;
}

static void remove_root(int root) {
    char command[128];
    CHECK(mf_root_close(root) == 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK(system(command) == 0);
}

static int mirror(int root, const char *name, uint64_t limit) {
    uint64_t info[4];
    return mf_mirror_file(root, name, below("copy"), limit, info);
}

static void a_regular_file_is_copied_whole(void) {
    int root = make_root();
    uint64_t info[4];
    write_file("root/sub/a.ts", "export default 1;\n");
    CHECK(mf_mirror_file(root, "sub/a.ts", below("copy"), 100, info) == 0);
    size_t length;
    uint8_t *copy = test__read_file(below("copy"), &length);
    CHECK(length == 18 && memcmp(copy, "export default 1;\n", length) == 0);
    free(copy);
    struct stat status;
    CHECK(stat(below("root/sub/a.ts"), &status) == 0);
    CHECK(info[0] == 18 && info[2] == status.st_ino && info[3] == status.st_mode);
    CHECK(info[1] == (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec);
    write_file("root/empty", "");
    CHECK(mirror(root, "empty", 0) == 0);
    remove_root(root);
}

static void what_is_no_plain_file_is_refused_by_kind(void) {
    int root = make_root();
    write_file("outside", "secret");
    write_file("root/file", "text");
    CHECK(symlink(below("outside"), below("root/link")) == 0 && symlink("sub", below("root/folder")) == 0);
    write_file("root/sub/inside", "text");
    CHECK(link(below("outside"), below("root/hard")) == 0 && mkfifo(below("root/fifo"), 0600) == 0);
    const struct {
        const char *name;
        int rc;
    } cases[] = {{"link", -ELOOP},     {"folder/inside", -ELOOP}, {"hard", -EMLINK}, {"fifo", -EINVAL},
                 {"sub", -EINVAL},     {"../outside", -EXDEV},    {"none", -ENOENT}, {"file/x", -ENOTDIR},
                 {"/etc/hostname", -EXDEV}, {"", -ENOENT},        {"sub/../../outside", -EXDEV}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int rc = mirror(root, cases[i].name, 100);
        if (rc != cases[i].rc) fprintf(stderr, "%s: %s\n", cases[i].name, strerror(-rc));
        CHECK(rc == cases[i].rc);
    }
    CHECK(mirror(root, "file", 3) == -EFBIG && mirror(root, "file", 4) == 0);
    CHECK(access(below("copy"), F_OK) == 0);
    CHECK(mf_root_open(below("root/file")) == -ENOTDIR && mf_root_open(below("none")) == -ENOENT);
    remove_root(root);
}

static atomic_bool is_over;

static void *change_file(void *argument) {
    (void)argument;
    for (unsigned i = 0; !is_over; i++) {
        int fd = open(below("root/busy"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        char text[8192];
        memset(text, 'a' + (int)(i % 26), sizeof text);
        CHECK(write(fd, text, sizeof text) == sizeof text && close(fd) == 0);
        usleep(i % 3 * 50);
        if (i % 7 == 0) {
            unlink(below("root/busy"));
            CHECK(symlink("/etc/hostname", below("root/busy")) == 0 && unlink(below("root/busy")) == 0);
        }
    }
    return NULL;
}

/* A file that is written all the time is either refused or copied as it was at one moment. */
static void a_changing_file_is_never_copied_torn(void) {
    int root = make_root();
    pthread_t thread;
    is_over = false;
    CHECK(pthread_create(&thread, NULL, change_file, NULL) == 0);
    uint32_t copied = 0;
    while (copied < 200) {
        char to[128];
        uint64_t info[4];
        snprintf(to, sizeof to, "%s/copy", folder);
        int rc = mf_mirror_file(root, "busy", to, 1 << 20, info);
        CHECK(rc == 0 || rc == -EAGAIN || rc == -ENOENT || rc == -ELOOP || rc == -EMLINK);
        if (rc != 0) continue;
        size_t length;
        uint8_t *copy = test__read_file(to, &length);
        CHECK(length == info[0] && (length == 0 || length == 8192));
        for (size_t at = 1; at < length; at++) CHECK(copy[at] == copy[0]);
        free(copy);
        copied++;
    }
    is_over = true;
    CHECK(pthread_join(thread, NULL) == 0);
    remove_root(root);
}

const struct test mirror_tests[] = {
    {"a regular file is copied whole", a_regular_file_is_copied_whole},
    {"what is no plain file is refused by kind", what_is_no_plain_file_is_refused_by_kind},
    {"a changing file is never copied torn", a_changing_file_is_never_copied_torn},
    {NULL, NULL},
};
