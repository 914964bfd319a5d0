/* Requests on stdin, answers on stdout. */
#include <unistd.h>

#include "behaviours.h"

int main(void) {
    while (serve_one(STDIN_FILENO, STDOUT_FILENO)) continue;
    return 0;
}
