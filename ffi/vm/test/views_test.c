/* Views: nothing outside them can be named, and damaged images do no harm. */
#include <sys/mman.h>

#include "../image_format.h"
#include "../image_pack.h"
#include "still.h"

static char path_text[PATH_BYTES];

static const char *join(const char *folder, const char *name) {
    snprintf(path_text, sizeof path_text, "%s/%s", folder, name);
    return path_text;
}

static void remove_folder(const char *folder) {
    char command[320];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) abort();
}

/* ---- a folder whose owner is hostile ------------------------------------------------------------------- */

static const char *host;
static struct view *view;

static void begin_trap(void) {
    host = host_folder();
    host_put(host, "secret", "secret");
    host_put(host, "shown/plain", "plain");
    host_put(host, "shown/in/file", "inner");
    char name[PATH_BYTES], target[PATH_BYTES];
    const char *links[][2] = {{"shown/up", "../secret"},      {"shown/deep", "in/../../secret"},
                              {"shown/shadow", "/etc/shadow"}, {"shown/root", "/"},
                              {"shown/self", "self"},          {"shown/good", "in/file"},
                              {"shown/folder", "in"},          {"shown/exe", "/proc/self/root/etc/shadow"}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(name, sizeof name, "%s/%s", host, links[i][0]);
        if (symlink(links[i][1], name) != 0) abort();
    }
    snprintf(name, sizeof name, "%s/shown/absolute", host);
    snprintf(target, sizeof target, "%s/shown/in/file", host);
    if (symlink(target, name) != 0) abort();
    snprintf(name, sizeof name, "%s/shown/fifo", host);
    if (mkfifo(name, 0666) != 0) abort();
    snprintf(name, sizeof name, "%s/shown", host);
    const char *shown = name;
    if (view_folder__open(&shown, 1, &view) != 0) abort();
    struct vm_limits limits = still__limits();
    still__begin(&view, 1, &limits);
}

static void end_trap(void) {
    still__end();
    view__close(view);
    remove_folder(host);
}

static void links_lead_nowhere_but_into_the_view(void) {
    begin_trap();
    SAYS(get_file(join(host, "shown/plain")), "plain");
    SAYS(get_file(join(host, "shown/good")), "inner");
    SAYS(get_file(join(host, "shown/folder/file")), "inner");
    SAYS(get_file(join(host, "shown/absolute")), "inner");
    SAYS(get_file(join(host, "shown/up")), "?ENOENT");
    SAYS(get_file(join(host, "shown/deep")), "?ENOENT");
    SAYS(get_file(join(host, "shown/shadow")), "?ENOENT");
    SAYS(get_file(join(host, "shown/exe")), "?ENOENT");
    SAYS(get_file(join(host, "shown/root/etc/shadow")), "?ENOENT");
    SAYS(get_file(join(host, "shown/self")), "?ELOOP");
    SAYS(get_file(join(host, "secret")), "?ENOENT");
    SAYS(get_file(join(host, "shown/in/../../secret")), "?ENOENT");
    SAYS(get_file("/etc/shadow"), "?ENOENT");
    SAYS(get_file("/etc/passwd"), "root:x:0:0:root:/:/bin/sh\nfunction:x:1000:1000:function:/tmp:/bin/sh\n");
    SAYS(get_file(join(host, "shown/fifo")), "?ENOENT");
    SAYS(list(host), "shown ");
    SAYS(list(join(host, "shown/root")), list("/"));
    end_trap();
}

static void the_guests_own_links_lead_nowhere_else(void) {
    begin_trap();
    do_path(SYS_chdir, "/tmp", 0);
    CHECK(do_paths(SYS_symlink, "/etc/shadow", "a") == 0);
    CHECK(do_paths(SYS_symlink, "../../../../../etc/shadow", "b") == 0);
    CHECK(do_paths(SYS_symlink, "/proc/self/root/etc/shadow", "c") == 0);
    CHECK(do_paths(SYS_symlink, "/proc/self/cwd/../etc/shadow", "d") == 0);
    for (const char *name = "abcd"; *name != 0; name++) {
        char link[2] = {*name, 0};
        SAYS(get_file(link), "?ENOENT");
    }
    SAYS(get_file("/proc/1/root/etc/shadow"), "?ENOENT");
    SAYS(get_file("/proc/self/fd/99/x"), "?ENOENT");
    SAYS(get_file("/dev/fd/../../../etc/shadow"), "?ENOENT");
    end_trap();
}

static void a_folder_that_became_a_link_meanwhile_is_not_followed(void) {
    begin_trap();
    char inner[PATH_BYTES], moved[PATH_BYTES];
    snprintf(inner, sizeof inner, "%s/shown/in", host);
    snprintf(moved, sizeof moved, "%s/moved", host);
    struct stat stat;
    CHECK(do_stat(inner, &stat) == 0);
    CHECK(rename(inner, moved) == 0 && symlink("..", inner) == 0);
    SAYS(get_file(join(host, "shown/in/secret")), "?ENOENT");
    end_trap();
}

static void paths_of_any_kind_are_answered(void) {
    begin_trap();
    static const char *const pieces[] = {"/", "//", ".", "..", "a", "tmp", "proc", "self", "fd", "0", "dev", "shown", "up",
                                         "\xff\xfe", "exe", "task", "100", "cwd", "stdin", "shm", "link", "root"};
    do_path(SYS_chdir, "/tmp", 0);
    do_paths(SYS_symlink, "../proc/self/fd/../task/100/cwd", "link");
    static const int numbers[] = {SYS_unlink, SYS_rmdir, SYS_mkdir, SYS_chdir, SYS_open, SYS_truncate, SYS_chmod};
    for (int i = 0; i < 20000; i++) {
        char text[256] = "";
        for (uint32_t n = random_below(9); n > 0; n--) {
            strcat(text, pieces[random_below(sizeof pieces / sizeof *pieces)]);
            if (random_below(4) != 0) strcat(text, "/");
        }
        int64_t result = do_path(numbers[random_below(7)], text, random_below(2) ? 0700 : O_CREAT | O_RDWR);
        CHECK(result > -4096);
        if (result > 2) do_close(result);
        if (random_below(8) == 0) {
            char other[256];
            snprintf(other, sizeof other, "/tmp/%s", pieces[random_below(22)]);
            do_paths(random_below(2) ? SYS_rename : SYS_link, text, other);
        }
    }
    end_trap();
}

/* ---- images -------------------------------------------------------------------------------------------- */

static int pack(const char *folder) {
    struct vm_text why;
    const struct image_source sources[] = {{folder, "/app"}, {folder, "/again/deep"}};
    int file = memfd_create("image", 0);
    if (image__pack(file, sources, 2, &why) != 0) {
        fprintf(stderr, "%s\n", why.bytes);
        abort();
    }
    return file;
}

static const char *make_sources(void) {
    const char *folder = host_folder();
    char name[PATH_BYTES];
    host_put(folder, "one", "1");
    host_put(folder, "nothing", "");
    host_put(folder, "b/two", "22");
    host_put(folder, "b-c/three", "333");
    host_put(folder, "b/d/four", "4444");
    snprintf(name, sizeof name, "%s/large", folder);
    int file = open(name, O_CREAT | O_WRONLY, 0755);
    for (int i = 0; i < 20000; i++) {
        if (write(file, &i, sizeof i) != sizeof i) abort();
    }
    close(file);
    snprintf(name, sizeof name, "%s/b/link", folder);
    if (symlink("../one", name) != 0) abort();
    snprintf(name, sizeof name, "%s/hollow", folder);
    mkdir(name, 0755);
    return folder;
}

static void an_image_shows_what_was_packed(void) {
    const char *folder = make_sources();
    int file = pack(folder), again = pack(folder);
    struct stat first, second;
    fstat(file, &first);
    fstat(again, &second);
    CHECK(first.st_size == second.st_size);
    void *a = mmap(NULL, (size_t)first.st_size, PROT_READ, MAP_SHARED, file, 0);
    void *b = mmap(NULL, (size_t)first.st_size, PROT_READ, MAP_SHARED, again, 0);
    CHECK(memcmp(a, b, (size_t)first.st_size) == 0);
    munmap(a, (size_t)first.st_size);
    munmap(b, (size_t)first.st_size);

    CHECK(view_image__open(file, &view) == 0);
    struct vm_limits limits = still__limits();
    still__begin(&view, 1, &limits);
    SAYS(list("/"), "again app dev etc proc sys tmp ");
    SAYS(list("/app"), "b b-c hollow large nothing one ");
    SAYS(list("/again/deep/b"), "d link two ");
    SAYS(list("/app/hollow"), "");
    SAYS(get_file("/app/one"), "1");
    SAYS(get_file("/app/nothing"), "");
    SAYS(get_file("/app/b/link"), "1");
    SAYS(get_file("/app/b-c/three"), "333");
    SAYS(get_file("/again/deep/b/d/four"), "4444");
    SAYS(get_file("/app/b/d"), "?EISDIR");
    SAYS(get_file("/app/b/d/fou"), "?ENOENT");
    SAYS(get_file("/app/one/x"), "?ENOTDIR");
    int64_t large = do_open("/app/large", O_RDONLY, 0);
    int64_t mapped = call(SYS_mmap, 0, 80000, PROT_READ, MAP_PRIVATE, (uint64_t)large, 0);
    CHECK(mapped > 0);
    int values[20000], values_read[20000];
    CHECK(access__read(still, values, (uint64_t)mapped, sizeof values) == 0);
    CHECK(do_read(large, values_read, sizeof values_read) == sizeof values_read);
    for (int i = 0; i < 20000; i++) CHECK(values[i] == i && values_read[i] == i);
    still__end();
    view__close(view);
    close(file);
    close(again);
    remove_folder(folder);
}

/* Asks an image all that can be asked: whatever it answers has to lie within it. */
static int walk(struct view *image, const struct view_node *folder, int depth) {
    struct view_node node;
    char name[256], bytes[PAGE_SIZE];
    uint64_t cursor = 0;
    for (int count = 0; image->functions->entry(image, folder, &cursor, name, &node) == 1; count++) {
        if (count > 100000 || depth > 100) return 0;
        if (strlen(name) == 0 || strlen(name) > 255 || strchr(name, '/') != NULL) return 0;
        uint64_t offset;
        uint32_t pages;
        image->functions->read(image, &node, bytes, sizeof bytes, node.size / 2);
        if (image->functions->target(image, &node, bytes, sizeof bytes) > (int64_t)sizeof bytes) return 0;
        for (uint64_t at = 0; at < 4 * PAGE_SIZE; at += PAGE_SIZE) {
            if (image->functions->map(image, &node, at, UINT32_MAX, &offset, &pages) != 0) continue;
            if (pages == 0 || offset + pages * PAGE_SIZE > image->region_size) return 0;
        }
        if (node.type == VIEW_FOLDER && !walk(image, &node, depth + 1)) return 0;
    }
    return 1;
}

static int is_harmless(int file) {
    struct view *image;
    struct view_node root;
    if (view_image__open(file, &image) != 0) return 1;
    int is_good = image->functions->find(image, "", &root) != 0 || walk(image, &root, 0);
    static const char *const paths[] = {"/app", "/app/b/d/four", "/again/deep/one", "/app/b/link", "/x", "//", "/app/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct view_node node;
        if (image->functions->find(image, paths[i], &node) == 0) is_good &= walk(image, &node, 0);
    }
    view__close(image);
    return is_good;
}

static void put_checksum(int file, const struct image_header *old) {
    struct image_header header;
    uint64_t bytes = old->contents_at - sizeof header;
    uint8_t *index = malloc(bytes);
    if (pread(file, &header, sizeof header, 0) != sizeof header) abort();
    if (pread(file, index, bytes, sizeof header) != (ssize_t)bytes) abort();
    uint64_t size = image__entries_bytes(&header) + image__slots_bytes(&header) + header.text_bytes;
    header.checksum = image__checksum(0, &header, offsetof(struct image_header, checksum));
    if (size <= bytes) header.checksum = image__checksum(header.checksum, index, size);
    if (pwrite(file, &header, sizeof header, 0) != sizeof header) abort();
    free(index);
}

static void every_flipped_byte_of_an_index_is_refused(void) {
    const char *folder = make_sources();
    int file = pack(folder);
    struct image_header header;
    CHECK(pread(file, &header, sizeof header, 0) == sizeof header);
    uint64_t end = sizeof header + image__entries_bytes(&header) + image__slots_bytes(&header) + header.text_bytes;
    for (uint64_t at = 0; at < end; at++) {
        uint8_t byte, flipped;
        CHECK(pread(file, &byte, 1, (off_t)at) == 1);
        flipped = (uint8_t)(byte ^ 1u << random_below(8));
        CHECK(pwrite(file, &flipped, 1, (off_t)at) == 1);
        struct view *image = NULL;
        int error = view_image__open(file, &image);
        if (error == 0) view__close(image);
        CHECK(error == -EBADMSG);
        CHECK(pwrite(file, &byte, 1, (off_t)at) == 1);
    }
    CHECK(is_harmless(file));
    for (int64_t size = 0; size < (int64_t)header.image_bytes; size += 1 + random_below(PAGE_SIZE)) {
        CHECK(ftruncate(file, size) == 0);
        CHECK(view_image__open(file, &view) == -EBADMSG);
    }
    close(file);
    remove_folder(folder);
}

static void a_forged_index_reaches_nothing_outside(void) {
    const char *folder = make_sources();
    int file = pack(folder);
    struct image_header header;
    CHECK(pread(file, &header, sizeof header, 0) == sizeof header);
    uint64_t end = header.contents_at;
    static const uint8_t values[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff, '/', '.'};
    for (uint64_t i = 0; i < 3 * end; i++) {
        uint64_t at = i % end;
        uint8_t before[8], after[8];
        ssize_t size = (ssize_t)(1u << random_below(4));
        CHECK(pread(file, before, (size_t)size, (off_t)at) == size);
        for (ssize_t byte = 0; byte < size; byte++) {
            after[byte] = random_below(2) ? values[random_below(sizeof values)] : (uint8_t)(before[byte] ^ 1u << random_below(8));
        }
        CHECK(pwrite(file, after, (size_t)size, (off_t)at) == size);
        put_checksum(file, &header);
        CHECK(is_harmless(file));
        CHECK(pwrite(file, before, (size_t)size, (off_t)at) == size);
        CHECK(pwrite(file, &header, sizeof header, 0) == sizeof header);
    }
    CHECK(is_harmless(file));
    close(file);
    remove_folder(folder);
}

#define SAME_NAMES 120u
#define NAMES_SLOTS 256u /* of so many names and two folders */

/* The next name after `*number` whose slot is the same as all others', where nobody chose a seed. */
static void next_same_name(uint32_t *number, char name[32]) {
    char path[64];
    do {
        snprintf(name, 32, "n%u", ++*number);
        snprintf(path, sizeof path, "/app/%s", name);
    } while (image__hash(0, path) % NAMES_SLOTS != 7);
}

static void names_that_fall_together_are_packed_apart(void) {
    const char *folder = host_folder();
    char name[32], path[64];
    uint32_t number = 0;
    struct vm_text why;
    for (uint32_t i = 0; i < SAME_NAMES; i++) next_same_name(&number, name), host_put(folder, name, "same");
    const struct image_source source = {folder, "/app"};
    int file = memfd_create("image", 0);
    CHECK(image__pack(file, &source, 1, &why) == 0);
    struct image_header header;
    CHECK(pread(file, &header, sizeof header, 0) == sizeof header && header.slot_count == NAMES_SLOTS && header.seed != 0);
    CHECK(view_image__open(file, &view) == 0);
    number = 0;
    for (uint32_t i = 0; i < SAME_NAMES; i++) {
        struct view_node node;
        next_same_name(&number, name);
        snprintf(path, sizeof path, "/app/%s", name);
        CHECK(view->functions->find(view, path, &node) == 0 && node.type == VIEW_FILE);
        strcat(path, "x");
        CHECK(view->functions->find(view, path, &node) == -ENOENT);
    }
    view__close(view);
    close(file);
    remove_folder(folder);
}

/* What would make each look a long one, or hide what is there. */
static void forged_slots_are_refused(void) {
    const char *folder = make_sources();
    int file = pack(folder);
    struct image_header header;
    CHECK(pread(file, &header, sizeof header, 0) == sizeof header);
    off_t at = (off_t)(sizeof header + image__entries_bytes(&header));
    uint32_t slots[4096], forged[4096];
    size_t bytes = image__slots_bytes(&header);
    CHECK(bytes <= sizeof slots && pread(file, slots, bytes, at) == (ssize_t)bytes);
    for (uint32_t kind = 0; kind < 4; kind++) {
        memcpy(forged, slots, bytes);
        uint32_t used = 0, free = 0;
        while (slots[used] == IMAGE_NO_ENTRY) used++;
        while (slots[free] != IMAGE_NO_ENTRY) free++;
        if (kind == 0) memset(forged, 0, bytes); /* all are the root */
        else if (kind == 1) forged[used] = IMAGE_NO_ENTRY; /* one is nowhere */
        else if (kind == 2) forged[free] = slots[used]; /* one is there twice */
        else forged[free] = slots[used], forged[used] = IMAGE_NO_ENTRY; /* one is elsewhere */
        CHECK(pwrite(file, forged, bytes, at) == (ssize_t)bytes);
        put_checksum(file, &header);
        CHECK(view_image__open(file, &view) == -EBADMSG);
    }
    CHECK(pwrite(file, slots, bytes, at) == (ssize_t)bytes);
    put_checksum(file, &header);
    CHECK(view_image__open(file, &view) == 0);
    view__close(view);
    close(file);
    remove_folder(folder);
}

static void views_lie_on_top_of_one_another(void) {
    const char *lower_folder = host_folder(), *upper_folder = host_folder();
    host_put(lower_folder, "both", "lower");
    host_put(lower_folder, "low", "low");
    host_put(lower_folder, "kind/x", "hidden");
    host_put(upper_folder, "both", "upper");
    host_put(upper_folder, "kind", "a file");
    host_put(upper_folder, "high", "high");
    int files[2] = {memfd_create("upper", 0), memfd_create("lower", 0)};
    const char *folders[2] = {upper_folder, lower_folder};
    struct view *views[2];
    struct vm_text why;
    for (int i = 0; i < 2; i++) {
        const struct image_source source = {folders[i], "/x"};
        CHECK(image__pack(files[i], &source, 1, &why) == 0);
        CHECK(view_image__open(files[i], &views[i]) == 0);
    }
    struct vm_limits limits = still__limits();
    still__begin(views, 2, &limits);
    SAYS(list("/x"), "both high kind low ");
    SAYS(get_file("/x/both"), "upper");
    SAYS(get_file("/x/low"), "low");
    SAYS(get_file("/x/kind"), "a file");
    SAYS(get_file("/x/kind/x"), "?ENOTDIR");
    CHECK(do_path(SYS_unlink, "/x/both", 0) == 0);
    SAYS(get_file("/x/both"), "?ENOENT");
    SAYS(list("/x"), "high kind low ");
    still__end();
    for (int i = 0; i < 2; i++) {
        view__close(views[i]);
        close(files[i]);
        remove_folder(folders[i]);
    }
}

static const struct test tests[] = {
    {"links lead nowhere but into the view", links_lead_nowhere_but_into_the_view},
    {"the guest's own links lead nowhere else", the_guests_own_links_lead_nowhere_else},
    {"a folder that became a link meanwhile is not followed", a_folder_that_became_a_link_meanwhile_is_not_followed},
    {"paths of any kind are answered", paths_of_any_kind_are_answered},
    {"an image shows what was packed", an_image_shows_what_was_packed},
    {"every flipped byte of an index is refused", every_flipped_byte_of_an_index_is_refused},
    {"a forged index reaches nothing outside", a_forged_index_reaches_nothing_outside},
    {"names that fall together are packed apart", names_that_fall_together_are_packed_apart},
    {"forged slots are refused", forged_slots_are_refused},
    {"views lie on top of one another", views_lie_on_top_of_one_another},
};

int main(void) {
    return run_tests(tests, sizeof tests / sizeof *tests);
}
