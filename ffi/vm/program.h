/* A program becomes the guest's address space: what execve does. */
#ifndef MAYFLY_VM_PROGRAM_H
#define MAYFLY_VM_PROGRAM_H

#include "vm.h"

struct vm;

#define PROGRAM_STRINGS_MAX 4096u
#define PROGRAM_STRINGS_BYTES_MAX (UINT64_C(1) << 20)

/*
 * Loads the program and sets vm->context to its start. The address space has to be empty. -ENOEXEC for what is no program
 * for this machine; a script's interpreter is loaded in its place.
 */
int program__load(struct vm *vm, const char *path, const char *const *arguments, const char *const *environment);
/* Why a program cannot be loaded, as far as that can be told without loading it: 0 or -errno. */
int program__check(struct vm *vm, const char *path);

/* elf.c: where a program's parts came to lie. */
struct elf_image {
    uint64_t entry, base, end; /* end of its last segment */
    uint64_t headers;          /* where the guest finds its program headers, or 0 */
    uint32_t header_count;
    char interpreter[256]; /* "" for none */
};
int elf__load(struct vm *vm, const char *path, uint64_t base, struct elf_image *image);
/* Likewise for a program that may be loaded, without loading it. */
int elf__look(struct vm *vm, const char *path, struct elf_image *image);

#endif
