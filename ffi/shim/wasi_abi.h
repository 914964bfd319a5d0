/* The numbers of WASI preview 1 that its functions exchange with guests. */
#ifndef MAYFLY_WASI_ABI_H
#define MAYFLY_WASI_ABI_H

#define WASI_MODULE "wasi_snapshot_preview1"

enum wasi_errno {
    WASI_OK = 0,
    WASI_BADF = 8,
    WASI_EXIST = 20,
    WASI_FAULT = 21,
    WASI_INTR = 27,
    WASI_INVAL = 28,
    WASI_IO = 29,
    WASI_ISDIR = 31,
    WASI_MFILE = 33,
    WASI_NAMETOOLONG = 37,
    WASI_NOENT = 44,
    WASI_NOSYS = 52,
    WASI_NOTDIR = 54,
    WASI_NOTSUP = 58,
    WASI_ROFS = 69,
    WASI_SPIPE = 70,
    WASI_NOTCAPABLE = 76,
    /* None of WASI's: what was asked for is not there yet, ask again when something has come. */
    WASI_WAIT = 0x10000,
};

enum wasi_filetype { WASI_FILETYPE_UNKNOWN = 0, WASI_FILETYPE_DIRECTORY = 3, WASI_FILETYPE_REGULAR = 4 };
enum wasi_whence { WASI_WHENCE_SET = 0, WASI_WHENCE_CUR = 1, WASI_WHENCE_END = 2 };
enum wasi_oflag { WASI_O_CREAT = 1, WASI_O_DIRECTORY = 2, WASI_O_EXCL = 4, WASI_O_TRUNC = 8 };
enum wasi_clock { WASI_CLOCK_REALTIME, WASI_CLOCK_MONOTONIC, WASI_CLOCK_PROCESS_CPU, WASI_CLOCK_THREAD_CPU };
enum wasi_event { WASI_EVENT_CLOCK, WASI_EVENT_FD_READ, WASI_EVENT_FD_WRITE };

#define WASI_RIGHT_FD_READ (UINT64_C(1) << 1)
#define WASI_RIGHT_FD_SEEK (UINT64_C(1) << 2)
#define WASI_RIGHT_FD_TELL (UINT64_C(1) << 5)
#define WASI_RIGHT_FD_WRITE (UINT64_C(1) << 6)
#define WASI_RIGHT_PATH_OPEN (UINT64_C(1) << 13)
#define WASI_RIGHT_FD_READDIR (UINT64_C(1) << 14)
#define WASI_RIGHT_PATH_FILESTAT_GET (UINT64_C(1) << 18)
#define WASI_RIGHT_FD_FILESTAT_GET (UINT64_C(1) << 21)
#define WASI_RIGHT_POLL (UINT64_C(1) << 27)

#endif
