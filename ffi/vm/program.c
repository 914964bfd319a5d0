#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"
#include "map.h"
#include "path.h"
#include "random.h"
#include "tables.h"

#define SCRIPTS_MAX 4u
#define SCRIPT_LINE_BYTES 256u
#define CLOCK_TICKS 100u
/* x86-64's baseline as CPUID 1 edx has it; glibc looks at CPUID itself. */
#define HARDWARE UINT64_C(0x178bfbff)
#define RANDOM_BYTES 16u

struct strings {
    const char *items[PROGRAM_STRINGS_MAX];
    uint32_t count;
};

struct stack {
    struct vm *vm;
    uint64_t at;
    int error;
};

static int strings__add(struct strings *strings, const char *string) {
    if (strings->count == PROGRAM_STRINGS_MAX) return -E2BIG;
    strings->items[strings->count++] = string;
    return 0;
}

static uint64_t stack__push(struct stack *stack, const void *bytes, size_t size) {
    if (stack->error == 0 && STACK_TOP - stack->at + size > PROGRAM_STRINGS_BYTES_MAX) stack->error = -E2BIG;
    if (stack->error != 0) return 0;
    stack->at -= size;
    stack->error = access__write(stack->vm, stack->at, bytes, size);
    return stack->at;
}

static uint64_t stack__push_string(struct stack *stack, const char *string) {
    return stack__push(stack, string, strlen(string) + 1);
}

/* ---- what a script says of its interpreter ------------------------------------------------------------ */

/* Of a file that may be run; `real` is its path without links. */
static int program__first_line(struct vm *vm, const char *path, char line[SCRIPT_LINE_BYTES], char real[PATH_BYTES]) {
    struct place place;
    struct file *file;
    struct stat stat;
    int error = path__find(vm, path, 0, &place);
    if (error == 0 && place.type == TREE_FREE) error = -ENOENT;
    if (error != 0) return error;
    strcpy(real, place.path);
    place__stat(vm, &place, &stat);
    if (!S_ISREG(stat.st_mode) || !(stat.st_mode & S_IXUSR)) return -EACCES;
    error = place__open(vm, &place, O_RDONLY, 0, &file);
    if (error != 0) return error;
    int64_t count = map__read(vm, file, line, SCRIPT_LINE_BYTES - 1, 0);
    file__release(vm, file);
    if (count < 0) return (int)count;
    line[count] = 0;
    return 0;
}

/* "#!interpreter [argument]": 1, or 0 for no script. The parts point into the line. */
static int program__script(char *line, const char **interpreter, const char **argument) {
    if (line[0] != '#' || line[1] != '!') return 0;
    char *end = strchr(line, '\n');
    if (end == NULL) return 0;
    *end = 0;
    char *at = line + 2 + strspn(line + 2, " \t");
    *interpreter = at;
    at += strcspn(at, " \t");
    *argument = NULL;
    if (*at != 0) {
        *at++ = 0;
        at += strspn(at, " \t");
        if (*at != 0) *argument = at;
    }
    return (*interpreter)[0] != 0;
}

/* ---- the first stack ----------------------------------------------------------------------------------- */

static void program__auxiliary(struct vm *vm, const struct elf_image *image, uint64_t interpreter_base,
                               uint64_t platform, uint64_t name) {
    struct process *process = &vm->kernel->process;
    const uint64_t vector[] = {
        AT_SYSINFO_EHDR, VDSO_ADDRESS, AT_HWCAP, HARDWARE, AT_PAGESZ, PAGE_SIZE, AT_CLKTCK, CLOCK_TICKS,
        AT_PHDR, image->headers, AT_PHENT, sizeof(Elf64_Phdr), AT_PHNUM, image->header_count,
        AT_BASE, interpreter_base, AT_FLAGS, 0, AT_ENTRY, image->entry, AT_UID, PROCESS_USER, AT_EUID, PROCESS_USER,
        AT_GID, PROCESS_GROUP, AT_EGID, PROCESS_GROUP, AT_SECURE, 0, AT_RANDOM, process->random_address,
        AT_HWCAP2, 0, AT_EXECFN, name, AT_PLATFORM, platform,
        AT_MINSIGSTKSZ, signal_frame__bytes(vm), AT_NULL, 0,
    };
    _Static_assert(sizeof vector <= sizeof process->auxiliary, "there is room for all");
    memset(process->auxiliary, 0, sizeof process->auxiliary);
    memcpy(process->auxiliary, vector, sizeof vector);
}

static uint32_t program__auxiliary_words(const struct process *process) {
    uint32_t words = 0;
    while (process->auxiliary[words] != AT_NULL) words += 2;
    return words + 2;
}

static int program__stack(struct vm *vm, const struct strings *arguments, const struct strings *environment,
                          const struct elf_image *image, uint64_t interpreter_base, const char *path, uint64_t *top) {
    struct process *process = &vm->kernel->process;
    uint64_t words[2 * PROGRAM_STRINGS_MAX + 3 + 2 * AUXILIARY_MAX];
    uint32_t count = 0;
    struct stack stack = {.vm = vm, .at = STACK_TOP - 64};
    uint64_t name = stack__push_string(&stack, path);
    uint64_t platform = stack__push_string(&stack, "x86_64");
    process->environment_end = stack.at;
    uint64_t *values = words + 1 + arguments->count + 1;
    for (uint32_t i = environment->count; i > 0; i--) values[i - 1] = stack__push_string(&stack, environment->items[i - 1]);
    process->environment_start = process->arguments_end = stack.at;
    for (uint32_t i = arguments->count; i > 0; i--) words[i] = stack__push_string(&stack, arguments->items[i - 1]);
    process->arguments_start = stack.at;
    uint8_t random[RANDOM_BYTES];
    int error = random__bytes(random, sizeof random);
    if (error != 0) return error;
    stack.at &= ~UINT64_C(15);
    process->random_address = stack__push(&stack, random, sizeof random);
    program__auxiliary(vm, image, interpreter_base, platform, name);

    words[count++] = arguments->count;
    count += arguments->count;
    words[count++] = 0;
    count += environment->count;
    words[count++] = 0;
    uint32_t auxiliary = program__auxiliary_words(process);
    memcpy(words + count, process->auxiliary, auxiliary * sizeof *words);
    count += auxiliary;
    stack.at = (stack.at - count * sizeof *words) & ~UINT64_C(15);
    if (stack.error != 0) return stack.error;
    *top = stack.at;
    return access__write(vm, stack.at, words, count * sizeof *words);
}

/* ---- the pages that the VMM gives to the guest ------------------------------------------------------- */

static int program__shared_pages(struct vm *vm) {
    uint64_t image_pages = page_up(vdso_image_size) / PAGE_SIZE;
    uint64_t page = frames__take(vm, (uint32_t)(1 + image_pages));
    if (page == 0) return -ENOMEM;
    memcpy(memory__at(vm, page + PAGE_SIZE), vdso_image, vdso_image_size);
    memory__wrote(vm, page + PAGE_SIZE, vdso_image_size);
    int error = table__map(vm, VVAR_ADDRESS, 1, page, PROT_READ);
    if (error == 0) error = table__map(vm, VDSO_ADDRESS, image_pages, page + PAGE_SIZE, PROT_READ | PROT_EXEC);
    if (error != 0) return error;
    struct area_table *areas = &vm->kernel->areas;
    if (areas->used + 2 > AREAS_MAX) return -ENOMEM;
    areas->items[areas->used++] = (struct area){
        .start = VVAR_ADDRESS, .end = VDSO_ADDRESS, .protection = PROT_READ, .flags = AREA_FIXED};
    areas->items[areas->used++] = (struct area){.start = VDSO_ADDRESS,
                                                .end = VDSO_ADDRESS + image_pages * PAGE_SIZE,
                                                .protection = PROT_READ | PROT_EXEC,
                                                .flags = AREA_FIXED};
    clock__init(vm, page);
    return 0;
}

static int program__areas(struct vm *vm, const struct elf_image *image) {
    int64_t stack = space__map(vm, STACK_TOP - STACK_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_STACK, NULL, 0);
    if (stack < 0) return (int)stack;
    space__area(vm, STACK_TOP - STACK_BYTES)->flags |= AREA_STACK;
    vm->kernel->space.heap_start = vm->kernel->space.heap_end = page_up(image->end) + PAGE_SIZE;
    /* They stay where a program takes another's place: the clocks go on. */
    return vm->kernel->clock.vvar_page != 0 ? 0 : program__shared_pages(vm);
}

static void program__begin_at(struct vm *vm, uint64_t entry, uint64_t stack) {
    vm->context = (struct context){.rip = entry, .rsp = stack, .rflags = FIXED_FLAGS};
}

static int program__load_elf(struct vm *vm, const char *path, const char *name, const struct strings *arguments,
                             const struct strings *environment) {
    struct elf_image image, interpreter = {0};
    int error = elf__load(vm, path, PROGRAM_BASE, &image);
    if (error == 0 && image.interpreter[0] != 0) error = elf__load(vm, image.interpreter, MMAP_FIRST, &interpreter);
    if (error == 0) error = program__areas(vm, &image);
    uint64_t stack = 0;
    if (error == 0) error = program__stack(vm, arguments, environment, &image, interpreter.base, name, &stack);
    if (error == 0) program__begin_at(vm, interpreter.entry != 0 ? interpreter.entry : image.entry, stack);
    return error;
}

/* ---- scripts lead to a program ------------------------------------------------------------------------- */

struct found_program {
    const char *path;
    char real[PATH_BYTES];
    char lines[SCRIPTS_MAX][SCRIPT_LINE_BYTES];
    /* What comes before the arguments that were given, in place of the first: the innermost interpreter last. */
    const char *heads[2 * SCRIPTS_MAX + 1];
    uint32_t head_count;
};

static int program__find(struct vm *vm, const char *path, struct found_program *found) {
    found->head_count = 0;
    for (uint32_t i = 0; i < SCRIPTS_MAX; i++) {
        const char *interpreter, *argument;
        int error = program__first_line(vm, path, found->lines[i], found->real);
        if (error != 0) return error;
        found->path = path;
        if (!program__script(found->lines[i], &interpreter, &argument)) return 0;
        if (i == 0) found->heads[found->head_count++] = path;
        if (argument != NULL) found->heads[found->head_count++] = argument;
        found->heads[found->head_count++] = interpreter;
        path = interpreter;
    }
    return -ELOOP;
}

int program__check(struct vm *vm, const char *path) {
    struct found_program found;
    struct elf_image image, interpreter;
    int error = program__find(vm, path, &found);
    if (error == 0) error = elf__look(vm, found.path, &image);
    if (error == 0 && image.interpreter[0] != 0) error = elf__look(vm, image.interpreter, &interpreter);
    return error;
}

/* What /proc says that runs: its name is that of the script, if it is one. */
static void program__name(struct vm *vm, const char *path, const struct found_program *found) {
    strcpy(vm->kernel->process.program, found->real);
    const char *slash = strrchr(path, '/');
    struct thread *thread = thread__current(vm);
    memset(thread->name, 0, sizeof thread->name);
    strncpy(thread->name, slash == NULL ? path : slash + 1, sizeof thread->name - 1);
}

int program__load(struct vm *vm, const char *path, const char *const *given, const char *const *environment_given) {
    struct strings arguments = {.count = 0}, environment = {.count = 0};
    struct found_program found;
    int error = program__find(vm, path, &found);
    for (const char *const *item = environment_given; error == 0 && item != NULL && *item != NULL; item++) {
        error = strings__add(&environment, *item);
    }
    for (uint32_t i = found.head_count; error == 0 && i > 0; i--) error = strings__add(&arguments, found.heads[i - 1]);
    for (uint32_t i = found.head_count > 0 ? 1 : 0; error == 0 && given[i] != NULL; i++) {
        error = strings__add(&arguments, given[i]);
    }
    if (error != 0) return error;
    program__name(vm, path, &found);
    return program__load_elf(vm, found.path, path, &arguments, &environment);
}
