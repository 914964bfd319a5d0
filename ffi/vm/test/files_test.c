/* The guest's files over a view: what it makes, changes and removes, within its limits. */
#include <sys/mman.h>

#include "../contents.h"
#include "still.h"

static struct view *below;
static const char *host;
static char folder[256]; /* as the guest sees the view's */

static void begin_with(const struct vm_limits *limits) {
    host = host_folder();
    host_put(host, "a", "alpha");
    host_put(host, "d/b", "beta");
    host_put(host, "d/e/c", "gamma");
    host_put(host, "empty/x", "");
    if (view_folder__open(&host, 1, &below) != 0) abort();
    still__begin(&below, 1, limits);
    snprintf(folder, sizeof folder, "%s", host);
    do_path(SYS_chdir, folder, 0);
}

static void begin(void) {
    struct vm_limits limits = still__limits();
    begin_with(&limits);
}

static void end(void) {
    still__end();
    view__close(below);
    char command[320];
    snprintf(command, sizeof command, "rm -rf %s", host);
    if (system(command) != 0) abort();
}

static void names_of_the_view_and_the_guest_show_together(void) {
    begin();
    SAYS(list("."), "a d empty ");
    CHECK(put_file("n", "new") == 0);
    CHECK(do_path(SYS_mkdir, "d/f", 0755) == 0);
    SAYS(list("."), "a d empty n ");
    SAYS(list("d"), "b e f ");
    SAYS(get_file("n"), "new");
    SAYS(get_file("d/e/c"), "gamma");
    end();
}

static void a_removed_name_of_the_view_is_gone_and_can_be_made_again(void) {
    begin();
    CHECK(do_path(SYS_unlink, "a", 0) == 0);
    SAYS(get_file("a"), "?ENOENT");
    SAYS(list("."), "d empty ");
    CHECK(do_path(SYS_unlink, "a", 0) == -ENOENT);
    CHECK(put_file("a", "again") == 0);
    SAYS(list("."), "a d empty ");
    CHECK(do_path(SYS_unlink, "a", 0) == 0);
    SAYS(get_file("a"), "?ENOENT");
    CHECK(do_path(SYS_mkdir, "a", 0755) == 0);
    SAYS(list("a"), "");
    CHECK(do_path(SYS_rmdir, "a", 0) == 0);
    SAYS(get_file("a"), "?ENOENT");
    end();
}

static void a_folder_of_the_view_that_was_removed_and_made_again_is_empty(void) {
    begin();
    CHECK(do_path(SYS_rmdir, "d", 0) == -ENOTEMPTY);
    CHECK(do_path(SYS_unlink, "d/b", 0) == 0);
    CHECK(do_path(SYS_unlink, "d/e/c", 0) == 0);
    CHECK(do_path(SYS_rmdir, "d/e", 0) == 0);
    CHECK(do_path(SYS_rmdir, "d", 0) == 0);
    CHECK(do_path(SYS_mkdir, "d", 0755) == 0);
    SAYS(list("d"), "");
    SAYS(get_file("d/b"), "?ENOENT");
    SAYS(get_file("d/e/c"), "?ENOENT");
    end();
}

static void a_write_changes_a_copy_and_never_the_view(void) {
    begin();
    int64_t file = do_open("a", O_RDWR, 0);
    CHECK(do_write(file, "AL", 2) == 2);
    SAYS(get_file("a"), "ALpha");
    CHECK(call(SYS_ftruncate, (uint64_t)file, 3, 0, 0, 0, 0) == 0);
    CHECK(call(SYS_ftruncate, (uint64_t)file, 6, 0, 0, 0, 0) == 0);
    char text[8] = "";
    CHECK(call(SYS_lseek, (uint64_t)file, 0, SEEK_SET, 0, 0, 0) == 0);
    CHECK(do_read(file, text, 8) == 6 && memcmp(text, "ALp\0\0\0", 6) == 0);
    char host_text[8] = "", name[256];
    snprintf(name, sizeof name, "%s/a", host);
    int descriptor = open(name, O_RDONLY);
    CHECK(read(descriptor, host_text, 8) == 5 && strcmp(host_text, "alpha") == 0);
    close(descriptor);
    end();
}

static void an_unlinked_file_lives_till_its_last_close(void) {
    begin();
    uint32_t before = still->kernel->frames.in_use;
    int64_t file = do_open("u", O_CREAT | O_RDWR, 0600);
    CHECK(do_write(file, "still here", 10) == 10);
    CHECK(do_path(SYS_unlink, "u", 0) == 0);
    char text[16] = "";
    CHECK(call(SYS_pread64, (uint64_t)file, STILL_DATA, 16, 0, 0, 0) == 10);
    access__read(still, text, STILL_DATA, 10);
    SAYS(text, "still here");
    CHECK(still->kernel->tree.bytes > 0);
    do_close(file);
    CHECK(still->kernel->tree.bytes == 0);
    CHECK(still->kernel->frames.in_use == before);
    end();
}

static void what_only_was_read_leaves_nothing_behind(void) {
    begin();
    uint32_t made = still->kernel->tree.made;
    const struct tree_node *root = tree__node(still, TREE_ROOT);
    uint32_t first = root->first_child, last = root->last_child;
    for (int i = 0; i < 100; i++) get_file("d/e/c");
    list("d");
    int64_t file = do_open("d/e/c", O_RDONLY, 0);
    CHECK(root->last_child != last || root->first_child != first);
    do_close(file);
    CHECK(root->first_child == first && root->last_child == last);
    CHECK(still->kernel->tree.made == made);
    CHECK(still->kernel->tree.used < 16);
    end();
}

static void renames_are_refused_as_linux_refuses_them(void) {
    begin();
    do_path(SYS_mkdir, "m", 0755);
    do_path(SYS_mkdir, "m/n", 0755);
    put_file("f", "f");
    CHECK(do_paths(SYS_rename, "f", "f") == 0);
    CHECK(do_paths(SYS_rename, "m", "m") == 0);
    CHECK(do_paths(SYS_rename, "m", "m/n/o") == -EINVAL);
    CHECK(do_paths(SYS_rename, "m/n", "m") == -ENOTEMPTY);
    CHECK(do_paths(SYS_rename, "f", "m") == -EISDIR);
    CHECK(do_paths(SYS_rename, "m", "f") == -ENOTDIR);
    CHECK(do_paths(SYS_rename, "nothing", "f") == -ENOENT);
    CHECK(do_paths(SYS_rename, "f", "f/") == -ENOTDIR);
    CHECK(do_paths(SYS_rename, "m/.", "x") == -EBUSY);
    CHECK(do_paths(SYS_rename, "m/n/..", "x") == -EBUSY);
    CHECK(do_paths(SYS_rename, "/", "x") == -EBUSY);
    /* Folders of the view stay; files of it move. */
    CHECK(do_paths(SYS_rename, "d", "x") == -EXDEV);
    CHECK(do_paths(SYS_rename, "d/b", "m/b") == 0);
    SAYS(get_file("m/b"), "beta");
    SAYS(list("d"), "e ");
    CHECK(do_paths(SYS_rename, "m/b", "d/b") == 0);
    SAYS(list("d"), "b e ");
    CHECK(do_paths(SYS_rename, "m/n", "empty") == -ENOTEMPTY);
    CHECK(do_path(SYS_unlink, "empty/x", 0) == 0);
    CHECK(do_paths(SYS_rename, "m/n", "empty") == 0);
    SAYS(list("empty"), "");
    end();
}

static void second_names_are_the_same_file(void) {
    begin();
    CHECK(do_paths(SYS_link, "a", "l") == 0);
    struct stat first, second;
    do_stat("a", &first);
    do_stat("l", &second);
    CHECK(first.st_ino == second.st_ino && second.st_nlink == 2);
    CHECK(do_paths(SYS_rename, "a", "l") == 0);
    SAYS(list("."), "a d empty l ");
    CHECK(do_path(SYS_unlink, "a", 0) == 0);
    SAYS(get_file("l"), "alpha");
    CHECK(do_stat("l", &second) == 0 && second.st_nlink == 1);
    CHECK(do_paths(SYS_link, "d", "x") == -EPERM);
    CHECK(do_path(SYS_unlink, "l", 0) == 0);
    SAYS(list("."), "d empty ");
    end();
}

static void a_folder_can_be_emptied_while_it_is_read(void) {
    begin();
    char name[32];
    do_path(SYS_mkdir, "many", 0755);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        CHECK(put_file(name, "") == 0);
    }
    int64_t reader = do_open("many", O_RDONLY | O_DIRECTORY, 0), got;
    int removed = 0;
    while ((got = call(SYS_getdents64, (uint64_t)reader, STILL_DATA, 256, 0, 0, 0)) > 0) {
        uint8_t bytes[256];
        access__read(still, bytes, STILL_DATA, (size_t)got);
        for (int64_t at = 0; at < got; at += bytes[at + 16] | bytes[at + 17] << 8) {
            const char *entry = (const char *)bytes + at + 19;
            if (entry[0] == '.') continue;
            snprintf(name, sizeof name, "many/%s", entry);
            CHECK(do_path(SYS_unlink, name, 0) == 0);
            removed++;
        }
    }
    CHECK(got == 0 && removed == 300);
    CHECK(do_path(SYS_rmdir, "many", 0) == 0);
    CHECK(call(SYS_getdents64, (uint64_t)reader, STILL_DATA, 256, 0, 0, 0) == -ENOENT);
    CHECK(call(SYS_lseek, (uint64_t)reader, INT64_MAX, SEEK_SET, 0, 0, 0) == INT64_MAX);
    do_close(reader);
    end();
}

static void limits_end_in_no_space_and_come_back(void) {
    struct vm_limits limits = still__limits();
    limits.file_bytes = 64 * PAGE_SIZE;
    limits.files = 20;
    begin_with(&limits);
    uint32_t frames = still->kernel->frames.in_use, made = still->kernel->tree.made;
    for (int round = 0; round < 3; round++) {
        int64_t file = do_open("big", O_CREAT | O_RDWR, 0600), total = 0, got;
        while ((got = call(SYS_write, (uint64_t)file, STILL_DATA, 3 * PAGE_SIZE + 1, 0, 0, 0)) > 0) total += got;
        CHECK(got == -ENOSPC && total > 50 * (int64_t)PAGE_SIZE);
        CHECK(still->kernel->tree.bytes <= limits.file_bytes);
        CHECK(do_paths(SYS_symlink, "target", "s") == -ENOSPC);
        CHECK(do_path(SYS_unlink, "big", 0) == 0);
        do_close(file);
        CHECK(still->kernel->tree.bytes == 0 && still->kernel->frames.in_use == frames);
        char name[16];
        int count = 0;
        for (; count < 100; count++) {
            snprintf(name, sizeof name, "f%d", count);
            if (do_path(SYS_mkdir, name, 0755) != 0) break;
        }
        CHECK(count > 10 && count <= 20);
        CHECK(do_open("a", O_RDWR | O_TRUNC, 0) == -ENOSPC);
        CHECK(do_path(SYS_unlink, "d/b", 0) == (round == 0 ? 0 : -ENOENT));
        while (count-- > 0) {
            snprintf(name, sizeof name, "f%d", count);
            CHECK(do_path(SYS_rmdir, name, 0) == 0);
        }
        CHECK(still->kernel->tree.made == made);
    }
    end();
}

static void sizes_and_offsets_beyond_all_bounds_are_refused(void) {
    begin();
    int64_t file = do_open("f", O_CREAT | O_RDWR, 0600);
    CHECK(call(SYS_ftruncate, (uint64_t)file, UINT64_MAX, 0, 0, 0, 0) == -EINVAL);
    CHECK(call(SYS_ftruncate, (uint64_t)file, INT64_MAX, 0, 0, 0, 0) == -EFBIG);
    CHECK(call(SYS_ftruncate, (uint64_t)file, CONTENTS_BYTES_MAX, 0, 0, 0, 0) == 0);
    CHECK(call(SYS_pwrite64, (uint64_t)file, STILL_DATA, 1, CONTENTS_BYTES_MAX, 0, 0) == -EFBIG);
    CHECK(call(SYS_pwrite64, (uint64_t)file, STILL_DATA, 1, INT64_MAX, 0, 0) == -EFBIG);
    CHECK(call(SYS_pwrite64, (uint64_t)file, STILL_DATA, 1, UINT64_MAX, 0, 0) == -EINVAL);
    CHECK(call(SYS_pwrite64, (uint64_t)file, STILL_DATA, 2, CONTENTS_BYTES_MAX - 1, 0, 0) == 1);
    CHECK(call(SYS_lseek, (uint64_t)file, INT64_MAX, SEEK_END, 0, 0, 0) == -EOVERFLOW);
    CHECK(call(SYS_lseek, (uint64_t)file, INT64_MIN, SEEK_CUR, 0, 0, 0) == -EINVAL);
    CHECK(call(SYS_lseek, (uint64_t)file, 0, SEEK_DATA, 0, 0, 0) > 0);
    CHECK(call(SYS_fallocate, (uint64_t)file, 0, 0, INT64_MAX, 0, 0) == -EFBIG);
    CHECK(call(SYS_fallocate, (uint64_t)file, 0, INT64_MAX, INT64_MAX, 0, 0) == -EFBIG);
    CHECK(call(SYS_read, (uint64_t)file, STILL_DATA, UINT64_MAX, 0, 0, 0) > 0);
    CHECK(call(SYS_pread64, (uint64_t)file, 0, 100, 0, 0, 0) == -EFAULT);
    CHECK(call(SYS_write, (uint64_t)file, UINT64_MAX - 5, 100, 0, 0, 0) == -EFAULT);
    CHECK(call(SYS_ftruncate, (uint64_t)file, 0, 0, 0, 0, 0) == 0);
    do_close(file);
    CHECK(do_path(SYS_unlink, "f", 0) == 0);
    CHECK(still->kernel->tree.bytes == 0);
    end();
}

static void a_mapped_page_is_not_given_to_another_file(void) {
    begin();
    int64_t file = do_open("m", O_CREAT | O_RDWR, 0600);
    call(SYS_ftruncate, (uint64_t)file, 2 * PAGE_SIZE, 0, 0, 0, 0);
    int64_t mapped = call(SYS_mmap, 0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, (uint64_t)file, 0);
    CHECK(mapped > 0);
    CHECK(access__write(still, (uint64_t)mapped, "mine", 4) == 0);
    SAYS(get_file("m"), "mine");
    CHECK(call(SYS_ftruncate, (uint64_t)file, 0, 0, 0, 0, 0) == 0);
    int64_t other = do_open("other", O_CREAT | O_RDWR, 0600);
    for (int i = 0; i < 64; i++) CHECK(do_write(other, "secret", 6) == 6);
    char text[8] = "";
    if (access__read(still, text, (uint64_t)mapped, 6) == 0) CHECK(strcmp(text, "secret") != 0);
    CHECK(call(SYS_munmap, (uint64_t)mapped, 2 * PAGE_SIZE, 0, 0, 0, 0) == 0);
    end();
}

static const struct test tests[] = {
    {"names of the view and the guest show together", names_of_the_view_and_the_guest_show_together},
    {"a removed name of the view is gone and can be made again",
     a_removed_name_of_the_view_is_gone_and_can_be_made_again},
    {"a folder of the view that was removed and made again is empty",
     a_folder_of_the_view_that_was_removed_and_made_again_is_empty},
    {"a write changes a copy and never the view", a_write_changes_a_copy_and_never_the_view},
    {"an unlinked file lives till its last close", an_unlinked_file_lives_till_its_last_close},
    {"what only was read leaves nothing behind", what_only_was_read_leaves_nothing_behind},
    {"renames are refused as Linux refuses them", renames_are_refused_as_linux_refuses_them},
    {"second names are the same file", second_names_are_the_same_file},
    {"a folder can be emptied while it is read", a_folder_can_be_emptied_while_it_is_read},
    {"limits end in no space and come back", limits_end_in_no_space_and_come_back},
    {"sizes and offsets beyond all bounds are refused", sizes_and_offsets_beyond_all_bounds_are_refused},
    {"a mapped page is not given to another file", a_mapped_page_is_not_given_to_another_file},
};

int main(void) {
    return run_tests(tests, sizeof tests / sizeof *tests);
}
