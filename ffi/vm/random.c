#include "random.h"

#include <errno.h>
#include <sys/random.h>

#include "access.h"

int random__bytes(void *to, size_t size) {
    uint8_t *bytes = to;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

int64_t random__give(struct vm *vm, uint64_t address, uint64_t size) {
    uint64_t wanted = size < RANDOM_BYTES_MAX ? size : RANDOM_BYTES_MAX, done = 0;
    while (done < wanted) {
        size_t run;
        uint8_t *to = access__run_to_write(vm, address + done, wanted - done, &run);
        if (to == NULL) return done > 0 ? (int64_t)done : -EFAULT;
        int rc = random__bytes(to, run);
        if (rc != 0) return rc;
        done += run;
    }
    return (int64_t)done;
}
