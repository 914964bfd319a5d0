/* Steps of programs that speak HTTP/1.1: on stdin and stdout, and as servers. */
#include <stdlib.h>
#include <unistd.h>

#include "cell.h"

#define HOST "http://localhost"

static uint32_t stdio, server;

static uint32_t make(enum cell_protocol protocol, const char *argument) {
    int file = cell_file();
    if (!cell_boot(protocol, "web_guest", argument)) {
        printf("not ok it boots: %s\n", told.text);
        exit(1);
    }
    uint32_t sandbox = told.sandbox, generation = told.generation, port = told.tcp_port;
    /* A request before the snapshot, as builds do to warm a program up. */
    step_of(0, sandbox, generation);
    cell_slot(0)->flags = MF_STEP_HOLD;
    put_request(0, 0, HOST "/warm", "");
    if (step_do(0) != MF_STEP_DONE || !has_text(0, MF_CHUNK, "/warm request 1")) {
        printf("not ok it warms up: %u\n", cell_slot(0)->result);
        exit(1);
    }
    told.sandbox = cell_slot(0)->out_sandbox;
    told.generation = cell_slot(0)->out_generation;
    if (!cell_take(file, 0)) {
        printf("not ok a snapshot is taken: %s\n", told.text);
        exit(1);
    }
    return cell_load_as(file, protocol, port);
}

static void answers_of(uint32_t object) {
    for (int i = 0; i < 10; i++) {
        CHECK(ask(object, HOST "/hello") == MF_STEP_DONE);
        CHECK(has_text(0, MF_CHUNK, "/hello request 2 body 0"));
        CHECK(count_frames(0, MF_HEAD) == 1 && count_frames(0, MF_END) == 1 && count_frames(0, MF_EXIT) == 1);
    }
}

static void both_answer(void) {
    answers_of(stdio);
    if (why[0] == 0) answers_of(server);
}

static void sends_a_body(uint32_t object, const char *headers) {
    static uint8_t piece[MF_CHUNK_MAX];
    uint32_t sent = 1, credit = 0, granted = 0;
    step_new(0, object);
    put_request(0, MF_HEAD_HAS_BODY, HOST "/body", headers);
    put_frame(0, MF_CHUNK, 0, piece, sizeof piece);
    while (step_do(0) == MF_STEP_PARKED) {
        struct frame frame;
        for (uint32_t i = 0; find_frame(0, MF_CREDIT, i, &frame); i++) {
            memcpy(&credit, frame.payload, sizeof credit);
            granted += credit;
        }
        CHECK(granted <= sent * MF_CHUNK_MAX);
        step_again(0);
        if (sent < 20) put_frame(0, MF_CHUNK, 0, piece, sizeof piece);
        else if (sent == 20) put_frame(0, MF_END, 0, "", 0);
        sent++;
    }
    CHECK(cell_slot(0)->result == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "body 1310720"));
}

static void both_read_bodies(void) {
    sends_a_body(stdio, "content-length\n1310720\n");
    if (why[0] == 0) sends_a_body(stdio, "");
    if (why[0] == 0) sends_a_body(server, "content-length\n1310720\n");
    if (why[0] == 0) sends_a_body(server, "");
}

static void ends_with_the_connection(void) {
    CHECK(ask(server, HOST "/close") == MF_STEP_DONE);
    CHECK(has_text(0, MF_CHUNK, "/close request 2") && count_frames(0, MF_END) == 1);
}

static void nonsense_is_no_response(void) {
    struct frame frame;
    CHECK(ask(server, HOST "/nonsense") == MF_STEP_DONE);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_BAD_RESPONSE);
    CHECK(ask(stdio, HOST "/nonsense") == MF_STEP_DONE);
    CHECK(find_frame(0, MF_EXIT, 0, &frame) && frame.head->aux == MF_EXIT_BAD_RESPONSE);
    both_answer();
}

static void an_exit_is_no_response(void) {
    CHECK(ask(stdio, HOST "/die") == MF_STEP_DONE && has_text(0, MF_EXIT, "status 5"));
    CHECK(ask(server, HOST "/die") == MF_STEP_DONE && has_text(0, MF_EXIT, "status 5"));
    both_answer();
}

static void a_caller_leaves(void) {
    step_new(0, server);
    put_request(0, MF_HEAD_HAS_BODY, HOST "/body", "");
    CHECK(step_do(0) == MF_STEP_PARKED);
    step_again(0);
    put_frame(0, MF_CANCEL, 0, "", 0);
    CHECK(step_do(0) == MF_STEP_CANCELED);
    both_answer();
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    static const struct test tests[] = {
        {"programs on stdin and servers answer, each request as the first after the snapshot", both_answer},
        {"bodies come as programs take them", both_read_bodies},
        {"a response may end with its connection", ends_with_the_connection},
        {"nonsense is no response, and is forgotten", nonsense_is_no_response},
        {"a program that exits is no response, and is there again", an_exit_is_no_response},
        {"a caller that leaves ends the request", a_caller_leaves},
    };
    cell_open(CELL_BUILDS, arguments[1]);
    stdio = make(CELL_STDIO, "stdio");
    server = make(CELL_SERVER, "server");
    _exit(run_tests(tests, sizeof tests / sizeof *tests));
}
