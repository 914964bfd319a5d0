/*
 * The first process of the machine around the suite: its modules, the suite, and off. What the kernel's command line calls
 * SUITE is the beginning of the names of the tests to run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void load(const char *module) {
    int file = open(module, O_RDONLY | O_CLOEXEC);
    if (file < 0 || syscall(SYS_finit_module, file, "", 0) < 0) perror(module);
    close(file);
}

int main(void) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
    int console = open("/dev/console", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(console, i);
    load("/modules/irqbypass.ko");
    load("/modules/kvm.ko");
    load("/modules/kvm-amd.ko");
    pid_t child = fork();
    if (child == 0) {
        execl("/suite/suite", "suite", getenv("SUITE"), NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    reboot(RB_POWER_OFF);
}
