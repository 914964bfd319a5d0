/*
 * The guest's monotonic clock. A clone goes on where its snapshot stopped, so that timers set at init
 * run relative to the clone, and no difference of two readings is ever negative.
 */
#include "engine.h"

static struct {
    uint64_t host_minus_guest;
    uint64_t last_seen;
    double origin_ms;
} clock_state;

static const double NANOSECONDS_PER_MS = 1e6;

uint64_t clock__now_ns(void)
{
    return platform__monotonic_ns() - clock_state.host_minus_guest;
}

void clock__begin_step(bool fresh)
{
    if (!fresh)
        return;
    clock_state.host_minus_guest = platform__monotonic_ns() - clock_state.last_seen;
    clock_state.origin_ms =
        ((double)platform__wall_ns() - (double)clock_state.last_seen) / NANOSECONDS_PER_MS;
}

void clock__end_step(void)
{
    clock_state.last_seen = clock__now_ns();
}

double clock__origin_ms(void)
{
    return clock_state.origin_ms;
}
