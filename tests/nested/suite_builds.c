/* Differences that see more than what they are differences to. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ffi/vm/image_pack.h"
#include "../../ffi/vm/machine.h"
#include "../../ffi/vm/regions.h"
#include "../../ffi/vm/snapshot_file.h"
#include "../../ffi/vm/view.h"
#include "suite_clones.h"

#define MEMORY_BYTES (UINT64_C(16) << 20)

struct text_file {
    const char *path, *text;
};

static const struct vm_limits limits = {
    .memory_bytes = MEMORY_BYTES, .file_bytes = 1 << 20, .files = 10, .descriptors = 10, .threads = 4};

static void write_text(const char *folder, const struct text_file *text) {
    char path[256];
    snprintf(path, sizeof path, "%s%s", folder, text->path);
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        EXPECT(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT(file >= 0 && write(file, text->text, strlen(text->text)) == (ssize_t)strlen(text->text));
    close(file);
}

static struct view *pack(const struct image_source *sources, size_t count) {
    struct vm_text why;
    struct view *view;
    int image = memfd_create("image", MFD_CLOEXEC);
    if (image__pack(image, sources, count, &why) != 0) suite__fail("no image: %s", why.bytes);
    EXPECT_NO_ERROR(view_image__open(image, &view));
    close(image);
    return view;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where) {
    (void)stat, (void)type, (void)where;
    return remove(path);
}

/* These files, and the guests when asked. */
static struct view *view_of(const struct text_file *texts, size_t count, int with_guests) {
    char folder[] = "/tmp/mayfly-suite-XXXXXX", guests[4096];
    /* An emulated machine has none. */
    EXPECT(mkdir("/tmp", 0700) == 0 || errno == EEXIST);
    EXPECT(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < count; i++) write_text(folder, &texts[i]);
    snprintf(guests, sizeof guests, "%s", suite__guest(""));
    guests[strlen(guests) - 1] = 0;
    const struct image_source sources[] = {{folder, "/"}, {guests, "/guests"}};
    struct view *view = pack(sources, with_guests ? 2 : 1);
    EXPECT_NO_ERROR(nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS));
    return view;
}

struct runtime {
    struct view *view, *packages, *others;
    struct vm_snapshot *snapshot;
};

static struct runtime runtime_of_reader(struct vm_machine *machine) {
    static const struct text_file base[] = {{"/shared/one", "the runtime's\n"}, {"/both", "the upper\n"}};
    static const struct text_file packages[] = {
        {"/packages/one", "a package\n"}, {"/shared/two", "beside it\n"}, {"/both", "the lower\n"}, {"/made/one", "hidden\n"}};
    static const struct text_file others[] = {{"/packages/one", "another package\n"}};
    struct runtime runtime = {
        .view = view_of(base, 2, 1), .packages = view_of(packages, 4, 0), .others = view_of(others, 1, 0)};
    static const char *const arguments[] = {"/guests/reader", NULL}, *const environment[] = {SUITE_TUNABLES, NULL};
    const struct vm_program program = {
        .arguments = arguments,
        .environment = environment,
        .folder = "/",
        .views = &runtime.view,
        .view_count = 1,
        .limits = limits,
    };
    struct vm *vm;
    struct vm_text why;
    struct outcome outcome;
    if (vm_boot(machine, &program, &vm, &why) != 0) suite__fail("cannot boot: %s", why.bytes);
    suite__run(vm, UINT64_MAX, &outcome);
    EXPECT(outcome.exit.reason == VM_WAITS);
    runtime.snapshot = suite__snapshot(vm, NULL, NULL);
    vm_close(vm);
    return runtime;
}

/* A difference that a package was read in; its file. */
static int built(const struct runtime *runtime, const struct vm_limits *with, struct view *more, const char *answer) {
    struct vm *vm;
    int file;
    EXPECT_NO_ERROR(vm_clone_to_build(runtime->snapshot, with, &more, more != NULL, &vm));
    suite__expect_answer(vm, "/packages/one\n", answer);
    vm_snapshot_close(suite__snapshot(vm, runtime->snapshot, &file));
    vm_close(vm);
    return file;
}

static int try_load(struct vm_machine *machine, const struct runtime *runtime, int file, struct view *first,
                    struct view *second, struct vm_snapshot **snapshot, struct vm_text *why) {
    struct view *const views[] = {first, second};
    return vm_snapshot_load(machine, file, runtime->snapshot, views, second == NULL ? 1 : 2, snapshot, why);
}

static struct vm_snapshot *load(struct vm_machine *machine, const struct runtime *runtime, int file, struct view *more) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    if (try_load(machine, runtime, file, runtime->view, more, &snapshot, &why) != 0) suite__fail("no load: %s", why.bytes);
    return snapshot;
}

static void sees_more(struct vm_machine *machine) {
    const struct runtime runtime = runtime_of_reader(machine);
    int file = built(&runtime, &limits, runtime.packages, "a package\n");
    struct vm_snapshot *snapshot = load(machine, &runtime, file, runtime.packages);
    struct vm *vm = suite__clone(snapshot);
    for (int round = 0; round < 3; round++) {
        suite__expect_answer(vm, "/packages/one\n", "a package\n");
        suite__expect_answer(vm, "two\n", "beside it\n");
        suite__expect_answer(vm, "one\n", "the runtime's\n");
        suite__expect_answer(vm, "/both\n", "the upper\n");
        suite__expect_answer(vm, "/tmp/own\n", "the guest's own\n");
        suite__expect_answer(vm, "/made/one\n", "/made/one: nothing\n");
        suite__expect_answer(vm, "-/shared/two\n", "gone\n");
        suite__expect_answer(vm, "two\n", "two: nothing\n");
        EXPECT_NO_ERROR(vm_reset(vm));
        suite__expect_as_snapshot(vm, snapshot);
    }
    vm_close(vm);
    vm = suite__clone(runtime.snapshot);
    suite__expect_answer(vm, "/packages/one\n", "/packages/one: nothing\n");
    vm_close(vm);
    vm_snapshot_close(snapshot);
}

static void shares(struct vm_machine *machine) {
    const struct runtime runtime = runtime_of_reader(machine);
    struct vm_limits larger = limits;
    larger.memory_bytes = 4 * MEMORY_BYTES;
    larger.descriptors = 20;
    int file = built(&runtime, &limits, runtime.packages, "a package\n");
    int larger_file = built(&runtime, &larger, runtime.packages, "a package\n");
    int other_file = built(&runtime, &limits, runtime.others, "another package\n");
    struct vm_snapshot *first = load(machine, &runtime, file, runtime.packages);
    struct vm_snapshot *second = load(machine, &runtime, larger_file, runtime.packages);
    struct vm_snapshot *other = load(machine, &runtime, other_file, runtime.others);
    int plain_file = built(&runtime, &limits, NULL, "/packages/one: nothing\n");
    struct vm_snapshot *plain = load(machine, &runtime, plain_file, NULL);
    EXPECT(first->regions == second->regions && first->regions != other->regions);
    EXPECT(plain->regions == runtime.snapshot->regions && first->regions->areas[0].host == other->regions->areas[0].host);

    EXPECT_NO_ERROR(vm_snapshot_prepare(runtime.snapshot, 2));
    EXPECT(machine->idle_count == 2);
    struct vm *vm = suite__clone(first);
    EXPECT(machine->idle_count == 1);
    suite__expect_answer(vm, "/packages/one\n", "a package\n");
    EXPECT_NO_ERROR(vm_switch(vm, second));
    suite__expect_as_snapshot(vm, second);
    suite__expect_answer(vm, "/packages/one\n", "a package\n");
    EXPECT_NO_ERROR(vm_switch(vm, first));
    suite__expect_as_snapshot(vm, first);
    EXPECT(vm_switch(vm, other) == -EXDEV && vm_switch(vm, plain) == -EXDEV && vm_switch(vm, runtime.snapshot) == -EXDEV);
    suite__expect_answer(vm, "/packages/one\n", "a package\n");
    vm_close(vm);
}

/* A function that is gone leaves nothing behind that only it could use. */
static void leaves_nothing(struct vm_machine *machine) {
    const struct runtime runtime = runtime_of_reader(machine);
    int file = built(&runtime, &limits, runtime.packages, "a package\n");
    struct vm_snapshot *first = load(machine, &runtime, file, runtime.packages);
    struct vm_snapshot *second = load(machine, &runtime, file, runtime.packages);
    EXPECT_NO_ERROR(vm_snapshot_prepare(runtime.snapshot, 1));
    EXPECT_NO_ERROR(vm_snapshot_prepare(first, 3));
    EXPECT(machine->idle_count == 3);
    vm_snapshot_close(first);
    EXPECT(machine->idle_count == 3);
    struct vm *vm = suite__clone(second);
    vm_snapshot_close(second);
    EXPECT(machine->idle_count == 2);
    suite__expect_answer(vm, "/packages/one\n", "a package\n");
    vm_close(vm);
    EXPECT(machine->idle_count <= 1 && runtime.snapshot->regions->extensions == NULL);
}

static void builder(struct vm_machine *machine) {
    const struct runtime runtime = runtime_of_reader(machine);
    struct vm *vm;
    EXPECT_NO_ERROR(vm_clone_to_build(runtime.snapshot, &limits, &runtime.packages, 1, &vm));
    suite__expect_answer(vm, "/packages/one\n", "a package\n");
    EXPECT(vm_reset(vm) == -EXDEV && vm_switch(vm, runtime.snapshot) == -EXDEV);
    vm_close(vm);
    struct view *many[VIEWS_MAX];
    for (size_t i = 0; i < VIEWS_MAX; i++) many[i] = runtime.packages;
    EXPECT(vm_clone_to_build(runtime.snapshot, &limits, many, VIEWS_MAX, &vm) == -E2BIG);
}

/* A clone of it would see what it was not built with, at the addresses of what it was. */
static void expect_refused(struct vm_machine *machine, const struct runtime *runtime, int file, struct view *first,
                           struct view *second) {
    struct vm_snapshot *snapshot;
    struct vm_text why;
    EXPECT(try_load(machine, runtime, file, first, second, &snapshot, &why) == -ESTALE);
    if (strstr(why.bytes, "other files") == NULL) suite__fail("the reason is: %s", why.bytes);
}

static void names_others(struct vm_machine *machine) {
    const struct runtime runtime = runtime_of_reader(machine);
    int file = built(&runtime, &limits, runtime.packages, "a package\n");
    expect_refused(machine, &runtime, file, runtime.view, runtime.others);
    expect_refused(machine, &runtime, file, runtime.view, NULL);
    expect_refused(machine, &runtime, file, runtime.packages, runtime.view);
    /* Its head may say what it likes: what its parent has comes first. */
    struct snapshot_head head;
    EXPECT(pread(file, &head, sizeof head, 0) == (ssize_t)sizeof head);
    memcpy(head.views[0], runtime.packages->identity, sizeof head.views[0]);
    memcpy(head.views[1], runtime.view->identity, sizeof head.views[1]);
    head.checksum = snapshot__checksum(&head, offsetof(struct snapshot_head, checksum));
    EXPECT(pwrite(file, &head, sizeof head, 0) == (ssize_t)sizeof head);
    expect_refused(machine, &runtime, file, runtime.packages, runtime.view);
    head.view_count = 1;
    head.checksum = snapshot__checksum(&head, offsetof(struct snapshot_head, checksum));
    EXPECT(pwrite(file, &head, sizeof head, 0) == (ssize_t)sizeof head);
    expect_refused(machine, &runtime, file, runtime.packages, NULL);
    head.view_count = 0;
    head.checksum = snapshot__checksum(&head, offsetof(struct snapshot_head, checksum));
    EXPECT(pwrite(file, &head, sizeof head, 0) == (ssize_t)sizeof head);
    struct vm_snapshot *snapshot;
    struct vm_text why;
    EXPECT(vm_snapshot_load(machine, file, runtime.snapshot, NULL, 0, &snapshot, &why) == -ESTALE);
}

const struct test build_tests[] = {
    {"a difference sees its parent's views, and more below them", sees_more},
    {"differences with the same views share them, and VMs", shares},
    {"a snapshot that is gone leaves no shells that fit nothing", leaves_nothing},
    {"a clone to build from is no clone of its snapshot", builder},
    {"a difference that names other views is refused", names_others},
    {NULL, NULL},
};
