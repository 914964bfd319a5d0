#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "map.h"
#include "path.h"
#include "program.h"
#include "tables.h"

#define HEADERS_MAX 64u

static uint32_t elf__protection(uint32_t flags) {
    return (flags & PF_R ? (uint32_t)PROT_READ : 0) | (flags & PF_W ? (uint32_t)PROT_WRITE : 0) |
           (flags & PF_X ? (uint32_t)PROT_EXEC : 0);
}

static int elf__read_exactly(struct vm *vm, struct file *file, void *to, size_t size, uint64_t offset) {
    int64_t count = map__read(vm, file, to, size, offset);
    if (count < 0) return (int)count;
    return (size_t)count == size ? 0 : -ENOEXEC;
}

static int elf__check(const Elf64_Ehdr *header) {
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return -ENOEXEC;
    if (header->e_machine != EM_X86_64 || header->e_phentsize != sizeof(Elf64_Phdr)) return -ENOEXEC;
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) return -ENOEXEC;
    return header->e_phnum == 0 || header->e_phnum > HEADERS_MAX ? -ENOEXEC : 0;
}

/* Every sum of what the file says stays below USER_LAST. */
static int elf__check_segment(const Elf64_Phdr *segment, uint64_t base) {
    if (segment->p_filesz > segment->p_memsz || segment->p_memsz > USER_LAST) return -ENOEXEC;
    if (segment->p_vaddr > USER_LAST || base + segment->p_vaddr > USER_LAST - segment->p_memsz) return -ENOEXEC;
    if (segment->p_offset > INT64_MAX - segment->p_filesz) return -ENOEXEC;
    return ((segment->p_vaddr ^ segment->p_offset) & PAGE_MASK) != 0 ? -ENOEXEC : 0;
}

static int elf__map_segment(struct vm *vm, struct file *file, const Elf64_Phdr *segment, uint64_t base) {
    uint32_t protection = elf__protection(segment->p_flags);
    uint64_t start = page_down(base + segment->p_vaddr), file_end = base + segment->p_vaddr + segment->p_filesz,
             end = page_up(base + segment->p_vaddr + segment->p_memsz);
    int64_t mapped = 0;
    if (segment->p_filesz > 0) {
        mapped = space__map(vm, start, page_up(file_end) - start, protection, MAP_PRIVATE | MAP_FIXED, file,
                            page_down(segment->p_offset));
        if (mapped < 0) return (int)mapped;
    }
    uint64_t zeros = segment->p_filesz > 0 ? page_up(file_end) : start;
    if (segment->p_memsz > segment->p_filesz && (protection & PROT_WRITE) && zeros > file_end) {
        int error = access__fill(vm, file_end, 0, zeros - file_end);
        if (error != 0) return error;
    }
    if (end <= zeros) return 0;
    mapped = space__map(vm, zeros, end - zeros, protection, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, NULL, 0);
    return mapped < 0 ? (int)mapped : 0;
}

static int elf__read_interpreter(struct vm *vm, struct file *file, const Elf64_Phdr *segment, struct elf_image *image) {
    if (segment->p_filesz == 0 || segment->p_filesz > sizeof image->interpreter) return -ENOEXEC;
    int error = elf__read_exactly(vm, file, image->interpreter, segment->p_filesz, segment->p_offset);
    if (error != 0) return error;
    return image->interpreter[segment->p_filesz - 1] == 0 ? 0 : -ENOEXEC;
}

/* All that is to be known before anything is mapped. */
static int elf__read(struct vm *vm, struct file *file, uint64_t base, Elf64_Phdr *segments, struct elf_image *image) {
    Elf64_Ehdr header;
    int error = elf__read_exactly(vm, file, &header, sizeof header, 0);
    if (error == 0) error = elf__check(&header);
    if (error != 0) return error;
    error = elf__read_exactly(vm, file, segments, header.e_phnum * sizeof *segments, header.e_phoff);
    if (error != 0) return error;
    memset(image, 0, sizeof *image);
    image->base = header.e_type == ET_DYN ? base : 0;
    image->header_count = header.e_phnum;
    image->entry = image->base + header.e_entry;
    for (uint32_t i = 0; error == 0 && i < header.e_phnum; i++) {
        const Elf64_Phdr *segment = &segments[i];
        if (segment->p_type == PT_INTERP) error = elf__read_interpreter(vm, file, segment, image);
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0) continue;
        error = elf__check_segment(segment, image->base);
        uint64_t address = image->base + segment->p_vaddr;
        if (address + segment->p_memsz > image->end) image->end = address + segment->p_memsz;
        if (header.e_phoff >= segment->p_offset && header.e_phoff - segment->p_offset < segment->p_filesz) {
            image->headers = address + (header.e_phoff - segment->p_offset);
        }
    }
    return error == 0 && image->end == 0 ? -ENOEXEC : error;
}

static int elf__map(struct vm *vm, struct file *file, const Elf64_Phdr *segments, const struct elf_image *image) {
    int error = 0;
    for (uint32_t i = 0; error == 0 && i < image->header_count; i++) {
        if (segments[i].p_type != PT_LOAD || segments[i].p_memsz == 0) continue;
        error = elf__map_segment(vm, file, &segments[i], image->base);
    }
    return error;
}

static int elf__open(struct vm *vm, const char *path, struct file **file) {
    struct place place;
    int error = path__find(vm, path, 0, &place);
    if (error == 0) error = place__open(vm, &place, O_RDONLY, 0, file);
    if (error != 0 || (*file)->kind == FILE_REGULAR) return error;
    file__release(vm, *file);
    return -EACCES;
}

int elf__look(struct vm *vm, const char *path, struct elf_image *image) {
    Elf64_Phdr segments[HEADERS_MAX];
    struct file *file;
    int error = elf__open(vm, path, &file);
    if (error != 0) return error;
    error = elf__read(vm, file, PROGRAM_BASE, segments, image);
    file__release(vm, file);
    return error;
}

int elf__load(struct vm *vm, const char *path, uint64_t base, struct elf_image *image) {
    Elf64_Phdr segments[HEADERS_MAX];
    struct file *file;
    int error = elf__open(vm, path, &file);
    if (error != 0) return error;
    error = elf__read(vm, file, base, segments, image);
    if (error == 0) error = elf__map(vm, file, segments, image);
    file__release(vm, file);
    return error;
}
