/* Reads the files whose paths it is told, by way of a mapping, and says the first line of each. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(int folder, const char *path) {
    struct stat stat;
    int file = openat(folder, path, O_RDONLY);
    const char *bytes = file < 0 || fstat(file, &stat) != 0 || stat.st_size == 0
                            ? NULL
                            : mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (file >= 0) close(file);
    if (bytes == NULL || bytes == MAP_FAILED) {
        printf("%s: nothing\n", path);
        return;
    }
    printf("%.*s\n", (int)strcspn(bytes, "\n"), bytes);
    munmap((void *)(size_t)bytes, (size_t)stat.st_size);
}

int main(void) {
    char line[4096];
    /* What is open when views come below it shows them, too. */
    int folder = open("/shared", O_RDONLY | O_DIRECTORY);
    int own = open("/tmp/own", O_WRONLY | O_CREAT, 0600);
    if (own < 0 || write(own, "the guest's own\n", 16) != 16) return 1;
    close(own);
    if (mkdir("/made", 0700) != 0) return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '-') printf("%s\n", unlink(line + 1) == 0 ? "gone" : "not gone");
        else tell(folder, line);
        fflush(stdout);
    }
    return 0;
}
