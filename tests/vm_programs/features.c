/* What programs ask of Linux, said in lines that are the same in a VM and beside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 1000

static void say(const char *what, long value) {
    printf("%s: %ld\n", what, value);
}

/* ---- threads ----------------------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long counter, turn;
static _Thread_local long own;

static void *count(void *argument) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        own++;
    }
    return (void *)((intptr_t)argument + own);
}

static void *play(void *argument) {
    long mine = (intptr_t)argument;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < ROUNDS; i++) {
        while (turn % 2 != mine) pthread_cond_wait(&turned, &lock);
        turn++;
        pthread_cond_broadcast(&turned);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static volatile int stop;

static void *spin(void *argument) {
    while (!stop) {}
    return argument;
}

static void threads(void) {
    pthread_t all[THREADS];
    long results = 0;
    void *result;
    for (intptr_t i = 0; i < THREADS; i++) pthread_create(&all[i], NULL, count, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(all[i], &result), results += (intptr_t)result;
    say("counted under a lock", counter);
    say("counted alone", results);
    for (intptr_t i = 0; i < 2; i++) pthread_create(&all[i], NULL, play, (void *)i);
    for (int i = 0; i < 2; i++) pthread_join(all[i], NULL);
    say("turns taken", turn);
    pthread_create(&all[0], NULL, spin, NULL);
    usleep(20000);
    stop = 1;
    say("one that spins is joined", pthread_join(all[0], NULL));
    struct timespec past = {0, 0};
    pthread_mutex_lock(&lock);
    say("a wait times out", pthread_cond_timedwait(&turned, &lock, &past) == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
}

/* ---- pipes, events, sockets ---------------------------------------------------------------------------- */

static void *write_later(void *argument) {
    usleep(5000);
    return (void *)write((int)(intptr_t)argument, "later", 5);
}

static void pipes(void) {
    int ends[2];
    char text[16] = {0};
    pthread_t thread;
    say("pipe", pipe2(ends, O_CLOEXEC));
    pthread_create(&thread, NULL, write_later, (void *)(intptr_t)ends[1]);
    struct pollfd readable = {.fd = ends[0], .events = POLLIN};
    say("poll", poll(&readable, 1, 10000));
    say("read", read(ends[0], text, sizeof text));
    pthread_join(thread, NULL);
    puts(text);
    close(ends[1]);
    say("read at the end", read(ends[0], text, sizeof text));
    int epoll = epoll_create1(0), event = eventfd(0, EFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = 7}, got = {0};
    epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted);
    say("nothing is ready", epoll_wait(epoll, &got, 1, 0));
    eventfd_write(event, 3);
    say("the event is ready", epoll_wait(epoll, &got, 1, -1));
    say("it is the one", (long)got.data.u64);
    eventfd_t value = 0;
    eventfd_read(event, &value);
    say("it counted", (long)value);
    struct itimerspec soon = {.it_value = {0, 1000000}};
    uint64_t times = 0;
    timerfd_settime(timer, 0, &soon, NULL);
    say("the timer comes", read(timer, &times, sizeof times));
    int pair[2];
    say("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    struct iovec parts[2] = {{"two ", 4}, {"parts", 6}};
    say("writev", writev(pair[0], parts, 2));
    say("recv", recv(pair[1], text, sizeof text, 0));
    puts(text);
}

/* ---- files ------------------------------------------------------------------------------------------------ */

static long entries(const char *path) {
    DIR *folder = opendir(path);
    long found = 0;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) found += entry->d_name[0] != '.';
    if (folder != NULL) closedir(folder);
    return found;
}

static void files(void) {
    char folder[] = "/tmp/featuresXXXXXX", text[32] = {0};
    struct stat stat;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) exit(1);
    int file = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    say("write", write(file, "hello, file", 11));
    say("seek", lseek(file, 7, SEEK_SET));
    say("read", read(file, text, sizeof text));
    puts(text);
    say("truncate", ftruncate(file, 5000));
    say("stat", fstat(file, &stat));
    say("size", stat.st_size);
    say("mode", stat.st_mode);
    say("it is there already", open("a", O_CREAT | O_EXCL | O_RDWR, 0600) == -1 && errno == EEXIST);
    say("mkdir", mkdir("d", 0700));
    say("rename", rename("a", "d/b"));
    say("symlink", symlink("d/b", "l"));
    say("through the link", access("l", R_OK));
    say("entries", entries("."));
    uint8_t *map = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    map[4999] = 'x';
    say("pread of what was mapped", pread(file, text, 1, 4999));
    say("it is", text[0]);
    munmap(map, 5000);
    say("rmdir of what is not empty", rmdir("d") == -1 && errno == ENOTEMPTY);
    say("unlink", unlink("d/b") + unlink("l"));
    say("open still", pread(file, text, 5, 0));
    say("rmdir", rmdir("d"));
    say("entries", entries("."));
    chdir("/");
    say("clean up", rmdir(folder));
}

/* ---- signals ---------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;
static sigjmp_buf back;
static void *volatile fault;

static void on_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    caught += signal;
    if (signal != SIGSEGV) return;
    fault = info->si_addr;
    siglongjmp(back, 1);
}

static void signals(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    raise(SIGUSR1);
    say("caught", caught);
    struct itimerval soon = {.it_value = {0, 2000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    say("pause is interrupted", pause() == -1 && errno == EINTR);
    say("caught", caught);
    setitimer(ITIMER_REAL, &soon, NULL);
    while (caught < SIGUSR1 + 2 * SIGALRM) {}
    say("caught while it computed", caught);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(back, 1) == 0) *(volatile char *)(page + 12) = 1;
    say("a write to what is read-only faults there", fault == page + 12);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    page[12] = 1;
    munmap(page, 4096);
    if (sigsetjmp(back, 1) == 0) *(volatile char *)page = 1;
    say("so does one to what is gone", fault == page);
}

/* ---- what the process knows of itself -------------------------------------------------------------------- */

static void process(char **arguments) {
    char text[512] = {0};
    long length = readlink("/proc/self/exe", text, sizeof text - 1);
    say("its program is named", length > 8 && strcmp(text + length - 8, "features") == 0);
    int file = open("/proc/self/cmdline", O_RDONLY);
    say("its arguments are shown", read(file, text, sizeof text) > 0 && strcmp(text, arguments[0]) == 0);
    file = open("/proc/self/maps", O_RDONLY);
    say("its maps are shown", read(file, text, sizeof text) > 20);
    struct timespec before, after, nap = {0, 3000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t slept = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    say("it slept as long as it asked", slept >= 3000000);
    say("the year is right", time(NULL) > 1700000000);
    uint64_t random[2] = {0, 0};
    say("random", getrandom(random, sizeof random, 0));
    say("and no two are alike", random[0] != random[1]);
    say("memory", malloc(50 << 20) != NULL);
    say("variable", strcmp(getenv("FEATURE"), "set") == 0);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "wait") == 0) {
        puts("ready");
        fflush(stdout);
        for (;;) sleep(1000);
    }
    if (count > 1 && strcmp(arguments[1], "abort") == 0) abort();
    if (count > 1 && strcmp(arguments[1], "fork") == 0) {
        pid_t child = fork();
        if (child == 0) _exit(0);
        return puts(child == -1 && errno == EAGAIN ? "EAGAIN" : "forked") < 0;
    }
    threads();
    pipes();
    files();
    signals();
    process(arguments);
    return 42;
}
