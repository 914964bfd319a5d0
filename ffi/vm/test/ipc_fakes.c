/* What lies below descriptors, made simple: guest memory is this process's, frames are an array, time stands still. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "ipc.h"

#define FRAMES 8192u

struct vm *vm;
uint64_t fake_monotonic_ns, fake_realtime_ns, fake_frames_left, fake_signals;
uint64_t fake_first_address, fake_last_address;
static uint8_t *frames;
static uint8_t taken[FRAMES];

/* ---- memory -------------------------------------------------------------------------------------------- */

static int is_memory(uint64_t address, uint64_t size) {
    return address >= fake_first_address && address < fake_last_address && size <= fake_last_address - address;
}

int access__read(struct vm *of, void *to, uint64_t address, size_t size) {
    (void)of;
    if (size > 0 && !is_memory(address, size)) return -EFAULT;
    if (size > 0) memcpy(to, (const void *)address, size);
    return 0;
}

int access__write(struct vm *of, uint64_t address, const void *from, size_t size) {
    (void)of;
    if (size > 0 && !is_memory(address, size)) return -EFAULT;
    if (size > 0) memcpy((void *)address, from, size);
    return 0;
}

int access__vectors(struct vm *of, struct guest_vector *to, uint64_t address, uint64_t count) {
    if (count > GUEST_VECTORS_MAX) return -EINVAL;
    return access__read(of, to, address, count * sizeof *to);
}

uint64_t frames__take(struct vm *of, uint32_t count) {
    (void)of;
    if (count > fake_frames_left) return 0;
    for (uint32_t first = 0; first + count <= FRAMES; first++) {
        uint32_t free = 0;
        while (free < count && !taken[first + free]) free++;
        if (free < count) continue;
        memset(taken + first, 1, count);
        memset(frames + first * PAGE_SIZE, 0, count * PAGE_SIZE);
        fake_frames_left -= count;
        return DATA_BASE + first * PAGE_SIZE;
    }
    return 0;
}

void frames__give(struct vm *of, uint64_t first, uint32_t count) {
    uint64_t page = (first - DATA_BASE) / PAGE_SIZE;
    (void)of;
    for (uint32_t i = 0; i < count; i++) {
        CHECK(taken[page + i]);
        taken[page + i] = 0;
    }
    fake_frames_left += count;
}

uint8_t *frames__at(struct vm *of, uint64_t address) {
    (void)of;
    return frames + (address - DATA_BASE);
}

void frames__wrote(struct vm *of, uint64_t address, uint64_t bytes) {
    (void)of;
    CHECK(taken[(address - DATA_BASE) / PAGE_SIZE] && taken[(address + bytes - 1 - DATA_BASE) / PAGE_SIZE]);
}

/* ---- threads, clocks, signals -------------------------------------------------------------------------- */

struct thread *thread__current(struct vm *of) {
    return &of->kernel->threads.items[of->kernel->threads.current];
}

int64_t thread__wait(struct vm *of, enum wait_kind kind, uint64_t deadline) {
    struct thread *thread = thread__current(of);
    thread->state = THREAD_WAITS;
    thread->wait = (uint8_t)kind;
    if (!thread->restarting) thread->deadline = deadline;
    return CALL_BLOCKS;
}

int thread__timed_out(struct vm *of) {
    return thread__current(of)->timed_out;
}

int thread__interrupted(struct vm *of) {
    return thread__current(of)->interrupted;
}

void kernel__changed(struct vm *of) {
    of->kernel->changes++;
}

uint64_t clock__monotonic_ns(struct vm *of) {
    (void)of;
    return fake_monotonic_ns;
}

uint64_t clock__realtime_ns(struct vm *of) {
    (void)of;
    return fake_realtime_ns;
}

static int read_time(uint64_t address, uint64_t unit, uint64_t *ns) {
    int64_t time[2];
    if (access__read(vm, time, address, sizeof time) != 0) return -EFAULT;
    if (time[0] < 0 || time[1] < 0 || time[1] >= (int64_t)(NANOSECONDS / unit)) return -EINVAL;
    *ns = (uint64_t)time[0] * NANOSECONDS + (uint64_t)time[1] * unit;
    return 0;
}

static int write_time(uint64_t address, uint64_t unit, uint64_t ns) {
    int64_t time[2] = {(int64_t)(ns / NANOSECONDS), (int64_t)(ns % NANOSECONDS / unit)};
    return access__write(vm, address, time, sizeof time);
}

int clock__read_timespec(struct vm *of, uint64_t address, uint64_t *ns) {
    (void)of;
    return read_time(address, 1, ns);
}

int clock__write_timespec(struct vm *of, uint64_t address, uint64_t ns) {
    (void)of;
    return write_time(address, 1, ns);
}

int clock__read_timeval(struct vm *of, uint64_t address, uint64_t *ns) {
    (void)of;
    return read_time(address, 1000, ns);
}

int clock__write_timeval(struct vm *of, uint64_t address, uint64_t ns) {
    (void)of;
    return write_time(address, 1000, ns);
}

void signal__raise_current(struct vm *of, int signal) {
    (void)of;
    fake_signals |= SIGNAL_BIT(signal);
}

uint64_t signal__pending(struct vm *of) {
    (void)of;
    return fake_signals;
}

int signal__take(struct vm *of, uint64_t mask, struct signal_info *info) {
    (void)of;
    uint64_t found = fake_signals & mask;
    if (found == 0) return 0;
    *info = (struct signal_info){.signal = __builtin_ctzll(found) + 1};
    fake_signals &= ~SIGNAL_BIT(info->signal);
    return info->signal;
}

void signal__wait_with_mask(struct vm *of, uint64_t mask) {
    thread__current(of)->signal_mask = mask;
}

uint64_t process__limit(struct vm *of, uint32_t resource) {
    (void)of;
    CHECK(resource == RLIMIT_NOFILE);
    return 1024;
}

const struct file_functions file_regular, file_folder, file_device, file_text, file_path;

/* ---- calls --------------------------------------------------------------------------------------------- */

/* The calls of files that reach descriptors of other kinds, as the file family makes them. */
static int64_t fake_read(struct vm *of, const uint64_t a[6]) {
    struct file *file = file__of(of, a[0]);
    struct guest_vector part = {a[1], a[2]};
    return file == NULL ? -EBADF : file__read(of, file, &part, 1);
}

static int64_t fake_write(struct vm *of, const uint64_t a[6]) {
    struct file *file = file__of(of, a[0]);
    struct guest_vector part = {a[1], a[2]};
    return file == NULL ? -EBADF : file__write(of, file, &part, 1);
}

static int64_t fake_seek(struct vm *of, const uint64_t a[6]) {
    return file__of(of, a[0]) == NULL ? -EBADF : -ESPIPE;
}

static const struct call_family *const families[] = {&calls_descriptors, &calls_pipes, &calls_events, &calls_sockets};

long fake_number(uint32_t index) {
    static const long others[] = {SYS_read, SYS_write};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (index < families[i]->count) return families[i]->calls[index].number;
        index -= (uint32_t)families[i]->count;
    }
    return others[index % 2];
}

static call_function *find(long number) {
    if (number == SYS_read) return fake_read;
    if (number == SYS_write) return fake_write;
    if (number == SYS_lseek) return fake_seek;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        for (size_t k = 0; k < families[i]->count; k++) {
            if (families[i]->calls[k].number == number) return families[i]->calls[k].function;
        }
    }
    abort();
}

static call_function *last_function;
static uint64_t last_arguments[6];

static int64_t try_call(void) {
    struct thread *thread = thread__current(vm);
    thread->state = THREAD_RUNS;
    int64_t result = last_function(vm, last_arguments);
    if (result != CALL_BLOCKS) CHECK(thread->state == THREAD_RUNS);
    thread->timed_out = thread->interrupted = 0;
    return result;
}

int64_t guest(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    last_function = find(number);
    memcpy(last_arguments, (uint64_t[]){a, b, c, d, e, f}, sizeof last_arguments);
    thread__current(vm)->restarting = 0;
    return try_call();
}

int64_t again(void) {
    thread__current(vm)->restarting = 1;
    return try_call();
}

int64_t again_late(void) {
    thread__current(vm)->timed_out = 1;
    return again();
}

int64_t again_interrupted(void) {
    thread__current(vm)->interrupted = 1;
    return again();
}

/* ---- running ------------------------------------------------------------------------------------------- */

static char reason[256];

void test__fail(const char *file, int line, const char *text) {
    if (reason[0] == 0) snprintf(reason, sizeof reason, "%s:%d: %s", file, line, text);
}

static void begin(void) {
    reason[0] = 0;
    vm = calloc(1, sizeof *vm);
    vm->kernel = calloc(1, sizeof *vm->kernel);
    vm->limits.descriptors = DESCRIPTORS_MAX;
    vm->kernel->threads.used = 2;
    frames = calloc(FRAMES, PAGE_SIZE);
    memset(taken, 0, sizeof taken);
    fake_frames_left = FRAMES;
    fake_monotonic_ns = 1000 * NANOSECONDS;
    fake_realtime_ns = 1700000000 * NANOSECONDS;
    fake_signals = 0;
    fake_first_address = 65536;
    fake_last_address = USER_LAST;
}

/* Closing all leaves nothing behind: whatever a test did. */
static void end(void) {
    for (uint32_t i = 0; i < DESCRIPTORS_MAX; i++) descriptor__close(vm, i);
    const struct kernel *kernel = vm->kernel;
    CHECK(kernel->descriptors.used == 0);
    CHECK(kernel->files.used == 0);
    CHECK(kernel->pipes.used == 0);
    CHECK(kernel->events.used == 0);
    CHECK(kernel->epolls.used == 0);
    CHECK(kernel->sockets.used == 0 && kernel->sockets.listeners == 0);
    uint64_t of_ports = 0;
    for (uint32_t i = 0; i < kernel->ports.used; i++) of_ports += kernel->ports.items[i].state == PORT_OPEN ? 64 : 0;
    CHECK(fake_frames_left + of_ports == FRAMES);
    free(frames);
    free(vm->kernel);
    free(vm);
}

int main(void) {
    const struct test *lists[] = {difference_tests, pair_tests, socket_tests, waiting_tests, random_tests};
    int failures = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct test *test = lists[i]; test->name != NULL; test++) {
            begin();
            test->run();
            end();
            if (reason[0] == 0) printf("ok %s\n", test->name);
            else printf("not ok %s: %s\n", test->name, reason);
            failures += reason[0] != 0;
        }
    }
    return failures > 0;
}
