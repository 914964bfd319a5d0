#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../view.h"
#include "harness.h"

uint64_t harness_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open__machine(struct harness *harness) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        fprintf(stderr, "Error: cannot open /dev/kvm: %s\n", strerror(errno));
        return 1;
    }
    struct vm_text why;
    int error = vm_machine_open(kvm, &harness->machine, &why);
    close(kvm);
    if (error == 0) return 0;
    fprintf(stderr, "Error: %s\n", why.bytes);
    return 1;
}

int harness_open(struct harness *harness, const struct harness_options *options) {
    memset(harness, 0, sizeof *harness);
    int status = open__machine(harness);
    if (status != 0) return status;
    int error = view_folder__open(options->views, options->view_count, &harness->view);
    if (error != 0) {
        fprintf(stderr, "Error: cannot show the host's folders: %s\n", strerror(-error));
        harness_close(harness);
        return 1;
    }
    char folder[PATH_MAX];
    if (getcwd(folder, sizeof folder) == NULL) strcpy(folder, "/");
    const struct vm_program program = {
        .arguments = (const char *const *)options->command,
        .environment = options->environment,
        .folder = folder,
        .views = &harness->view,
        .view_count = 1,
        .limits =
            {
                .memory_bytes = options->memory_bytes,
                .file_bytes = options->memory_bytes / 2,
                .files = 10000,
                .descriptors = 1024,
                .threads = 256,
                .log_bytes = UINT64_MAX,
            },
    };
    struct vm_text why;
    error = vm_boot(harness->machine, &program, &harness->vm, &why);
    if (error == 0) return 0;
    fprintf(stderr, "Error: %s\n", why.bytes);
    harness_close(harness);
    return 1;
}

void harness_close(struct harness *harness) {
    if (harness->vm != NULL) vm_close(harness->vm);
    if (harness->view != NULL) view__close(harness->view);
    if (harness->machine != NULL) vm_machine_close(harness->machine);
}
