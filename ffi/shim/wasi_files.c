#include "wasi_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os.h"
#include "wasi_abi.h"

/* The pack: this header, `count` entries in the order of their names, the names, the contents. */
struct pack_header {
    uint8_t magic[8];
    uint32_t abi;
    uint32_t count;
    uint64_t names_length;
};

struct pack_entry {
    uint32_t name_at; /* among the names */
    uint32_t name_length;
    uint64_t at; /* in the pack */
    uint64_t length;
};

_Static_assert(sizeof(struct pack_header) == 24, "the header is part of the format");
_Static_assert(sizeof(struct pack_entry) == 24, "the entries are part of the format");

#define PACK_ABI 1u
#define PACK_FILES_MAX 65536u
#define PACK_NAMES_MAX (64u << 20)

static const uint8_t MAGIC[8] = {'m', 'a', 'y', 'f', 'l', 'y', 'f', 'p'};

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool name__is_sound(const char *name, uint32_t length) {
    if (length == 0 || length > WASI_PATH_MAX || memchr(name, 0, length) != NULL) return false;
    for (uint32_t from = 0; from <= length;) {
        const char *slash = from < length ? memchr(name + from, '/', length - from) : NULL;
        uint32_t end = slash == NULL ? length : (uint32_t)(slash - name);
        uint32_t part = end - from;
        bool is_dots = part <= 2 && memcmp(name + from, "..", part) == 0; /* the empty part as well */
        if (is_dots) return false;
        from = end + 1;
    }
    return true;
}

static int name__compare(const char *a, uint32_t a_length, const char *b, uint32_t b_length) {
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    if (order != 0) return order;
    return a_length < b_length ? -1 : a_length > b_length;
}

static int pack__read(int descriptor, void *to, size_t length, uint64_t at) {
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(descriptor, (uint8_t *)to + done, length - done, (off_t)(at + done));
        if (got == 0) return -EBADMSG;
        if (got < 0 && errno != EINTR) return -errno;
        if (got > 0) done += (size_t)got;
    }
    return 0;
}

static int pack__check(struct wasi_files *files, const struct pack_entry *entries, uint64_t names_length,
                       uint64_t size) {
    for (uint32_t i = 0; i < files->count; i++) {
        struct pack_entry entry = entries[i];
        if (entry.name_at > names_length || entry.name_length > names_length - entry.name_at) return -EBADMSG;
        if (entry.at > size || entry.length > size - entry.at) return -EBADMSG;
        const char *name = files->names + entry.name_at;
        if (!name__is_sound(name, entry.name_length)) return -EBADMSG;
        files->files[i] = (struct wasi_file){name, entry.name_length, entry.at, entry.length};
        if (i == 0) continue;
        const struct wasi_file *before = &files->files[i - 1];
        if (name__compare(before->name, before->name_length, name, entry.name_length) >= 0) return -EBADMSG;
    }
    return 0;
}

static int pack__load(struct wasi_files *files) {
    struct stat status;
    struct pack_header header;
    if (fstat(files->descriptor, &status) != 0) return -errno;
    int rc = pack__read(files->descriptor, &header, sizeof header, 0);
    if (rc != 0) return rc;
    bool is_sound = memcmp(header.magic, MAGIC, sizeof MAGIC) == 0 && header.abi == PACK_ABI &&
                    header.count <= PACK_FILES_MAX && header.names_length <= PACK_NAMES_MAX;
    if (!is_sound) return -EBADMSG;
    size_t entries_length = header.count * sizeof(struct pack_entry);
    struct pack_entry *entries = malloc(entries_length + 1);
    files->count = header.count;
    files->files = malloc(header.count * sizeof *files->files + 1);
    files->names = malloc(header.names_length + 1);
    rc = entries == NULL || files->files == NULL || files->names == NULL ? -ENOMEM : 0;
    if (rc == 0) rc = pack__read(files->descriptor, entries, entries_length, sizeof header);
    if (rc == 0) rc = pack__read(files->descriptor, files->names, header.names_length, sizeof header + entries_length);
    if (rc == 0) rc = pack__check(files, entries, header.names_length, (uint64_t)status.st_size);
    free(entries);
    return rc;
}

int wasi_files__open(struct wasi_files *files, const char *path) {
    *files = (struct wasi_files){.descriptor = -1};
    if (*path == 0) return 0;
    files->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (files->descriptor < 0) return -errno;
    int rc = pack__load(files);
    if (rc != 0) wasi_files__close(files);
    return rc;
}

void wasi_files__close(struct wasi_files *files) {
    if (files->descriptor >= 0) close(files->descriptor);
    free(files->files);
    free(files->names);
    *files = (struct wasi_files){.descriptor = -1};
}

/* ---- finding ------------------------------------------------------------------------------------------- */

struct wasi_place wasi_files__top(const struct wasi_files *files) {
    return (struct wasi_place){.is_folder = true, .end = files->count};
}

/* The first file whose name is not before a text. */
static uint32_t files__lower_bound(const struct wasi_files *files, const char *text, uint32_t length) {
    uint32_t low = 0, high = files->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct wasi_file *file = &files->files[middle];
        if (name__compare(file->name, file->name_length, text, length) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool file__begins_with(const struct wasi_file *file, const char *text, uint32_t length) {
    return file->name_length >= length && memcmp(file->name, text, length) == 0;
}

/* `name` has room for a slash after its `length`. */
static uint32_t files__lookup(const struct wasi_files *files, char *name, uint32_t length, struct wasi_place *out) {
    if (length == 0) {
        *out = wasi_files__top(files);
        return WASI_OK;
    }
    uint32_t at = files__lower_bound(files, name, length);
    if (at < files->count && files->files[at].name_length == length &&
        file__begins_with(&files->files[at], name, length)) {
        *out = (struct wasi_place){.first = at, .end = at + 1};
        return WASI_OK;
    }
    name[length] = '/';
    at = files__lower_bound(files, name, length + 1);
    uint32_t end = at;
    while (end < files->count && file__begins_with(&files->files[end], name, length + 1)) end++;
    if (end == at) return WASI_NOENT;
    *out = (struct wasi_place){.is_folder = true, .first = at, .end = end, .prefix_length = length + 1};
    return WASI_OK;
}

/* Takes a part of a path to the end of a name, or takes the name's last part away. */
static uint32_t name__walk(char *name, uint32_t *length, const uint8_t *part, uint32_t part_length) {
    if (part_length == 0 || (part_length == 1 && part[0] == '.')) return WASI_OK;
    if (part_length == 2 && part[0] == '.' && part[1] == '.') {
        if (*length == 0) return WASI_NOTCAPABLE;
        while (*length > 0 && name[*length - 1] != '/') --*length;
        if (*length > 0) --*length;
        return WASI_OK;
    }
    if (part_length > WASI_PATH_MAX || *length + 1 + part_length > WASI_PATH_MAX) return WASI_NAMETOOLONG;
    if (*length > 0) name[(*length)++] = '/';
    memcpy(name + *length, part, part_length);
    *length += part_length;
    return WASI_OK;
}

uint32_t wasi_files__find(const struct wasi_files *files, const struct wasi_place *folder, const uint8_t *path,
                          uint32_t length, struct wasi_place *out) {
    char name[WASI_PATH_MAX + 1];
    uint32_t name_length = 0;
    if (length == 0) return WASI_NOENT;
    if (length > WASI_PATH_MAX) return WASI_NAMETOOLONG;
    if (memchr(path, 0, length) != NULL) return WASI_INVAL;
    if (path[0] == '/') return WASI_NOTCAPABLE;
    if (folder->prefix_length > 0) {
        name_length = folder->prefix_length - 1;
        memcpy(name, files->files[folder->first].name, name_length);
    }
    /* Of what is passed on the way only the names count: there are no links, so they cannot lead elsewhere. */
    for (uint32_t from = 0; from <= length;) {
        const uint8_t *slash = from < length ? memchr(path + from, '/', length - from) : NULL;
        uint32_t end = slash == NULL ? length : (uint32_t)(slash - path);
        uint32_t error = name__walk(name, &name_length, path + from, end - from);
        if (error != WASI_OK) return error;
        from = end + 1;
    }
    uint32_t error = files__lookup(files, name, name_length, out);
    return error == WASI_OK && !out->is_folder && path[length - 1] == '/' ? (uint32_t)WASI_NOTDIR : error;
}

bool wasi_files__next(const struct wasi_files *files, const struct wasi_place *folder, uint32_t *at,
                      struct wasi_entry *entry) {
    if (*at < folder->first) *at = folder->first;
    if (*at >= folder->end) return false;
    const struct wasi_file *file = &files->files[*at];
    const char *rest = file->name + folder->prefix_length;
    uint32_t rest_length = file->name_length - folder->prefix_length;
    const char *slash = memchr(rest, '/', rest_length);
    *entry = (struct wasi_entry){
        .name = rest,
        .name_length = slash == NULL ? rest_length : (uint32_t)(slash - rest),
        .is_folder = slash != NULL,
        .first = *at,
    };
    uint32_t skipped = (uint32_t)(rest - file->name) + entry->name_length + 1;
    ++*at;
    while (entry->is_folder && *at < folder->end && file__begins_with(&files->files[*at], file->name, skipped)) ++*at;
    return true;
}

int64_t wasi_files__read(const struct wasi_files *files, uint32_t file, uint64_t from, uint8_t *bytes,
                         uint64_t length) {
    const struct wasi_file *entry = &files->files[file];
    if (from >= entry->length) return 0;
    if (length > entry->length - from) length = entry->length - from;
    ssize_t got = pread(files->descriptor, bytes, length, (off_t)(entry->at + from));
    return got < 0 ? -errno : got;
}
