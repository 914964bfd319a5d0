/* Which of several threads goes on. */
#include "../schedule.h"
#include "alone.h"

static struct vm *vm;
static uint32_t ready; /* a bit for each thread whose call comes back when it is tried */

int64_t run__call(struct vm *of, uint32_t number) {
    (void)number;
    struct thread *thread = thread__current(of);
    if (thread->timed_out || (ready >> of->kernel->threads.current & 1) != 0) return 0;
    thread->state = THREAD_WAITS;
    thread->seen_changes = of->kernel->changes;
    return CALL_BLOCKS;
}

/* The first thread slept until a time that has passed; the others wait for something to read. */
static void begin(void) {
    alone__begin(0x10000);
    vm = &alone.vm;
    ready = 0;
    clock__init(vm, VVAR_PHYSICAL);
    struct thread *items = vm->kernel->threads.items;
    items[0].state = THREAD_WAITS;
    items[0].wait = WAIT_SLEEP;
    items[0].deadline = 1;
    for (uint32_t i = 0; i < 2; i++) items[alone__add_thread(THREAD_WAITS)].wait = WAIT_CHANGE;
    vm->kernel->threads.current = 2;
}

static void what_the_host_wakes_goes_first(void) {
    begin();
    kernel__changed(vm);
    ready = 1u << 1;
    schedule__begin(vm);
    CHECK(schedule__pick(vm) == SCHEDULE_RUNS && vm->kernel->threads.current == 1);
    CHECK(!vm->kernel->threads.items[0].timed_out);
}

static void a_sleeper_goes_on_where_the_host_wakes_nobody(void) {
    begin();
    kernel__changed(vm);
    schedule__begin(vm);
    CHECK(schedule__pick(vm) == SCHEDULE_RUNS && vm->kernel->threads.current == 0);
}

static void a_sleeper_goes_on_once_the_first_waits(void) {
    begin();
    kernel__changed(vm);
    ready = 1u << 1;
    schedule__begin(vm);
    thread__wait(vm, WAIT_CHANGE, NO_DEADLINE);
    thread__current(vm)->seen_changes = vm->kernel->changes;
    CHECK(schedule__pick(vm) == SCHEDULE_RUNS && vm->kernel->threads.current == 0);
}

static void who_computes_goes_on(void) {
    begin();
    kernel__changed(vm);
    ready = 1u << 1;
    vm->kernel->threads.items[2].state = THREAD_RUNS;
    schedule__begin(vm);
    CHECK(vm->kernel->threads.current == 2 && vm->kernel->threads.items[1].state == THREAD_WAITS);
}

static void a_kick_comes_before_all(void) {
    begin();
    kernel__changed(vm);
    ready = 1u << 1;
    atomic_store(&vm->kicked, VM_KICK_CANCEL);
    schedule__begin(vm);
    CHECK(schedule__pick(vm) == SCHEDULE_KICKED && vm->kernel->threads.items[1].state == THREAD_WAITS);
}

int main(void) {
    static const struct test tests[] = {
        {"whom the host wakes goes before those whose time came", what_the_host_wakes_goes_first},
        {"who slept goes on where the host wakes nobody", a_sleeper_goes_on_where_the_host_wakes_nobody},
        {"who slept goes on once the others wait", a_sleeper_goes_on_once_the_first_waits},
        {"who computes goes on", who_computes_goes_on},
        {"a kick comes before all threads", a_kick_comes_before_all},
    };
    return alone__run_tests(tests, sizeof tests / sizeof *tests);
}
