/* Never ends: computing, in system calls, in page faults, or asleep. */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "compute";
    for (volatile unsigned long i = 0;; i++) {
        if (strcmp(what, "sleep") == 0) sleep(3600);
        if (strcmp(what, "call") == 0) syscall(SYS_getppid);
        if (strcmp(what, "fault") == 0) {
            char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            *page = 1;
            munmap(page, 4096);
        }
    }
}
