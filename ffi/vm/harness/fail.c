#include <stdarg.h>
#include <stdio.h>

#include "harness.h"

int harness_fail(int status, const char *hint, const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("Error: ", stderr);
    vfprintf(stderr, format, values);
    fprintf(stderr, "\nTry: %s\n", hint);
    va_end(values);
    return status;
}
