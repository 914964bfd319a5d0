#include "dial.h"

#include <stdlib.h>
#include <string.h>

#include "../vm/port.h"
#include "../vm/vm.h"
#include "input.h"

/* As ProxyOperation of src/host/operations.ts: the family is above. */
enum dial_operation { DIAL_OPEN = 1, DIAL_WRITE = 2, DIAL_READ = 3, DIAL_CLOSE = 4 };
#define DIAL_FAMILY 0x500u
#define DIAL_NUMBERS (DIAL_ID >> 8)
/* Of one WRITE: with other frames it has to fit a step. */
#define WRITE_BYTES_MAX (32u << 10)
/* id, operation, connection */
#define CALL_BYTES 12u
/* id, error */
#define ANSWER_BYTES 8u
/* What HTTP/2 and TLS say of a connection by themselves, behind a response: no request is as short. */
#define CHATTER_BYTES_MAX 64u

struct dial_connection {
    uint32_t number; /* that the server knows it by; 0: free */
    uint32_t port;
    bool reads, writes;       /* a call is under way */
    bool told_end, has_ended; /* the guest's side; the server's */
    bool was_answered;
    size_t unanswered;        /* bytes that the guest wrote since the server did */
    struct input input;       /* what the server answered */
};

void dial__fini(struct dial *dial) {
    for (uint32_t i = 0; dial->connections != NULL && i < VM_DIALED_MAX; i++) {
        input__fini(&dial->connections[i].input);
    }
    free(dial->connections);
    *dial = (struct dial){0};
}

/* ---- calls -------------------------------------------------------------------------------------------- */

/* With so many bytes of the port's output. */
static void dial__call(const struct dial_connection *connection, enum dial_operation operation, uint32_t bytes,
                       struct output *output) {
    const uint32_t words[3] = {DIAL_ID | connection->number << 8 | (uint32_t)operation,
                               DIAL_FAMILY | (uint32_t)operation, connection->number};
    _Static_assert(sizeof words == CALL_BYTES, "what a call begins with");
    const struct mf_frame head = {.type = MF_CALL, .length = CALL_BYTES + bytes};
    memcpy(output__payload(output), words, sizeof words);
    output__finish(output, &head);
}

static bool dial__write(struct dial_connection *connection, struct vm *vm, struct output *output) {
    size_t size = vm_take(vm, connection->port, output__payload(output) + CALL_BYTES, WRITE_BYTES_MAX);
    if (size == 0) {
        if (connection->told_end || !vm_ended(vm, connection->port)) return false;
        connection->told_end = true;
    }
    connection->unanswered += size;
    dial__call(connection, DIAL_WRITE, (uint32_t)size, output);
    return true;
}

/* Both sides are done with it, or the server is. */
static void dial__close(struct dial_connection *connection, struct vm *vm) {
    vm_hang_up(vm, connection->port);
    input__fini(&connection->input);
    *connection = (struct dial_connection){0};
}

static bool dial__is_over(const struct dial_connection *connection) {
    return connection->told_end && !connection->writes && connection->has_ended &&
           input__waiting(&connection->input) == 0;
}

/* ---- connections -------------------------------------------------------------------------------------- */

static struct dial_connection *dial__of_port(struct dial *dial, uint32_t port) {
    for (uint32_t i = 0; i < VM_DIALED_MAX; i++) {
        struct dial_connection *connection = &dial->connections[i];
        if (connection->number != 0 && connection->port == port) return connection;
    }
    return NULL;
}

static struct dial_connection *dial__of_number(struct dial *dial, uint32_t number) {
    for (uint32_t i = 0; number != 0 && i < VM_DIALED_MAX; i++) {
        if (dial->connections[i].number == number) return &dial->connections[i];
    }
    return NULL;
}

static struct dial_connection *dial__new(struct dial *dial, uint32_t port) {
    if (dial->connections == NULL) dial->connections = calloc(VM_DIALED_MAX, sizeof *dial->connections);
    if (dial->connections == NULL || dial->last_number + 1 >= DIAL_NUMBERS) return NULL;
    for (uint32_t i = 0; i < VM_DIALED_MAX; i++) {
        if (dial->connections[i].number != 0) continue;
        dial->connections[i] = (struct dial_connection){.number = ++dial->last_number, .port = port};
        return &dial->connections[i];
    }
    return NULL;
}

static bool dial__serve_port(struct dial *dial, struct vm *vm, uint32_t port, struct output *output) {
    if (output__room(output) < 4 * output__frame_bytes(CALL_BYTES) + WRITE_BYTES_MAX) return false;
    struct dial_connection *connection = dial->connections == NULL ? NULL : dial__of_port(dial, port);
    if (connection == NULL) {
        connection = dial__new(dial, port);
        if (connection == NULL) {
            vm_hang_up(vm, port);
            return true;
        }
        dial__call(connection, DIAL_OPEN, 0, output);
    }
    if (!connection->writes) connection->writes = dial__write(connection, vm, output);
    if (!connection->reads && !connection->has_ended && input__waiting(&connection->input) == 0) {
        dial__call(connection, DIAL_READ, 0, output);
        connection->reads = true;
    }
    if (!dial__is_over(connection)) return true;
    dial__call(connection, DIAL_CLOSE, 0, output);
    dial__close(connection, vm);
    return true;
}

bool dial__serve(struct dial *dial, struct vm *vm, struct output *output) {
    for (uint64_t ports = vm_dialed(vm); ports != 0; ports &= ports - 1) {
        if (!dial__serve_port(dial, vm, (uint32_t)__builtin_ctzll(ports), output)) return false;
    }
    return true;
}

/* ---- the end of a build's step ------------------------------------------------------------------------ */

/* What is said in a tunnel nobody knows: who wrote last, and how much, has to do. */
static bool dial__is_idle(struct dial_connection *connection, struct vm *vm) {
    uint8_t bytes[4096];
    size_t size;
    while ((size = vm_take(vm, connection->port, bytes, sizeof bytes)) > 0) connection->unanswered += size;
    if (vm_ended(vm, connection->port)) return true;
    return connection->was_answered && connection->unanswered <= CHATTER_BYTES_MAX;
}

void dial__hang_up(struct dial *dial, struct vm *vm) {
    /* The end of one may be the beginning of another, that waited for it. */
    for (uint64_t ports = vm_dialed(vm); ports != 0; ports = vm_dialed(vm)) {
        uint32_t port = (uint32_t)__builtin_ctzll(ports);
        struct dial_connection *connection = dial->connections == NULL ? NULL : dial__of_port(dial, port);
        if (connection == NULL || !dial__is_idle(connection, vm)) dial->was_waiting = true;
        if (connection == NULL) vm_hang_up(vm, port);
        else dial__close(connection, vm);
    }
}

/* ---- answers ------------------------------------------------------------------------------------------ */

/* What it can't take in it can't pass on: the guest sees the connection break. */
static void dial__take(struct dial_connection *connection, struct vm *vm, const uint8_t *bytes, uint32_t size) {
    connection->reads = false;
    if (size > 0) {
        connection->was_answered = true;
        connection->unanswered = 0;
    }
    if (size == 0) {
        connection->has_ended = true;
        input__finish(&connection->input, vm, connection->port);
    } else if (input__add(&connection->input, vm, connection->port, bytes, size) != 0) {
        dial__close(connection, vm);
    }
}

bool dial__answer(struct dial *dial, struct vm *vm, const uint8_t *payload, uint32_t length) {
    uint32_t words[2];
    if (length < ANSWER_BYTES) return false;
    memcpy(words, payload, ANSWER_BYTES);
    if (!(words[0] & DIAL_ID)) return false;
    if (dial->connections == NULL) return true;
    struct dial_connection *connection = dial__of_number(dial, (words[0] & ~DIAL_ID) >> 8);
    /* It was closed while the call was under way. */
    if (connection == NULL) return true;
    uint32_t operation = words[0] & 0xff;
    if (words[1] != 0) dial__close(connection, vm);
    else if (operation == DIAL_WRITE) connection->writes = false;
    else if (operation == DIAL_READ) dial__take(connection, vm, payload + ANSWER_BYTES, length - ANSWER_BYTES);
    return true;
}

bool dial__feed(struct dial *dial, struct vm *vm) {
    bool is_any = false;
    for (uint32_t i = 0; dial->connections != NULL && i < VM_DIALED_MAX; i++) {
        struct dial_connection *connection = &dial->connections[i];
        if (connection->number != 0 && input__feed(&connection->input, vm, connection->port)) is_any = true;
    }
    return is_any;
}
