#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ffi/vm/image_pack.h"
#include "../../ffi/vm/view.h"
#include "cases.h"

#define SOURCES_MAX 1024

static struct samples samples;

static int opened(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file < 0) must(-errno, path);
    return file;
}

int case_pack(int count, char **arguments) {
    struct image_source sources[SOURCES_MAX];
    int source_count = 0;
    for (int i = 1; i < count && source_count < SOURCES_MAX; i++) {
        sources[source_count++] = (struct image_source){arguments[i], arguments[i]};
    }
    int image = opened(arguments[0], O_RDWR | O_CREAT | O_TRUNC);
    struct vm_text why;
    int error = image__pack(image, sources, (size_t)source_count, &why);
    if (error != 0) fprintf(stderr, "%s\n", why.bytes);
    must(error, "pack the image");
    close(image);
    return 0;
}

static struct view *view_of(const char *path) {
    struct view *view;
    int image = opened(path, O_RDONLY);
    must(view_image__open(image, &view), "open the image");
    close(image);
    return view;
}

int case_file(int count, char **arguments) {
    (void)count;
    struct vm_machine *machine;
    if (harness_open_machine(&machine) != 0) return 1;
    struct view *view = view_of(arguments[0]);
    static const char *const environment[] = {"PATH=/usr/bin", "LANG=C.UTF-8", "MALLOC_TOP_PAD_=1048576", NULL};
    const struct vm_program program = {
        .arguments = (const char *const *)(arguments + 2),
        .environment = environment,
        .folder = "/",
        .views = &view,
        .view_count = 1,
        .limits = {.memory_bytes = 64 << 20, .file_bytes = 8 << 20, .files = 1000, .descriptors = 256, .threads = 64,
                   .log_bytes = 1 << 20},
    };
    struct vm_text why;
    struct vm *vm;
    uint64_t begun = harness_now_ns();
    int error = vm_boot(machine, &program, &vm, &why);
    if (error != 0) fprintf(stderr, "%s\n", why.bytes);
    must(error, "boot");
    bench_settle(vm);
    number_report("boot from an image", (double)(harness_now_ns() - begun) / 1000);
    int file = opened(arguments[1], O_RDWR | O_CREAT | O_TRUNC);
    const struct vm_snapshot_options options = {.file = file};
    struct vm_snapshot *snapshot;
    must(vm_snapshot_take(vm, &options, &snapshot, &why), "take a snapshot");
    vm_snapshot_close(snapshot);
    vm_close(vm);
    view__close(view);
    vm_machine_close(machine);
    return 0;
}

/* A new process: from its start to the first answer, KVM's own start-up set apart. */
int case_load(int count, char **arguments) {
    (void)count;
    char answer[65536];
    struct vm_machine *machine;
    if (harness_open_machine(&machine) != 0) return 1;
    for (uint32_t i = 0; i < runs(1); i++) {
        uint64_t begun = harness_now_ns();
        struct view *view = view_of(arguments[0]);
        int file = opened(arguments[1], O_RDONLY);
        struct vm_snapshot *snapshot;
        struct vm_text why;
        int error = vm_snapshot_load(machine, file, NULL, &view, 1, &snapshot, &why);
        if (error != 0) fprintf(stderr, "%s\n", why.bytes);
        must(error, "load the snapshot");
        struct vm *vm;
        must(vm_clone(snapshot, &vm), "clone");
        bench_request(vm, usual_request, answer, sizeof answer);
        samples_add(&samples, begun, harness_now_ns());
        vm_close(vm);
        vm_snapshot_close(snapshot);
        view__close(view);
        close(file);
    }
    samples_report(&samples, "snapshot file to first answer");
    vm_machine_close(machine);
    return 0;
}
