#include "wasi_operations.h"
#include "wasi_sandbox.h"

/* A read takes no more at once: it bounds how long a call can be. */
#define READ_BYTES_MAX (UINT64_C(1) << 20)

#define PREOPENED WASI_FIRST_DESCRIPTOR
static const char PREOPENED_NAME[] = "/";

#define FILE_RIGHTS \
    (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_FILESTAT_GET | WASI_RIGHT_POLL)
#define FOLDER_RIGHTS \
    (WASI_RIGHT_PATH_OPEN | WASI_RIGHT_FD_READDIR | WASI_RIGHT_PATH_FILESTAT_GET | WASI_RIGHT_FD_FILESTAT_GET)

struct wasi_descriptor *wasi__descriptor(const struct wasi_call *call, uint32_t number) {
    struct wasi_descriptor *descriptors = call->sandbox->descriptors;
    uint32_t place = number - WASI_FIRST_DESCRIPTOR;
    if (number < WASI_FIRST_DESCRIPTOR || place >= WASI_DESCRIPTORS_MAX || !descriptors[place].is_open) return NULL;
    return &descriptors[place];
}

static const struct wasi_files *call__files(const struct wasi_call *call) {
    return &call->sandbox->module->files;
}

/* ---- what nobody may do ----------------------------------------------------------------------------------------- */

static bool descriptor__is_known(const struct wasi_call *call, uint32_t number) {
    return number < WASI_FIRST_DESCRIPTOR || wasi__descriptor(call, number) != NULL;
}

uint32_t wasi__refuse_change(struct wasi_call *call) {
    (void)call;
    return WASI_ROFS;
}

uint32_t wasi__accept_descriptor(struct wasi_call *call) {
    return descriptor__is_known(call, wasi_call__u32(call, 0)) ? WASI_OK : WASI_BADF;
}

uint32_t wasi__refuse_descriptor(struct wasi_call *call) {
    return descriptor__is_known(call, wasi_call__u32(call, 0)) ? WASI_NOTCAPABLE : WASI_BADF;
}

uint32_t wasi__has_no_link(struct wasi_call *call) {
    return wasi__descriptor(call, wasi_call__u32(call, 0)) == NULL ? WASI_BADF : WASI_INVAL;
}

uint32_t wasi__is_missing(struct wasi_call *call) {
    (void)call;
    return WASI_NOSYS;
}

/* ---- what a descriptor is ---------------------------------------------------------------------------------------- */

static uint8_t place__type(const struct wasi_place *place) {
    return place->is_folder ? WASI_FILETYPE_DIRECTORY : WASI_FILETYPE_REGULAR;
}

uint32_t wasi__fd_fdstat_get(struct wasi_call *call) {
    uint32_t number = wasi_call__u32(call, 0);
    const struct wasi_descriptor *descriptor = wasi__descriptor(call, number);
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 1), 24);
    if (!descriptor__is_known(call, number)) return WASI_BADF;
    if (out == NULL) return WASI_FAULT;
    memset(out, 0, 24);
    if (descriptor == NULL) {
        /* No terminal, so that the C library writes in larger pieces. */
        out[0] = WASI_FILETYPE_UNKNOWN;
        wasi__put_u64(out + 8, (number == WASI_STDIN ? WASI_RIGHT_FD_READ : WASI_RIGHT_FD_WRITE) | WASI_RIGHT_POLL);
        return WASI_OK;
    }
    out[0] = place__type(&descriptor->place);
    wasi__put_u64(out + 8, descriptor->place.is_folder ? FOLDER_RIGHTS : FILE_RIGHTS);
    wasi__put_u64(out + 16, descriptor->place.is_folder ? FOLDER_RIGHTS | FILE_RIGHTS : 0);
    return WASI_OK;
}

static void filestat__write(const struct wasi_files *files, const struct wasi_place *place, uint8_t *out) {
    memset(out, 0, 64);
    wasi__put_u64(out, 1);
    /* Files are numbered from 1, folders by their first file, beyond all of them. */
    wasi__put_u64(out + 8, (uint64_t)place->first + 1 + (place->is_folder ? files->count + place->prefix_length : 0));
    out[16] = place__type(place);
    wasi__put_u64(out + 24, 1);
    wasi__put_u64(out + 32, place->is_folder ? 0 : files->files[place->first].length);
}

uint32_t wasi__fd_filestat_get(struct wasi_call *call) {
    uint32_t number = wasi_call__u32(call, 0);
    const struct wasi_descriptor *descriptor = wasi__descriptor(call, number);
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 1), 64);
    if (!descriptor__is_known(call, number)) return WASI_BADF;
    if (out == NULL) return WASI_FAULT;
    if (descriptor == NULL) {
        memset(out, 0, 64);
        return WASI_OK;
    }
    filestat__write(call__files(call), &descriptor->place, out);
    return WASI_OK;
}

uint32_t wasi__fd_prestat_get(struct wasi_call *call) {
    bool is_preopened = wasi_call__u32(call, 0) == PREOPENED && wasi__descriptor(call, PREOPENED) != NULL;
    if (!is_preopened) return WASI_BADF;
    return wasi_call__store_u64(call, wasi_call__u32(call, 1), (uint64_t)strlen(PREOPENED_NAME) << 32);
}

uint32_t wasi__fd_prestat_dir_name(struct wasi_call *call) {
    bool is_preopened = wasi_call__u32(call, 0) == PREOPENED && wasi__descriptor(call, PREOPENED) != NULL;
    if (!is_preopened) return WASI_BADF;
    if (wasi_call__u32(call, 2) < strlen(PREOPENED_NAME)) return WASI_NAMETOOLONG;
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 1), strlen(PREOPENED_NAME));
    if (out == NULL) return WASI_FAULT;
    memcpy(out, PREOPENED_NAME, strlen(PREOPENED_NAME));
    return WASI_OK;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

uint32_t wasi__fd_close(struct wasi_call *call) {
    uint32_t number = wasi_call__u32(call, 0);
    struct wasi_descriptor *descriptor = wasi__descriptor(call, number);
    if (descriptor != NULL) descriptor->is_open = false;
    /* A stream stays what it is: a command's end is the end of its output. */
    return descriptor__is_known(call, number) || descriptor != NULL ? WASI_OK : WASI_BADF;
}

static uint32_t call__find(struct wasi_call *call, int path_argument, struct wasi_place *place) {
    const struct wasi_descriptor *folder = wasi__descriptor(call, wasi_call__u32(call, 0));
    uint32_t length = wasi_call__u32(call, path_argument + 1);
    if (folder == NULL) return WASI_BADF;
    if (!folder->place.is_folder) return WASI_NOTDIR;
    const uint8_t *path = wasi_mem(call, wasi_call__u32(call, path_argument), length);
    if (path == NULL) return WASI_FAULT;
    return wasi_files__find(call__files(call), &folder->place, path, length, place);
}

uint32_t wasi__path_filestat_get(struct wasi_call *call) {
    struct wasi_place place;
    uint32_t error = call__find(call, 2, &place);
    if (error != WASI_OK) return error;
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 4), 64);
    if (out == NULL) return WASI_FAULT;
    filestat__write(call__files(call), &place, out);
    return WASI_OK;
}

static uint32_t call__find_to_open(struct wasi_call *call, struct wasi_place *place) {
    uint32_t flags = wasi_call__u32(call, 4);
    uint64_t rights = call->arguments[5];
    uint32_t error = call__find(call, 2, place);
    if (error == WASI_NOENT && (flags & WASI_O_CREAT)) return WASI_ROFS;
    if (error != WASI_OK) return error;
    if ((flags & WASI_O_CREAT) && (flags & WASI_O_EXCL)) return WASI_EXIST;
    if ((flags & WASI_O_TRUNC) || (!place->is_folder && (rights & WASI_RIGHT_FD_WRITE))) return WASI_ROFS;
    return (flags & WASI_O_DIRECTORY) && !place->is_folder ? WASI_NOTDIR : WASI_OK;
}

uint32_t wasi__path_open(struct wasi_call *call) {
    struct wasi_descriptor *descriptors = call->sandbox->descriptors;
    struct wasi_place place;
    uint32_t error = call__find_to_open(call, &place), free_place = 0;
    if (error != WASI_OK) return error;
    while (free_place < WASI_DESCRIPTORS_MAX && descriptors[free_place].is_open) free_place++;
    if (free_place == WASI_DESCRIPTORS_MAX) return WASI_MFILE;
    error = wasi_call__store_u32(call, wasi_call__u32(call, 8), free_place + WASI_FIRST_DESCRIPTOR);
    if (error == WASI_OK) descriptors[free_place] = (struct wasi_descriptor){.is_open = true, .place = place};
    return error;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

uint32_t wasi__read_file(struct wasi_call *call, const struct wasi_descriptor *descriptor, uint64_t from,
                         uint64_t *length) {
    uint32_t list = wasi_call__u32(call, 1), count = wasi_call__u32(call, 2);
    *length = 0;
    if (descriptor->place.is_folder) return WASI_ISDIR;
    for (uint32_t i = 0; i < count && *length < READ_BYTES_MAX; i++) {
        struct wasi_iov iov;
        if (!wasi_call__iov(call, list, i, &iov)) return WASI_FAULT;
        uint64_t wanted = iov.length < READ_BYTES_MAX - *length ? iov.length : READ_BYTES_MAX - *length;
        int64_t got = wasi_files__read(call__files(call), descriptor->place.first, from + *length, iov.bytes, wanted);
        if (got < 0) return WASI_IO;
        *length += (uint64_t)got;
        if ((uint64_t)got < iov.length) break;
    }
    return WASI_OK;
}

uint32_t wasi__fd_pread(struct wasi_call *call) {
    const struct wasi_descriptor *descriptor = wasi__descriptor(call, wasi_call__u32(call, 0));
    uint64_t length, from = call->arguments[3];
    uint32_t error = wasi_call__check_iovs(call, wasi_call__u32(call, 1), wasi_call__u32(call, 2));
    if (error != WASI_OK) return error;
    if (descriptor == NULL) return descriptor__is_known(call, wasi_call__u32(call, 0)) ? WASI_SPIPE : WASI_BADF;
    if (from > INT64_MAX) return WASI_INVAL;
    error = wasi__read_file(call, descriptor, from, &length);
    return error == WASI_OK ? wasi_call__store_u32(call, wasi_call__u32(call, 4), (uint32_t)length) : error;
}

uint32_t wasi__fd_seek(struct wasi_call *call) {
    struct wasi_descriptor *descriptor = wasi__descriptor(call, wasi_call__u32(call, 0));
    int64_t offset = (int64_t)call->arguments[1], from, to;
    if (descriptor == NULL) return descriptor__is_known(call, wasi_call__u32(call, 0)) ? WASI_SPIPE : WASI_BADF;
    if (descriptor->place.is_folder) return WASI_ISDIR;
    switch (wasi_call__u32(call, 2)) {
    case WASI_WHENCE_SET:
        from = 0;
        break;
    case WASI_WHENCE_CUR:
        from = (int64_t)descriptor->offset;
        break;
    case WASI_WHENCE_END:
        from = (int64_t)call__files(call)->files[descriptor->place.first].length;
        break;
    default:
        return WASI_INVAL;
    }
    if (__builtin_add_overflow(from, offset, &to) || to < 0) return WASI_INVAL;
    uint32_t error = wasi_call__store_u64(call, wasi_call__u32(call, 3), (uint64_t)to);
    if (error == WASI_OK) descriptor->offset = (uint64_t)to;
    return error;
}

uint32_t wasi__fd_tell(struct wasi_call *call) {
    const struct wasi_descriptor *descriptor = wasi__descriptor(call, wasi_call__u32(call, 0));
    if (descriptor == NULL) return descriptor__is_known(call, wasi_call__u32(call, 0)) ? WASI_SPIPE : WASI_BADF;
    if (descriptor->place.is_folder) return WASI_ISDIR;
    return wasi_call__store_u64(call, wasi_call__u32(call, 1), descriptor->offset);
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

#define DIRENT_BYTES 24u

/* As much of it as fits: a guest that gets less than it asked for reads on from the last whole one. */
static bool dirent__write(const struct wasi_entry *entry, uint64_t next, uint8_t *out, uint32_t room, uint32_t *used) {
    uint8_t dirent[DIRENT_BYTES] = {0};
    wasi__put_u64(dirent, next);
    wasi__put_u64(dirent + 8, (uint64_t)entry->first + 1);
    wasi__put_u32(dirent + 16, entry->name_length);
    dirent[20] = entry->is_folder ? WASI_FILETYPE_DIRECTORY : WASI_FILETYPE_REGULAR;
    uint32_t head = room - *used < DIRENT_BYTES ? room - *used : DIRENT_BYTES;
    memcpy(out + *used, dirent, head);
    *used += head;
    uint32_t name = room - *used < entry->name_length ? room - *used : entry->name_length;
    memcpy(out + *used, entry->name, name);
    *used += name;
    return head == DIRENT_BYTES && name == entry->name_length;
}

uint32_t wasi__fd_readdir(struct wasi_call *call) {
    const struct wasi_descriptor *descriptor = wasi__descriptor(call, wasi_call__u32(call, 0));
    uint32_t room = wasi_call__u32(call, 2), used = 0;
    uint64_t cookie = call->arguments[3];
    if (descriptor == NULL) return WASI_BADF;
    if (!descriptor->place.is_folder) return WASI_NOTDIR;
    uint8_t *out = wasi_mem(call, wasi_call__u32(call, 1), room);
    if (out == NULL) return WASI_FAULT;
    /* Cookies: 0 and 1 are the two names that every folder has, the others 2 more than a file's number. */
    static const struct wasi_entry DOTS[] = {{".", 1, true, 0}, {"..", 2, true, 0}};
    bool fits = true;
    for (; cookie < 2 && fits; cookie++) fits = dirent__write(&DOTS[cookie], cookie + 1, out, room, &used);
    struct wasi_entry entry;
    uint32_t at = cookie - 2 < UINT32_MAX ? (uint32_t)(cookie - 2) : UINT32_MAX;
    while (fits && wasi_files__next(call__files(call), &descriptor->place, &at, &entry)) {
        fits = dirent__write(&entry, (uint64_t)at + 2, out, room, &used);
    }
    return wasi_call__store_u32(call, wasi_call__u32(call, 4), used);
}
