#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/os.h"
#include "../view.h"
#include "harness.h"

#define FILES 10000u
#define DESCRIPTORS 1024u
#define THREADS 256u

uint64_t harness_now_ns(void) {
    return os__now_ns();
}

static const char *open__kvm_hint(int error) {
    if (error == EACCES || error == EPERM) return "mayfly doctor, for who may use it";
    return "mayfly doctor, for how to get KVM";
}

int harness_open_machine(struct vm_machine **machine) {
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        int error = errno;
        return harness_fail(HARNESS_FAILED, open__kvm_hint(error), "Cannot open /dev/kvm: %s", strerror(error));
    }
    struct vm_text why;
    int error = vm_machine_open(kvm, -1, machine, &why);
    close(kvm);
    if (error == 0) return 0;
    return harness_fail(HARNESS_FAILED, "mayfly doctor, for what this KVM is", "Cannot use KVM: %s", why.bytes);
}

int harness_probe(int count, char **arguments) {
    (void)count;
    (void)arguments;
    struct vm_machine *machine;
    int status = harness_open_machine(&machine);
    if (status != 0) return status;
    puts(vm_machine_kind(machine));
    vm_machine_close(machine);
    return 0;
}

static int open__boot(struct harness *harness, const struct harness_options *options) {
    const struct vm_program program = {
        .arguments = (const char *const *)options->command,
        .environment = options->environment,
        .folder = options->folder,
        .views = &harness->view,
        .view_count = 1,
        .limits = {.memory_bytes = options->memory_bytes,
                   .file_bytes = options->memory_bytes / 2,
                   .files = FILES,
                   .descriptors = DESCRIPTORS,
                   .threads = THREADS,
                   .log_bytes = UINT64_MAX},
    };
    struct vm_text why;
    int error = vm_boot(harness->machine, &program, &harness->vm, &why);
    if (error == 0) return 0;
    const char *hint = error == -ENOMEM ? "more --memory" : "a program for Linux on x86_64, and --view PATH for what it needs";
    return harness_fail(HARNESS_FAILED, hint, "Cannot start %s: %s", options->command[0], strerror(-error));
}

int harness_open(struct harness *harness, const struct harness_options *options) {
    memset(harness, 0, sizeof *harness);
    int status = harness_open_machine(&harness->machine);
    if (status != 0) return status;
    int error = view_folder__open(options->views, options->view_count, &harness->view);
    if (error == 0) status = open__boot(harness, options);
    else status = harness_fail(HARNESS_FAILED, "other --view", "Cannot show this host's folders: %s", strerror(-error));
    if (status != 0) harness_close(harness);
    return status;
}

void harness_close(struct harness *harness) {
    if (harness->vm != NULL) vm_close(harness->vm);
    if (harness->view != NULL) view__close(harness->view);
    if (harness->machine != NULL) vm_machine_close(harness->machine);
}
