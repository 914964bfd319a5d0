/* A guest that makes the cheapest system call as often as it is asked to: what one exit from a VM costs. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    char request[32] = {0};
    while (read(0, request, sizeof request - 1) > 0) {
        for (long left = atol(request); left > 0; left--) syscall(SYS_getppid);
        if (write(1, "done", 4) != 4) return 1;
    }
    return 0;
}
