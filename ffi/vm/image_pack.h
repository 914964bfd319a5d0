/*
 * Makes a packed image (image_format.h) of files of the host. The same files give the same image, byte for byte: names in
 * their order, no owners, no times of folders.
 */
#ifndef MAYFLY_VM_IMAGE_PACK_H
#define MAYFLY_VM_IMAGE_PACK_H

#include <stddef.h>

#include "vm.h"

struct image_source {
    const char *host; /* a file, a link, or a folder with all that is in it */
    const char *path; /* absolute and normal: where it is to be; "/" is the root */
};

/* What is no file, folder or link is left out. Where two sources have the same name, the first one's counts. Written into
 * an empty file, which the caller keeps. */
int image__pack(int file, const struct image_source *sources, size_t count, struct vm_text *why);

#endif
