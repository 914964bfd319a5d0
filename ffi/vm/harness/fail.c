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

void harness_note(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("Note: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
}

char *harness_text(const char *format, ...) {
    char *text;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    return length < 0 ? NULL : text;
}
