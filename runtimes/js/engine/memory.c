/* The heap's accounts: what it holds at most, when it is collected, what it may hold. */
#include "engine.h"
#include "heap.h"

/* Of the shadow stack's 1 MiB: the rest is for what the interpreter calls without asking. */
enum { STACK_BYTES = 512 * 1024 };
/* Twice this is a small function's whole heap: short requests never get here. */
static const size_t SHORTEST_PACE = 8 * 1024 * 1024;
static const size_t NEVER = SIZE_MAX;
static const size_t NOW = 0;

static struct {
    size_t peak;
    size_t limit;
    size_t next_collection;
} memory = {.limit = NEVER};

/*
 * Collecting at the interpreter's own pace (1.5 times what survived) would wait beyond the limit in a
 * heap that is two thirds full. So: whenever it has grown by a quarter of the limit, or nears it.
 */
static void plan_collection(void)
{
    size_t held = heap__held();
    size_t pace = memory.limit / 4 < SHORTEST_PACE ? SHORTEST_PACE : memory.limit / 4;
    size_t close = memory.limit - memory.limit / 16;
    memory.next_collection = held + pace;
    if (memory.next_collection > close)
        memory.next_collection = held < close ? close : held + memory.limit / 64;
    JS_SetGCThreshold(engine.runtime, NEVER);
}

void memory__has_grown(size_t held)
{
    if (held > memory.peak)
        memory.peak = held;
    if (!engine.runtime)
        return;
    size_t threshold = JS_GetGCThreshold(engine.runtime);
    if (threshold == NEVER && held > memory.next_collection)
        JS_SetGCThreshold(engine.runtime, NOW);
    else if (threshold != NEVER && threshold != NOW)
        plan_collection(); /* it has just collected and set a threshold of its own */
}

static void *allocate(void *opaque, size_t size)
{
    (void)opaque;
    return heap__allocate(size);
}

static void *allocate_zeroed(void *opaque, size_t count, size_t size)
{
    (void)opaque;
    return heap__allocate_zeroed(count * size); /* the interpreter has checked for overflow */
}

static void release(void *opaque, void *data)
{
    (void)opaque;
    if (data)
        heap__free(data);
}

static void *reallocate(void *opaque, void *data, size_t size)
{
    (void)opaque;
    return data ? heap__reallocate(data, size) : heap__allocate(size);
}

JSRuntime *memory__new_runtime(void)
{
    static const JSMallocFunctions functions = {allocate_zeroed, allocate, release, reallocate, heap__size};
    JSRuntime *runtime = JS_NewRuntime2(&functions, NULL);
    if (!runtime)
        return NULL;
    JS_SetMaxStackSize(runtime, STACK_BYTES);
    JS_UpdateStackTop(runtime);
    return runtime;
}

void memory__limit(size_t bytes)
{
    memory.limit = bytes;
    heap__limit(bytes);
}

void memory__settle(void)
{
    JS_RunGC(engine.runtime);
    heap__settle();
    plan_collection();
}

void memory__begin_step(void)
{
    memory.peak = heap__held();
}

uint32_t memory__peak(void)
{
    return (uint32_t)memory.peak;
}
