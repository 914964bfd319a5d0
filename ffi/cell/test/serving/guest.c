/*
 * A guest that speaks frames and does what its request's URL says: for the tests of a cell. Linked statically, so that it
 * needs no other file.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../../shim/frames.h"

#define FRAMES 3
#define PROXY_PORT 3128
#define MEBIBYTE (1u << 20)

static uint8_t payload[MEBIBYTE];
static char url[1024], deployed[256];
static uint32_t requests;

/* ---- frames ------------------------------------------------------------------------------------------- */

static void write_all(const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = write(FRAMES, (const char *)bytes + done, size - done);
        if (count <= 0) _exit(90);
        done += (size_t)count;
    }
}

static void read_all(void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = read(FRAMES, (char *)bytes + done, size - done);
        if (count <= 0) _exit(91);
        done += (size_t)count;
    }
}

static uint8_t out[2 * MEBIBYTE];
static size_t out_size;

static void put(uint8_t type, uint16_t aux, const void *bytes, uint32_t length) {
    const struct mf_frame head = {.type = type, .aux = aux, .length = length};
    memcpy(out + out_size, &head, sizeof head);
    memcpy(out + out_size + sizeof head, bytes, length);
    out_size += sizeof head + ((length + 3) & ~3u);
}

static void flush(void) {
    write_all(out, out_size);
    out_size = 0;
}

static struct mf_frame next_frame(void) {
    struct mf_frame head;
    read_all(&head, sizeof head);
    read_all(payload, (head.length + 3) & ~3u);
    return head;
}

static void answer(const char *text) {
    put(MF_HEAD, 200, "", 0);
    put(MF_CHUNK, 0, text, (uint32_t)strlen(text));
    put(MF_END, 0, "", 0);
    put(MF_EXIT, MF_EXIT_OK, "", 0);
    flush();
}

/* ---- what requests ask for ---------------------------------------------------------------------------- */

/* All of the body, and how much it was. */
static void read_body(void) {
    uint32_t total = 0;
    for (;;) {
        struct mf_frame head = next_frame();
        if (head.type == MF_END) break;
        if (head.type != MF_CHUNK) _exit(92);
        total += head.length;
        put(MF_CREDIT, 0, &head.length, sizeof head.length);
        flush();
    }
    char text[32];
    snprintf(text, sizeof text, "%u", total);
    answer(text);
}

static void stream(uint32_t chunks) {
    static uint8_t chunk[MF_CHUNK_MAX];
    put(MF_HEAD, 200, "", 0);
    for (uint32_t i = 0; i < chunks; i++) {
        memset(chunk, (int)('a' + i % 26), sizeof chunk);
        put(MF_CHUNK, 0, chunk, sizeof chunk);
        flush();
    }
    put(MF_END, 0, "", 0);
    put(MF_EXIT, MF_EXIT_OK, "", 0);
    flush();
}

static void dribble(void) {
    put(MF_HEAD, 200, "", 0);
    put(MF_CHUNK, 0, "slowly", 6);
    put(MF_END, 0, "", 0);
    put(MF_EXIT, MF_EXIT_OK, "", 0);
    for (size_t i = 0; i < out_size; i++) write_all(out + i, 1);
    out_size = 0;
}

static void spin_ms(uint64_t ms) {
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((uint64_t)(now.tv_sec - begun.tv_sec) * 1000 + (uint64_t)((now.tv_nsec - begun.tv_nsec) / 1000000) < ms);
}

static void compute_ms(uint64_t ms) {
    struct timespec now;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 < ms);
}

static void sleep_ms(uint64_t ms) {
    const struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static void use_memory(void) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *memory = mmap(NULL, 1024 * MEBIBYTE, PROT_READ | PROT_WRITE, flags, -1, 0);
    for (size_t at = 0; memory != MAP_FAILED; at += 4096) memory[at] = 1;
}

static void log_lines(uint32_t count) {
    for (uint32_t i = 0; i < count; i++) fprintf(stderr, "line %u\n", i);
    fflush(stderr);
}

static void log_strange(void) {
    static char line[3 * MF_LOG_MAX];
    for (size_t i = 0; i + 3 <= sizeof line; i += 3) memcpy(line + i, "\xe2\x82\xac", 3);
    line[sizeof line - 1] = '\n';
    fwrite(line, 1, sizeof line, stderr);
    fwrite("nul\0in it\r\n\nno end", 1, 18, stderr);
    fflush(stderr);
}

/* Says hello to the proxy and answers what that says, to its end. */
static void dial(void) {
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(PROXY_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) != 0) {
        answer("refused");
        return;
    }
    if (write(connection, "hello", 5) != 5) _exit(93);
    char text[256];
    size_t size = 0;
    ssize_t count;
    while ((count = read(connection, text + size, sizeof text - 1 - size)) > 0) size += (size_t)count;
    text[size] = 0;
    close(connection);
    answer(text);
}

/* More connections than there are at once: each says hello and hears to its end. */
static void *dial_one(void *heard) {
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(PROXY_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    bool is_heard = connect(connection, (const struct sockaddr *)&address, sizeof address) == 0 &&
                    write(connection, "hello", 5) == 5 && read(connection, &byte, 1) == 1 && byte == '!';
    close(connection);
    if (is_heard) atomic_fetch_add((atomic_uint *)heard, 1);
    return NULL;
}

static void dial_many(uint32_t count) {
    static pthread_t threads[256];
    static atomic_uint heard;
    char text[32];
    for (uint32_t i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, dial_one, &heard) != 0) _exit(95);
    }
    for (uint32_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
    snprintf(text, sizeof text, "%u heard", heard);
    answer(text);
}

static uint64_t number(const char *name) {
    size_t length = strlen(name);
    return strncmp(url, name, length) == 0 ? strtoull(url + length, NULL, 10) : 0;
}

static int is(const char *name) {
    return strncmp(url, name, strlen(name)) == 0;
}

static atomic_bool had_turn;

static void *have_turn(void *data) {
    had_turn = true;
    return data;
}

/* Never waits for its other thread, and never computes for long without writing something. */
static void let_turn(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, have_turn, NULL) != 0) _exit(94);
    put(MF_HEAD, 200, "", 0);
    for (int i = 0; i < 200 && !had_turn; i++) {
        spin_ms(1);
        put(MF_CHUNK, 0, ".", 1);
        flush();
    }
    if (had_turn) put(MF_CHUNK, 0, "it had a turn", 13);
    put(MF_END, 0, "", 0);
    put(MF_EXIT, MF_EXIT_OK, "", 0);
    flush();
}

static void serve(void) {
    char text[512];
    requests++;
    if (is("/count")) snprintf(text, sizeof text, "%s%u", deployed, requests), answer(text);
    else if (is("/body")) read_body();
    else if (is("/stream/")) stream((uint32_t)number("/stream/"));
    else if (is("/dribble")) dribble();
    else if (is("/sleep/")) sleep_ms(number("/sleep/")), answer("slept");
    else if (is("/spin/")) spin_ms(number("/spin/")), answer("spun");
    else if (is("/spin")) for (;;) continue;
    else if (is("/turns")) let_turn();
    else if (is("/memory")) use_memory();
    else if (is("/lines/")) log_lines((uint32_t)number("/lines/")), answer("logged");
    else if (is("/strange")) log_strange(), answer("logged");
    else if (is("/exit/")) exit((int)number("/exit/"));
    else if (is("/abort")) abort();
    else if (is("/stuck")) for (;;) pause();
    else if (is("/call")) put(MF_CALL, 0, "12345678", 8), flush();
    else if (is("/huge")) put(MF_CHUNK, 0, payload, MF_CHUNK_MAX + 1), flush();
    else if (is("/dial/")) dial_many((uint32_t)number("/dial/"));
    else if (is("/dial")) dial();
    else if (is("/deaf")) sleep_ms(60000);
    else if (is("/partial")) {
        put(MF_HEAD, 200, "", 0);
        put(MF_CHUNK, 0, "whole", 5);
        write_all(out, out_size - 4);
        sleep_ms(60000);
    } else answer(url);
}

static void deploy(void) {
    struct mf_frame head = next_frame();
    while (head.type != MF_END) {
        memcpy(deployed, payload, head.length);
        deployed[head.length] = 0;
        head = next_frame();
    }
    fprintf(stderr, "deployed %s\n", deployed);
    answer("{\"kind\":\"handler\"}");
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "fail") == 0) {
        fprintf(stderr, "it cannot begin\n");
        return 7;
    }
    if (count > 1 && strcmp(arguments[1], "abort") == 0) abort();
    if (count > 1 && strcmp(arguments[1], "spin") == 0) for (;;) continue;
    if (count > 1 && strcmp(arguments[1], "compute") == 0) compute_ms(100);
    if (count > 1 && strcmp(arguments[1], "memory") == 0) use_memory();
    if (count > 1 && strcmp(arguments[1], "stdin") == 0) return (int)read(STDIN_FILENO, payload, 1);
    if (count > 1 && strcmp(arguments[1], "early") == 0) put(MF_END, 0, "", 0), flush();
    fprintf(stderr, "ready\n");
    for (;;) {
        struct mf_frame head = next_frame();
        if (head.type != MF_HEAD) _exit(94);
        uint32_t lengths[MF_REQUEST_STRINGS];
        memcpy(lengths, payload, sizeof lengths);
        memcpy(url, payload + sizeof lengths + lengths[MF_REQUEST_METHOD], lengths[MF_REQUEST_URL]);
        url[lengths[MF_REQUEST_URL]] = 0;
        if (head.flags & MF_HEAD_DEPLOY) deploy();
        else serve();
    }
}
