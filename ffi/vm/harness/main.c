/*
 * The engine from a shell: runs any command in a VM, traces it, measures it. `mayfly vm` starts it.
 */
#include <string.h>

#include "harness.h"

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
} commands[] = {
    {"run", harness_run},
    {"bench", harness_bench},
    {"probe", harness_probe},
};

int main(int count, char **arguments) {
    for (size_t i = 0; count > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(arguments[1], commands[i].name) == 0) return commands[i].run(count - 2, arguments + 2);
    }
    return harness_fail(2, "run -- COMMAND..., bench -- COMMAND..., or probe", "the command is missing, or unknown");
}
