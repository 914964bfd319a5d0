#include "landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/landlock.h of Linux 6.12, by hand: the headers of the machine that compiles may be older than its kernel. */
struct landlock_rules {
    uint64_t files, connections, scopes;
};

#define FLAG_VERSION 1u
#define FIRST_WITH_REFER 2
#define FIRST_WITH_TRUNCATE 3
#define FIRST_WITH_CONNECTIONS 4
#define FIRST_WITH_DEVICES 5
#define FIRST_WITH_SCOPES 6
/* All that can be done to files and folders; later versions have more. */
#define FILES_OF_FIRST ((1u << 13) - 1)
#define FILES_REFER (1u << 13)
#define FILES_TRUNCATE (1u << 14)
#define FILES_DEVICES (1u << 15)
#define BIND_AND_CONNECT 3u
#define ABSTRACT_SOCKETS_AND_SIGNALS 3u

int landlock__deny_all(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, FLAG_VERSION);
    if (version < 0) return -errno;
    struct landlock_rules rules = {.files = FILES_OF_FIRST};
    size_t size = offsetof(struct landlock_rules, connections);
    if (version >= FIRST_WITH_REFER) rules.files |= FILES_REFER;
    if (version >= FIRST_WITH_TRUNCATE) rules.files |= FILES_TRUNCATE;
    if (version >= FIRST_WITH_DEVICES) rules.files |= FILES_DEVICES;
    if (version >= FIRST_WITH_CONNECTIONS) {
        rules.connections = BIND_AND_CONNECT;
        size = offsetof(struct landlock_rules, scopes);
    }
    if (version >= FIRST_WITH_SCOPES) {
        rules.scopes = ABSTRACT_SOCKETS_AND_SIGNALS;
        size = sizeof rules;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0) return -errno;
    int error = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : -errno;
    close(ruleset);
    return error;
}
