/* Packed images of files of the host, by the microVM engine's own writer. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../vm/image_pack.h"
#include "mayfly.h"
#include "os.h"

#define SOURCES_MAX 65536u

/* "host path\tpath in the image\n", taken apart in place. */
static int sources__next(char **text, struct image_source *source) {
    char *line = strsep(text, "\n"), *path = strchr(line, '\t');
    if (path == NULL) return -EINVAL;
    *path++ = 0;
    *source = (struct image_source){.host = line, .path = path};
    return 0;
}

static int sources__read(char *text, struct image_source **result, size_t *count) {
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) lines++;
    if (lines == 0 || lines > SOURCES_MAX) return -EINVAL;
    struct image_source *sources = calloc(lines, sizeof *sources);
    if (sources == NULL) return -ENOMEM;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < lines; i++) rc = sources__next(&text, &sources[i]);
    if (rc == 0 && *text != 0) rc = -EINVAL;
    if (rc != 0) {
        free(sources);
        return rc;
    }
    *result = sources;
    *count = lines;
    return 0;
}

static int pack__write(const char *to, const struct image_source *sources, size_t count, struct text *message) {
    int file = open(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    struct vm_text why = {0};
    int rc = image__pack(file, sources, count, &why);
    text__set(message, "%s", why.bytes);
    if (close(file) != 0 && rc == 0) rc = -errno;
    if (rc != 0) unlink(to);
    return rc;
}

int mf_image_pack(const char *to, const char *lines, char *bytes, size_t capacity) {
    struct text message = {bytes, capacity};
    text__set(&message, "%s", "");
    char *text = strdup(lines);
    if (text == NULL) return -ENOMEM;
    struct image_source *sources = NULL;
    size_t count = 0;
    int rc = sources__read(text, &sources, &count);
    if (rc == 0) rc = pack__write(to, sources, count, &message);
    free(sources);
    free(text);
    return rc;
}
