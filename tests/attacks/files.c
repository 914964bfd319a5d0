#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Against the read-only view, and against the guest's own tree. */

static const char *const targets[] = {"/proc/self/exe", "view/file",       "view/folder", "view/link", "view", "/",
                                      "/proc/1/root",   "/proc/self/fd/0", "/dev/null"};
#define TARGETS (sizeof targets / sizeof *targets)

static void change_views(void) {
    char path[256];
    for (size_t i = 0; i < TARGETS; i++) {
        int file = open(targets[i], O_RDWR | O_TRUNC);
        if (file >= 0) {
            if (write(file, "changed", 7) < 0) errno = 0;
            call(SYS_fallocate, file, 0, 0, 100000), ftruncate(file, 3);
        }
        snprintf(path, sizeof path, "%s/made", targets[i]);
        close(open(path, O_CREAT | O_RDWR, 0777));
        chmod(targets[i], 0), chown(targets[i], 0, 0), rename(targets[i], "/tmp/moved"),
            link(targets[i], "/tmp/linked");
        unlink(targets[i]), rmdir(targets[i]), symlink("/", targets[i]), mkdir(targets[i], 0);
        call(SYS_truncate, targets[i], 1), call(SYS_utimensat, -100, targets[i], NULL, 0);
    }
}

static void escape(void) {
    static const char *const ways[] = {"/../../../../etc/shadow",
                                       "/proc/self/root/etc/shadow",
                                       "/proc/self/cwd/../../etc/shadow",
                                       "view/up/../../etc/shadow",
                                       "//etc//shadow",
                                       "view/loop",
                                       "/proc/self/fd/../../1/environ",
                                       "/proc/sys/kernel/core_pattern",
                                       "/proc/kcore",
                                       "/proc/self/mem",
                                       "/sys/kernel",
                                       "/dev/mem",
                                       "/dev/kvm",
                                       "/proc/self/task/1/root"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char text[64];
        int file = open(ways[i], O_RDWR);
        if (file < 0) file = open(ways[i], O_RDONLY);
        if (file >= 0 && read(file, text, sizeof text) >= 0) call(SYS_pwrite64, file, text, 10, 0);
        symlink(ways[i], "/tmp/way"), close(open("/tmp/way", O_RDWR | O_CREAT, 0777)), unlink("/tmp/way");
        chdir(ways[i]), call(SYS_chroot, ways[i]);
    }
    for (int i = 0; i < 60; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "/tmp/l%d", i), snprintf(to, sizeof to, "/tmp/l%d/", (i + 1) % 60);
        symlink(to, from);
    }
    close(open("/tmp/l0/x", O_RDONLY));
}

static void deep_folders(void) {
    chdir("/tmp");
    for (int i = 0; i < 3000; i++) {
        if (mkdir("d", 0777) != 0 || chdir("d") != 0) break;
    }
    char folder[8192];
    call(SYS_getcwd, folder, sizeof folder);
    call(SYS_rename, "/tmp/d", "/tmp/d/d/d");
    for (int i = 0; i < 100; i++) chdir("..");
    memset(folder, '/', 4095), folder[4095] = 0;
    close(open(folder, O_RDONLY));
    for (size_t i = 0; i < 4092; i += 3) memcpy(folder + i, "../", 3);
    folder[4092] = 0;
    close(open(folder, O_RDONLY));
}

static void many_names(void) {
    char name[300], text[4096];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 20000; i++) {
        int length = snprintf(name, sizeof name, "/tmp/%d", i);
        if (i % 3 == 0) memset(name + length, 'n', 240), name[length + 240] = 0;
        int file = open(name, O_CREAT | O_RDWR, 0600);
        if (file < 0) break;
        if (write(file, text, sizeof text) < 0) errno = 0;
        close(file);
    }
    int folder = open("/tmp", O_RDONLY);
    static char entries[1 << 20];
    while (call(SYS_getdents64, folder, entries, sizeof entries) > 0) {
    }
}

static void all_file_bytes(void) {
    static char block[1 << 20];
    int file = open("/tmp/large", O_CREAT | O_RDWR, 0600);
    while (write(file, block, sizeof block) > 0) {
    }
    call(SYS_pwrite64, file, block, 10, (1ul << 39) - 5), call(SYS_pwrite64, file, block, 10, INT64_MAX - 5),
        call(SYS_fallocate, file, 0, 0, 1ul << 39);
    call(SYS_lseek, file, 0, 3), call(SYS_lseek, file, 100, 4), ftruncate(file, 1l << 39), call(SYS_lseek, file, 0, 3);
}

static const struct attack list[] = {
    {"views-changed", change_views}, {"path-tricks", escape},        {"deep-folders", deep_folders},
    {"many-names", many_names},      {"file-bytes", all_file_bytes},
};
const struct attacks file_attacks = ATTACKS(list);
