/* The devices of /dev. An open one's object is its minor number; the major number of all is 1. */
#ifndef MAYFLY_VM_FILE_DEVICE_H
#define MAYFLY_VM_FILE_DEVICE_H

#define DEVICE_MAJOR 1u

enum device {
    DEVICE_NULL = 3,
    DEVICE_ZERO = 5,
    DEVICE_FULL = 7,
    DEVICE_RANDOM = 8,
    DEVICE_URANDOM = 9,
    DEVICE_TTY = 255, /* there is none: only its name */
};

#endif
