/* Is not ready for a long time. */
#include <unistd.h>

int main(void) {
    sleep(100000);
    return 0;
}
