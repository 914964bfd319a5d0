/* In the place of a cell: tells what it was started with, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cell.h"

#define DESCRIPTORS_TRIED 4096

extern char **environ;

int main(int count, char **arguments) {
    FILE *told = fdopen(CELL_TOLD, "w");
    if (told == NULL) return 1;
    fprintf(told, "descriptors");
    for (int number = 0; number < DESCRIPTORS_TRIED; number++) {
        if (fcntl(number, F_GETFD) >= 0) fprintf(told, " %d", number);
    }
    fprintf(told, "\narguments");
    for (int i = 0; i < count; i++) fprintf(told, " %s", arguments[i]);
    fprintf(told, "\nenvironment %d\n", environ[0] != NULL);
    struct stat ring;
    fstat(CELL_RING, &ring);
    fprintf(told, "ring %d\n", (uint64_t)ring.st_size == CELL_RING_BYTES);
    fprintf(told, "shorter %s\n", ftruncate(CELL_RING, 0) == 0 ? "yes" : strerror(errno));
    fprintf(told, "longer %s\n", ftruncate(CELL_RING, 2 * (off_t)CELL_RING_BYTES) == 0 ? "yes" : strerror(errno));
    fprintf(told, "process %d of %d, leads %d\n", (int)getpid(), (int)getppid(), getsid(0) == getpid());
    char folder[64];
    fprintf(told, "folder %s\n", getcwd(folder, sizeof folder) == NULL ? "none" : folder);
    fclose(told);
    return 0;
}
